//! The server as its clients meet it: through the handshake on an in-memory stream, or behind it at the router.

mod admission;
mod algorithm;
mod client;
mod deployment;
mod handshake;
mod readme;
mod refusal;
mod setup;
