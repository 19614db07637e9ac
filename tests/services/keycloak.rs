//! Keycloak: signature, `iss`, `aud`, `exp` and `typ`; the roles of the realm are in `realm_access`.

use axum::Router;
use gatecrash::World;
use serde::Deserialize;

use super::shop::{Caller, Without, claims, keys, reads, rs256, shop};

#[derive(Default, Deserialize)]
struct Access {
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    sub: String,
    typ: String,
    #[serde(default)]
    realm_access: Access,
}

pub(super) fn router(world: &World, mistake: bool) -> Router {
    let mut validation = rs256(&["exp", "iss", "sub"]);
    match mistake {
        true => validation.validate_aud = false,
        false => {
            validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
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
            if claims.typ != "Bearer" || claims.sub.is_empty() {
                return None;
            }
            let reads = reads(claims.realm_access.roles.iter().map(String::as_str));
            Some(Caller { id: claims.sub, reads })
        }),
    )
}
