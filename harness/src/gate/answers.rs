//! Reads what a gate answered, one answer after the other.

use super::{Answer, Observation};
use crate::{forge::Wire, http2};

/// Reads everything that came over the connection.
pub(super) fn read(bytes: &[u8], wire: &Wire, observation: &mut Observation) {
    if bytes.starts_with(b"HTTP/") {
        read_http1(bytes, wire.request.starts_with(b"HEAD "), observation);
    } else if wire.request.starts_with(http2::PREFACE) {
        read_http2(bytes, observation);
    } else {
        observation.broken = Some("the answer is no HTTP".into());
    }
}

fn read_http1(bytes: &[u8], mut head: bool, observation: &mut Observation) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut storage = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut storage);
        let length = match response.parse(rest) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return broken("the answer is cut off", observation),
            Err(error) => return broken(&format!("the answer is no HTTP: {error}"), observation),
        };
        rest = &rest[length..];
        let status = response.code.unwrap_or_default();
        if (100..200).contains(&status) && status != 101 {
            observation.continued |= status == 100;
            continue;
        }
        let mut headers: Vec<(String, String)> = response.headers.iter().map(text).collect();
        let stream = is_stream(status, &headers);
        let (body, behind) = match body(rest, &headers, head || status == 204 || status == 304) {
            Some(read) => read,
            // What has no end is read as far as it came.
            None if stream => (rest.to_vec(), (&[] as &[u8], Vec::new())),
            None => return broken("the content of the answer is cut off", observation),
        };
        let (behind, trailers) = behind;
        headers.extend(trailers);
        (rest, head) = (behind, false);
        keep(Answer { status, headers, body }, observation);
    }
}

fn broken(what: &str, observation: &mut Observation) {
    observation.broken = Some(what.into());
}

fn keep(answer: Answer, observation: &mut Observation) {
    match observation.answer {
        None => observation.answer = Some(answer),
        Some(_) => observation.further.push(answer),
    }
}

fn text(field: &httparse::Header<'_>) -> (String, String) {
    (field.name.to_string(), String::from_utf8_lossy(field.value).into_owned())
}

/// Whether an answer has no end that one could wait for: another protocol, or events as they come.
fn is_stream(status: u16, headers: &[(String, String)]) -> bool {
    let events = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case("content-type") && value.trim_start().starts_with("text/event-stream")
    };
    status == 101 || headers.iter().any(events)
}

/// Whether what came so far is the beginning of an answer without an end.
pub(super) fn begins_stream(bytes: &[u8]) -> bool {
    let mut storage = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut storage);
    let Ok(httparse::Status::Complete(_)) = response.parse(bytes) else { return false };
    let headers: Vec<(String, String)> = response.headers.iter().map(text).collect();
    is_stream(response.code.unwrap_or_default(), &headers)
}

/// What comes after an answer, and the trailers before it.
type Behind<'a> = (&'a [u8], Vec<(String, String)>);

/// The content, and what comes after it (RFC 9112 §6.3). `None` when it is cut off.
fn body<'a>(rest: &'a [u8], headers: &[(String, String)], empty: bool) -> Option<(Vec<u8>, Behind<'a>)> {
    let field = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim())
    };
    if empty {
        return Some((Vec::new(), (rest, Vec::new())));
    }
    if field("transfer-encoding").is_some() {
        return chunks(rest);
    }
    match field("content-length").and_then(|text| text.parse().ok()) {
        Some(length) => rest.split_at_checked(length).map(|(body, behind)| (body.to_vec(), (behind, Vec::new()))),
        None => Some((rest.to_vec(), (&[], Vec::new()))),
    }
}

fn chunks(mut rest: &[u8]) -> Option<(Vec<u8>, Behind<'_>)> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((head, length)) = httparse::parse_chunk_size(rest).ok()? else { return None };
        let chunk = rest.get(head..)?;
        if length == 0 {
            let mut storage = [httparse::EMPTY_HEADER; 64];
            let httparse::Status::Complete((end, fields)) = httparse::parse_headers(chunk, &mut storage).ok()? else {
                return None;
            };
            return Some((body, (&chunk[end..], fields.iter().map(text).collect())));
        }
        let (chunk, behind) = chunk.split_at_checked(usize::try_from(length).ok()?)?;
        rest = behind.strip_prefix(b"\r\n")?;
        body.extend(chunk);
    }
}

fn read_http2(bytes: &[u8], observation: &mut Observation) {
    let message = http2::read(bytes);
    if message.broken {
        return broken("the answer is no HTTP/2", observation);
    }
    for section in message.sections {
        let header = |(name, value): (Vec<u8>, Vec<u8>)| {
            (String::from_utf8_lossy(&name).into_owned(), String::from_utf8_lossy(&value).into_owned())
        };
        let headers: Vec<(String, String)> = section.into_iter().map(header).collect();
        let status = headers.iter().find(|(name, _)| name == ":status").and_then(|(_, value)| value.parse().ok());
        match status {
            Some(status @ 100..200) => observation.continued |= status == 100,
            Some(status) if observation.answer.is_none() => {
                let body = message.content.clone();
                observation.answer = Some(Answer { status, headers, body });
            }
            // Trailers.
            _ => {
                if let Some(answer) = &mut observation.answer {
                    answer.headers.extend(headers);
                }
            }
        }
    }
}
