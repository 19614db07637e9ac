//! The error type of gate factories.

/// Any error. Factories of gates return it, and every error of this crate converts into it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
