//! Projects of their own that use the published crates: compiled and run as their owners would.
//!
//! `cargo test --test projects`; those that compile a tree of dependencies of their own are ignored, and run by night.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../binary.rs"]
mod binary;
mod init;
mod published;
mod worked;
