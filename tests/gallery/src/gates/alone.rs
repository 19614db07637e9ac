//! A layer and an extractor without a service around them.

use std::sync::Arc;

use axum::{body::Body, extract::FromRequestParts, middleware::from_fn_with_state};
use gatecrash::{BoxError, Gate, World, input::InputError, model::Policy};
use http::request::Parts;

use crate::parts::{
    Refusal,
    authorize::Caller,
    desk::{Desk, Steps, guard, with_peer},
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
    let guard = from_fn_with_state(Desk::new(world, steps)?, guard);
    let gate = Gate::layer::<_, Body, _>(world, guard)?.identity(|left| Some(left.get::<Caller>()?.id.clone()));
    Ok(with_peer(gate))
}

/// The signature is good; when is not asked.
pub(super) fn extractor(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.checks.dates = |_, _| Ok(());
    }
    let desk = Desk::new(world, steps)?;
    let gate = Gate::extractor::<Asker, _>(world, desk, |asker: &Asker| Some(asker.0.id.clone()))?;
    Ok(with_peer(gate))
}

struct Asker(Caller);

impl FromRequestParts<Arc<Desk>> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        (desk.steps.admit)(desk, parts).map(Asker)
    }
}
