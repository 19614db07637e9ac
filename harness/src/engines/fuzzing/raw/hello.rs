//! A ClientHello written by hand, so that seeds are the same octets on every machine, and read again to be changed
//! (RFC 8446 §4.1.2).

use gatecrash_model::HOST;

/// The parts of a ClientHello that are worth changing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) random: Vec<u8>,
    pub(crate) session: Vec<u8>,
    pub(crate) suites: Vec<u16>,
    /// Type and contents, in order.
    pub(crate) extensions: Vec<(u16, Vec<u8>)>,
}

const HANDSHAKE: u8 = 22;

/// A vector with a length of so many octets before it.
fn vector(octets: usize, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    [&length[length.len() - octets..], contents].concat()
}

impl Hello {
    /// One that every TLS 1.3 server answers.
    pub(crate) fn honest() -> Self {
        let name = [&[0][..], &vector(2, HOST.as_bytes())].concat();
        // The base point of X25519: a public key that is valid, and that nobody needs the secret of.
        let mut point = [0; 32];
        point[0] = 9;
        let share = [&[0, 29][..], &vector(2, &point)].concat();
        Self {
            random: vec![0x47; 32],
            session: vec![0x43; 32],
            suites: vec![0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F],
            extensions: vec![
                (0, vector(2, &name)),
                (10, vector(2, &[0, 29, 0, 23])),
                (13, vector(2, &[4, 3, 8, 7, 8, 4, 4, 1])),
                (16, vector(2, &vector(1, b"http/1.1"))),
                (43, vector(1, &[3, 4, 3, 3])),
                (45, vector(1, &[1])),
                (51, vector(2, &share)),
            ],
        }
    }

    /// The message in so many records.
    pub(crate) fn records(&self, pieces: usize) -> Vec<u8> {
        let extension = |(kind, contents): &(u16, Vec<u8>)| [&kind.to_be_bytes()[..], &vector(2, contents)].concat();
        let extensions: Vec<u8> = self.extensions.iter().flat_map(extension).collect();
        let suites: Vec<u8> = self.suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let body = [
            &[3, 3][..],
            &self.random,
            &vector(1, &self.session),
            &vector(2, &suites),
            &[1, 0],
            &vector(2, &extensions),
        ]
        .concat();
        let message = [&[1][..], &vector(3, &body)].concat();
        message.chunks(message.len().div_ceil(pieces.max(1))).flat_map(|piece| record(HANDSHAKE, piece)).collect()
    }
}

/// A record in the clear.
pub(crate) fn record(kind: u8, contents: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &vector(2, contents)].concat()
}

/// Takes a vector, whose length has so many octets, from the front.
fn take<'a>(octets: usize, from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = from.split_at_checked(octets)?;
    let length = length.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
    let (contents, rest) = rest.split_at_checked(length)?;
    *from = rest;
    Some(contents)
}

/// The ClientHello that the records begin with, and the octets after it; `None` when they begin with none.
pub(crate) fn read(mut records: &[u8]) -> Option<(Hello, Vec<u8>)> {
    let mut message: Vec<u8> = Vec::new();
    // The message may come in several records; its length stands at its front.
    let body = loop {
        let [HANDSHAKE, _, _, rest @ ..] = records else { return None };
        records = rest;
        message.extend(take(2, &mut records)?);
        let Some((1, mut rest)) = message.split_first().map(|(kind, rest)| (*kind, rest)) else { return None };
        if let Some(body) = take(3, &mut rest) {
            break rest.is_empty().then(|| body.to_vec())?;
        }
    };
    let (_, mut body) = body.split_at_checked(2)?;
    let (random, rest) = body.split_at_checked(32)?;
    body = rest;
    let session = take(1, &mut body)?.to_vec();
    let suites = take(2, &mut body)?.chunks_exact(2).map(|suite| u16::from_be_bytes([suite[0], suite[1]])).collect();
    take(1, &mut body)?;
    let mut list = take(2, &mut body)?;
    let mut extensions = Vec::new();
    while let [high, low, rest @ ..] = list {
        list = rest;
        extensions.push((u16::from_be_bytes([*high, *low]), take(2, &mut list)?.to_vec()));
    }
    let complete = body.is_empty() && list.is_empty();
    complete.then(|| (Hello { random: random.to_vec(), session, suites, extensions }, records.to_vec()))
}
