//! HTTP/2 requests as octets (RFC 9113): frames by hand, field blocks of literals (RFC 7541 §6.2.2), nothing compressed.

use gatecrash_model::Http2Form;

use super::request::{Draft, Field, field};
use crate::world::http2::{CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, WINDOW_UPDATE};

/// The most octets in a frame that nobody has to agree to (RFC 9113 §4.2).
const FRAME: usize = 16_384;
/// How much of an answer the server may send unasked.
const WINDOW: u32 = 1 << 20;

/// Everything that the client sends: the preface, its settings, and one request on stream 1.
pub(super) fn bytes(draft: Draft, form: Http2Form) -> Vec<u8> {
    let fields = fields(&draft, form);
    let content = draft.content.map(|(_, octets)| octets).unwrap_or_default();
    let mut bytes = PREFACE.to_vec();
    // SETTINGS_INITIAL_WINDOW_SIZE.
    let window = [&[0, 4][..], &WINDOW.to_be_bytes()].concat();
    frame(&mut bytes, SETTINGS, 0, 0, &window);
    frame(&mut bytes, WINDOW_UPDATE, 0, 0, &WINDOW.to_be_bytes());
    let ends = content.is_empty() && draft.trailers.is_empty();
    block(&mut bytes, &fields, ends);
    if !content.is_empty() {
        let ends = if draft.trailers.is_empty() { END_STREAM } else { 0 };
        frame(&mut bytes, DATA, ends, 1, &content);
    }
    if !draft.trailers.is_empty() {
        block(&mut bytes, &draft.trailers, true);
    }
    bytes
}

fn fields(draft: &Draft, form: Http2Form) -> Vec<Field> {
    // An honest request names its server in `:authority`; in `Host` only what contradicts it.
    let (authorities, hosts) = match draft.authorities.is_empty() {
        true => (&draft.hosts, &[][..]),
        false => (&draft.authorities, draft.hosts.as_slice()),
    };
    let mut pseudo = vec![field(":method", &draft.method), field(":scheme", "https")];
    pseudo.extend(authorities.iter().map(|authority| field(":authority", authority)));
    let path = field(":path", &draft.path);
    let mut fields: Vec<Field> = hosts.iter().map(|host| field("host", host)).collect();
    fields.extend(draft.fields.iter().cloned());
    if let Some((media, content)) = &draft.content {
        fields.push(field("content-type", media));
        fields.push(field("content-length", &content.len().to_string()));
    }
    let mut say = |name: &str, value: &str| fields.push(field(name, value));
    match form {
        Http2Form::ConnectionField => say("connection", "close"),
        Http2Form::ContentLength => say("content-length", "5"),
        Http2Form::CrumbledCookie => ["a=1", "b=2"].into_iter().for_each(|crumb| say("cookie", crumb)),
        Http2Form::LineBreakValue => say("x-gatecrash", "1\r\nx-internal: true"),
        Http2Form::NulValue => say("x-gatecrash", "1\0"),
        Http2Form::Te => say("te", "gzip"),
        Http2Form::TeTrailers => say("te", "trailers"),
        Http2Form::UppercaseName => say("X-Gatecrash", "1"),
        Http2Form::Plain | Http2Form::PseudoLate | Http2Form::PseudoTwice | Http2Form::PseudoUnknown => {}
    }
    match form {
        Http2Form::PseudoLate => fields.push(path),
        Http2Form::PseudoTwice => pseudo.extend([field(":path", "/"), path]),
        Http2Form::PseudoUnknown => pseudo.extend([path, field(":gatecrash", "1")]),
        _ => pseudo.push(path),
    }
    pseudo.extend(fields);
    pseudo
}

/// A field block over as many frames as it takes.
fn block(bytes: &mut Vec<u8>, fields: &[Field], ends: bool) {
    let mut block = Vec::new();
    for (name, value) in fields {
        // A literal without indexing, its name new.
        block.push(0);
        string(&mut block, name);
        string(&mut block, value);
    }
    let pieces: Vec<&[u8]> = block.chunks(FRAME).collect();
    for (i, piece) in pieces.iter().enumerate() {
        let kind = if i == 0 { HEADERS } else { CONTINUATION };
        let mut flags = if i + 1 == pieces.len() { END_HEADERS } else { 0 };
        if i == 0 && ends {
            flags |= END_STREAM;
        }
        frame(bytes, kind, flags, 1, piece);
    }
}

/// A string without Huffman code (RFC 7541 §5.2), its length with a prefix of seven bits (§5.1).
fn string(block: &mut Vec<u8>, octets: &[u8]) {
    let mut rest = octets.len();
    if rest < 127 {
        block.push(rest as u8);
    } else {
        block.push(127);
        rest -= 127;
        while rest >= 128 {
            block.push((rest % 128) as u8 | 128);
            rest /= 128;
        }
        block.push(rest as u8);
    }
    block.extend(octets);
}

fn frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    bytes.extend(&(payload.len() as u32).to_be_bytes()[1..]);
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
}
