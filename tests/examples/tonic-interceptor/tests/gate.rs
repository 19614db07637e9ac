//! The whole service, attacked over connections: `cargo test --test gate`.

use std::future::ready;

use futures_util::stream;
use gatecrash::{BoxError, Gate, World, WorldOptions, model::IssuerRole};
use ledger::{Authenticate, Front, config, serve};

pub fn gate(world: &World) -> Result<Gate, BoxError> {
    let authenticate =
        Authenticate::new(&world.jwks(IssuerRole::Home), &world.policy().issuers[0].url, world.audience())?;
    let tls = config(world.client_anchors()?, world.crls()?, world.server_chain()?, world.server_key())?;
    let front = Front::new(world.server_chain()?.swap_remove(0));
    let connection = move |io| serve(tls.clone(), front.clone(), authenticate.clone(), stream::once(ready(io)));
    Ok(Gate::serve(connection))
}

gatecrash::suite!(gate, policy = "gate.toml", world = WorldOptions::system_clock());

/// One backend of rustls is built in, so that it is the default one: nothing that this test pulls in added another.
#[test]
fn the_backend_of_the_service_is_the_only_one() {
    let _ = rustls::ServerConfig::builder();
    let default = rustls::crypto::CryptoProvider::get_default().expect("the one that is built in");
    assert!(format!("{:?}", default.key_provider).contains("AwsLcRs"));
}
