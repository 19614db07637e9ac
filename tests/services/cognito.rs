//! Amazon Cognito: `exp`, `iss` of the user pool, `client_id` of the app client, `token_use` (docs: Verifying JSON web tokens).

use axum::Router;
use gatecrash::World;
use serde::Deserialize;

use super::shop::{Caller, Without, claims, keys, reads, rs256, shop};

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    sub: String,
    token_use: String,
    client_id: String,
    #[serde(rename = "cognito:groups", default)]
    groups: Vec<String>,
}

pub(super) fn router(world: &World, mistake: bool) -> Router {
    let mut validation = rs256(&["exp", "iss", "sub"]);
    // Access tokens have no `aud`.
    validation.validate_aud = false;
    if !mistake {
        validation.set_issuer(&[&world.policy().issuers[0].url]);
    }
    let keys = keys(world);
    shop(
        world,
        Without::default(),
        std::sync::Arc::new(move |token, _| {
            let claims: Claims = claims(&keys, token, &validation)?;
            if claims.token_use != "access" || claims.client_id != "7h3r3isnosecretinthis" || claims.sub.is_empty() {
                return None;
            }
            let reads = reads(claims.groups.iter().map(String::as_str));
            Some(Caller { id: claims.sub, reads })
        }),
    )
}
