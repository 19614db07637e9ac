//! What no interceptor of tonic sees: the method, the host and the query of a request. It knows nothing of tokens.

use std::{
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::Either;
use http::{Method, Request, Response, StatusCode, header::HOST, uri::Authority};
use rustls::{
    client::verify_server_name,
    pki_types::{CertificateDer, ServerName},
    server::ParsedCertificate,
};
use tower_layer::Layer;
use tower_service::Service;

/// Lets through what is meant for this server.
#[derive(Clone)]
pub struct Front {
    certificate: Arc<CertificateDer<'static>>,
}

impl Front {
    /// `certificate` is the server's own.
    pub fn new(certificate: CertificateDer<'static>) -> Self {
        Self { certificate: Arc::new(certificate) }
    }

    /// How a request is refused, if it is.
    fn refusal<B>(&self, request: &Request<B>) -> Option<StatusCode> {
        // tonic routes by the path alone; gRPC knows no other method.
        if request.method() != Method::POST {
            return Some(StatusCode::METHOD_NOT_ALLOWED);
        }
        // A token in the query gets into logs (RFC 9700 §4.3.2); nobody here sends one.
        let query = request.uri().query().unwrap_or_default().as_bytes();
        if form_urlencoded::parse(query).any(|(name, _)| name == "access_token") {
            return Some(StatusCode::BAD_REQUEST);
        }
        match host(request) {
            None => Some(StatusCode::BAD_REQUEST),
            Some(host) if self.answers_for(host.host()) => None,
            Some(_) => Some(StatusCode::MISDIRECTED_REQUEST),
        }
    }

    /// Whether the server's certificate is valid for a host (RFC 9110 §7.4).
    fn answers_for(&self, host: &str) -> bool {
        let (Ok(own), Ok(name)) = (ParsedCertificate::try_from(&*self.certificate), ServerName::try_from(host)) else {
            return false;
        };
        verify_server_name(&own, &name).is_ok()
    }
}

/// The one host that a request names: in `:authority`, in `Host`, or twice the same (RFC 9113 §8.3.1).
fn host<B>(request: &Request<B>) -> Option<Authority> {
    let mut fields = request.headers().get_all(HOST).iter();
    let field = fields.next().map(|field| Authority::try_from(field.as_bytes())).transpose().ok()?;
    let target = request.uri().authority().cloned();
    if fields.next().is_some() || (target.is_some() && field.is_some() && target != field) {
        return None;
    }
    target.or(field).filter(|host| !host.as_str().contains('@'))
}

impl<S> Layer<S> for Front {
    type Service = Fronted<S>;

    fn layer(&self, inner: S) -> Fronted<S> {
        Fronted { front: self.clone(), inner }
    }
}

/// A service behind the layer.
#[derive(Clone)]
pub struct Fronted<S> {
    front: Front,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Fronted<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<R>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(status) = self.front.refusal(&request) else { return Either::Left(self.inner.call(request)) };
        let mut response = Response::new(R::default());
        *response.status_mut() = status;
        Either::Right(ready(Ok(response)))
    }
}
