//! An axum extractor alone: what it rejects is refused, what it extracts has entered.

use std::{convert::Infallible, future::Future, marker::PhantomData, pin::Pin, rc::Rc};

use axum_core::{
    body::Body,
    extract::FromRequest,
    response::{IntoResponse as _, Response},
};
use gatecrash_model::Policy;
use http_body_util::BodyExt as _;

use super::front::{find, object_elsewhere};
use crate::world::{Witness, World};

/// `M` is how `E` is extracted: from the parts of a request, or from the whole.
pub(super) struct Extracting<E, S, M> {
    policy: Rc<Policy>,
    witness: Witness,
    state: S,
    principal: fn(&E) -> Option<String>,
    extracted: PhantomData<fn() -> (E, M)>,
}

impl<E, S, M> Extracting<E, S, M> {
    pub(super) fn new(world: &World, state: S, principal: fn(&E) -> Option<String>) -> Self {
        let (policy, witness) = (Rc::new(world.policy().clone()), world.witness().clone());
        Self { policy, witness, state, principal, extracted: PhantomData }
    }
}

impl<E, S: Clone, M> Clone for Extracting<E, S, M> {
    fn clone(&self) -> Self {
        let (policy, witness, state) = (self.policy.clone(), self.witness.clone(), self.state.clone());
        Self { policy, witness, state, principal: self.principal, extracted: PhantomData }
    }
}

impl<E, S, M> tower_service::Service<http::Request<Body>> for Extracting<E, S, M>
where
    E: FromRequest<S, M> + 'static,
    S: Clone + 'static,
    M: 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>>>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let Some((route, object)) = find(&this.policy, &parts) else {
                return Ok(http::StatusCode::NOT_FOUND.into_response());
            };
            let octets = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let object = object_elsewhere(route, &parts, &octets).or(object);
            let request = http::Request::from_parts(parts.clone(), Body::from(octets));
            let extracted = match E::from_request(request, &this.state).await {
                Ok(extracted) => extracted,
                Err(rejection) => return Ok(rejection.into_response()),
            };
            this.witness.hit(route.id(), (this.principal)(&extracted), object);
            Ok(http::StatusCode::OK.into_response())
        })
    }
}
