//! A rustls configuration and a tower service as a gate: an accept loop like the one that people write.

use std::{cell::RefCell, future::Future, pin::pin, rc::Rc, sync::Arc, task::Poll};

use bytes::Bytes;
use futures_util::{
    future::{FutureExt as _, LocalBoxFuture},
    stream::{FuturesUnordered, StreamExt as _},
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use rustls_pki_types::CertificateDer;
use tokio::io::DuplexStream;

use super::{Call, HandOver};

/// The service as a plain function of requests.
pub(super) fn call<S, ReqBody, ResBody>(service: S) -> Call
where
    S: tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
    S::Error: std::fmt::Display,
    ReqBody: From<Bytes> + 'static,
    ResBody: http_body::Body + 'static,
    ResBody::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Box::new(move |request| {
        let mut service = service.clone();
        async move {
            std::future::poll_fn(|context| service.poll_ready(context)).await.map_err(|error| error.to_string())?;
            let response = service.call(request.map(ReqBody::from)).await.map_err(|error| error.to_string())?;
            let (parts, body) = response.into_parts();
            let body = http_body_util::Limited::new(body, MOST).collect();
            let body = Box::pin(body)
                .await
                .map_err(|error: Box<dyn std::error::Error + Send + Sync>| error.to_string())?
                .to_bytes();
            Ok(http::Response::from_parts(parts, body))
        }
        .boxed_local()
    })
}

/// The most of a body that is read.
const MOST: usize = 1 << 20;

/// The whole accept loop for one connection.
pub(super) fn serve<S, ReqBody, ResBody>(
    tls: Arc<rustls::ServerConfig>,
    service: S,
    certificates: HandOver,
) -> impl Fn(DuplexStream) -> LocalBoxFuture<'static, ()>
where
    S: tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
    S::Error: std::fmt::Display,
    ReqBody: From<Bytes> + 'static,
    ResBody: http_body::Body + 'static,
    ResBody::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let call = Rc::new(call(service));
    move |io| {
        let acceptor = tokio_rustls::TlsAcceptor::from(tls.clone());
        let (call, certificates) = (call.clone(), certificates.clone());
        async move {
            let Ok(stream) = acceptor.accept(io).await else { return };
            let chain: Vec<CertificateDer<'static>> = stream
                .get_ref()
                .1
                .peer_certificates()
                .unwrap_or_default()
                .iter()
                .map(|der| der.clone().into_owned())
                .collect();
            let answer = hyper::service::service_fn(move |request| {
                answer(request, call.clone(), certificates.clone(), chain.clone())
            });
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                let tasks = Tasks::default();
                let server = hyper::server::conn::http2::Builder::new(tasks.clone());
                tasks.drive(server.serve_connection(TokioIo::new(stream), answer)).await;
            } else {
                let server = hyper::server::conn::http1::Builder::new();
                let _ = server.serve_connection(TokioIo::new(stream), answer).await;
            }
        }
        .boxed_local()
    }
}

/// The streams of an HTTP/2 connection, run on this thread: a gate's service need not be `Send`.
#[derive(Clone, Default)]
struct Tasks(Rc<RefCell<Vec<LocalBoxFuture<'static, ()>>>>);

impl<F: Future + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.0.borrow_mut().push(task.map(|_| ()).boxed_local());
    }
}

impl Tasks {
    /// Runs a connection and its streams until the connection ends.
    async fn drive(self, connection: impl Future) {
        let mut connection = pin!(connection);
        let mut running = FuturesUnordered::new();
        std::future::poll_fn(|context| {
            loop {
                if connection.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                running.extend(self.0.borrow_mut().drain(..));
                let ended = matches!(running.poll_next_unpin(context), Poll::Ready(Some(())));
                if !ended && self.0.borrow().is_empty() {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }
}

async fn answer(
    request: http::Request<hyper::body::Incoming>,
    call: Rc<Call>,
    certificates: HandOver,
    chain: Vec<CertificateDer<'static>>,
) -> Result<http::Response<Full<Bytes>>, String> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    let mut request = http::Request::from_parts(parts, body);
    certificates.hand_over(request.extensions_mut(), &chain);
    Ok(call(request).await?.map(Full::new))
}
