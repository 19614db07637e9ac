//! Requests, read off the octets of either version of HTTP.

mod http1;
mod http2;

use gatecrash_model::{ChainSpec, CredentialSeen, ForwardedSeen, Lifted, MessageFault, MessageSeen, Protocol};

use super::token::Reader;
use crate::world::forge::Wire;

/// Fields that every request has, or that are read for themselves.
const USUAL: [&str; 12] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "sec-websocket-key",
    "sec-websocket-version",
    "trailer",
    "transfer-encoding",
    "upgrade",
    ":path",
];
/// The octets of fields that a server must take at least.
const SMALL: usize = 8000;

/// A request taken apart, nothing of it interpreted.
#[derive(Default)]
struct Parts {
    method: String,
    target: String,
    fields: Vec<(String, Vec<u8>)>,
    trailers: Vec<String>,
    content: Vec<u8>,
    message: MessageSeen,
}

/// The certificate of the client, as it was read already.
pub(super) struct Client {
    pub(super) chain: Option<ChainSpec>,
    pub(super) forwarded: Option<ForwardedSeen>,
}

fn parts(wire: &Wire) -> Parts {
    match wire.request.strip_prefix(crate::world::http2::PREFACE) {
        Some(frames) => http2::parts(frames),
        None => http1::parts(&wire.request),
    }
}

/// The fields of a request, in order; names in lower case.
pub(super) fn fields(wire: &Wire) -> Vec<(String, Vec<u8>)> {
    parts(wire).fields
}

/// Reads a request. What cannot be read has no method.
pub(super) fn read(wire: &Wire, reader: &Reader<'_>, client: Client) -> Lifted {
    let mut parts = parts(wire);
    if wire.request.starts_with(crate::world::http2::PREFACE) && wire.alpn != Some("h2") {
        parts.message.protocol = Protocol::PriorKnowledge;
    }
    parts.message.server_name = wire.server_name;
    // The fragment is what comes after all else (RFC 3986 §3); it is seen as the end of the path.
    let (target, fragment) = parts.target.split_at(parts.target.find('#').unwrap_or(parts.target.len()));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = format!("{path}{fragment}");
    let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    let (carriers, others): (Vec<&str>, Vec<&str>) = pairs.into_iter().partition(|pair| carries_token(pair));
    let in_query = !carriers.is_empty();
    parts.message.token_in_query = in_query;
    parts.message.query = (!others.is_empty()).then(|| others.join("&"));
    if parts.fields.iter().map(|(name, value)| name.len() + value.len()).any(|octets| octets > SMALL) {
        parts.message.faults.insert(MessageFault::Size);
    }
    let carrier = reader.world.policy().tokens.carried.field();
    let lines: Vec<&Vec<u8>> =
        parts.fields.iter().filter(|(name, _)| name.trim_end() == carrier).map(|(_, value)| value).collect();
    let credential = match lines[..] {
        [] => CredentialSeen::Absent,
        [value] => match std::str::from_utf8(value) {
            Ok(value) => reader.credential(value),
            Err(_) => CredentialSeen::Malformed,
        },
        _ => CredentialSeen::Repeated,
    };
    let names = parts.fields.iter().map(|(name, _)| name.clone());
    let proxy = reader.world.policy().proxy.as_ref().map(|proxy| proxy.field.name());
    let of_proxy = |name: &str| proxy.is_some_and(|field| name.starts_with(field));
    let usual = |name: &str| name == carrier || of_proxy(name) || (USUAL.contains(&name) && name != "authorization");
    let mut headers: Vec<String> = names.filter(|name| !usual(name.trim_end())).collect();
    headers.extend(parts.trailers.iter().map(|name| format!("~{name}")));
    let text = String::from_utf8_lossy(&parts.content).into_owned();
    let body = (!text.is_empty()).then_some(text);
    Lifted {
        transport: wire.transport,
        chain: client.chain,
        forwarded: client.forwarded,
        credential,
        method: parts.method,
        path: cut(path),
        headers,
        body: body.map(|text| if text.starts_with("access_token=") { cut(text) } else { text }),
        message: parts.message,
    }
}

/// Whether a pair of the query is a token, its name decoded (RFC 6750 §2.3, RFC 3986 §2.1).
fn carries_token(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    percent_encoding::percent_decode_str(name).eq(*b"access_token")
}

/// What stands before a token, with the name under which it is carried.
fn cut(text: String) -> String {
    match text.find("access_token=") {
        Some(at) => text[..at + "access_token=".len()].into(),
        None => text,
    }
}
