//! An answer without an end: it is opened, left open, and listened to again later. It does not interpret.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout},
};

use super::{
    Observation, answers,
    connection::{self, MOST},
    sequence::Open,
};
use crate::{world::forge::Wire, world::http2};

/// How long the beginning of a stream may be silent.
const BEGINNING: Duration = Duration::from_millis(500);
/// How long a stream is listened to. What comes more seldom is not heard, and shows nothing.
const LISTENING: Duration = Duration::from_millis(250);
/// What was said before somebody listened is over after so long a silence.
const SILENCE: Duration = Duration::from_millis(2);
/// A text message of a WebSocket client, masked with zeros (RFC 6455 §5.2).
const MESSAGE: &[u8] = b"\x81\x84\0\0\0\0ping";

/// How a stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    /// Octets of content, but for those of control frames.
    octets: usize,
    over: bool,
}

/// What a stream had to say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) observation: Observation,
    /// Octets that came while somebody listened.
    pub(crate) octets: usize,
    /// Whether it has ended.
    pub(crate) over: bool,
    /// Whether it had said anything before.
    pub(crate) lively: bool,
}

/// Asks for a stream, and reads its beginning.
pub(super) async fn begin(open: &mut Open, wire: &Wire) -> Observation {
    let kept = wire.kept();
    let request = match open.http2 {
        true => http2::on_stream(&wire.request, 1, true),
        false => kept.as_ref().unwrap_or(wire).request.clone(),
    };
    open.next_stream = 3;
    let mut error = match open.stream.write_all(&request).await {
        Ok(()) => open.stream.flush().await.err(),
        Err(error) => Some(error),
    };
    let until = Instant::now() + BEGINNING;
    let mut piece = [0; 4096];
    let mut observation = Observation::default();
    while error.is_none() && open.received.len() < MOST && Instant::now() < until {
        observation = Observation::default();
        if open.http2 {
            let message = http2::read_stream(&open.received, 1);
            let complete = message.over || !message.content.is_empty();
            answers::read_message(message, &mut observation);
            if complete && observation.answer.is_some() {
                break;
            }
        } else if !open.received.is_empty() {
            answers::read(&open.received, wire, &mut observation);
            if observation.broken.is_some()
                && let Some(answer) = answers::opened(&open.received)
            {
                observation = Observation { answer: Some(answer), ..Observation::default() };
            }
            let spoke = progress(open).octets > 0 || observation.answer.as_ref().is_some_and(|it| it.status == 101);
            let complete = spoke || observation.answer.as_ref().is_some_and(|it| it.status >= 300);
            if observation.answer.is_some() && complete {
                break;
            }
        }
        match timeout(until - Instant::now(), open.stream.read(&mut piece)).await {
            Err(_) | Ok(Ok(0)) => break,
            Ok(Ok(length)) => open.received.extend(&piece[..length]),
            Ok(Err(failed)) => error = Some(failed),
        }
    }
    if observation.answer.is_none() {
        observation.broken = None;
        observation.handshake = connection::ended(error.as_ref());
        observation.alert = connection::alert(error.as_ref());
    }
    observation
}

/// Listens to what a stream still has to say, after what it had said before.
pub(super) async fn listen(open: &mut Open) -> Heard {
    let mut piece = [0; 4096];
    let lively = open.socket || progress(open).octets > 0;
    let mut failed = false;
    while !failed && open.received.len() < MOST {
        match timeout(SILENCE, open.stream.read(&mut piece)).await {
            Err(_) => break,
            Ok(Ok(length)) if length > 0 => open.received.extend(&piece[..length]),
            Ok(_) => failed = true,
        }
    }
    let before = progress(open);
    if open.socket && !failed && !before.over {
        failed = open.stream.write_all(MESSAGE).await.is_err() || open.stream.flush().await.is_err();
    }
    let until = Instant::now() + LISTENING;
    while !failed && !progress(open).over && open.received.len() < MOST && Instant::now() < until {
        match timeout(until - Instant::now(), open.stream.read(&mut piece)).await {
            Err(_) => break,
            Ok(Ok(length)) if length > 0 => open.received.extend(&piece[..length]),
            Ok(_) => failed = true,
        }
    }
    let after = progress(open);
    let octets = after.octets.saturating_sub(before.octets);
    Heard { observation: Observation::default(), octets, over: failed || after.over, lively }
}

fn progress(open: &Open) -> Progress {
    if open.http2 {
        let message = http2::read_stream(&open.received, 1);
        return Progress { octets: message.content.len(), over: message.over };
    }
    let mut rest = &open.received[..];
    loop {
        let mut storage = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut storage);
        let Ok(httparse::Status::Complete(length)) = response.parse(rest) else { return Progress::default() };
        rest = &rest[length..];
        let chunked = response.headers.iter().any(|field| field.name.eq_ignore_ascii_case("transfer-encoding"));
        return match response.code.unwrap_or_default() {
            101 => frames(rest),
            100..=199 => continue,
            _ if chunked => chunks(rest),
            _ => Progress { octets: rest.len(), over: false },
        };
    }
}

/// RFC 9112 §7.1.
fn chunks(mut rest: &[u8]) -> Progress {
    let mut octets = 0;
    while let Ok(httparse::Status::Complete((head, length))) = httparse::parse_chunk_size(rest) {
        if length == 0 {
            return Progress { octets, over: true };
        }
        let Some(behind) = usize::try_from(length).ok().and_then(|length| rest.get(head + length + 2..)) else { break };
        octets += rest.len() - behind.len() - head - 2;
        rest = behind;
    }
    Progress { octets, over: false }
}

/// RFC 6455 §5.2: frames of a server are not masked. Texts and octets count, pings do not.
fn frames(mut rest: &[u8]) -> Progress {
    let mut octets = 0;
    while let [first, second, behind @ ..] = rest {
        let (length, behind) = match (second & 0x7f, behind) {
            (126, [high, low, behind @ ..]) => (usize::from(*high) << 8 | usize::from(*low), behind),
            (length @ 0..126, behind) => (usize::from(length), behind),
            _ => break,
        };
        let Some(behind) = behind.get(length..) else { break };
        match first & 0x0f {
            8 => return Progress { octets, over: true },
            0..=2 => octets += length.max(1),
            _ => {}
        }
        rest = behind;
    }
    Progress { octets, over: false }
}

#[cfg(test)]
mod tests {
    use super::{Progress, chunks, frames};

    #[test]
    fn chunks_are_counted_to_their_end() {
        assert_eq!(chunks(b"3\r\nabc\r\n2\r\nde\r\n"), Progress { octets: 5, over: false });
        assert_eq!(chunks(b"3\r\nabc\r\n0\r\n\r\n"), Progress { octets: 3, over: true });
        assert_eq!(chunks(b"3\r\nab"), Progress::default());
    }

    #[test]
    fn frames_are_counted_to_the_close() {
        assert_eq!(frames(b"\x81\x02hi\x89\x00\x81\x01!"), Progress { octets: 3, over: false });
        assert_eq!(frames(b"\x81\x02hi\x88\x02\x03\xe8"), Progress { octets: 2, over: true });
    }
}
