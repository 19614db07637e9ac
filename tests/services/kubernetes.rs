//! Service account tokens of Kubernetes, verified by the cluster's OpenID Connect keys: `iss`, `aud`, `exp`, `nbf`.

use axum::Router;
use gatecrash::World;
use serde::Deserialize;

use super::shop::{Caller, Without, claims, keys, rs256, shop};

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    sub: String,
}

pub(super) fn router(world: &World, mistake: bool) -> Router {
    let mut validation = rs256(&["aud", "exp", "iss", "sub"]);
    validation.validate_nbf = !mistake;
    validation.set_audience(&[world.audience()]);
    validation.set_issuer(&[&world.policy().issuers[0].url]);
    let keys = keys(world);
    shop(
        world,
        Without::default(),
        std::sync::Arc::new(move |token, _| {
            let claims: Claims = claims(&keys, token, &validation)?;
            claims.sub.starts_with("system:serviceaccount:").then_some(Caller { id: claims.sub, reads: true })
        }),
    )
}
