//! Reads HTTP/2 (RFC 9113): what the forge wrote, for the mirror, and what a gate answers.

use fluke_hpack::Decoder;

/// What a client begins with (RFC 9113 §3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 32;

/// What came on one stream.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// Every field section, in order: of an answer, an interim one may come first.
    pub(crate) sections: Vec<Vec<(Vec<u8>, Vec<u8>)>>,
    /// The content.
    pub(crate) content: Vec<u8>,
    /// Whether nothing more will come: the stream ended, or was reset, or the connection ends.
    pub(crate) over: bool,
    /// Whether a field section cannot be read.
    pub(crate) broken: bool,
}

/// Reads whole frames off `bytes`, without a preface, for what came on stream 1.
pub(crate) fn read(bytes: &[u8]) -> Message {
    read_stream(bytes, 1)
}

/// The frames of a request as they are said on another stream of a connection; `begins` when it is the first.
pub(crate) fn on_stream(request: &[u8], stream: u32, begins: bool) -> Vec<u8> {
    let mut rest = request.strip_prefix(PREFACE).unwrap_or(request);
    let mut bytes = if begins { PREFACE.to_vec() } else { Vec::new() };
    while let Some((head, behind)) = rest.split_at_checked(9) {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let length = length.min(behind.len());
        let own = head[5..9] == [0; 4];
        if begins || !own {
            bytes.extend(&head[..5]);
            bytes.extend(if own { 0 } else { stream }.to_be_bytes());
            bytes.extend(&behind[..length]);
        }
        rest = &behind[length..];
    }
    bytes
}

/// Reads the messages of one stream of a connection.
pub(crate) fn read_stream(bytes: &[u8], wanted: u32) -> Message {
    let mut message = Message::default();
    let mut decoder = Decoder::new();
    let mut block: Vec<u8> = Vec::new();
    let mut rest = bytes;
    while let Some((head, behind)) = rest.split_at_checked(9) {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        let Some((payload, behind)) = behind.split_at_checked(length) else { break };
        rest = behind;
        match kind {
            GOAWAY => message.over = true,
            RST_STREAM if stream == wanted => message.over = true,
            DATA if stream == wanted => {
                message.content.extend(unpadded(payload, flags, false));
                message.over |= flags & END_STREAM != 0;
            }
            // Field blocks are read in the order of the connection, whosever they are (RFC 7541 §2.2).
            HEADERS | CONTINUATION => {
                block.extend(unpadded(payload, if kind == HEADERS { flags } else { 0 }, true));
                if flags & END_HEADERS != 0 {
                    match decoder.decode(&block) {
                        Ok(fields) if stream == wanted => message.sections.push(fields),
                        Ok(_) => {}
                        Err(_) => message.broken = true,
                    }
                    block.clear();
                }
                message.over |= stream == wanted && kind == HEADERS && flags & END_STREAM != 0;
            }
            _ => {}
        }
    }
    message
}

/// The payload without padding and priority (RFC 9113 §6.1, §6.2).
fn unpadded(payload: &[u8], flags: u8, prioritised: bool) -> &[u8] {
    let mut inner = payload;
    let mut padding = 0;
    if flags & PADDED != 0
        && let Some((length, behind)) = inner.split_first()
    {
        (padding, inner) = (usize::from(*length), behind);
    }
    if prioritised && flags & PRIORITY != 0 {
        inner = inner.get(5..).unwrap_or_default();
    }
    &inner[..inner.len().saturating_sub(padding)]
}
