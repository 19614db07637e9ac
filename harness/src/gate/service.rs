//! One attempt at service depth: a real handshake in memory, then the request handed to the service.

use bytes::Bytes;
use rustls::{ClientConnection, ServerConnection};

use gatecrash_model::Transport;

use super::{Answer, Depth, Handshake, Observation, Service, client};
use crate::{forge::Wire, world::World};

/// `None` when the attempt cannot be made at this depth: plain text, or bytes that are no request.
pub(super) async fn attempt(service: &Service, wire: &Wire, world: &World) -> Option<Observation> {
    if wire.transport == Transport::Plain {
        return None;
    }
    let mut request = request(&wire.request)?;
    let mut observation = Observation { depth: Some(Depth::Service), ..Observation::default() };
    match handshake(service, wire, world) {
        Err(error) => {
            if let Some(tell) = &service.handshake_failed {
                tell(&error);
            }
            observation.handshake = Handshake::Refused(error.to_string());
            return Some(observation);
        }
        Ok(server) => {
            observation.handshake = Handshake::Accepted;
            let chain = server.peer_certificates().unwrap_or_default();
            let chain: Vec<_> = chain.iter().map(|der| der.clone().into_owned()).collect();
            service.certificates.hand_over(request.extensions_mut(), &chain);
        }
    }
    match (service.call)(request).await {
        Err(error) => observation.broken = Some(error),
        Ok(response) => {
            let (parts, body) = response.into_parts();
            let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            };
            observation.answer = Some(Answer {
                status: parts.status.as_u16(),
                headers: parts.headers.iter().map(header).collect(),
                body: body.to_vec(),
            });
        }
    }
    Some(observation)
}

/// Runs the handshake to its end. `Err` is what the server refused for.
fn handshake(service: &Service, wire: &Wire, world: &World) -> Result<ServerConnection, rustls::Error> {
    let general = |what: &str| rustls::Error::General(what.into());
    let config = client::config(wire.identity.as_ref(), world)?;
    let name = client::server_name().ok_or_else(|| general("the server has no name"))?;
    let mut client = ClientConnection::new(config, name)?;
    let mut server = ServerConnection::new(service.tls.clone())?;
    let mut bytes: Vec<u8> = Vec::with_capacity(4096);
    while client.is_handshaking() || server.is_handshaking() {
        let mut moved = false;
        bytes.clear();
        while client.wants_write() {
            client.write_tls(&mut bytes).map_err(|_| general("the client cannot write"))?;
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            moved = true;
            server.read_tls(&mut rest).map_err(|_| general("the server cannot read"))?;
            server.process_new_packets()?;
        }
        bytes.clear();
        while server.wants_write() {
            server.write_tls(&mut bytes).map_err(|_| general("the server cannot write"))?;
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            moved = true;
            client.read_tls(&mut rest).map_err(|_| general("the client cannot read"))?;
            client.process_new_packets()?;
        }
        if !moved {
            return Err(general("the handshake stalled"));
        }
    }
    Ok(server)
}

/// The bytes as a request; `None` when the `http` crate has no such request.
fn request(bytes: &[u8]) -> Option<http::Request<Bytes>> {
    let mut storage = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut storage);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) | Err(_) => return None,
    };
    let mut builder = http::Request::builder().method(parsed.method?).uri(parsed.path?).version(http::Version::HTTP_11);
    for field in parsed.headers.iter() {
        builder = builder.header(field.name, field.value);
    }
    builder.body(Bytes::copy_from_slice(&bytes[length..])).ok()
}
