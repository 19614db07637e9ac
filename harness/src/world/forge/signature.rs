//! Damage to signature octets: what a verifier must not take, and of ECDSA the one other form that it must.

use gatecrash_model::SignatureForm;
use p256::ecdsa::Signature;
use sha2::{Digest as _, Sha512};

/// The order of P-256 (SEC 2 §2.4.2), big-endian.
const P256_ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA,
    0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];
/// The order of edwards25519's base point (RFC 8032 §5.1), little-endian.
const ED25519_ORDER: [u8; 32] = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
];

/// The damaged octets. `edwards` says that they are of EdDSA.
pub(super) fn damaged(mut octets: Vec<u8>, form: SignatureForm, edwards: bool) -> Vec<u8> {
    use SignatureForm::*;
    let half = octets.len() / 2;
    match form {
        BitFlipped => {
            if let Some(octet) = octets.get_mut(5) {
                *octet ^= 0x10;
            }
        }
        Der => {
            if let Ok(signature) = Signature::from_slice(&octets) {
                octets = signature.to_der().as_bytes().to_vec();
            }
        }
        Extended => octets.push(0),
        FirstOctet => octets.truncate(1),
        FirstOctets => octets.truncate(8),
        Genuine | OtherMessage => {}
        HighS => {
            if let Ok(signature) = Signature::from_slice(&octets) {
                let (r, s) = signature.split_scalars();
                octets = Signature::from_scalars(*r, -*s).map_or(octets, |other| other.to_bytes().to_vec());
            }
        }
        Noise => octets = Sha512::digest(octets).to_vec(),
        ROrder => write(&mut octets, 0, &P256_ORDER),
        RZero => octets[..half].fill(0),
        SOrder if edwards => add(&mut octets[half..], &ED25519_ORDER),
        SOrder => write(&mut octets, half, &P256_ORDER),
        SZero => octets[half..].fill(0),
        ShortR if !octets.is_empty() => drop(octets.remove(0)),
        ShortR => {}
        Stripped => octets.clear(),
        Truncated => drop(octets.pop()),
        TruncatedHalf => octets.truncate(half),
        Zero => octets.fill(0),
    }
    octets
}

fn write(octets: &mut [u8], at: usize, text: &[u8]) {
    for (octet, other) in octets.iter_mut().skip(at).zip(text) {
        *octet = *other;
    }
}

/// Adds, little-endian.
fn add(octets: &mut [u8], other: &[u8]) {
    let mut carry = 0;
    for (octet, other) in octets.iter_mut().zip(other) {
        let sum = u16::from(*octet) + u16::from(*other) + carry;
        (*octet, carry) = (sum as u8, sum >> 8);
    }
}
