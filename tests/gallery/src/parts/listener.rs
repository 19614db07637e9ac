//! An accept loop of one's own: for flaws that live between the stream and the service.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, body::Body};
use gatecrash::{BoxError, Gate, World};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, copy_bidirectional, duplex,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tower::ServiceExt as _;

use super::{authorize::Caller, certificate::Peer, tls::ClientAuth, tls::config};

/// What is kept for a connection: who was let in last.
#[derive(Clone, Default)]
pub(crate) struct Session(Arc<Mutex<Option<Caller>>>);

impl Session {
    pub(crate) fn keep(&self, caller: &Caller) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(caller.clone());
    }

    pub(crate) fn kept(&self) -> Option<Caller> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a front does to the first octets of a connection.
pub(crate) type Edit = fn(Vec<u8>) -> Vec<u8>;

/// A gate of a router behind TLS, with what a front does to HTTP/1.1, if there is one.
pub(crate) fn gate(world: &World, router: Router, front: Option<Edit>) -> Result<Gate, BoxError> {
    let tls = config(world, ClientAuth::Required)?;
    Ok(Gate::serve(move |io| connection(tls.clone(), io, router.clone(), front)))
}

async fn connection(tls: Arc<ServerConfig>, io: DuplexStream, router: Router, front: Option<Edit>) {
    let Ok(stream) = TlsAcceptor::from(tls).accept(io).await else { return };
    let (_, state) = stream.get_ref();
    let peer = Peer(state.peer_certificates().unwrap_or_default().iter().map(|der| der.clone().into_owned()).collect());
    let speaks_http2 = state.alpn_protocol() == Some(b"h2");
    let session = Session::default();
    let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        request.extensions_mut().insert(session.clone());
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}))
        }
    });
    match front {
        _ if speaks_http2 => {
            let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        }
        None => {
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        }
        Some(edit) => {
            let (near, far) = duplex(64 * 1024);
            let served = http1::Builder::new();
            let served = served.serve_connection(TokioIo::new(far), service);
            let _ = both(served, pass(stream, near, edit)).await;
        }
    }
}

async fn both(served: impl Future, passed: impl Future) {
    let (mut served, mut passed) = (std::pin::pin!(served), std::pin::pin!(passed));
    let mut done = (false, false);
    std::future::poll_fn(|context| {
        done.0 = done.0 || served.as_mut().poll(context).is_ready();
        done.1 = done.1 || passed.as_mut().poll(context).is_ready();
        if done == (true, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// Reads up to the end of the first header section, edits what came, and passes the rest through.
async fn pass(mut stream: impl AsyncRead + AsyncWrite + Unpin, mut inner: DuplexStream, edit: Edit) {
    let mut first = Vec::new();
    let mut piece = [0; 16 * 1024];
    while !first.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(length) => first.extend(&piece[..length]),
        }
    }
    let _ = inner.write_all(&edit(first)).await;
    let _ = copy_bidirectional(&mut stream, &mut inner).await;
}
