//! Answers without an end: events, and a socket. Before each event the bank asks again whether it would still let in who asked.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{Extension, Router, body::Body, extract::Request, response::Response, routing::get};
use base64ct::{Base64, Encoding as _};
use http::{StatusCode, request::Parts};
use hyper::body::{Bytes, Frame};
use hyper_util::rt::TokioIo;
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    super::{authorize::Caller, service::Service},
    Visit, leaf_holder, vetted,
};

/// Between two events: longer than a client listens that looks for the beginning alone.
const BETWEEN: Duration = Duration::from_millis(60);

/// The routes of the bank, and those without an end where the policy has them.
pub(super) fn router(service: &Arc<Service>) -> Router {
    let endless = service.trust.policy.routes.iter().any(gatecrash::model::Route::is_endless);
    let more = Router::new().route("/v1/events", get(events)).route("/v1/socket", get(socket));
    service.beside(if endless { more } else { Router::new() })
}

impl Visit {
    /// Whether the bank would still let in whoever asked.
    fn still(&self, parts: &Parts) -> bool {
        if !self.bank.habits.streams_look_again {
            return true;
        }
        let current = self.bank.current();
        let Some(holder) = leaf_holder(parts) else { return false };
        let token = parts.headers.get("authorization").and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
        let verified = token.is_some_and(|token| self.bank.verified(&current.service.trust, token, &holder).is_ok());
        verified && vetted(&current, parts, &self.bank.time)
    }
}

async fn events(
    Extension(visit): Extension<Visit>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    visit.bank.witness.hit("GET /v1/events", Some(caller.id), None);
    let (parts, _) = request.into_parts();
    let next = Box::pin(std::future::ready(Some(event())));
    let mut response = Response::new(Body::new(Events { next, visit, parts: Arc::new(parts) }));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/event-stream"));
    response
}

fn event() -> Bytes {
    Bytes::from_static(b"data: a payment came in\n\n")
}

struct Events {
    next: Pin<Box<dyn Future<Output = Option<Bytes>> + Send>>,
    visit: Visit,
    parts: Arc<Parts>,
}

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = ready!(self.next.as_mut().poll(context));
        let (visit, parts) = (self.visit.clone(), self.parts.clone());
        self.next = Box::pin(async move {
            tokio::time::sleep(BETWEEN).await;
            visit.still(&parts).then(event)
        });
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// RFC 6455, as far as short messages go.
async fn socket(
    Extension(visit): Extension<Visit>,
    Extension(caller): Extension<Caller>,
    mut request: Request,
) -> Response {
    let Some(key) = request.headers().get("sec-websocket-key").cloned() else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    };
    visit.bank.witness.hit("GET /v1/socket", Some(caller.id), None);
    let upgraded = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    tokio::spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        let mut io = TokioIo::new(upgraded);
        let mut head = [0; 6];
        while io.read_exact(&mut head).await.is_ok() {
            let mut content = vec![0; usize::from(head[1] & 0x7f)];
            if io.read_exact(&mut content).await.is_err() || head[0] & 0x0f == 8 || !visit.still(&parts) {
                break;
            }
            if io.write_all(b"\x81\x04pong").await.is_err() {
                break;
            }
        }
        let _ = io.write_all(b"\x88\x02\x03\xf0").await;
        let _ = io.shutdown().await;
    });
    let accept = Sha1::new().chain_update(key.as_bytes()).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = Base64::encode_string(&accept.finalize());
    let builder = http::Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let builder = builder.header("connection", "upgrade").header("upgrade", "websocket");
    builder.header("sec-websocket-accept", accept).body(Body::empty()).unwrap_or_default()
}
