//! Bytes as the Bearer token, where signatures are a keyed hash: the fuzzer sees what is compared, and must not forge one.
//! Nobody is admitted without an issued token's header, claims and signing input, octet by octet.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = IdealToken);
