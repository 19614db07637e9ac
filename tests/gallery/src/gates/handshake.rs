//! A flaw of the TLS library itself: one that goes on to Finished when no CertificateVerify came (CVE-2022-25640).
//!
//! rustls asks for it. So an empty one is put where it is missing, kept out of the transcript, and taken for genuine.

use std::sync::Arc;

use gatecrash::{BoxError, Gate, World, gate::tls::server_config_with};
use rustls::{
    ConnectionTrafficSecrets, ContentType, Error, SignatureScheme, SupportedCipherSuite, Tls13CipherSuite,
    crypto::{
        CipherSuiteCommon, CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs,
        cipher::{
            AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
            Tls13AeadAlgorithm, UnsupportedOperationError,
        },
        hash::{Context, Hash, HashAlgorithm, Output},
    },
    pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm},
};

use crate::parts::{
    service::{Service, Steps, with_peer},
    tls::ClientAuth,
};

/// A handshake without a proof that the client has the key is as good as one with it.
pub(super) fn unasked_proof(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let provider = world.provider(aws_lc_rs::default_provider());
    let provider = if flawed { Arc::new(forbearing(&provider)) } else { provider };
    let tls = server_config_with(world, provider, ClientAuth::Required)?;
    Ok(with_peer(Gate::https(tls, Service::new(world, Steps::default())?.guarded())))
}

/// A CertificateVerify with a signature of no octets (RFC 8446 §4.4.3), which no client sends.
const EMPTY: [u8; 8] = [15, 0, 0, 4, 0x04, 0x03, 0, 0];
const CERTIFICATE: u8 = 11;
const FINISHED: u8 = 20;

fn forbearing(honest: &CryptoProvider) -> CryptoProvider {
    let suites = honest.cipher_suites.iter().filter_map(SupportedCipherSuite::tls13).map(|suite| {
        let common = CipherSuiteCommon {
            suite: suite.common.suite,
            hash_provider: Box::leak(Box::new(WithoutEmpty(suite.common.hash_provider))),
            confidentiality_limit: suite.common.confidentiality_limit,
        };
        let aead_alg = Box::leak(Box::new(Filling(suite.aead_alg)));
        let suite = Tls13CipherSuite { common, hkdf_provider: suite.hkdf_provider, aead_alg, quic: None };
        SupportedCipherSuite::Tls13(Box::leak(Box::new(suite)))
    });
    let algorithms = honest.signature_verification_algorithms;
    let mapping = algorithms.mapping.iter().map(|(scheme, known)| match (*scheme, known) {
        (SignatureScheme::ECDSA_NISTP256_SHA256, [first, ..]) => {
            let lenient: &'static dyn SignatureVerificationAlgorithm = Box::leak(Box::new(Lenient(*first)));
            (*scheme, &*vec![lenient].leak())
        }
        _ => (*scheme, *known),
    });
    let mapping = mapping.collect::<Vec<_>>().leak();
    CryptoProvider {
        cipher_suites: suites.collect(),
        signature_verification_algorithms: WebPkiSupportedAlgorithms { mapping, ..algorithms },
        ..honest.clone()
    }
}

struct WithoutEmpty(&'static dyn Hash);

impl Hash for WithoutEmpty {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Transcript(self.0.start()))
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

struct Transcript(Box<dyn Context>);

impl Context for Transcript {
    fn fork_finish(&self) -> Output {
        self.0.fork_finish()
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.fork()))
    }

    fn finish(self: Box<Self>) -> Output {
        self.0.finish()
    }

    fn update(&mut self, data: &[u8]) {
        if data != EMPTY {
            self.0.update(data);
        }
    }
}

struct Filling(&'static dyn Tls13AeadAlgorithm);

impl Tls13AeadAlgorithm for Filling {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Filler(self.0.decrypter(key, iv)))
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }
}

struct Filler(Box<dyn MessageDecrypter>);

impl MessageDecrypter for Filler {
    fn decrypt<'a>(
        &mut self,
        message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let mut message = self.0.decrypt(message, sequence)?;
        if message.typ == ContentType::Handshake
            && let Some((certificate, finished)) = unproven(message.payload)
        {
            // The message borrows what it holds, and nothing here lives long enough.
            message.payload = Vec::leak([certificate, &EMPTY, finished].concat());
        }
        Ok(message)
    }
}

/// Certificate and what follows it, where that is Finished, and somebody is named.
fn unproven(messages: &[u8]) -> Option<(&[u8], &[u8])> {
    let [CERTIFICATE, a, b, c, ..] = *messages else { return None };
    let (certificate, rest) = messages.split_at_checked(4 + u32::from_be_bytes([0, a, b, c]) as usize)?;
    // Context and list, both of no octets (RFC 8446 §4.4.2).
    let nobody = certificate.len() <= 8;
    (!nobody && rest.first() == Some(&FINISHED)).then_some((certificate, rest))
}

/// ECDSA on P-256 over SHA-256, or nothing at all.
#[derive(Debug)]
struct Lenient(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for Lenient {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        if signature.is_empty() { Ok(()) } else { self.0.verify_signature(public_key, message, signature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}
