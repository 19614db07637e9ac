//! Cases that change the certificate chain and the proof of its key.
//! The gate does what the oracle permits.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = Chain);
