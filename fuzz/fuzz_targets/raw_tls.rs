//! Bytes as the TLS records of a client without a key.
//! Nothing runs, and no handshake is accepted.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = RawTls);
