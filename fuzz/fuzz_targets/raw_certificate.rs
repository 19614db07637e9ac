//! Bytes as the DER certificates that the client presents, from valid ones.
//! Nobody is admitted whose leaf is not an issued one, octet by octet.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = RawCertificate);
