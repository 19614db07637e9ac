//! What a key consists of, and real signatures over it.

use std::sync::Arc;

use super::{Kind, mac, unfit::Irregular};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash_model::Algorithm;
use p256::ecdsa::{
    Signature as EcdsaSignature,
    signature::{Signer as _, Verifier as _},
};
use rsa::{
    pkcs1v15::Signature as RsaSignature,
    signature::{RandomizedSigner as _, SignatureEncoding as _},
    traits::PublicKeyParts as _,
};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// The neutral point of edwards25519, encoded (RFC 8032 §5.1.2).
const NEUTRAL: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};

/// A key and its mathematics.
#[derive(Clone)]
pub(crate) enum Material {
    /// Ed25519.
    Ed25519(Box<ed25519_dalek::SigningKey>),
    /// Of an authority that nobody should believe.
    Irregular(Irregular),
    /// ECDSA on P-256.
    P256(Box<p256::ecdsa::SigningKey>),
    /// ECDSA on P-384.
    P384(Box<p384::ecdsa::SigningKey>),
    /// RSA.
    Rsa(Arc<rsa::PrivateKey>),
    /// A MAC secret.
    Shared(Vec<u8>),
    /// No secret at all: an Ed25519 public key under which the neutral point and zero are a signature of every message,
    /// wherever verification does not refuse points of small order (RFC 8032 §5.1.7).
    SmallOrder,
}

