//! What the examples in the documentation begin with.

use crate::{Policy, Route};

/// A strict policy of one route, whose object has an owner.
pub fn policy() -> Policy {
    let mut route = Route::new("GET", "/v1/orders/{id}");
    (route.scopes, route.owner) = (vec!["orders:read".into()], Some("path:id".into()));
    Policy::strict("https://api.example.test", "example.test", "https://issuer.example.test", vec![route])
}
