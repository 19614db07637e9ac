//! HTTP/1.1 requests as octets (RFC 9112), as well framed as they are to be.

use gatecrash_model::{Framing, HOST, Protocol, RequestSpec};

use super::request::{Draft, Field, field};

/// The request, and whatever follows it. It asks for the connection to be closed, unless something is to follow.
pub(super) fn bytes(draft: &Draft, spec: &RequestSpec) -> Vec<u8> {
    let end = if spec.framing == Framing::BareLineFeed { "\n" } else { "\r\n" };
    let version = if spec.protocol == Protocol::Http10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let authority = draft.authorities.first().map(|authority| format!("https://{authority}")).unwrap_or_default();
    let mut bytes = format!("{} {authority}{} {version}{end}", draft.method, draft.path).into_bytes();
    let mut fields: Vec<Field> = draft.hosts.iter().map(|host| field("host", host)).collect();
    fields.extend(draft.fields.iter().cloned());
    let (framed, content) = framed(draft, spec);
    fields.extend(framed.iter().map(|(name, value)| field(name, value)));
    for (name, value) in fields {
        bytes.extend(name);
        bytes.extend(b": ");
        bytes.extend(value);
        bytes.extend(end.as_bytes());
    }
    bytes.extend(end.as_bytes());
    bytes.extend(content);
    bytes
}

/// The second request: anonymous, and the last on its connection.
fn second(spec: &RequestSpec) -> Vec<u8> {
    format!("GET {} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n", spec.second).into_bytes()
}

/// One chunk, or none for no octets.
fn chunk(octets: &[u8]) -> Vec<u8> {
    match octets.is_empty() {
        true => Vec::new(),
        false => [format!("{:x}\r\n", octets.len()).as_bytes(), octets, b"\r\n"].concat(),
    }
}

/// The fields that frame the content, and the octets after the header section.
fn framed(draft: &Draft, spec: &RequestSpec) -> (Vec<(&'static str, String)>, Vec<u8>) {
    use Framing::*;
    let mut fields = Vec::new();
    let body = draft.content.as_ref().map(|(_, octets)| octets.clone());
    if let Some((media, _)) = &draft.content {
        fields.push(("content-type", media.clone()));
    }
    let second = second(spec);
    let length = second.len();
    if !draft.trailers.is_empty() {
        let mut content = chunk(&body.unwrap_or_default());
        content.extend(b"0\r\n");
        for (name, value) in &draft.trailers {
            content.extend([name.as_slice(), b": ", value, b"\r\n"].concat());
        }
        content.extend(b"\r\n");
        fields.push(("trailer", "authorization".into()));
        fields.push(("transfer-encoding", "chunked".into()));
        fields.push(("connection", "close".into()));
        return (fields, content);
    }
    let mut say = |name: &'static str, value: String| fields.push((name, value));
    let last_chunk = b"0\r\n\r\n".as_slice();
    let content = match spec.framing {
        BareLineFeed | Content => {
            say("content-length", length.to_string());
            second
        }
        ChunkExtension => {
            say("transfer-encoding", "chunked".into());
            [b"0;\n\r\n".as_slice(), &second].concat()
        }
        ChunkOverflow => {
            say("transfer-encoding", "chunked".into());
            [b"10000000000000000\r\n\r\n".as_slice(), &second].concat()
        }
        Chunked | ChunkedPipelined => {
            say("transfer-encoding", "chunked".into());
            let body = body.unwrap_or_default();
            let (front, back) = body.split_at(body.len() / 2);
            let follows = if spec.framing == ChunkedPipelined { second } else { Vec::new() };
            [chunk(front), chunk(back), last_chunk.to_vec(), follows].concat()
        }
        ChunksBeforeContentLength => {
            say("content-length", "4".into());
            say("transfer-encoding", "chunked".into());
            [&chunk(&second), last_chunk].concat()
        }
        ContentLengthBeforeChunks => {
            say("content-length", (length + last_chunk.len()).to_string());
            say("transfer-encoding", "chunked".into());
            [last_chunk, &second].concat()
        }
        ContentLengthHex => {
            say("content-length", format!("0x{length:x}"));
            second
        }
        ContentLengthList => {
            say("content-length", format!("0, {length}"));
            second
        }
        ContentLengthPlus => {
            say("content-length", format!("+{length}"));
            second
        }
        ContentLengthTwice => {
            say("content-length", "0".into());
            say("content-length", length.to_string());
            second
        }
        TransferEncodingIdentity => {
            say("transfer-encoding", "identity".into());
            second
        }
        TransferEncodingTwice => {
            say("transfer-encoding", "chunked".into());
            say("transfer-encoding", "cow".into());
            [last_chunk, &second].concat()
        }
        TransferEncodingUnknown => {
            say("transfer-encoding", "xchunked".into());
            [last_chunk, &second].concat()
        }
        ExpectContinue | Plain | Pipelined | PrematureUpgrade | WebSocket => {
            if let Some(body) = &body {
                say("content-length", body.len().to_string());
            }
            if spec.framing == ExpectContinue {
                say("expect", "100-continue".into());
            }
            let follows = if spec.framing.has_second() { second } else { Vec::new() };
            [body.unwrap_or_default(), follows].concat()
        }
    };
    match spec.framing {
        PrematureUpgrade => {
            say("connection", "upgrade".into());
            say("upgrade", "websocket".into());
        }
        WebSocket => {
            say("connection", "upgrade".into());
            say("upgrade", "websocket".into());
            say("sec-websocket-version", "13".into());
            say("sec-websocket-key", "Z2F0ZWNyYXNoIGdhdGVjcg==".into());
        }
        framing if !framing.has_second() => say("connection", "close".into()),
        _ => {}
    }
    (fields, content)
}
