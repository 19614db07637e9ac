//! A service that signs its own tokens with HS256, as the example of jsonwebtoken has it.

use axum::Router;
use gatecrash::{World, model::IssuerRole};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::shop::{Caller, Without, reads, shop};

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    scope: String,
}

pub(super) fn router(world: &World, mistake: bool) -> Router {
    let key = DecodingKey::from_secret(world.hmac_secret(IssuerRole::Home));
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = !mistake;
    shop(
        world,
        Without::default(),
        std::sync::Arc::new(move |token, _| {
            if decode_header(token).ok()?.crit.is_some() {
                return None;
            }
            let claims = decode::<Claims>(token, &key, &validation).ok()?.claims;
            let reads = reads(claims.scope.split(' '));
            (!claims.sub.is_empty()).then_some(Caller { id: claims.sub, reads })
        }),
    )
}
