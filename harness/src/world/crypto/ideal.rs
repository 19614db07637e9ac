//! The ideal signature: a keyed hash over algorithm, public key and message, in the shape of the signature that it stands
//! for. Keys are known by their public octets, so that a verifier needs nothing but those.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use siphasher::sip128::{Hasher128 as _, SipHasher13, SipHasher24};

/// For whom a key signs: the same octets in another layer are another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Certificates and handshakes.
    Handshake,
    /// Tokens.
    Tokens,
}

/// A key that signs ideally.
#[derive(Debug)]
pub(crate) struct Ideal {
    secret: [u8; 16],
    public: Vec<u8>,
    /// Octets of an RSA modulus; 0 for other keys.
    modulus: usize,
}

type Known = RwLock<HashMap<Vec<u8>, Arc<Ideal>>>;

/// Every ideal key of the process, by each form of its public key. The same seed gives the same keys, which bounds it.
static KNOWN: [LazyLock<Known>; 2] = [LazyLock::new(Known::default), LazyLock::new(Known::default)];

/// A key that is fresh in every process.
static OF_PROCESS: LazyLock<[u8; 16]> = LazyLock::new(|| {
    let half = || RandomState::new().build_hasher().finish().to_le_bytes();
    let mut key = [0; 16];
    key[..8].copy_from_slice(&half());
    key[8..].copy_from_slice(&half());
    key
});

impl Ideal {
    /// The algorithm of X.509 and TLS signatures, which are DER (RFC 3279 §2.2.3).
    pub(crate) const ECDSA_SHA256: &str = "ECDSA-SHA256";
    /// The same over SHA-1.
    pub(crate) const ECDSA_SHA1: &str = "ECDSA-SHA1";

    /// `forms` are raw octets, SubjectPublicKeyInfo and, of RSA, RSAPublicKey.
    fn new(secret: [u8; 32], forms: &[Vec<u8>; 3]) -> Self {
        let [octets, public, pkcs1] = forms;
        let mut key = [0; 16];
        key.copy_from_slice(&secret[..16]);
        Self { secret: key, public: public.clone(), modulus: if pkcs1.is_empty() { 0 } else { octets.len() } }
    }

    /// The key, known by all its forms from now on.
    pub(crate) fn registered(layer: Layer, secret: [u8; 32], forms: &[Vec<u8>; 3]) -> Arc<Self> {
        let key = Arc::new(Self::new(secret, forms));
        let mut known = KNOWN[layer as usize].write().unwrap_or_else(PoisonError::into_inner);
        for form in forms.iter().filter(|form| !form.is_empty()) {
            known.insert(form.clone(), key.clone());
        }
        key
    }

    /// The key that has these public octets, in any of its forms.
    pub(crate) fn known(layer: Layer, public: &[u8]) -> Option<Arc<Self>> {
        let known = KNOWN[layer as usize].read().unwrap_or_else(PoisonError::into_inner);
        known.get(public).cloned()
    }

    /// The signature, in the shape that `algorithm` has. Deterministic.
    pub(crate) fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        for part in [algorithm.as_bytes(), &self.public] {
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        hasher.write(message);
        shaped(hasher.finish128().as_bytes(), algorithm, self.modulus)
    }

    /// Whether it is the signature of this key, by this algorithm, over this message.
    pub(crate) fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        alike(&self.sign(algorithm, message), signature)
    }
}

/// Sixteen octets that nobody outside this process can tell.
pub(super) fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = hasher();
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish128().as_bytes()
}

/// A hasher with the key of the process.
pub(super) fn hasher() -> SipHasher13 {
    SipHasher13::new_with_key(&OF_PROCESS)
}

/// Compares by a second hash: a fuzzer feeds back what is compared, and must not learn a signature from it.
fn alike(expected: &[u8], given: &[u8]) -> bool {
    let number = |octets: &[u8]| u128::from_le_bytes(hash(&[octets]));
    expected.len() == given.len() && number(expected) == number(given)
}

/// Stretches a tag to the octets of a signature whose numbers are in range.
fn shaped(tag: [u8; 16], algorithm: &str, modulus: usize) -> Vec<u8> {
    let length = match algorithm {
        "ES384" => 96,
        _ if modulus > 0 => modulus,
        _ => 64,
    };
    let mut octets = Vec::with_capacity(length + 16);
    for block in 0..length.div_ceil(16) as u64 {
        let mut hasher = SipHasher13::new_with_key(&tag);
        hasher.write(&block.to_le_bytes());
        octets.extend(hasher.finish128().as_bytes());
    }
    octets.truncate(length);
    // Below the modulus, and of Ed25519 below the order (little-endian, RFC 8032 §5.1.6).
    match algorithm {
        "EdDSA" => octets[63] &= 0x0F,
        _ if modulus > 0 => octets[0] &= 0x7F,
        // Both numbers positive, below the order, and of 32 octets in DER.
        _ => {
            for at in [0, length / 2] {
                octets[at] = octets[at] & 0x3F | 0x40;
            }
        }
    }
    match algorithm {
        Ideal::ECDSA_SHA1 | Ideal::ECDSA_SHA256 => {
            [&[0x30, 68, 2, 32][..], &octets[..32], &[2, 32], &octets[32..]].concat()
        }
        _ => octets,
    }
}
