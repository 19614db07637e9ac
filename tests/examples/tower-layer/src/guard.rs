//! A tower layer: a token of the issuer, for this service.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::SystemTime,
};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use tower_layer::Layer;
use tower_service::Service;

const LIFETIME: f64 = 3600.0;
const LEEWAY: f64 = 60.0;

/// Who was let in.
#[derive(Clone)]
pub struct Caller(pub String);

/// Whose token is taken.
pub struct Trust {
    keys: Vec<Jwk>,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _issuer: String,
    sub: String,
    iat: f64,
    exp: f64,
}

impl Trust {
    /// `keys` is the JWK Set of the issuer, in JSON.
    pub fn new(keys: &str, issuer: &str, audience: &str) -> Result<Self, serde_json::Error> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        validation.validate_nbf = true;
        let mut keys = serde_json::from_str::<JwkSet>(keys)?.keys;
        keys.retain(|key| {
            let common = &key.common;
            common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::ES256)
                && common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
                && common.key_operations.as_ref().is_none_or(|allowed| allowed.contains(&KeyOperations::Verify))
        });
        Ok(Self { keys, validation })
    }

    fn caller<B>(&self, request: &Request<B>) -> Option<Caller> {
        let mut fields = request.headers().get_all(AUTHORIZATION).iter();
        let (scheme, token) = fields.next()?.to_str().ok()?.split_once(' ')?;
        let token = token.trim_start_matches(' ');
        if fields.next().is_some() || !scheme.eq_ignore_ascii_case("bearer") || critical(token)? {
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

/// Whether the header asks for what nobody here understands: the library does not look (RFC 7515 §4.1.11).
fn critical(token: &str) -> Option<bool> {
    let header = Base64UrlUnpadded::decode_vec(token.split('.').next()?).ok()?;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&header).ok()?;
    Some(header.contains_key("crit"))
}

/// The layer.
#[derive(Clone)]
pub struct Guard(pub Arc<Trust>);

/// A service behind it.
#[derive(Clone)]
pub struct Guarded<S>(Arc<Trust>, S);

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, service: S) -> Guarded<S> {
        Guarded(self.0.clone(), service)
    }
}

impl<S, B, A: Default + 'static> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<A>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    A: Send,
{
    type Response = Response<A>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<A>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.1.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let refused = match (request.uri().query(), self.0.caller(&request)) {
            // A token may come by one way only, and this service knows no other parameter.
            (Some(_), _) => StatusCode::BAD_REQUEST,
            (None, None) => StatusCode::UNAUTHORIZED,
            (None, Some(caller)) => {
                request.extensions_mut().insert(caller);
                return Box::pin(self.1.call(request));
            }
        };
        let mut answer = Response::new(A::default());
        *answer.status_mut() = refused;
        Box::pin(std::future::ready(Ok(answer)))
    }
}
