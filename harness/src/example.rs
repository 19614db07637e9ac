//! What the examples in the documentation begin with.

use gatecrash_model::{Policy, Route};

use crate::{error::BoxError, gate::Gate, world::World};

/// A strict policy of one route.
pub fn policy() -> Policy {
    let routes = vec![Route::new("GET", "/v1/whoami")];
    Policy::strict("https://api.example.test", "example.test", "https://issuer.example.test", routes)
}

/// A gate that looks at no token.
pub fn gate(world: &World) -> Result<Gate, BoxError> {
    Gate::layer(world, tower_layer::Identity::new())
}
