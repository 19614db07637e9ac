//! The shop of RFC 9068 whose certificates name people in another way, whose cookies carry tokens, or whose issuers are several.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{Next, from_fn},
    response::Response,
};
use gatecrash::{
    World,
    model::{Identity, IssuerRole},
};
use jsonwebtoken::{Algorithm, Validation, dangerous::insecure_decode, jwk::JwkSet};
use serde::Deserialize;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::{
    bearer, rfc9068_mtls,
    shop::{Caller, Without, claims, reads, shop},
};

/// The one name of the kind that the policy takes for identity; with the mistake, the first of several.
fn name(identity: Identity, leaf: &[u8], first: bool) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
    let subject = certificate.subject();
    let text = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| attribute.as_str().ok().map(String::from);
    let alternative = || certificate.subject_alternative_name().ok().flatten().map(|names| &names.value.general_names);
    let of_kind = |name: &GeneralName<'_>| match (name, identity) {
        (GeneralName::DNSName(text), Identity::Dns) | (GeneralName::RFC822Name(text), Identity::Email) => {
            Some(Some((*text).to_string()))
        }
        // What cannot be read might be a name as well.
        (GeneralName::Invalid(..), _) => Some(None),
        _ => None,
    };
    let names: Vec<Option<String>> = match identity {
        Identity::CommonName => subject.iter_common_name().map(text).collect(),
        Identity::OrganizationalUnit => subject.iter_organizational_unit().map(text).collect(),
        _ => alternative().into_iter().flatten().filter_map(of_kind).collect(),
    };
    match names.as_slice() {
        [one] => one.clone(),
        [one, ..] if first => one.clone(),
        _ => None,
    }
    .filter(|name| !name.is_empty())
}

/// The shop by the names of the policy's kind.
pub(super) fn by_name(world: &World, mistake: bool) -> Router {
    let identity = world.policy().certificates.identity;
    rfc9068_mtls::router_by(world, Arc::new(move |leaf: &[u8]| name(identity, leaf, mistake)), false)
}

/// The same, which binds no token: whoever has one may use it.
pub(super) fn unbound(world: &World, mistake: bool) -> Router {
    let identity = world.policy().certificates.identity;
    rfc9068_mtls::router_by(world, Arc::new(move |leaf: &[u8]| name(identity, leaf, false)), mistake)
}

/// Bearer tokens in a cookie.
pub(super) fn by_cookie(world: &World, mistake: bool) -> Router {
    async fn from_cookie(mut request: Request, next: Next) -> Response {
        let cookies = request.headers().get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
        let pairs = cookies.flat_map(|field| field.split("; ")).filter_map(|pair| pair.strip_prefix("session="));
        let tokens: Vec<String> = pairs.map(String::from).collect();
        let headers = request.headers_mut();
        headers.remove(header::AUTHORIZATION);
        if let [token] = tokens.as_slice()
            && let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}"))
        {
            headers.insert(header::AUTHORIZATION, value);
        }
        next.run(request).await
    }
    bearer::router(world, mistake).layer(from_fn(from_cookie))
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    #[serde(default)]
    scope: String,
}

/// Tokens of several issuers, each with keys of its own; with the mistake, all of them are tried.
pub(super) fn of_several_issuers(world: &World, mistake: bool) -> Router {
    let places = 0..world.policy().issuers.len();
    let issuers: Vec<(String, JwkSet)> = places
        .map(|place| {
            let keys = serde_json::from_str(&world.jwks(IssuerRole::at(place))).unwrap();
            (world.policy().issuers[place].url.clone(), keys)
        })
        .collect();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    shop(
        world,
        Without::default(),
        Arc::new(move |token, _| {
            let said = insecure_decode::<Claims>(token).ok()?.claims;
            let of = |(url, _): &&(String, JwkSet)| *url == said.iss || mistake;
            let mut verified =
                issuers.iter().filter(of).filter_map(|(_, keys)| claims::<Claims>(keys, token, &validation));
            let claims = verified.next()?;
            let reads = reads(claims.scope.split(' '));
            (!claims.sub.is_empty()).then_some(Caller { id: claims.sub, reads })
        }),
    )
}
