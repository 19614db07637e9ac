//! A ClientHello written by hand, so that seeds are the same octets on every machine (RFC 8446 §4.1.2).

use gatecrash_model::HOST;

/// A vector with a length of so many octets before it.
fn vector(octets: usize, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    [&length[length.len() - octets..], contents].concat()
}

fn extension(kind: u16, contents: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(2, contents)].concat()
}

/// One record that holds a ClientHello which every TLS 1.3 server answers.
pub(super) fn client_hello() -> Vec<u8> {
    let name = [&[0][..], &vector(2, HOST.as_bytes())].concat();
    // The base point of X25519: a public key that is valid, and that nobody needs the secret of.
    let mut point = [0; 32];
    point[0] = 9;
    let share = [&[0, 29][..], &vector(2, &point)].concat();
    let extensions = [
        extension(0, &vector(2, &name)),
        extension(10, &vector(2, &[0, 29, 0, 23])),
        extension(13, &vector(2, &[4, 3, 8, 7, 8, 4, 4, 1])),
        extension(16, &vector(2, &vector(1, b"http/1.1"))),
        extension(43, &vector(1, &[3, 4, 3, 3])),
        extension(45, &vector(1, &[1])),
        extension(51, &vector(2, &share)),
    ]
    .concat();
    let body = [
        &[3, 3][..],
        &[0x47; 32],
        &vector(1, &[0x43; 32]),
        &vector(2, &[0x13, 1, 0x13, 2, 0x13, 3, 0xC0, 0x2B, 0xC0, 0x2F]),
        &[1, 0],
        &vector(2, &extensions),
    ]
    .concat();
    record(22, &[&[1][..], &vector(3, &body)].concat())
}

/// A record in the clear.
pub(super) fn record(kind: u8, contents: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &vector(2, contents)].concat()
}
