//! A cipher suite and a key exchange group for rustls that cost next to nothing and protect nothing. Transcript and key
//! schedule stay rustls's own; the code points are for private use, so that no other peer ever agrees on them.

use std::{
    hash::Hasher as _,
    sync::atomic::{AtomicU64, Ordering},
};

use rustls::{
    CipherSuite, ConnectionTrafficSecrets, ContentType, Error, NamedGroup, PeerMisbehaved, ProtocolVersion,
    SupportedCipherSuite, Tls13CipherSuite,
    crypto::{
        ActiveKeyExchange, CipherSuiteCommon, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup,
        cipher::{
            AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, Nonce,
            OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm,
            UnsupportedOperationError, make_tls13_aad,
        },
        hash::{Context, Hash, HashAlgorithm, Output},
        hmac::{Hmac, Key, Tag},
        tls13::HkdfUsingHmac,
    },
};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::ideal;

/// Reserved for private use (RFC 8446 §B.4), as is the group (§4.2.7).
const SUITE_CODE: u16 = 0xFF47;
const GROUP_CODE: u16 = 0xFE47;
/// The hash, in a registry that reserves 224 and above for private use (RFC 5246 §12).
const HASH_CODE: u8 = 0xE7;
/// Octets of hashes, keys and tags.
const SIZE: usize = 16;

/// The only suite that ideal peers speak.
pub(super) static SUITE: SupportedCipherSuite = SupportedCipherSuite::Tls13(&TLS13);

static TLS13: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::Unknown(SUITE_CODE),
        hash_provider: &Sip,
        confidentiality_limit: u64::MAX,
    },
    hkdf_provider: &HkdfUsingHmac(&SipMac),
    aead_alg: &Sealing,
    quic: None,
};

struct Sip;

impl Hash for Sip {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Transcript(ideal::hasher()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&ideal::hash(&[data]))
    }

    fn output_len(&self) -> usize {
        SIZE
    }

    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::Unknown(HASH_CODE)
    }
}

struct Transcript(SipHasher13);

impl Context for Transcript {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.finish128().as_bytes())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0))
    }

    fn finish(self: Box<Self>) -> Output {
        self.fork_finish()
    }

    fn update(&mut self, data: &[u8]) {
        self.0.write(data);
    }
}

struct SipMac;

impl Hmac for SipMac {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        // Keys are of this size, but for the shared secret, which may be of any.
        let key: [u8; SIZE] = key.try_into().unwrap_or_else(|_| ideal::hash(&[key]));
        Box::new(SipKey(SipHasher13::new_with_key(&key)))
    }

    fn hash_output_len(&self) -> usize {
        SIZE
    }
}

struct SipKey(SipHasher13);

impl Key for SipKey {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut hasher = self.0;
        hasher.write(first);
        middle.iter().for_each(|part| hasher.write(part));
        hasher.write(last);
        Tag::new(&hasher.finish128().as_bytes())
    }

    fn tag_len(&self) -> usize {
        SIZE
    }
}

struct Sealing;

impl Tls13AeadAlgorithm for Sealing {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Sealed::new(&key, iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Sealed::new(&key, iv))
    }

    fn key_len(&self) -> usize {
        SIZE
    }

    fn extract_keys(&self, _: AeadKey, _: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

/// Records in the clear, with a tag behind each.
struct Sealed {
    hasher: SipHasher13,
    iv: Iv,
}

impl Sealed {
    fn new(key: &AeadKey, iv: Iv) -> Self {
        let key: [u8; SIZE] = key.as_ref().try_into().unwrap_or_else(|_| ideal::hash(&[key.as_ref()]));
        Self { hasher: SipHasher13::new_with_key(&key), iv }
    }

    fn tag(&self, sequence: u64, length: usize, payload: &[u8]) -> [u8; SIZE] {
        let mut hasher = self.hasher;
        hasher.write(&Nonce::new(&self.iv, sequence).0);
        hasher.write(&make_tls13_aad(length));
        hasher.write(payload);
        hasher.finish128().as_bytes()
    }
}

impl MessageEncrypter for Sealed {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, sequence: u64) -> Result<OutboundOpaqueMessage, Error> {
        let length = self.encrypted_payload_len(message.payload.len());
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_chunks(&message.payload);
        payload.extend_from_slice(&message.typ.to_array());
        let tag = self.tag(sequence, length, payload.as_ref());
        payload.extend_from_slice(&tag);
        Ok(OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len + 1 + SIZE
    }
}

impl MessageDecrypter for Sealed {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let length = message.payload.len();
        let text = length.checked_sub(SIZE).ok_or(Error::DecryptError)?;
        let (payload, tag) = message.payload.split_at(text);
        if self.tag(sequence, length, payload) != tag {
            return Err(Error::DecryptError);
        }
        message.payload.truncate(text);
        message.into_tls13_unpadded_message()
    }
}

/// The only group that ideal peers know.
#[derive(Debug)]
pub(super) struct Group;

/// What every public value begins with.
const MARK: [u8; 8] = *b"gatecrsh";
const SHARE: usize = MARK.len() + SIZE;

impl SupportedKxGroup for Group {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut share = [0; SHARE];
        share[..MARK.len()].copy_from_slice(&MARK);
        share[MARK.len()..].copy_from_slice(&fresh());
        Ok(Box::new(Share(share)))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::Unknown(GROUP_CODE)
    }
}

struct Share([u8; SHARE]);

impl ActiveKeyExchange for Share {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        if peer.len() != SHARE || !peer.starts_with(&MARK) {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        let ours = &self.0[..];
        Ok(SharedSecret::from(&ideal::hash(&[ours.min(peer), ours.max(peer)])[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.0
    }

    fn group(&self) -> NamedGroup {
        Group.name()
    }
}

/// Sixteen octets that never came before in this process.
fn fresh() -> [u8; SIZE] {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    ideal::hash(&[&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes()])
}

/// Octets that nobody has seen before.
#[derive(Debug)]
pub(super) struct Fresh;

impl SecureRandom for Fresh {
    fn fill(&self, octets: &mut [u8]) -> Result<(), GetRandomFailed> {
        for piece in octets.chunks_mut(SIZE) {
            piece.copy_from_slice(&fresh()[..piece.len()]);
        }
        Ok(())
    }
}
