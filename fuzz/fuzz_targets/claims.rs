//! Cases that change the claims set and the confirmation in it.
//! The gate does what the oracle permits.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = Claims);
