//! The depot over its own TLS, attacked: `cargo test --test gate`.

use std::sync::Arc;

use bytes::Bytes;
use depot::{Depot, Guard, Trust, tls};
use gatecrash::{BoxError, Gate, World, WorldOptions, model::IssuerRole};
use http_body_util::Full;
use tower_layer::Layer as _;

pub fn gate(world: &World) -> Result<Gate, BoxError> {
    let tls = tls(world.client_anchors()?, world.crls()?, world.server_chain()?, world.server_key())?;
    let trust = Trust::new(&world.jwks(IssuerRole::Home), &world.policy().issuers[0].url, world.audience())?;
    let witness = world.witness().clone();
    let depot = Depot(Arc::new(move |caller| witness.hit("GET /v1/whoami", Some(caller.into()), None)));
    Ok(Gate::https::<_, Full<Bytes>, _>(tls, Guard(Arc::new(trust)).layer(depot)).routes(["GET /v1/whoami"]))
}

gatecrash::suite!(gate, policy = "gate.toml", world = WorldOptions::system_clock());
