//! Two ways to ask: over TLS on an in-memory stream, and at the router as if the handshake had been accepted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use gatecrash_reference::{ConnectionError, PeerCertificates};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, version};
use tokio_rustls::TlsConnector;
use tower::ServiceExt;

use crate::deployment::{Deployment, Identity, NOW};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A request with this token in its `Authorization` field.
pub(crate) fn request(method: &str, path: &str, token: &str) -> Request<Body> {
    let builder = Request::builder().method(method).uri(format!("https://api.bank.example{path}"));
    builder.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
}

/// Asks the router, with these certificates as those of the connection.
pub(crate) async fn ask_as(deployment: &Deployment, identity: &Identity, mut request: Request<Body>) -> Answer {
    request.extensions_mut().insert(PeerCertificates(identity.chain.clone().into()));
    ask_nameless(deployment, request).await
}

/// Asks the router as Alice's connection.
pub(crate) async fn ask(deployment: &Deployment, request: Request<Body>) -> Answer {
    ask_as(deployment, &deployment.alice, request).await
}

/// Asks the router without a certificate. As every HTTP/1.1 client does, it says whom it means (RFC 9112 §3.2).
pub(crate) async fn ask_nameless(deployment: &Deployment, mut request: Request<Body>) -> Answer {
    request.headers_mut().entry("host").or_insert_with(|| "api.bank.example".parse().unwrap());
    read(deployment.server.router().oneshot(request).await.unwrap()).await
}

/// Makes one request on a connection of its own. `Err` when the handshake is refused.
pub(crate) async fn connect(
    deployment: &Deployment,
    identity: Option<&Identity>,
    protocol: &[u8],
    mut request: Request<Body>,
) -> io::Result<Answer> {
    let (near, far) = tokio::io::duplex(4096);
    let server = deployment.server.clone();
    let serving = tokio::spawn(async move { server.serve_connection(far).await });
    let connector = TlsConnector::from(Arc::new(client_config(deployment, identity, protocol)));
    let name = ServerName::try_from("api.bank.example").unwrap();
    let stream = TokioIo::new(connector.connect(name, near).await?);
    let sent = if protocol == b"h2" {
        let (mut sender, connection) =
            http2::handshake(TokioExecutor::new(), stream).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        sender.send_request(request).await
    } else {
        let path = request.uri().path_and_query().map_or("/".to_owned(), ToString::to_string);
        *request.uri_mut() = path.parse().unwrap();
        request.headers_mut().insert("host", "api.bank.example".parse().unwrap());
        let (mut sender, connection) = http1::handshake(stream).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        sender.send_request(request).await
    };
    let answer = match sent {
        Ok(response) => Ok(read(response.map(Body::new)).await),
        Err(error) => Err(io::Error::other(error)),
    };
    // The client's half is gone by now, so the server ends on its own, and knows a refusal from a departure.
    let ended = tokio::time::timeout(Duration::from_secs(60), serving).await.unwrap().unwrap();
    let handshake_failed = matches!(ended, Err(ConnectionError::Handshake { .. }));
    assert_eq!(answer.is_err(), handshake_failed, "{answer:?} {ended:?}");
    answer
}

fn client_config(deployment: &Deployment, identity: Option<&Identity>, protocol: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(deployment.authority.der().clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_details(provider.clone(), Arc::new(StoppedClientClock))
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        // Not `with_client_auth_cert`, which would notice a key that is not the leaf's.
        Some(identity) => {
            let key = provider.key_provider.load_private_key(identity.private_key()).unwrap();
            let certified = CertifiedKey::new(identity.chain.clone(), key);
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    config
}

async fn read(response: axum::response::Response) -> Answer {
    let (head, body) = response.into_parts();
    let mut headers = head.headers;
    headers.remove("date");
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: head.status, headers, body }
}

#[derive(Debug)]
pub(crate) struct StoppedClientClock;

impl TimeProvider for StoppedClientClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(NOW)))
    }
}
