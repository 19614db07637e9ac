//! What holds across the crates; one file for each property.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adapters;
mod bad_input;
mod catalogue;
mod corpus_files;
mod determinism;
mod fuzz_files;
mod fuzzing;
mod gallery;
mod init;
mod layering;
mod mirror;
mod oracle;
mod reference;
mod report;
mod suite;
mod support;