impl Material {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Material::Ed25519(_) | Material::SmallOrder => Kind::Ed25519,
            Material::Irregular(key) => key.like().map_or(Kind::Other, |key| key.kind()),
            Material::P256(_) => Kind::P256,
            Material::P384(_) => Kind::P384,
            Material::Rsa(_) => Kind::Rsa,
            Material::Shared(_) => Kind::Shared,
        }
    }

    /// A JWS signature (RFC 7518 §3, RFC 8037 §3.1); `None` when the key cannot compute the algorithm. Deterministic.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        match (self, algorithm) {
            (Material::Ed25519(key), Algorithm::EdDSA) => Some(key.sign(message).to_bytes().to_vec()),
            (Material::P256(key), Algorithm::ES256) => {
                let signature: EcdsaSignature = key.sign(message);
                Some(signature.to_bytes().to_vec())
            }
            (Material::P384(key), Algorithm::ES384) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                Some(signature.to_bytes().to_vec())
            }
            (Material::Rsa(key), Algorithm::PS256) => Some(pss::<Sha256>(key, message)),
            (Material::Rsa(key), Algorithm::PS384) => Some(pss::<Sha384>(key, message)),
            (Material::Rsa(key), Algorithm::PS512) => Some(pss::<Sha512>(key, message)),
            (Material::Rsa(key), Algorithm::RS256) => {
                Some(rsa::pkcs1v15::SigningKey::<Sha256>::new(key.as_ref().clone()).sign(message).to_vec())
            }
            (Material::Rsa(key), Algorithm::RS384) => {
                Some(rsa::pkcs1v15::SigningKey::<Sha384>::new(key.as_ref().clone()).sign(message).to_vec())
            }
            (Material::Rsa(key), Algorithm::RS512) => {
                Some(rsa::pkcs1v15::SigningKey::<Sha512>::new(key.as_ref().clone()).sign(message).to_vec())
            }
            (Material::Shared(secret), algorithm) => mac(secret, algorithm, message),
            (Material::SmallOrder, Algorithm::EdDSA) => Some([NEUTRAL, [0; 32]].concat()),
            _ => None,
        }
    }

    /// Whether `signature` over `message` verifies.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Material::Ed25519(key), Algorithm::EdDSA) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().verify_strict(message, &signature).is_ok()),
            (Material::P256(key), Algorithm::ES256) => EcdsaSignature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().verify(message, &signature).is_ok()),
            (Material::P384(key), Algorithm::ES384) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().verify(message, &signature).is_ok()),
            (Material::Rsa(key), Algorithm::PS256) => rsa::pss::Signature::try_from(signature).is_ok_and(|signature| {
                rsa::pss::VerifyingKey::<Sha256>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            (Material::Rsa(key), Algorithm::PS384) => rsa::pss::Signature::try_from(signature).is_ok_and(|signature| {
                rsa::pss::VerifyingKey::<Sha384>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            (Material::Rsa(key), Algorithm::PS512) => rsa::pss::Signature::try_from(signature).is_ok_and(|signature| {
                rsa::pss::VerifyingKey::<Sha512>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            (Material::Rsa(key), Algorithm::RS256) => RsaSignature::try_from(signature).is_ok_and(|signature| {
                rsa::pkcs1v15::VerifyingKey::<Sha256>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            (Material::Rsa(key), Algorithm::RS384) => RsaSignature::try_from(signature).is_ok_and(|signature| {
                rsa::pkcs1v15::VerifyingKey::<Sha384>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            (Material::Rsa(key), Algorithm::RS512) => RsaSignature::try_from(signature).is_ok_and(|signature| {
                rsa::pkcs1v15::VerifyingKey::<Sha512>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            (Material::Shared(secret), algorithm) => mac(secret, algorithm, message).as_deref() == Some(signature),
            (Material::SmallOrder, Algorithm::EdDSA) => signature == [NEUTRAL, [0; 32]].concat(),
            _ => false,
        }
    }

    /// A signature over SHA-256 as X.509 writes it: ECDSA in DER (RFC 3279 §2.2.3), RSA by PKCS #1 v1.5 (RFC 4055 §5).
    pub(super) fn sign_der(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Material::P256(key) => {
                let signature: EcdsaSignature = key.sign(message);
                Some(signature.to_der().as_bytes().to_vec())
            }
            Material::Rsa(_) => self.sign(Algorithm::RS256, message),
            Material::Irregular(key) => key.sign_der(message),
            _ => None,
        }
    }

    /// The same over SHA-1, which nobody should accept any more; of ECDSA alone.
    pub(super) fn sign_der_sha1(&self, message: &[u8]) -> Option<Vec<u8>> {
        use p256::ecdsa::signature::hazmat::PrehashSigner as _;
        let Material::P256(key) = self else { return None };
        let signature: EcdsaSignature = key.sign_prehash(&sha1::Sha1::digest(message)).ok()?;
        Some(signature.to_der().as_bytes().to_vec())
    }

    /// Whether an ECDSA signature in DER over SHA-1 verifies.
    pub(super) fn verifies_der_sha1(&self, message: &[u8], signature: &[u8]) -> bool {
        use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
        let Material::P256(key) = self else { return false };
        let hash = sha1::Sha1::digest(message);
        EcdsaSignature::from_der(signature)
            .is_ok_and(|signature| key.verifying_key().verify_prehash(&hash, &signature).is_ok())
    }

    /// Whether a signature as X.509 writes it, over SHA-256, verifies.
    pub(super) fn verifies_der(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Material::P256(key) => EcdsaSignature::from_der(signature)
                .is_ok_and(|signature| key.verifying_key().verify(message, &signature).is_ok()),
            Material::Rsa(_) => self.verifies(Algorithm::RS256, message, signature),
            Material::Irregular(key) => key.verifies_der(message, signature),
            _ => false,
        }
    }

    /// The raw public octets: an Ed25519 key, an uncompressed point, an RSA modulus; empty for a shared secret.
    pub(super) fn public_octets(&self) -> Vec<u8> {
        match self {
            Material::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Material::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Material::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Material::Rsa(key) => key.n().to_be_bytes_trimmed_vartime().to_vec(),
            Material::Irregular(key) => key.like().map_or(Vec::new(), |key| key.public_octets()),
            Material::Shared(_) => Vec::new(),
            Material::SmallOrder => NEUTRAL.to_vec(),
        }
    }

    /// The SubjectPublicKeyInfo in DER; empty for a shared secret.
    pub(super) fn public_der(&self) -> Vec<u8> {
        use p256::pkcs8::EncodePublicKey as _;
        let der = match self {
            Material::Ed25519(key) => ed25519_dalek::pkcs8::EncodePublicKey::to_public_key_der(&key.verifying_key())
                .ok()
                .map(|der| der.into_vec()),
            Material::P256(key) => key.verifying_key().to_public_key_der().ok().map(|der| der.into_vec()),
            Material::P384(key) => key.verifying_key().to_public_key_der().ok().map(|der| der.into_vec()),
            Material::Rsa(key) => key.to_public_key().to_public_key_der().ok().map(|der| der.into_vec()),
            // `AlgorithmIdentifier` of id-Ed25519 (RFC 8410 §3), and the point.
            Material::SmallOrder => {
                Some([&[0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 3, 0x21, 0][..], &NEUTRAL].concat())
            }
            Material::Irregular(key) => key.public_der(),
            Material::Shared(_) => None,
        };
        der.unwrap_or_default()
    }

    /// The RSAPublicKey in DER (RFC 8017 §A.1.1); empty for other keys.
    pub(super) fn pkcs1_der(&self) -> Vec<u8> {
        use rsa::pkcs1::EncodeRsaPublicKey as _;
        match self {
            Material::Rsa(key) => key.to_public_key().to_pkcs1_der().map_or(Vec::new(), |der| der.as_bytes().to_vec()),
            Material::Irregular(key) => key.like().map_or(Vec::new(), |key| key.pkcs1_der()),
            _ => Vec::new(),
        }
    }

    /// The members of the public JWK (RFC 7517 §4) without `kid`, `use` and `alg`, as JSON text without braces.
    pub(super) fn jwk_members(&self) -> String {
        let text = |octets: &[u8]| Base64UrlUnpadded::encode_string(octets);
        match self {
            Material::Ed25519(_) | Material::SmallOrder => {
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{}""#, text(&self.public_octets()))
            }
            Material::P256(_) => {
                let point = self.public_octets();
                let (x, y) = point[1..].split_at(32);
                format!(r#""kty":"EC","crv":"P-256","x":"{}","y":"{}""#, text(x), text(y))
            }
            Material::P384(_) => {
                let point = self.public_octets();
                let (x, y) = point[1..].split_at(48);
                format!(r#""kty":"EC","crv":"P-384","x":"{}","y":"{}""#, text(x), text(y))
            }
            Material::Rsa(key) => {
                let e = key.e().to_be_bytes_trimmed_vartime();
                format!(r#""kty":"RSA","n":"{}","e":"{}""#, text(&self.public_octets()), text(&e))
            }
            // Neither DSA nor P-224 is a JWK (RFC 7518 §6).
            Material::Irregular(key) => key.like().map_or(String::new(), |key| key.jwk_members()),
            Material::Shared(_) => r#""kty":"oct""#.into(),
        }
    }

    /// The private key in PKCS#8 DER, for a server that is given its key.
    pub(super) fn private_der(&self) -> Vec<u8> {
        use p256::pkcs8::EncodePrivateKey as _;
        match self {
            Material::P256(key) => key.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// RSASSA-PSS, with a salt that the message determines.
fn pss<D>(key: &rsa::PrivateKey, message: &[u8]) -> Vec<u8>
where
    D: sha2::Digest + sha2::digest::FixedOutputReset,
{
    let key = rsa::pss::SigningKey::<D>::new(key.clone());
    key.sign_with_rng(&mut Salt(Sha256::digest(message).into()), message).to_vec()
}

/// The uncompressed points under which an ES256 signature verifies, which its octets determine (SEC 1 §4.1.6).
pub(crate) fn recovered(message: &[u8], signature: &[u8]) -> Vec<Vec<u8>> {
    let Ok(signature) = EcdsaSignature::from_slice(signature) else { return Vec::new() };
    let recover = |id| {
        let id = p256::ecdsa::RecoveryId::from_byte(id)?;
        let key = p256::ecdsa::VerifyingKey::recover_from_msg(message, &signature, id).ok()?;
        Some(key.to_sec1_point(false).as_bytes().to_vec())
    };
    (0..=p256::ecdsa::RecoveryId::MAX).filter_map(recover).collect()
}

/// The salt of RSASSA-PSS, taken from the message: the same message gives the same signature.
struct Salt([u8; 32]);

impl rsa::rand_core::TryRng for Salt {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        for octet in octets.chunks_mut(32) {
            self.0 = Sha256::digest(self.0).into();
            octet.copy_from_slice(&self.0[..octet.len()]);
        }
        Ok(())
    }
}

impl rsa::rand_core::TryCryptoRng for Salt {}
