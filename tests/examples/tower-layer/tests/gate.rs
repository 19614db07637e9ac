//! The layer alone, attacked: `cargo test --test gate`.

use edge::{Authenticate, Caller, ClientCertificate};
use gatecrash::{BoxError, Gate, World, WorldOptions, model::IssuerRole};

pub fn gate(world: &World) -> Result<Gate, BoxError> {
    let layer = Authenticate::new(&world.jwks(IssuerRole::Home), &world.policy().issuers[0].url, world.audience())?;
    let gate = Gate::layer(world, layer)?
        .identity(|left| Some(left.get::<Caller>()?.0.clone()))
        .peer_certificates(|extensions, chain| drop(extensions.insert(ClientCertificate(chain[0].to_vec()))));
    Ok(gate)
}

gatecrash::suite!(gate, policy = "gate.toml", world = WorldOptions::system_clock());

/// One backend of rustls is built in, so that it is the default one: nothing that this test pulls in added another.
#[test]
fn the_backend_of_the_service_is_the_only_one() {
    let _ = rustls::ServerConfig::builder();
    let default = rustls::crypto::CryptoProvider::get_default().expect("the one that is built in");
    assert!(format!("{:?}", default.key_provider).contains("Ring"));
}
