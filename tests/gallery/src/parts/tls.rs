//! The TLS configuration, with the backend that the reference server turns on.

use std::sync::Arc;

use gatecrash::{BoxError, World, tls::server_config};
use rustls::{ServerConfig, crypto::aws_lc_rs};

pub(crate) use gatecrash::tls::ClientAuth;

/// TLS 1.3 with the world's anchors and CRLs.
pub(crate) fn config(world: &World, client_auth: ClientAuth) -> Result<Arc<ServerConfig>, BoxError> {
    server_config(world, aws_lc_rs::default_provider(), client_auth)
}
