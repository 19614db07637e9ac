//! One attempt at connection depth: bytes in, bytes out, through the gate's own TLS and HTTP.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use gatecrash_model::Transport;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream},
    time::Instant,
};

use super::{Depth, Handshake, Observation, Serve, answers, client};
use crate::{
    profile::{self, Phase},
    world::forge::{Wire, hello},
    world::{World, http2},
};

/// Octets that fit into the pipe between client and gate, each way.
pub(super) const PIPE: usize = 64 * 1024;
/// The most of an answer that is read.
pub(super) const MOST: usize = 1 << 20;
/// How long a connection that is left open may be silent before the client gives up: first of all, and after an answer.
const SILENCE: [Duration; 2] = [Duration::from_secs(1), Duration::from_millis(50)];

pub(super) async fn attempt(serve: &Serve, wire: &Wire, world: &World) -> Observation {
    let _spent = profile::spend(Phase::Http);
    let (near, far) = tokio::io::duplex(PIPE);
    let mut observation = both(speak(near, wire, world), serve(far)).await;
    observation.depth = Some(Depth::Connection);
    observation
}

/// Until both sides are done. A server need not notice that nobody listens any more to what has no end.
async fn both(speaking: impl Future<Output = Observation>, served: impl Future<Output = ()> + Unpin) -> Observation {
    match select(pin!(speaking), served).await {
        Either::Left((observation, served)) if answers::is_endless(&observation) => {
            let _ = tokio::time::timeout(SILENCE[0], served).await;
            observation
        }
        Either::Left((observation, served)) => {
            served.await;
            observation
        }
        Either::Right(((), speaking)) => speaking.await,
    }
}

async fn speak(io: DuplexStream, wire: &Wire, world: &World) -> Observation {
    match hello::bytes(wire.transport) {
        Some(hello) => greet(io, &hello).await,
        None if wire.transport == Transport::Plain => {
            let (bytes, _) = exchange(io, wire).await;
            let mut observation = Observation::default();
            // A TLS server answers plain text with an alert record or not at all.
            if bytes.starts_with(b"HTTP/") {
                answers::read(&bytes, wire, &mut observation);
            } else {
                observation.handshake = Handshake::Refused("no TLS was spoken".into());
            }
            observation
        }
        None => speak_tls(io, wire, world).await,
    }
}

/// Sends a first message that is not to be answered by anything but an alert.
async fn greet(mut io: DuplexStream, hello: &[u8]) -> Observation {
    let mut observation = Observation::default();
    let _ = io.write_all(hello).await;
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(Ok(length)) = tokio::time::timeout(SILENCE[0], io.read(&mut piece)).await
        && length > 0
        && bytes.len() < MOST
    {
        bytes.extend(&piece[..length]);
    }
    let _ = io.shutdown().await;
    observation.handshake = match bytes[..] {
        // A record of type handshake that begins with a ServerHello (RFC 5246 §7.4.1.3).
        [0x16, _, _, _, _, 2, ..] => Handshake::Accepted,
        [0x15, ..] => Handshake::Refused(format!("alert {}", bytes.get(6).copied().unwrap_or_default())),
        [] => Handshake::Silent,
        _ => Handshake::None,
    };
    if bytes.starts_with(b"HTTP/") {
        observation.broken = Some("the answer to what is no TLS is HTTP".into());
    }
    observation
}

async fn speak_tls(io: DuplexStream, wire: &Wire, world: &World) -> Observation {
    let mut observation = Observation::default();
    let (Ok(config), Some(name)) = (client::config(wire, world), client::server_name(wire)) else {
        observation.broken = Some("the client cannot be configured".into());
        return observation;
    };
    let connected = {
        let _spent = profile::spend(Phase::Handshake);
        tokio_rustls::TlsConnector::from(config).connect(name, io).await
    };
    match connected {
        Err(error) => {
            observation.handshake = ended(Some(&error));
            observation.alert = alert(Some(&error));
        }
        Ok(stream) if wire.alpn == Some("h2") && stream.get_ref().1.alpn_protocol() != Some(b"h2") => {
            observation.handshake = Handshake::Refused("HTTP/2 was not agreed on".into());
        }
        Ok(stream) => {
            // The client believes that it is connected before the server has looked at its certificate (RFC 8446 §4.4.2.4).
            let (bytes, error) = exchange(stream, wire).await;
            if bytes.is_empty() {
                observation.handshake = ended(error.as_ref());
                observation.alert = alert(error.as_ref());
            } else {
                observation.handshake = Handshake::Accepted;
                answers::read(&bytes, wire, &mut observation);
                // What a server says before it has looked at the client's certificate accepts nothing (RFC 8446 §4.4.4).
                if let (None, refused @ Handshake::Refused(_)) = (&observation.answer, ended(error.as_ref())) {
                    observation.handshake = refused;
                    observation.alert = alert(error.as_ref());
                }
            }
        }
    }
    observation
}

pub(super) fn ended(error: Option<&std::io::Error>) -> Handshake {
    match of_tls(error) {
        Some(error @ rustls::Error::AlertReceived(_)) => Handshake::Refused(error.to_string()),
        _ => Handshake::Silent,
    }
}

fn of_tls(error: Option<&std::io::Error>) -> Option<&rustls::Error> {
    error?.get_ref()?.downcast_ref()
}

/// The alert that was received.
pub(super) fn alert(error: Option<&std::io::Error>) -> Option<u8> {
    match of_tls(error)? {
        rustls::Error::AlertReceived(alert) => Some(u8::from(*alert)),
        _ => None,
    }
}

/// Sends everything, then reads until the other side closes, or has nothing more to say.
pub(super) async fn exchange(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    wire: &Wire,
) -> (Vec<u8>, Option<std::io::Error>) {
    let mut bytes = Vec::new();
    // A gate may answer and close before it has read everything; only what it answered counts.
    let _ = io.write_all(&wire.request).await;
    let _ = io.flush().await;
    let mut piece = vec![0; 16 * 1024];
    let mut open = true;
    let mut error = None;
    // Until when an answer without an end is listened to; once it was left, until when its end is waited for.
    let mut until: Option<Instant> = None;
    while bytes.len() < MOST {
        let http2 = (wire.alpn == Some("h2")).then(|| http2::read(&bytes));
        let over = open && http2.as_ref().is_some_and(|message| message.over);
        let endless = answers::begun(&bytes, http2.as_ref());
        let silence = match endless {
            Some(patience) => Some(patience.silence),
            None => (open && wire.persistent).then(|| SILENCE[usize::from(!bytes.is_empty())]),
        };
        if let Some(patience) = endless {
            until.get_or_insert_with(|| Instant::now() + patience.longest);
        }
        let enough = over || until.is_some_and(|until| Instant::now() >= until);
        let read = match silence {
            _ if enough => None,
            Some(silence) => tokio::time::timeout(silence, io.read(&mut piece)).await.ok(),
            None => Some(io.read(&mut piece).await),
        };
        match read {
            None if open => {
                (open, until) = (false, None);
                let _ = io.shutdown().await;
            }
            None | Some(Ok(0)) => break,
            Some(Ok(length)) => bytes.extend(&piece[..length]),
            Some(Err(failed)) => {
                error = Some(failed);
                break;
            }
        }
    }
    let _ = io.shutdown().await;
    (bytes, error)
}
