//! The TLS configuration, with the backend that the reference server turns on.

use std::sync::Arc;

use gatecrash::{BoxError, World, gate::tls::server_config};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

pub(crate) use gatecrash::gate::tls::ClientAuth;

/// A verifier of client certificates, for a configuration of one's own.
pub(crate) fn verifier(world: &World) -> Result<Arc<dyn ClientCertVerifier>, BoxError> {
    let mut roots = RootCertStore::empty();
    for anchor in world.client_anchors()? {
        roots.add(anchor)?;
    }
    let provider = world.provider(aws_lc_rs::default_provider());
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).with_crls(world.crls()?).build()?)
}

/// TLS 1.3 with the world's anchors and CRLs.
pub(crate) fn config(world: &World, client_auth: ClientAuth) -> Result<Arc<ServerConfig>, BoxError> {
    server_config(world, aws_lc_rs::default_provider(), client_auth)
}
