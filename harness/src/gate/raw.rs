//! Bytes that no attempt describes: on a TLS connection, or in place of one. The client waits, closes, and reads on.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};

use super::{
    Answer, Depth, Handshake, Observation, Serve, client,
    connection::{MOST, PIPE, ended},
};
use crate::{
    world::forge::{Identity, Wire},
    world::{Clock, World},
};

/// What is said, and under which protection.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// Bytes in place of the client's TLS records.
    Records(Vec<u8>),
    /// Bytes on the TLS connection of somebody.
    Tls(Identity, Vec<u8>),
}

pub(super) async fn attempt(serve: &Serve, said: &Said, world: &World) -> Observation {
    let (near, far) = tokio::io::duplex(PIPE);
    let (mut observation, ()) = futures_util::future::join(speak(near, said, world), serve(far)).await;
    observation.depth = Some(Depth::Connection);
    observation
}

async fn speak(io: DuplexStream, said: &Said, world: &World) -> Observation {
    let mut observation = Observation::default();
    match said {
        Said::Records(bytes) => {
            let (bytes, _) = exchange(io, bytes, world).await;
            match bytes.first() {
                // A gate that speaks no TLS at all.
                Some(b'H') if bytes.starts_with(b"HTTP/") => read_answer(final_answer(&bytes), &mut observation),
                // A handshake record: it got beyond the client's first message.
                Some(0x16) => observation.handshake = Handshake::Refused("after the server's hello".into()),
                _ => observation.handshake = Handshake::Refused("before the server's hello".into()),
            }
        }
        Said::Tls(identity, bytes) => {
            let wire = Wire::of(Some(identity.clone()));
            let (Ok(config), Some(name)) = (client::config(&wire, world), client::server_name(&wire)) else {
                observation.broken = Some("the client cannot be configured".into());
                return observation;
            };
            match tokio_rustls::TlsConnector::from(config).connect(name, io).await {
                Err(error) => observation.handshake = ended(Some(&error)),
                Ok(stream) => {
                    let (bytes, error) = exchange(stream, bytes, world).await;
                    if bytes.is_empty() {
                        observation.handshake = ended(error.as_ref());
                    } else {
                        observation.handshake = Handshake::Accepted;
                        read_answer(final_answer(&bytes), &mut observation);
                    }
                }
            }
        }
    }
    observation
}

/// How long the client waits for more before it closes its side.
fn patience(world: &World) -> Duration {
    match world.clock() {
        // Time that nobody spends.
        Clock::Frozen => Duration::from_secs(1),
        Clock::System => Duration::from_millis(50),
    }
}

/// Sends everything, waits for an answer, closes its side, and reads to the end.
///
/// A request that is cut off is no hang of the gate: it may wait for the rest until the client gives up.
async fn exchange(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    said: &[u8],
    world: &World,
) -> (Vec<u8>, Option<std::io::Error>) {
    let mut bytes = Vec::new();
    let patience = patience(world);
    let _ = tokio::time::timeout(patience, async {
        let _ = io.write_all(said).await;
        let _ = io.flush().await;
    })
    .await;
    let mut piece = [0; 4096];
    let mut closed = false;
    loop {
        match tokio::time::timeout(patience, io.read(&mut piece)).await {
            Ok(Ok(0)) => return (bytes, None),
            Ok(Ok(count)) => bytes.extend(&piece[..count]),
            Ok(Err(error)) => return (bytes, Some(error)),
            Err(_) if closed => return (bytes, None),
            Err(_) => {
                closed = true;
                let _ = tokio::time::timeout(patience, io.shutdown()).await;
            }
        }
        if bytes.len() > MOST {
            return (bytes, None);
        }
    }
}

/// Reads the first answer; whatever follows it counts as its content, since nobody knows what was asked.
fn read_answer(bytes: &[u8], observation: &mut Observation) {
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

/// The bytes after interim answers (RFC 9110 §15.2).
fn final_answer(mut bytes: &[u8]) -> &[u8] {
    while bytes.starts_with(b"HTTP/1.1 1") {
        match bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(at) if at + 4 < bytes.len() => bytes = &bytes[at + 4..],
            _ => break,
        }
    }
    bytes
}
