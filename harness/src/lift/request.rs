//! Requests, read by httparse.

use gatecrash_model::{ChainSpec, CredentialSeen, Lifted, Transport};

use super::token::Reader;

/// Fields that every request has, or that carry the credential.
const USUAL: [&str; 5] = ["authorization", "connection", "content-length", "content-type", "host"];

/// Reads a request. What cannot be read has no method.
pub(super) fn read(bytes: &[u8], reader: &Reader<'_>, transport: Transport, chain: Option<ChainSpec>) -> Lifted {
    let mut storage = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut storage);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) | Err(_) => 0,
    };
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let field = |name: &str| {
        request
            .headers
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
            .collect::<Vec<_>>()
    };
    let in_query = query.split('&').any(|pair| pair.starts_with("access_token="));
    let credential = match field("authorization")[..] {
        [] => CredentialSeen::Absent,
        [_] if in_query => CredentialSeen::Repeated,
        [value] => match std::str::from_utf8(value) {
            Ok(value) => reader.credential(value),
            Err(_) => CredentialSeen::Malformed,
        },
        _ => CredentialSeen::Repeated,
    };
    let unusual = request.headers.iter().filter(|field| !USUAL.contains(&field.name));
    let headers: Vec<String> = unusual.map(|field| field.name.to_string()).collect();
    let body =
        bytes.get(length..).filter(|body| !body.is_empty()).map(|body| String::from_utf8_lossy(body).into_owned());
    Lifted {
        transport,
        chain,
        credential,
        method: request.method.unwrap_or_default().into(),
        path: path.into(),
        headers,
        body,
    }
}
