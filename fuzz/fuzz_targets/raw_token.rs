//! Bytes as the Bearer token, on the connection of a client with a certificate.
//! Nobody is admitted without an issued token's header, claims and signing input, octet by octet.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = RawToken);
