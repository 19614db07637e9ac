//! JWT-SVIDs: `sub` is a SPIFFE ID, `aud` and `exp` are there; a `typ` is `JWT` or `JOSE` (JWT-SVID §2, §3).

use axum::Router;
use gatecrash::World;
use serde::Deserialize;

use super::shop::{Caller, Without, claims, keys, shop};
use jsonwebtoken::{Algorithm, Validation, decode_header};

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

pub(super) fn router(world: &World, mistake: bool) -> Router {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_required_spec_claims(&["aud", "exp", "sub"]);
    validation.set_audience(&[world.audience()]);
    let keys = keys(world);
    let without = Without { owner: mistake, ..Without::default() };
    shop(
        world,
        without,
        std::sync::Arc::new(move |token, _| {
            let kind = decode_header(token).ok()?.typ;
            if kind.is_some_and(|kind| kind != "JWT" && kind != "JOSE") {
                return None;
            }
            let claims: Claims = claims(&keys, token, &validation)?;
            claims.sub.starts_with("spiffe://example.test/").then_some(Caller { id: claims.sub, reads: true })
        }),
    )
}
