//! For whom a request is meant: what stands before a middleware that is tested alone looks at it, as a server or a proxy does.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use gatecrash_model::{AuthorityCheck, HOST, LOCAL_HOST};
use http::{Request, Response, StatusCode, Version, header, uri::Authority};
use http_body::Body;
use http_body_util::{Either, Empty};
use tower_service::Service;

use crate::world::World;

/// A service that is asked only for its own host (RFC 9110 §7.4, RFC 9112 §3.2).
#[derive(Clone)]
pub(super) struct OwnHost<S> {
    service: S,
    /// Whether it is asked for nobody else's host: where the policy promises nothing of hosts, nobody looks.
    looks: bool,
}

impl<S> OwnHost<S> {
    pub(super) fn new(world: &World, service: S) -> Self {
        Self { service, looks: world.policy().http.authority == AuthorityCheck::Own }
    }
}

/// What the service answers, or nothing but a status.
type Answered<B> = Response<Either<Empty<<B as Body>::Data>, B>>;

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for OwnHost<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Future: 'static,
    S::Error: 'static,
    ResBody: Body + 'static,
{
    type Response = Answered<ResBody>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answered<ResBody>, S::Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if let Err(status) = own_host(&request)
            && self.looks
        {
            let mut refusal = Response::new(Either::Left(Empty::new()));
            *refusal.status_mut() = status;
            return Box::pin(std::future::ready(Ok(refusal)));
        }
        let answer = self.service.call(request);
        Box::pin(async move { Ok(answer.await?.map(Either::Right)) })
    }
}

/// One authority, and ours. `Err` is how it is refused.
fn own_host<B>(request: &Request<B>) -> Result<(), StatusCode> {
    let malformed = StatusCode::BAD_REQUEST;
    let target = request.uri().authority();
    let fields: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
    let host = match fields[..] {
        [] if request.version() == Version::HTTP_11 => return Err(malformed),
        [] => None,
        [field] => Some(Authority::try_from(field.as_bytes()).map_err(|_| malformed)?),
        _ => return Err(malformed),
    };
    if target.is_some() && host.is_some() && target != host.as_ref() {
        return Err(malformed);
    }
    match target.or(host.as_ref()) {
        None if request.version() == Version::HTTP_10 => Ok(()),
        None => Err(malformed),
        Some(named) if named.as_str().contains('@') => Err(malformed),
        Some(named) if [HOST, LOCAL_HOST].iter().any(|own| named.host().eq_ignore_ascii_case(own)) => Ok(()),
        Some(_) => Err(StatusCode::MISDIRECTED_REQUEST),
    }
}
