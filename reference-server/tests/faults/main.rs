//! The binary among real faults: no descriptors left, files that cannot be read, a log that nobody reads, handshakes
//! that nobody finishes, signals under load. Honest clients are answered meanwhile, and nobody else is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../sockets/deployment.rs"]
#[expect(dead_code, reason = "the other tests of sockets use the rest")]
mod deployment;
mod faulty;
#[path = "../sockets/running.rs"]
mod running;

mod clients;
mod log;
mod reload;
mod soak;
