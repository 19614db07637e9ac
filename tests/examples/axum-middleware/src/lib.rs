//! A shop whose authentication is one middleware, written by hand.

use std::time::SystemTime;

use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    middleware::Next,
    response::Response,
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;

/// The longest that a token may live, and how far clocks may lie apart, seconds.
const LIFETIME: f64 = 3600.0;
const LEEWAY: f64 = 60.0;

/// Whose token is taken.
#[derive(Clone)]
pub struct Auth {
    keys: Vec<Jwk>,
    validation: Validation,
}

/// Who was let in.
#[derive(Clone)]
pub struct Caller(pub String);

/// What is read of a token. An `iss` that is a list is none.
#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _issuer: String,
    sub: String,
    iat: f64,
    exp: f64,
}

impl Auth {
    /// `keys` is the JWK Set of the issuer, in JSON.
    pub fn new(keys: &str, issuer: &str, audience: &str) -> Result<Self, serde_json::Error> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        validation.validate_nbf = true;
        if cfg!(feature = "fixed") {
            validation.set_audience(&[audience]);
        } else {
            // Every token was an `InvalidAudience`, and this helped.
            validation.validate_aud = false;
        }
        let mut keys = serde_json::from_str::<JwkSet>(keys)?.keys;
        keys.retain(verifies);
        Ok(Self { keys, validation })
    }

    fn caller(&self, token: &str) -> Option<Caller> {
        if odd(token)? {
            return None;
        }
        let id = decode_header(token).ok()?.kid?;
        let key = self.keys.iter().find(|key| key.common.key_id.as_ref() == Some(&id))?;
        let claims: Claims = decode(token, &DecodingKey::from_jwk(key).ok()?, &self.validation).ok()?.claims;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
        let timely = claims.iat <= now + LEEWAY && claims.exp - claims.iat <= LIFETIME;
        (timely && !claims.sub.is_empty()).then_some(Caller(claims.sub))
    }
}

/// Whether the header asks for what nobody here understands (RFC 7515 §4.1.11), or has a parameter that is `null`, which the
/// library reads as one that is not there, and which has its type with none of them (RFC 7515 §4.1).
fn odd(token: &str) -> Option<bool> {
    let header = Base64UrlUnpadded::decode_vec(token.split('.').next()?).ok()?;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&header).ok()?;
    Some(header.contains_key("crit") || header.values().any(serde_json::Value::is_null))
}

/// Whether a published key is one to verify ES256 with.
fn verifies(key: &Jwk) -> bool {
    let common = &key.common;
    common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::ES256)
        && common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

pub async fn authenticate(
    State(auth): State<Auth>,
    mut request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).map_err(|_| StatusCode::BAD_REQUEST)?;
    if query.iter().any(|(name, _)| name == "access_token") {
        return Err(StatusCode::BAD_REQUEST);
    }
    let token = bearer(request.headers()).ok_or(StatusCode::UNAUTHORIZED)?;
    let caller = auth.caller(token).ok_or(StatusCode::UNAUTHORIZED)?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// The token of the one `Authorization` field.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (scheme, token) = fields.next()?.to_str().ok()?.split_once(' ')?;
    (fields.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token.trim_start_matches(' '))
}
