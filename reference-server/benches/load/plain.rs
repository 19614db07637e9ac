//! The exchange without our checks, as tutorials have it: rustls asks for a client certificate, jsonwebtoken checks
//! the signature, audience, issuer and expiry, axum serves.

use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, version};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

#[derive(Clone)]
struct Keys(Arc<(DecodingKey, Validation)>);

#[derive(Deserialize)]
struct Claims {
    scope: String,
}

/// Serves for ever.
pub(crate) async fn serve(folder: &Path) {
    let pem = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem("clients-ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(&pem("server.pem")).unwrap()],
            PrivateKeyDer::from_pem_slice(&pem("server.key")).unwrap(),
        )
        .unwrap();
    let keys: JwkSet = serde_json::from_slice(&pem("jwks.json")).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["https://localhost:8443"]);
    validation.set_issuer(&["https://issuer.dev.example"]);
    let keys = Keys(Arc::new((DecodingKey::from_jwk(&keys.keys[0]).unwrap(), validation)));
    let router = Router::new().route("/v1/accounts/{id}", get(account)).with_state(keys);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("serving {}", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let _ =
                http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await;
        });
    }
}

async fn account(State(keys): State<Keys>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    let token = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let token = decode::<Claims>(token, &keys.0.0, &keys.0.1).map_err(|_| StatusCode::UNAUTHORIZED)?;
    if !token.claims.scope.split(' ').any(|scope| scope == "accounts:read") {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(Json(json!({ "account": "alice-1", "statement": "balance 100" })))
}
