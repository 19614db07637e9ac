//! Cases that change who signs, the signature octets and the text of the token.
//! The gate does what the oracle permits.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = Signature);
