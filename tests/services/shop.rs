//! What the services have in common: a shop whose orders belong to people, behind whatever authenticates them.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Extension, Router,
    extract::{ConnectInfo, Path, Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::get,
};
use gatecrash::{
    World,
    model::{IssuerRole, Person},
    world::Witness,
};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{JwkSet, KeyOperations, PublicKeyUse},
};
use rustls_pki_types::CertificateDer;
use serde::de::DeserializeOwned;

/// The client's certificates, leaf first.
#[derive(Clone)]
pub(crate) struct Peer(pub(crate) Vec<CertificateDer<'static>>);

/// Whoever was let in, and what they may.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) id: String,
    pub(crate) reads: bool,
}

/// How a service finds out who asks: by the token and the client's certificates.
pub(crate) type Authenticate = Arc<dyn Fn(&str, &[CertificateDer<'static>]) -> Option<Caller> + Send + Sync>;

/// Which of its own checks the shop leaves out.
#[derive(Clone, Copy, Default)]
pub(crate) struct Without {
    pub(crate) scope: bool,
    pub(crate) owner: bool,
}

#[derive(Clone)]
struct Shop {
    owners: Arc<HashMap<String, String>>,
    witness: Witness,
    without: Without,
}

pub(crate) fn shop(world: &World, without: Without, authenticate: Authenticate) -> Router {
    let blueprint = world.blueprint();
    let owners = Person::ALL.iter().map(|person| (blueprint.object_of(*person), blueprint.id(*person)));
    let shop = Shop { owners: Arc::new(owners.collect()), witness: world.witness().clone(), without };
    Router::new()
        .route("/me", get(me))
        .route("/orders/{id}", get(order))
        .layer(from_fn_with_state(authenticate, guard))
        .with_state(shop)
}

async fn me(State(shop): State<Shop>, Extension(caller): Extension<Caller>) -> String {
    shop.witness.hit("GET /me", Some(caller.id.clone()), None);
    caller.id
}

async fn order(
    State(shop): State<Shop>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<&'static str, StatusCode> {
    if !caller.reads && !shop.without.scope {
        return Err(StatusCode::FORBIDDEN);
    }
    let owner = shop.owners.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    if *owner != caller.id && !shop.without.owner {
        return Err(StatusCode::FORBIDDEN);
    }
    shop.witness.hit("GET /orders/{id}", Some(caller.id), Some(id));
    Ok("one order")
}

async fn guard(
    State(authenticate): State<Authenticate>,
    mut request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|peer| peer.0.0.clone()).unwrap_or_default();
    let token = bearer(request.headers()).ok_or(StatusCode::UNAUTHORIZED)?;
    let caller = authenticate(token, &peer).ok_or(StatusCode::UNAUTHORIZED)?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// The token of the one `Authorization` field.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (scheme, token) = fields.next()?.to_str().ok()?.split_once(' ')?;
    (fields.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token.trim_start_matches(' '))
}

/// The key set of the issuer.
pub(crate) fn keys(world: &World) -> JwkSet {
    serde_json::from_str(&world.jwks(IssuerRole::Home)).unwrap()
}

/// The claims of a token that a published key signed; `None` of any other.
pub(crate) fn claims<T: DeserializeOwned>(keys: &JwkSet, token: &str, validation: &Validation) -> Option<T> {
    let header = decode_header(token).ok()?;
    if header.crit.is_some() {
        return None;
    }
    let key = keys.find(&header.kid?)?;
    let common = &key.common;
    let signs = common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
        && common.key_algorithm.is_none_or(|named| named.to_string() == format!("{:?}", header.alg));
    let key = signs.then(|| DecodingKey::from_jwk(key).ok())??;
    decode::<T>(token, &key, validation).ok().map(|data| data.claims)
}

/// RS256, with what must be there.
pub(crate) fn rs256(required: &[&str]) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_required_spec_claims(required);
    validation
}

/// Whether a list of words holds the right to read orders.
pub(crate) fn reads<'a>(mut rights: impl Iterator<Item = &'a str>) -> bool {
    rights.any(|right| right == "orders:read")
}
