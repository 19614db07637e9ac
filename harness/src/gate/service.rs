//! One attempt at service depth: a real handshake in memory, then the request handed to the service.

use std::sync::Arc;

use bytes::Bytes;
use rustls::{ClientConnection, ServerConnection, pki_types::CertificateDer};

use gatecrash_model::Transport;

use super::{Answer, Depth, Handshake, Observation, Service, client};
use crate::{
    profile::{self, Phase},
    world::forge::{ClientKey, Wire},
    world::{World, http2},
};

/// `None` when the attempt cannot be made at this depth: no TLS, several requests, or bytes that are no request.
pub(super) async fn attempt(service: &Service, wire: &Wire, world: &World) -> Option<Observation> {
    if wire.persistent || !matches!(wire.transport, Transport::Tls13 | Transport::Tls13Fragmented) {
        return None;
    }
    let mut request = match (wire.alpn, wire.request.strip_prefix(http2::PREFACE)) {
        (Some("h2"), Some(frames)) => http2_request(frames)?,
        (_, Some(_)) => return None,
        (_, None) => request(&wire.request)?,
    };
    let mut observation = Observation { depth: Some(Depth::Service), ..Observation::default() };
    let made = {
        let _spent = profile::spend(Phase::Handshake);
        let accepted = || handshake(service, wire, world).map(|server| chain(&server));
        match &service.kept {
            Some(kept) => kept.get_or_make(&ClientKey::from(wire), accepted),
            None => accepted(),
        }
    };
    match made {
        Err((error, alert)) => {
            observation.alert = alert;
            if let Some(tell) = &service.handshake_failed {
                tell(&error);
            }
            observation.handshake = Handshake::Refused(error.to_string());
            return Some(observation);
        }
        Ok(chain) => {
            observation.handshake = Handshake::Accepted;
            service.certificates.hand_over(request.extensions_mut(), &chain);
        }
    }
    let _spent = profile::spend(Phase::Gate);
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

/// What the client presented.
fn chain(server: &ServerConnection) -> Arc<[CertificateDer<'static>]> {
    server.peer_certificates().unwrap_or_default().iter().map(|der| der.clone().into_owned()).collect()
}

/// Runs the handshake to its end. `Err` is what the server refused for, and its alert.
fn handshake(service: &Service, wire: &Wire, world: &World) -> Result<ServerConnection, (rustls::Error, Option<u8>)> {
    let (mut client, mut server) = ends(service, wire, world).map_err(|error| (error, None))?;
    match converse(&mut client, &mut server) {
        Ok(()) if wire.alpn == Some("h2") && server.alpn_protocol() != Some(b"h2") => {
            Err((general("HTTP/2 was not agreed on"), None))
        }
        Ok(()) => Ok(server),
        Err(error) => Err((error, last_words(&mut client, &mut server))),
    }
}

fn ends(service: &Service, wire: &Wire, world: &World) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let name = client::server_name(wire).ok_or_else(|| general("the server has no name"))?;
    let client = ClientConnection::new(client::config(wire, world)?, name)?;
    Ok((client, ServerConnection::new(service.tls.clone())?))
}

fn general(what: &str) -> rustls::Error {
    rustls::Error::General(what.into())
}

/// The alert that the server has yet to send.
fn last_words(client: &mut ClientConnection, server: &mut ServerConnection) -> Option<u8> {
    let mut bytes = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut bytes).ok()?;
    }
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        client.read_tls(&mut rest).ok()?;
        if let Err(rustls::Error::AlertReceived(alert)) = client.process_new_packets() {
            return Some(u8::from(alert));
        }
    }
    None
}

fn converse(client: &mut ClientConnection, server: &mut ServerConnection) -> Result<(), rustls::Error> {
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
    Ok(())
}

/// The bytes as a request; `None` when the `http` crate has no such request.
fn request(bytes: &[u8]) -> Option<http::Request<Bytes>> {
    let mut storage = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut storage);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) | Err(_) => return None,
    };
    // What a library folds, decodes or closes is for the gate's own to see to.
    let framed = ["expect", "transfer-encoding", "upgrade"];
    if parsed.version != Some(1) || parsed.headers.iter().any(|field| framed.contains(&field.name)) {
        return None;
    }
    let end = length.checked_sub(4)?;
    let line_feeds = bytes[..end].split(|byte| *byte == b'\n');
    if line_feeds.clone().count() > line_feeds.filter(|line| line.ends_with(b"\r")).count() + 1 {
        return None;
    }
    let mut builder = http::Request::builder().method(parsed.method?).uri(parsed.path?).version(http::Version::HTTP_11);
    for field in parsed.headers.iter() {
        builder = builder.header(field.name, field.value);
    }
    builder.body(Bytes::copy_from_slice(&bytes[length..])).ok()
}

/// The frames as a request, put as a server's library puts it; `None` when they are no request.
fn http2_request(frames: &[u8]) -> Option<http::Request<Bytes>> {
    let message = http2::read(frames);
    let [fields] = &message.sections[..] else { return None };
    let mut pseudo: Vec<(&str, &str)> = Vec::new();
    let mut builder = http::Request::builder().version(http::Version::HTTP_2);
    let mut plain = false;
    for (name, value) in fields {
        let name = std::str::from_utf8(name).ok()?;
        if name.starts_with(':') {
            if plain || pseudo.iter().any(|(known, _)| *known == name) {
                return None;
            }
            pseudo.push((name, std::str::from_utf8(value).ok()?));
            continue;
        }
        plain = true;
        let length = message.content.len().to_string();
        let differs = name == "content-length" && value != length.as_bytes();
        // What is malformed is for the gate's own library to see (RFC 9113 §8.2).
        if differs || name == "connection" || (name == "te" && value != b"trailers") {
            return None;
        }
        builder = builder.header(http::HeaderName::from_lowercase(name.as_bytes()).ok()?, value.as_slice());
    }
    let said = |wanted: &str| pseudo.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    if pseudo.len() > 4 || pseudo.iter().any(|(name, _)| ![":authority", ":method", ":path", ":scheme"].contains(name))
    {
        return None;
    }
    let mut uri = http::Uri::builder().path_and_query(said(":path")?);
    // Without an authority the `http` crate has no place for a scheme either.
    if let Some(authority) = said(":authority") {
        uri = uri.scheme(said(":scheme")?).authority(authority);
    }
    builder.method(said(":method")?).uri(uri.build().ok()?).body(Bytes::from(message.content)).ok()
}
