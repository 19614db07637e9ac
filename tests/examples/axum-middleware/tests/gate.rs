//! The middleware alone, attacked: `cargo test --test gate`.

use axum::middleware::from_fn_with_state;
use gatecrash::{BoxError, Gate, World, WorldOptions, model::IssuerRole};
use shop::{Auth, Caller, authenticate};

pub fn gate(world: &World) -> Result<Gate, BoxError> {
    let auth = Auth::new(&world.jwks(IssuerRole::Home), &world.policy().issuers[0].url, world.audience())?;
    let gate = Gate::layer(world, from_fn_with_state(auth, authenticate))?;
    Ok(gate.identity(|left| Some(left.get::<Caller>()?.0.clone())))
}

gatecrash::suite!(gate, policy = "gate.toml", world = WorldOptions::system_clock());
