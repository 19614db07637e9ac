//! Cases that change method, target, header fields and how the token is carried.
//! The gate does what the oracle permits.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = Request);
