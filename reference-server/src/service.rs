//! Running the server: configuration from a file, listeners, reload, keys by URL, metrics, log, development PKI.
//! Behind the feature `service`; the library decides everything without it.

mod accounts;
mod config;
mod descriptors;
mod dev;
mod fetch;
mod handshakes;
mod listener;
mod load;
mod log;
mod metrics;
mod open;
pub(crate) mod openapi;
mod reload;
mod run;

pub use config::{Config, ConfigError};
pub use dev::{DevError, write_deployment};
pub use run::{RunError, check, run};
