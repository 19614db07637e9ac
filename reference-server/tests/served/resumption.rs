//! No session is resumed, and every reload is honored: each attempt is counted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind, RootCertStore, ServerConfig, version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::client::{StoppedClientClock, connect, request};
use crate::deployment::{Deployment, Identity, revocation_list, trust};

/// So many by night, and a fiftieth by day.
fn times(night: usize) -> usize {
    if std::env::var_os("GATECRASH_NIGHT").is_some() { night } else { night / 50 }
}

/// A client that keeps every ticket that it gets.
fn client(deployment: &Deployment, identity: &Identity) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(deployment.authority.der().clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(StoppedClientClock))
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(identity.chain.clone(), identity.private_key())
        .unwrap();
    Arc::new(config)
}

/// A server of the same name that does issue tickets, so that the client has one to offer.
fn lenient(deployment: &Deployment) -> Arc<ServerConfig> {
    let server = trust(&deployment.authority, &rcgen::KeyPair::generate().unwrap());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(server.server_chain, server.server_key)
        .unwrap();
    Arc::new(config)
}

async fn opened(config: &Arc<ClientConfig>, io: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
    TlsConnector::from(Arc::clone(config)).connect(ServerName::try_from("api.bank.example").unwrap(), io).await
}

/// Asks who it is, on an open connection.
async fn asks(stream: &mut TlsStream<DuplexStream>, token: &str) -> io::Result<String> {
    let head = "GET /v1/whoami HTTP/1.1\r\nhost: api.bank.example\r\nconnection: close\r\n";
    stream.write_all(format!("{head}authorization: Bearer {token}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    // What the server says before it closes counts, however it closes.
    match stream.read_to_end(&mut answer).await {
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

/// A client offers a session ten thousand times. None is resumed, so that the certificate is verified each time.
#[tokio::test]
async fn no_session_is_resumed() {
    let deployment = Deployment::new();
    let lenient = lenient(&deployment);
    let token = deployment.token();
    let (mut offered, mut resumed) = (0, 0);
    for _ in 0..times(10_000) {
        let config = client(&deployment, &deployment.alice);
        // The lookalike issues a ticket, which is offered to whatever bears the name next.
        let (near, far) = tokio::io::duplex(16 * 1024);
        let accepting = TlsAcceptor::from(Arc::clone(&lenient));
        let serving = tokio::spawn(async move {
            let mut stream = accepting.accept(far).await.unwrap();
            stream.write_all(b"!").await.unwrap();
            stream.shutdown().await.unwrap();
        });
        let mut stream = opened(&config, near).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        serving.await.unwrap();
        // That the ticket is offered shows where it is taken.
        if offered == 0 {
            let (near, far) = tokio::io::duplex(16 * 1024);
            let accepting = TlsAcceptor::from(Arc::clone(&lenient));
            let serving = tokio::spawn(async move { accepting.accept(far).await.unwrap() });
            let stream = opened(&config, near).await.unwrap();
            assert_eq!(
                stream.get_ref().1.handshake_kind(),
                Some(HandshakeKind::Resumed),
                "the client offers its ticket"
            );
            drop((stream, serving.await.unwrap()));
        }
        let (near, far) = tokio::io::duplex(16 * 1024);
        let server = deployment.server.clone();
        let serving = tokio::spawn(async move { server.serve_connection(far).await });
        let mut stream = opened(&config, near).await.unwrap();
        offered += 1;
        resumed += usize::from(stream.get_ref().1.handshake_kind() != Some(HandshakeKind::Full));
        let answer = asks(&mut stream, &token).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        // Nor does the server itself issue a ticket that could be resumed.
        assert_eq!(stream.get_ref().1.tls13_tickets_received(), 0);
        drop(stream);
        let _ = tokio::time::timeout(Duration::from_secs(60), serving).await.unwrap().unwrap();
    }
    println!("{offered} sessions offered, {resumed} resumed");
    assert_eq!((offered, resumed), (times(10_000), 0));
}

/// Ten thousand reloads revoke Alice and take that back. Each is in force for the next request of an open connection
/// and for the next handshake.
#[tokio::test]
async fn every_reload_is_honored() {
    let deployment = Deployment::new();
    let config = client(&deployment, &deployment.alice);
    let (mut next_request, mut next_handshake) = (0, 0);
    for round in 0..times(10_000) {
        let revokes = round % 2 == 0;
        let mut open = None;
        if revokes {
            let (near, far) = tokio::io::duplex(16 * 1024);
            let server = deployment.server.clone();
            tokio::spawn(async move { server.serve_connection(far).await });
            open = Some(opened(&config, near).await.unwrap());
        }
        let mut trust = trust(&deployment.authority, &deployment.signing_key);
        let serials: &[u64] = if revokes { &[7] } else { &[] };
        trust.crls = vec![revocation_list(&deployment.authority, serials, 2031)];
        // A client knows the server by the name and the authority, whatever its key.
        deployment.server.reload(trust).unwrap();
        let token = deployment.token();
        if let Some(open) = &mut open {
            let answer = asks(open, &token).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 401"), "reload {round}: {answer}");
            next_request += 1;
        }
        let asked = connect(&deployment, Some(&deployment.alice), b"h2", request("GET", "/v1/whoami", &token)).await;
        let expected = if revokes { None } else { Some(StatusCode::OK) };
        assert_eq!(asked.ok().map(|answer| answer.status), expected, "reload {round}");
        next_handshake += 1;
    }
    println!("{next_handshake} reloads in force at the next handshake, {next_request} at the next request");
    assert_eq!((next_handshake, next_request), (times(10_000), times(10_000) / 2));
}
