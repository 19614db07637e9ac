//! Microsoft Entra ID: `aud`, `iss` and `tid`, `nbf` and `exp`, then `scp`; users are known by `oid` (docs: Validate claims).

use axum::Router;
use gatecrash::World;
use serde::Deserialize;

use super::shop::{Caller, Without, claims, keys, reads, rs256, shop};

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    oid: String,
    tid: String,
    #[serde(default)]
    scp: String,
}

pub(super) fn router(world: &World, mistake: bool) -> Router {
    let mut validation = rs256(&["exp", "iss"]);
    validation.validate_nbf = true;
    match mistake {
        true => validation.validate_aud = false,
        false => {
            validation.set_required_spec_claims(&["aud", "exp", "iss"]);
            validation.set_audience(&[world.audience()]);
        }
    }
    validation.set_issuer(&[&world.policy().issuers[0].url]);
    let keys = keys(world);
    shop(
        world,
        Without::default(),
        std::sync::Arc::new(move |token, _| {
            let claims: Claims = claims(&keys, token, &validation)?;
            if claims.tid != "bbbbcccc-1111-4222-8333-444455556666" || claims.oid.is_empty() {
                return None;
            }
            let reads = reads(claims.scp.split(' '));
            Some(Caller { id: claims.oid, reads })
        }),
    )
}
