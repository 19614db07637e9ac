//! The binary as its clients meet it: over TCP on 127.0.0.1, by reqwest, by curl, and by hand where a client has to
//! misbehave.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_configurations;
mod configuration;
mod curl;
mod deployment;
mod keys_by_url;
mod lifecycle;
mod limits;
mod observed;
mod reload;
mod requests;
#[expect(dead_code, reason = "the tests among faults use the rest")]
mod running;
