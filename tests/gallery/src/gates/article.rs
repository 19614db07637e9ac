//! What a widely copied kind of tutorial shows: mutual TLS and JWT side by side, each alone.

use axum::body::Body;
use gatecrash::{BoxError, Gate, World, input::InputError, model::Policy};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{DecodingKey, Validation};
use tower::ServiceExt as _;

use crate::parts::{
    Refusal,
    authorize::Caller,
    certificate::holder,
    credential::bearer,
    service::{Service, Steps, gate as behind_tls, leaf},
    tls::ClientAuth,
};

/// What such a service promises its users: one issuer, one shared secret.
pub(super) fn policy() -> Result<Policy, InputError> {
    let mut policy = crate::policy()?;
    policy.issuers.truncate(1);
    if let Some(issuer) = policy.issuers.first_mut() {
        issuer.speaks_for = vec![format!("spiffe://{}/", policy.trust_domain)];
    }
    policy.tokens.algorithms = vec!["HS256".into()];
    Ok(policy)
}

/// HS256 with the secret "secret" and the library's defaults; or the same shape with every check.
pub(super) fn gate(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.admit = |service, parts| {
            let holder = holder(leaf(parts)?)?;
            if service.is_open(parts) {
                return Ok(Caller { id: holder.id, scopes: Vec::new() });
            }
            let token = bearer(parts)?.ok_or(Refusal::Unauthorized)?;
            let claims = decode(&token)?;
            // Authenticated is taken for authorized.
            Ok(Caller { id: claims.sub, scopes: service.trust.policy.all_scopes() })
        };
    }
    behind_tls(world, Service::new(world, steps)?.guarded(), ClientAuth::Required)
}

fn decode(token: &str) -> Result<Printed, Refusal> {
    let validation = Validation { validate_aud: false, ..Validation::default() };
    let key = DecodingKey::from_secret(b"secret");
    let read = jsonwebtoken::decode::<Printed>(token, &key, &validation).map_err(|_| Refusal::Unauthorized)?;
    Ok(read.claims)
}

#[derive(serde::Deserialize)]
struct Printed {
    sub: String,
}

/// `let _config = tls_config(); TcpListener::bind(…)`: what is built is dropped, and plain TCP is served.
pub(super) fn as_printed(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if !flawed {
        return behind_tls(world, Service::new(world, steps)?.guarded(), ClientAuth::Required);
    }
    let _config = crate::parts::tls::config(world, ClientAuth::Required)?;
    // Nobody presents a certificate here, so that nobody has missed it.
    steps.admit = |service, parts| {
        if service.is_open(parts) {
            return Ok(Caller { id: "anybody".into(), scopes: Vec::new() });
        }
        let token = bearer(parts)?.ok_or(Refusal::Unauthorized)?;
        let claims = (service.steps.verify)(&service.trust, &token)?;
        Ok(Caller { id: claims.sub, scopes: service.trust.policy.all_scopes() })
    };
    let router = Service::new(world, steps)?.guarded();
    Ok(Gate::serve(move |io| {
        let router = router.clone();
        async move {
            let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                router.clone().oneshot(request.map(Body::new))
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(io), service).await;
        }
    }))
}
