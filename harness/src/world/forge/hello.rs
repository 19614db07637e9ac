//! First octets of a connection that no TLS 1.3 client would send.

use gatecrash_model::{HOST, Transport};

/// What a client of `transport` begins with, where it is not the TLS 1.3 of the client's library.
pub(crate) fn bytes(transport: Transport) -> Option<Vec<u8>> {
    match transport {
        Transport::Garbage => Some(b"\0gatecrash: this is no record of TLS\r\n\r\n".to_vec()),
        Transport::Ssl2 => Some(ssl2()),
        Transport::Tls12 => Some(tls12()),
        Transport::Plain | Transport::Tls13 | Transport::Tls13Fragmented => None,
    }
}

/// `CLIENT-HELLO` of SSL 2.0 with three of its ciphers and a challenge (RFC 6101 appendix E).
fn ssl2() -> Vec<u8> {
    let ciphers = [1, 0, 0x80, 7, 0, 0xc0, 3, 0, 0x80];
    let challenge = [0x47; 16];
    let mut hello = vec![1, 0, 2, 0, ciphers.len() as u8, 0, 0, 0, challenge.len() as u8];
    hello.extend(ciphers);
    hello.extend(challenge);
    [&[0x80, hello.len() as u8][..], &hello].concat()
}

/// `ClientHello` of TLS 1.2, without the extension that offers anything newer (RFC 5246 §7.4.1.2).
fn tls12() -> Vec<u8> {
    let with_length = |octets: &[u8]| [&(octets.len() as u16).to_be_bytes()[..], octets].concat();
    let extension = |kind: u16, octets: &[u8]| [&kind.to_be_bytes()[..], &with_length(octets)].concat();
    let name = [&[0][..], &with_length(HOST.as_bytes())].concat();
    let extensions = [
        extension(0, &with_length(&name)),
        // supported_groups: x25519, secp256r1.
        extension(10, &with_length(&[0, 0x1d, 0, 0x17])),
        // ec_point_formats: uncompressed.
        extension(11, &[1, 0]),
        // signature_algorithms: ECDSA with P-256, RSA-PSS, PKCS #1, each with SHA-256.
        extension(13, &with_length(&[4, 3, 8, 4, 4, 1])),
        // extended_master_secret.
        extension(23, &[]),
    ]
    .concat();
    // ECDHE with ECDSA or RSA, AES-128-GCM or AES-256-GCM.
    let ciphers = with_length(&[0xc0, 0x2b, 0xc0, 0x2c, 0xc0, 0x2f, 0xc0, 0x30]);
    let hello = [&[3, 3][..], &[0x47; 32], &[0], &ciphers, &[1, 0], &with_length(&extensions)].concat();
    let handshake = [&[1, 0][..], &with_length(&hello)].concat();
    [&[0x16, 3, 1][..], &with_length(&handshake)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_reads_the_hello_of_tls_1_2() {
        let mut acceptor = rustls::server::Acceptor::default();
        acceptor.read_tls(&mut &tls12()[..]).unwrap();
        let accepted = acceptor.accept().unwrap_or_else(|(error, _)| panic!("{error}")).unwrap();
        assert_eq!(accepted.client_hello().server_name(), Some(HOST));
    }
}
