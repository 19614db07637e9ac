//! The ideal layer below TLS: a provider for rustls whose signatures are those of known keys alone.

use std::sync::{Arc, LazyLock};

use p256::pkcs8::DecodePrivateKey as _;
use rustls::{
    Error, SignatureAlgorithm, SignatureScheme,
    crypto::{CryptoProvider, KeyProvider, WebPkiSupportedAlgorithms},
    pki_types::{AlgorithmIdentifier, InvalidSignature, PrivateKeyDer, SignatureVerificationAlgorithm, alg_id},
    sign::{Signer, SigningKey},
};

use super::{
    ideal::{Ideal, Layer},
    suite::{Fresh, Group, SUITE},
};

/// The provider of both peers. It never agrees with a peer that has another.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        Arc::new(CryptoProvider {
            cipher_suites: vec![SUITE],
            kx_groups: vec![&Group],
            signature_verification_algorithms: ALGORITHMS,
            secure_random: &Fresh,
            key_provider: &KnownKeys,
        })
    });
    PROVIDER.clone()
}

const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;
static ALGORITHMS: WebPkiSupportedAlgorithms =
    WebPkiSupportedAlgorithms { all: &[&Ecdsa], mapping: &[(SCHEME, &[&Ecdsa])] };

#[derive(Debug)]
struct Ecdsa;

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = Ideal::known(Layer::Handshake, public_key).ok_or(InvalidSignature)?;
        key.verifies(Ideal::ECDSA_SHA256, message, signature).then_some(()).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}

#[derive(Debug)]
struct KnownKeys;

impl KeyProvider for KnownKeys {
    fn load_private_key(&self, key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        let secret = p256::ecdsa::SigningKey::from_pkcs8_der(key.secret_der());
        let point = secret.map(|secret| secret.verifying_key().to_sec1_point(false));
        let known = point.ok().and_then(|point| Ideal::known(Layer::Handshake, point.as_bytes()));
        let stranger = || Error::General("the ideal provider signs with keys of an ideal world alone".into());
        Ok(Arc::new(KnownKey(known.ok_or_else(stranger)?)))
    }
}

#[derive(Clone, Debug)]
struct KnownKey(Arc<Ideal>);

impl SigningKey for KnownKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SCHEME).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for KnownKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(Ideal::ECDSA_SHA256, message))
    }

    fn scheme(&self) -> SignatureScheme {
        SCHEME
    }
}
