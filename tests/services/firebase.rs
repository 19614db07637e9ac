//! Firebase: `exp`, `iat`, `aud`, `iss`, `sub` (docs: Verify ID tokens using a third-party JWT library).

use axum::Router;
use gatecrash::World;
use serde::Deserialize;

use super::shop::{Caller, Without, claims, keys, rs256, shop};

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    sub: String,
    iat: f64,
}

pub(super) fn router(world: &World, mistake: bool) -> Router {
    let mut validation = rs256(&["aud", "exp", "iss", "sub"]);
    validation.set_audience(&[world.audience()]);
    validation.set_issuer(&[&world.policy().issuers[0].url]);
    let keys = keys(world);
    shop(
        world,
        Without::default(),
        std::sync::Arc::new(move |token, _| {
            let claims: Claims = claims(&keys, token, &validation)?;
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs_f64();
            let good = (mistake || claims.iat <= now + 60.0) && !claims.sub.is_empty();
            good.then_some(Caller { id: claims.sub, reads: true })
        }),
    )
}
