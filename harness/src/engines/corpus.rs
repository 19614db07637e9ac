//! Tools for many corpus files: lint, merge, share, count.

mod lint;
mod merge;
#[cfg(feature = "share")]
pub mod share;
mod stats;

pub use lint::{LintError, Linted, lint};
pub use merge::{MergeError, Merged, Removed, merge};
pub use stats::{Stats, stats};
