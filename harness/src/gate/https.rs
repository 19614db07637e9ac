//! A rustls configuration and a tower service as a gate: an accept loop like the one that people write.

use std::{cell::RefCell, future::Future, pin::pin, rc::Rc, sync::Arc, task::Poll, time::Duration};

use bytes::{Buf as _, Bytes};
use futures_util::{
    future::{FutureExt as _, LocalBoxFuture},
    stream::{FuturesUnordered, StreamExt as _},
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use rustls_pki_types::CertificateDer;
use tokio::{io::DuplexStream, time::Instant};

use super::{Call, HandOver, answers};
use crate::error::BoxError;

/// The service as a plain function of requests; `body` makes the body that it takes.
pub(super) fn call<S, ReqBody, ResBody>(service: S, body: impl Fn(Bytes) -> ReqBody + Clone + 'static) -> Call
where
    S: tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
    S::Error: std::fmt::Display,
    ReqBody: 'static,
    ResBody: http_body::Body + 'static,
    ResBody::Error: Into<BoxError>,
{
    Box::new(move |request| {
        let (mut service, body) = (service.clone(), body.clone());
        async move {
            std::future::poll_fn(|context| service.poll_ready(context)).await.map_err(|error| error.to_string())?;
            let response = service.call(request.map(body)).await.map_err(|error| error.to_string())?;
            let (mut parts, body) = response.into_parts();
            let media = parts.headers.get(http::header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
            let longest = answers::patience(parts.status.as_u16(), media).map(|patience| patience.longest);
            let (body, trailers) = read(body, longest).await.map_err(|error| error.to_string())?;
            parts.headers.extend(trailers);
            Ok(http::Response::from_parts(parts, body))
        }
        .boxed_local()
    })
}

/// The most of a body that is read.
const MOST: usize = 1 << 20;
/// How long a body may be silent before it counts as one without an end.
const SILENCE: Duration = Duration::from_secs(1);

/// A body as far as it comes, for so long at most where it has no end, and its trailers.
async fn read<B: http_body::Body>(body: B, longest: Option<Duration>) -> Result<(Bytes, http::HeaderMap), BoxError>
where
    B::Error: Into<BoxError>,
{
    let (mut body, began) = (pin!(body), Instant::now());
    let (mut content, mut trailers) = (Vec::new(), http::HeaderMap::new());
    while content.len() < MOST
        && longest.is_none_or(|longest| began.elapsed() < longest)
        && let Ok(Some(frame)) = tokio::time::timeout(SILENCE, body.frame()).await
    {
        match frame.map_err(Into::into)?.into_data() {
            Ok(mut data) => content.extend(data.copy_to_bytes(data.remaining())),
            Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    Ok((content.into(), trailers))
}

/// The whole accept loop for one connection.
pub(super) fn serve(
    tls: Arc<rustls::ServerConfig>,
    call: Call,
    certificates: HandOver,
) -> impl Fn(DuplexStream) -> LocalBoxFuture<'static, ()> {
    let call = Rc::new(call);
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
                let _ = server.serve_connection(TokioIo::new(stream), answer).with_upgrades().await;
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
