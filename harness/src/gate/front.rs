//! What stands around a middleware that is tested alone: the policy's routes behind it.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use gatecrash_model::{Policy, Route};
use http_body_util::BodyExt as _;

use crate::world::{Witness, World};

/// Whom a middleware let in.
#[derive(Clone, Default)]
pub(super) struct IdentityOf(Arc<Mutex<Option<Principal>>>);

type Principal = Box<dyn Fn(&http::Extensions) -> Option<String> + Send>;

impl IdentityOf {
    pub(super) fn set(&self, principal: impl Fn(&http::Extensions) -> Option<String> + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(principal));
    }

    fn of(&self, extensions: &http::Extensions) -> Option<String> {
        let principal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        principal.as_ref().and_then(|principal| principal(extensions))
    }
}

/// The policy's routes: each tells the witness that it ran, and on what. It asks for nothing.
///
/// It takes a request with any body. Its response has the body that the layer around it expects.
pub struct Tripwired<ResBody> {
    policy: Arc<Policy>,
    witness: Witness,
    identity: IdentityOf,
    body: Arc<dyn Fn(Bytes) -> ResBody + Send + Sync>,
}

impl<ResBody> Clone for Tripwired<ResBody> {
    fn clone(&self) -> Self {
        let (policy, witness, identity) = (self.policy.clone(), self.witness.clone(), self.identity.clone());
        Self { policy, witness, identity, body: self.body.clone() }
    }
}

impl<ResBody> Tripwired<ResBody> {
    pub(super) fn new(
        world: &World,
        identity: IdentityOf,
        body: impl Fn(Bytes) -> ResBody + Send + Sync + 'static,
    ) -> Self {
        let (policy, witness) = (Arc::new(world.policy().clone()), world.witness().clone());
        Self { policy, witness, identity, body: Arc::new(body) }
    }
}

impl<ReqBody, ResBody> tower_service::Service<http::Request<ReqBody>> for Tripwired<ResBody>
where
    ReqBody: http_body::Body + Send + 'static,
    ReqBody::Data: Send,
    ReqBody::Error: Send,
    ResBody: 'static,
{
    type Response = http::Response<ResBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<ReqBody>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let status = match find(&this.policy, &parts) {
                None => http::StatusCode::NOT_FOUND,
                Some((route, object)) => {
                    let object = object_elsewhere(route, &parts, &body).or(object);
                    this.witness.hit(route.id(), this.identity.of(&parts.extensions), object);
                    http::StatusCode::OK
                }
            };
            let mut response = http::Response::new((this.body)(Bytes::new()));
            *response.status_mut() = status;
            Ok(response)
        })
    }
}

/// The policy's route that a request names, octet by octet, and the object in its path.
pub(super) fn find<'a>(policy: &'a Policy, parts: &http::request::Parts) -> Option<(&'a Route, Option<String>)> {
    let asked: Vec<&str> = parts.uri.path().split('/').collect();
    policy.routes.iter().filter(|route| route.method == parts.method.as_str()).find_map(|route| {
        let known: Vec<&str> = route.path.split('/').collect();
        let same = |(known, asked): (&&str, &&str)| known == asked || (known.starts_with('{') && !asked.is_empty());
        if known.len() != asked.len() || !known.iter().zip(&asked).all(same) {
            return None;
        }
        let holder = route.path_parameter().map(|name| format!("{{{name}}}"));
        let at = known.iter().position(|segment| holder.as_deref() == Some(*segment));
        Some((route, at.map(|at| asked[at].to_string())))
    })
}

/// The object that the query or the body of a request names.
pub(super) fn object_elsewhere(route: &Route, parts: &http::request::Parts, body: &[u8]) -> Option<String> {
    if let Some(name) = route.query_parameter() {
        let mut pairs = parts.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
        return pairs.find(|(known, _)| *known == name).map(|(_, value)| value.into());
    }
    let name = route.body_parameter()?;
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    value.get(name)?.as_str().map(String::from)
}
