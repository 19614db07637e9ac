//! Bytes on an authenticated TLS connection whose client holds no token.
//! Nothing runs that needs a token.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = RawHttp);
