//! Auth0: `iss`, `aud` and `exp` by standard validation, then `scope` (docs: Validate Access Tokens).

use axum::Router;
use gatecrash::World;
use serde::Deserialize;

use super::shop::{Caller, Without, claims, keys, reads, rs256, shop};

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    sub: String,
    #[serde(default)]
    scope: String,
}

pub(super) fn router(world: &World, mistake: bool) -> Router {
    let mut validation = rs256(&["aud", "exp", "iss", "sub"]);
    validation.set_audience(&[world.audience()]);
    validation.set_issuer(&[&world.policy().issuers[0].url]);
    let keys = keys(world);
    let without = Without { scope: mistake, ..Without::default() };
    shop(
        world,
        without,
        std::sync::Arc::new(move |token, _| {
            let claims: Claims = claims(&keys, token, &validation)?;
            let reads = reads(claims.scope.split(' '));
            (!claims.sub.is_empty()).then_some(Caller { id: claims.sub, reads })
        }),
    )
}
