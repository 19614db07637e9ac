//! One attempt at connection depth: bytes in, bytes out, through the gate's own TLS and HTTP.

use gatecrash_model::Transport;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};

use super::{Answer, Depth, Handshake, Observation, Serve, client};
use crate::{forge::Wire, world::World};

/// Octets that fit into the pipe between client and gate, each way.
pub(super) const PIPE: usize = 64 * 1024;
/// The most of an answer that is read.
pub(super) const MOST: u64 = 1 << 20;

pub(super) async fn attempt(serve: &Serve, wire: &Wire, world: &World) -> Observation {
    let (near, far) = tokio::io::duplex(PIPE);
    let (mut observation, ()) = futures_util::future::join(speak(near, wire, world), serve(far)).await;
    observation.depth = Some(Depth::Connection);
    observation
}

async fn speak(io: DuplexStream, wire: &Wire, world: &World) -> Observation {
    match wire.transport {
        Transport::Plain => {
            let (bytes, _) = exchange(io, &wire.request).await;
            let mut observation = Observation::default();
            // A TLS server answers plain text with an alert record or not at all.
            if bytes.starts_with(b"HTTP/") {
                read_answer(&bytes, &mut observation);
            } else {
                observation.handshake = Handshake::Refused("no TLS was spoken".into());
            }
            observation
        }
        Transport::Tls13 => speak_tls(io, wire, world).await,
    }
}

async fn speak_tls(io: DuplexStream, wire: &Wire, world: &World) -> Observation {
    let mut observation = Observation::default();
    let (Ok(config), Some(name)) = (client::config(wire.identity.as_ref(), world), client::server_name()) else {
        observation.broken = Some("the client cannot be configured".into());
        return observation;
    };
    match tokio_rustls::TlsConnector::from(config).connect(name, io).await {
        Err(error) => observation.handshake = ended(Some(&error)),
        Ok(stream) => {
            // The client believes that it is connected before the server has looked at its certificate (RFC 8446 §4.4.2.4).
            let (bytes, error) = exchange(stream, &wire.request).await;
            if bytes.is_empty() {
                observation.handshake = ended(error.as_ref());
            } else {
                observation.handshake = Handshake::Accepted;
                read_answer(&bytes, &mut observation);
            }
        }
    }
    observation
}

pub(super) fn ended(error: Option<&std::io::Error>) -> Handshake {
    let alert = error.and_then(|error| error.get_ref()).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match alert {
        Some(error @ rustls::Error::AlertReceived(_)) => Handshake::Refused(error.to_string()),
        _ => Handshake::Silent,
    }
}

/// Sends everything, then reads until the other side closes.
async fn exchange(mut io: impl AsyncRead + AsyncWrite + Unpin, request: &[u8]) -> (Vec<u8>, Option<std::io::Error>) {
    let mut bytes = Vec::new();
    // A gate may answer and close before it has read everything; only what it answered counts.
    let _ = io.write_all(request).await;
    let _ = io.flush().await;
    let error = (&mut io).take(MOST).read_to_end(&mut bytes).await.err();
    let _ = io.shutdown().await;
    (bytes, error)
}

pub(super) fn read_answer(bytes: &[u8], observation: &mut Observation) {
    let mut storage = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut storage);
    match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => {
            let header = |field: &httparse::Header<'_>| {
                (field.name.to_string(), String::from_utf8_lossy(field.value).into_owned())
            };
            observation.answer = Some(Answer {
                status: response.code.unwrap_or_default(),
                headers: response.headers.iter().map(header).collect(),
                body: bytes[length..].to_vec(),
            });
        }
        Ok(httparse::Status::Partial) => observation.broken = Some("the answer is cut off".into()),
        Err(error) => observation.broken = Some(format!("the answer is no HTTP: {error}")),
    }
}
