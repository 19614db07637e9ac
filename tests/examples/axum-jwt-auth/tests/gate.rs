//! The extractor alone, attacked: `cargo test --test gate`.

use axum_jwt_auth::Claims;
use gatecrash::{BoxError, Gate, World, WorldOptions, model::IssuerRole};
use library::{AppState, MyClaims};

pub async fn gate(world: &World) -> Result<Gate, BoxError> {
    let issuer = world.loopback_issuer(IssuerRole::Home)?;
    let state = library::state(issuer.jwks_url(), &world.policy().issuers[0].url, world.audience()).await?;
    let gate = Gate::extractor(world, state, |caller: &Claims<MyClaims>| Some(caller.claims.sub.clone()))?;
    Ok(gate.keep(issuer))
}

gatecrash::suite!(gate, policy = "gate.toml", world = WorldOptions::system_clock());
