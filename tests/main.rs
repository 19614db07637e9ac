//! What holds across the crates; one file for each property.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adapters;
mod bad_input;
mod catalogue;
mod determinism;
mod gallery;
mod layering;
mod messages;
mod mirror;
mod oracle;
mod reference;
mod report;
mod suite;
mod support;
