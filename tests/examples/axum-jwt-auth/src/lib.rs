//! A service that leaves its tokens to axum-jwt-auth, wired as the documentation of that crate says.

use std::sync::Arc;

use axum::extract::FromRef;
use axum_jwt_auth::{Decoder, Error, RemoteJwksDecoder};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

/// What a handler learns of the caller. An `iss` that is a list is none.
#[derive(Deserialize)]
pub struct MyClaims {
    pub iss: String,
    pub sub: String,
}

/// Where the extractor finds its decoder.
#[derive(Clone, FromRef)]
pub struct AppState {
    pub decoder: Decoder<MyClaims>,
}

/// Takes tokens of one issuer for one audience; the keys are fetched at once, and again every hour.
pub async fn state(jwks_url: String, issuer: &str, audience: &str) -> Result<AppState, Error> {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
    validation.validate_nbf = true;
    let decoder = RemoteJwksDecoder::builder().jwks_url(jwks_url).validation(validation).build()?;
    decoder.initialize().await?;
    Ok(AppState { decoder: Arc::new(decoder) })
}
