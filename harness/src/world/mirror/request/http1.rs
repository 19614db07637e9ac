//! HTTP/1.1, line by line: strictly, and naming what a strict reader refuses. Chunks and the second request are
//! httparse's.

use gatecrash_model::{MessageFault, Protocol, Second};

use super::Parts;

/// Fields as they came: name and value.
type Fields = Vec<(String, Vec<u8>)>;

pub(super) fn parts(bytes: &[u8]) -> Parts {
    let mut parts = Parts::default();
    // Lines end in LF alone where the first one does.
    let first = bytes.iter().position(|octet| *octet == b'\n').unwrap_or(bytes.len());
    let end: &[u8] = if bytes[..first].ends_with(b"\r") { b"\r\n" } else { b"\n" };
    if end == b"\n" {
        parts.message.faults.insert(MessageFault::BareLineFeed);
    }
    let blank = end.repeat(2);
    let Some(length) = bytes.windows(blank.len()).position(|window| window == blank) else { return parts };
    let (head, rest) = (&bytes[..length], &bytes[length + blank.len()..]);
    let mut lines = split(head, end).into_iter();
    let line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let mut words = line.split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    parts.method = method.unwrap_or_default().into();
    parts.message.protocol = if version == Some("HTTP/1.0") { Protocol::Http10 } else { Protocol::Http11 };
    parts.target = target.unwrap_or_default().into();
    if let Some(absolute) = parts.target.strip_prefix("https://").map(String::from) {
        let at = absolute.find('/').unwrap_or(absolute.len());
        parts.message.authority = Some(absolute[..at].into());
        parts.target = absolute[at..].into();
    }
    for line in lines {
        field(line, &mut parts);
    }
    let hosts = parts.fields.iter().filter(|(name, _)| name == "host");
    parts.message.hosts = hosts.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect();
    frame(rest, &mut parts);
    parts
}

fn split<'a>(mut head: &'a [u8], end: &[u8]) -> Vec<&'a [u8]> {
    let mut lines = Vec::new();
    while let Some(at) = head.windows(end.len()).position(|window| window == end) {
        // Who takes LF for the end of a line ignores CR before it (RFC 9112 §2.2).
        lines.push(head[..at].strip_suffix(b"\r").unwrap_or(&head[..at]));
        head = &head[at + end.len()..];
    }
    lines.push(head);
    lines
}

fn field(line: &[u8], parts: &mut Parts) {
    let faults = &mut parts.message.faults;
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        faults.insert(MessageFault::Fold);
        if let Some((_, value)) = parts.fields.last_mut() {
            value.push(b' ');
            value.extend(line.trim_ascii());
        }
        return;
    }
    let at = line.iter().position(|octet| *octet == b':').unwrap_or(line.len());
    let name = String::from_utf8_lossy(&line[..at]).into_owned();
    let value = line.get(at + 1..).unwrap_or_default();
    let trimmed = value.trim_ascii_start().trim_ascii_end();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(letter) || at == line.len() {
        faults.insert(MessageFault::FieldName);
    }
    if value.iter().any(|octet| b"\r\n\0".contains(octet)) {
        faults.insert(MessageFault::FieldValue);
    }
    parts.fields.push((name.to_ascii_lowercase(), trimmed.to_vec()));
}

/// Where the content ends, and what comes after it.
fn frame(rest: &[u8], parts: &mut Parts) {
    let values = |fields: &Fields, wanted: &str| -> Vec<String> {
        let found = fields.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    };
    let lengths = values(&parts.fields, "content-length");
    let codings = values(&parts.fields, "transfer-encoding");
    let faults = &mut parts.message.faults;
    let length: Option<usize> = match &lengths[..] {
        [] => Some(0),
        [one] if one.bytes().all(|byte| byte.is_ascii_digit()) => one.parse().ok(),
        _ => None,
    };
    if length.is_none() {
        faults.insert(MessageFault::ContentLength);
    }
    if !codings.is_empty() && parts.message.protocol == Protocol::Http10 {
        faults.insert(MessageFault::TransferEncodingTooOld);
    }
    // The end of the message, where a strict reader can tell.
    let mut content = Vec::new();
    let mut ended = None;
    match &codings[..] {
        [] => {
            ended = length.filter(|length| *length <= rest.len());
            content = rest[..ended.unwrap_or(0)].to_vec();
        }
        [one] if one == "chunked" => {
            if !lengths.is_empty() {
                faults.insert(MessageFault::ContentLengthAndTransferEncoding);
            }
            match chunks(rest) {
                Some((octets, trailers, length)) => {
                    content = octets;
                    parts.trailers = trailers;
                    ended = Some(length);
                }
                None => {
                    faults.insert(MessageFault::Chunk);
                }
            }
        }
        _ => {
            faults.insert(MessageFault::TransferEncoding);
        }
    }
    let marker = rest.windows(5).position(|window| window == b"GET /");
    let found = marker.and_then(|at| Some((at, second(&rest[at..])?)));
    let told = parts.message.faults.iter().any(|fault| {
        use MessageFault::*;
        matches!(
            fault,
            Chunk | ContentLength | ContentLengthAndTransferEncoding | TransferEncoding | TransferEncodingTooOld
        )
    });
    parts.message.content = !content.is_empty();
    if let Some((at, (method, path))) = found {
        let hidden = told || ended != Some(at);
        parts.message.second = Some(Second { method, path, hidden });
        // Content that is itself a request is told as that.
        if ended != Some(at) {
            content.clear();
        }
    }
    parts.content = content;
}

/// Method and path of a request that stands at the front.
fn second(bytes: &[u8]) -> Option<(String, String)> {
    let mut storage = [httparse::EMPTY_HEADER; 8];
    let mut request = httparse::Request::new(&mut storage);
    request.parse(bytes).ok()?.is_complete().then_some(())?;
    Some((request.method?.into(), request.path?.into()))
}

/// Content in chunks: its octets, the names of its trailers, and how long it is.
fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, Vec<String>, usize)> {
    let mut content = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        // LF inside of an extension is none (RFC 9112 §7.1.1).
        if rest[..line].contains(&b'\n') {
            return None;
        }
        let httparse::Status::Complete((head, length)) = httparse::parse_chunk_size(rest).ok()? else { return None };
        at += head;
        if length == 0 {
            break;
        }
        let end = at.checked_add(usize::try_from(length).ok()?)?;
        content.extend(bytes.get(at..end)?);
        at = end + 2;
        if bytes.get(end..at)? != b"\r\n" {
            return None;
        }
    }
    let mut trailers = Vec::new();
    loop {
        let rest = bytes.get(at..)?;
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        at += line + 2;
        if line == 0 {
            return Some((content, trailers, at));
        }
        let name = rest[..line].split(|octet| *octet == b':').next()?;
        trailers.push(String::from_utf8_lossy(name).to_ascii_lowercase());
    }
}
