//! A layer and an extractor without a service around them, and a service that knows people by their common name.

use std::sync::Arc;

use axum::{extract::FromRequestParts, middleware::from_fn_with_state};
use gatecrash::{
    BoxError, Gate, World,
    input::InputError,
    model::{Identity, Policy},
};
use http::request::Parts;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::parts::{
    Refusal,
    authorize::Caller,
    certificate::Holder,
    service::{Service, Steps, guard, leaf, with_peer, with_steps},
    token::sha256_base64url,
};

/// One route that asks who is there: what a layer or an extractor can answer for by itself.
pub(super) fn policy() -> Result<Policy, InputError> {
    let mut policy = crate::policy()?;
    policy.routes.retain(|route| route.path == "/v1/whoami");
    Ok(policy)
}

/// The token is good, and so is the certificate; whether they belong together is not asked.
pub(super) fn layer(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.bind = |_, _| Ok(());
    }
    let guard = from_fn_with_state(Service::new(world, steps)?, guard);
    let gate = Gate::layer(world, guard)?.identity(|left| Some(left.get::<Caller>()?.id.clone()));
    Ok(with_peer(gate))
}

/// The signature is good; when is not asked.
pub(super) fn extractor(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.checks.dates = |_, _| Ok(());
    }
    let service = Service::new(world, steps)?;
    let gate = Gate::extractor(world, service, |asker: &Asker| Some(asker.0.id.clone()))?;
    Ok(with_peer(gate))
}

struct Asker(Caller);

impl FromRequestParts<Arc<Service>> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Refusal> {
        (service.steps.admit)(service, parts).map(Asker)
    }
}

/// A service whose certificates name people in the subject.
pub(super) fn common_name_policy() -> Result<Policy, InputError> {
    let mut policy = crate::policy()?;
    policy.certificates.identity = Identity::CommonName;
    Ok(policy)
}

/// There is one common name, or it is the first that counts.
pub(super) fn common_name(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let first: fn(&Parts) -> Result<Holder, Refusal> = |parts| named(parts, false);
    let only: fn(&Parts) -> Result<Holder, Refusal> = |parts| named(parts, true);
    with_steps(world, Steps { holder: if flawed { first } else { only }, ..Steps::default() })
}

fn named(parts: &Parts, alone: bool) -> Result<Holder, Refusal> {
    let der = leaf(parts)?;
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Refusal::Unauthorized)?;
    let mut names = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    match (names.next(), names.next()) {
        (Some(id), other) if other.is_none() || !alone => {
            Ok(Holder { id: id.into(), thumbprint: sha256_base64url(der) })
        }
        _ => Err(Refusal::Unauthorized),
    }
}
