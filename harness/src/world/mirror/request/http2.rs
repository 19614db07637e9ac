//! HTTP/2: the field block decoded by a library, the frames read by their own reader.

use gatecrash_model::{Http2Form, MessageFault, Protocol};

use super::Parts;

pub(super) fn parts(frames: &[u8]) -> Parts {
    let message = crate::world::http2::read(frames);
    let mut parts = Parts { content: message.content, ..Parts::default() };
    parts.message.protocol = Protocol::Http2(Http2Form::Plain);
    parts.message.content = !parts.content.is_empty();
    let mut sections = message.sections.into_iter();
    let mut pseudo: Vec<String> = Vec::new();
    for (name, value) in sections.next().unwrap_or_default() {
        let name = String::from_utf8_lossy(&name).into_owned();
        let faults = &mut parts.message.faults;
        if name.starts_with(':') {
            let known = [":authority", ":method", ":path", ":scheme"].contains(&name.as_str());
            if !known || pseudo.contains(&name) || !parts.fields.is_empty() {
                faults.insert(MessageFault::Pseudo);
            }
            let text = String::from_utf8_lossy(&value).into_owned();
            match name.as_str() {
                ":authority" if parts.message.authority.is_none() => parts.message.authority = Some(text),
                ":method" => parts.method = text,
                ":path" => parts.target = text,
                _ => {}
            }
            pseudo.push(name);
            continue;
        }
        if value.iter().any(|octet| b"\r\n\0".contains(octet)) {
            faults.insert(MessageFault::FieldValue);
        }
        if name.bytes().any(|octet| octet.is_ascii_uppercase() || octet == b' ') {
            faults.insert(MessageFault::FieldName);
        }
        let of_connection = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
        if of_connection.contains(&name.as_str()) || (name == "te" && value != b"trailers") {
            faults.insert(MessageFault::ConnectionField);
        }
        if name == "content-length" && value != parts.content.len().to_string().as_bytes() {
            faults.insert(MessageFault::ContentLength);
        }
        if name == "host" {
            parts.message.hosts.push(String::from_utf8_lossy(&value).into_owned());
        }
        parts.fields.push((name, value));
    }
    let trailers = sections.flatten();
    parts.trailers = trailers.map(|(name, _)| String::from_utf8_lossy(&name).into_owned()).collect();
    if message.broken {
        parts.method.clear();
    }
    parts
}
