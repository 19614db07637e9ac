//! A depot without a framework: TLS by rustls, a tower layer that asks for a token, and a service behind it.

mod guard;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer},
    server::{VerifierBuilderError, WebPkiClientVerifier},
};
use tower_service::Service;

pub use guard::{Caller, Guard, Guarded, Trust};

/// What the depot does for a caller; a test listens here.
pub type Effect = Arc<dyn Fn(&str) + Send + Sync>;

/// The depot behind its guard.
#[derive(Clone)]
pub struct Depot(pub Effect);

impl Service<Request<Full<Bytes>>> for Depot {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let mut answer = Response::new(Full::default());
        match (request.method(), request.uri().path(), request.extensions().get::<Caller>()) {
            (&Method::GET, "/v1/whoami", Some(Caller(caller))) => {
                (self.0)(caller);
                *answer.body_mut() = Full::from(caller.clone());
            }
            (_, "/v1/whoami", _) => *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED,
            _ => *answer.status_mut() = StatusCode::NOT_FOUND,
        }
        ready(Ok(answer))
    }
}

/// Clients without a certificate of the anchors are refused; the provider is whatever this build turns on.
pub fn tls(
    anchors: Vec<CertificateDer<'static>>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        roots.add(anchor)?;
    }
    let verifier = WebPkiClientVerifier::builder(roots.into()).with_crls(crls).enforce_revocation_expiration();
    let verifier = verifier.build().map_err(|error: VerifierBuilderError| error.to_string())?;
    let mut config = ServerConfig::builder().with_client_cert_verifier(verifier).with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config.into())
}
