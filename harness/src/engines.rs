//! What drives cases: a campaign as a value, `cargo test`, libFuzzer, proptest, and the corpus tools.

pub(crate) mod builder;
pub(crate) mod corpus;
pub mod fuzzing;
#[cfg(feature = "proptest")]
pub mod strategy;
pub(crate) mod suite;
