//! Reads what a gate answered, one answer after the other.

use std::time::Duration;

use super::{Answer, Observation};
use crate::{world::forge::Wire, world::http2};

/// Reads everything that came over the connection.
pub(super) fn read(bytes: &[u8], wire: &Wire, observation: &mut Observation) {
    if bytes.starts_with(b"HTTP/") {
        read_http1(bytes, wire.request.starts_with(b"HEAD "), observation);
    } else if wire.request.starts_with(http2::PREFACE) {
        read_message(http2::read(bytes), observation);
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
        let stream = patience_of(status, &headers).is_some();
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

/// The beginning of an answer whose content has not ended yet.
pub(super) fn opened(bytes: &[u8]) -> Option<Answer> {
    let mut storage = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut storage);
    let Ok(httparse::Status::Complete(length)) = response.parse(bytes) else { return None };
    match response.code.unwrap_or_default() {
        100 | 102..=199 => opened(&bytes[length..]),
        status => {
            let headers = response.headers.iter().map(text).collect();
            Some(Answer { status, headers, body: bytes[length..].to_vec() })
        }
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

/// How long an answer without an end is listened to: until it is silent for so long, and for so long at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patience {
    pub(super) silence: Duration,
    pub(super) longest: Duration,
}

/// Events and messages come one by one.
const BRIEF: Patience = Patience { silence: Duration::from_millis(50), longest: Duration::from_millis(500) };
/// Records and parts may have an end, which is worth waiting for.
const LONG: Patience = Patience { silence: Duration::from_secs(1), longest: Duration::from_secs(2) };

/// `None` where an answer has an end that one can wait for: neither another protocol, nor a media type of what comes as it comes.
pub(super) fn patience(status: u16, media: Option<&str>) -> Option<Patience> {
    let media = media.unwrap_or_default().trim_start().to_ascii_lowercase();
    let one_of = |types: &[&str]| types.iter().any(|name| media.starts_with(name));
    match status {
        101 => Some(BRIEF),
        _ if one_of(&["text/event-stream"]) => Some(BRIEF),
        _ if one_of(&["application/json-seq", "application/x-ndjson", "multipart/x-mixed-replace"]) => Some(LONG),
        _ => None,
    }
}

fn patience_of(status: u16, headers: &[(String, String)]) -> Option<Patience> {
    let media = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    patience(status, media.map(|(_, value)| value.as_str()))
}

/// Whether an answer without an end was left.
pub(super) fn is_endless(observation: &Observation) -> bool {
    observation.answer.as_ref().is_some_and(|answer| patience_of(answer.status, &answer.headers).is_some())
}

/// How long to listen to what has come so far; `None` where that is not the beginning of an answer without an end.
pub(super) fn begun(bytes: &[u8], http2: Option<&http2::Message>) -> Option<Patience> {
    let Some(message) = http2 else {
        let mut storage = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut storage);
        let Ok(httparse::Status::Complete(length)) = response.parse(bytes) else { return None };
        let headers: Vec<(String, String)> = response.headers.iter().map(text).collect();
        return match response.code.unwrap_or_default() {
            // An interim answer says nothing of the one that follows.
            100..=199 if response.code != Some(101) => begun(&bytes[length..], None),
            status => patience_of(status, &headers),
        };
    };
    message.sections.iter().find_map(|section| patience_of(0, &section.iter().map(lossy).collect::<Vec<_>>()))
}

fn lossy((name, value): &(Vec<u8>, Vec<u8>)) -> (String, String) {
    (String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(value).into_owned())
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

/// Reads what came over one stream.
pub(super) fn read_message(message: http2::Message, observation: &mut Observation) {
    if message.broken {
        return broken("the answer is no HTTP/2", observation);
    }
    for section in message.sections {
        let headers: Vec<(String, String)> = section.iter().map(lossy).collect();
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
