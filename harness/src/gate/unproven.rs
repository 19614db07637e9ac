//! A client that presents a certificate and sends no CertificateVerify: who has the certificate of another needs no key.
//!
//! rustls always sends one. So the message is taken out of what the client encrypts, and out of the transcript that its
//! Finished covers; the handshake is consistent for a server that does not ask (CVE-2022-25640).

use std::sync::Arc;

use rustls::{
    ConnectionTrafficSecrets, ContentType, Error, SupportedCipherSuite, Tls13CipherSuite,
    crypto::{
        CipherSuiteCommon, CryptoProvider,
        cipher::{
            AeadKey, Iv, MessageDecrypter, MessageEncrypter, OutboundChunks, OutboundOpaqueMessage,
            OutboundPlainMessage, Tls13AeadAlgorithm, UnsupportedOperationError,
        },
        hash::{Context, Hash, HashAlgorithm, Output},
    },
};

/// The type of the message (RFC 8446 §4).
const CERTIFICATE_VERIFY: u8 = 15;

/// The same cryptography, for clients that leave their proof out. It lives as long as the process.
pub(super) fn provider(honest: &CryptoProvider) -> Arc<CryptoProvider> {
    let suites = honest.cipher_suites.iter().filter_map(SupportedCipherSuite::tls13).map(|suite| {
        let omitting = Tls13CipherSuite {
            common: CipherSuiteCommon {
                suite: suite.common.suite,
                hash_provider: Box::leak(Box::new(OmittingHash(suite.common.hash_provider))),
                confidentiality_limit: suite.common.confidentiality_limit,
            },
            hkdf_provider: suite.hkdf_provider,
            aead_alg: Box::leak(Box::new(OmittingAead(suite.aead_alg))),
            quic: None,
        };
        SupportedCipherSuite::Tls13(Box::leak(Box::new(omitting)))
    });
    Arc::new(CryptoProvider { cipher_suites: suites.collect(), ..honest.clone() })
}

struct OmittingHash(&'static dyn Hash);

impl Hash for OmittingHash {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Transcript { hash: self.0.start(), servers: false })
    }

    fn hash(&self, data: &[u8]) -> Output {
        self.0.hash(data)
    }

    fn output_len(&self) -> usize {
        self.0.output_len()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.0.algorithm()
    }
}

/// A transcript without the client's CertificateVerify, to which each message comes whole.
struct Transcript {
    hash: Box<dyn Context>,
    /// Whether the server's has come, which is the first.
    servers: bool,
}

impl Context for Transcript {
    fn fork_finish(&self) -> Output {
        self.hash.fork_finish()
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self { hash: self.hash.fork(), servers: self.servers })
    }

    fn finish(self: Box<Self>) -> Output {
        self.hash.finish()
    }

    fn update(&mut self, data: &[u8]) {
        if data.first() == Some(&CERTIFICATE_VERIFY) && std::mem::replace(&mut self.servers, true) {
            return;
        }
        self.hash.update(data);
    }
}

struct OmittingAead(&'static dyn Tls13AeadAlgorithm);

impl Tls13AeadAlgorithm for OmittingAead {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Encrypter(self.0.encrypter(key, iv)))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        self.0.decrypter(key, iv)
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }
}

struct Encrypter(Box<dyn MessageEncrypter>);

impl MessageEncrypter for Encrypter {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, sequence: u64) -> Result<OutboundOpaqueMessage, Error> {
        if message.typ != ContentType::Handshake {
            return self.0.encrypt(message, sequence);
        }
        let kept = without_proof(&message.payload.to_vec()).ok_or_else(|| {
            Error::General("the client's last messages do not fit into one record: its proof cannot be left out".into())
        })?;
        let payload = OutboundChunks::Single(&kept);
        self.0.encrypt(OutboundPlainMessage { typ: message.typ, version: message.version, payload }, sequence)
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        self.0.encrypted_payload_len(payload_len)
    }
}

/// The messages of a record but for CertificateVerify; `None` when one of them goes on in the next.
fn without_proof(mut messages: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(messages.len());
    while let [kind, a, b, c, ..] = *messages {
        let length = 4 + u32::from_be_bytes([0, a, b, c]) as usize;
        let (message, rest) = messages.split_at_checked(length)?;
        if kind != CERTIFICATE_VERIFY {
            kept.extend_from_slice(message);
        }
        messages = rest;
    }
    messages.is_empty().then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::without_proof;

    #[test]
    fn one_message_is_left_out() {
        let (certificate, verify, finished) = ([11, 0, 0, 1, 7], [15, 0, 0, 2, 8, 8], [20, 0, 0, 0]);
        let flight = [&certificate[..], &verify, &finished].concat();
        assert_eq!(without_proof(&flight), Some([&certificate[..], &finished].concat()));
        assert_eq!(without_proof(&flight[..7]), None);
        assert_eq!(without_proof(&flight[..8]), None);
    }
}
