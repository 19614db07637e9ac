//! A name for each request, so that the lines a log has of it can be found. Made here: what a client calls its request
//! is free text of the client's.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// 64 bits that do not tell how many requests there were, written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// The next one. No decision depends on it.
    pub(crate) fn next() -> RequestId {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // Keyed at random, once for each process.
        static KEYED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        RequestId(KEYED.hash_one(NUMBER.fetch_add(1, Ordering::Relaxed)))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}
