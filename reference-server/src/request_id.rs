//! A name for each request, so that the lines a log has of it can be found. Made here: what a client calls its request
//! is free text of the client's.

use std::fmt;

use rustls::crypto::aws_lc_rs;

/// 64 random bits, written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

impl RequestId {
    pub(crate) fn random() -> RequestId {
        let mut octets = [0; 8];
        // Without randomness the name is not unique; no decision depends on it.
        let _ = aws_lc_rs::default_provider().secure_random.fill(&mut octets);
        RequestId(u64::from_ne_bytes(octets))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}
