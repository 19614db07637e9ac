//! The layer alone, attacked: `cargo test --test gate`.

use archive::resource_server;
use gatecrash::{BoxError, Gate, World, WorldOptions, model::IssuerRole};
use tower_oauth2_resource_server::claims::DefaultClaims;

pub async fn gate(world: &World) -> Result<Gate, BoxError> {
    let issuer = &world.policy().issuers[0].url;
    let server = resource_server(&world.jwks(IssuerRole::Home), issuer, world.audience()).await?;
    let gate = Gate::layer(world, server.into_layer())?;
    Ok(gate.identity(|left| left.get::<DefaultClaims>()?.sub.clone()))
}

gatecrash::suite!(gate, policy = "gate.toml", world = WorldOptions::system_clock());
