//! The server as its clients meet it: through the handshake on an in-memory stream, or behind it at the router.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admission;
mod algorithm;
mod client;
mod deployment;
mod handshake;
mod readme;
mod refusal;
mod resumption;
mod setup;
