//! The keys of a case: what each may be called in the world, and which signatures they verify, by RustCrypto.

use gatecrash::model::{KeyName, TokenKey, Unfit};
use p256::ecdsa::signature::{Verifier as _, hazmat::PrehashVerifier as _};
use sha2::Digest as _;
use x509_parser::asn1_rs::Oid;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_DSA, OID_KEY_TYPE_EC_PUBLIC_KEY};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

pub(super) const ECDSA_WITH_SHA1: &str = "1.2.840.10045.4.1";
const ECDSA_WITH_SHA256: &str = "1.2.840.10045.4.3.2";
const RSA_WITH_SHA256: &str = "1.2.840.113549.1.1.11";
const RSA_WITH_SHA512: &str = "1.2.840.113549.1.1.13";

/// The names that a key of this kind and size may take; none where the world has no such key.
pub(super) fn names_for(key: &SubjectPublicKeyInfo<'_>) -> Vec<KeyName> {
    let algorithm = &key.algorithm;
    let curve = || algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) if rsa.key_size() < 2048 => vec![KeyName::Unfit(Unfit::Rsa1024)],
        Ok(PublicKey::RSA(_)) => ordinary(),
        _ if algorithm.algorithm == OID_KEY_TYPE_DSA => vec![KeyName::Unfit(Unfit::Dsa)],
        _ if algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && curve() == Some(OID_EC_P256) => ordinary(),
        _ => Vec::new(),
    }
}

/// The names of keys without a flaw. To the oracle a key is a name, so that those of token issuers serve as well.
fn ordinary() -> Vec<KeyName> {
    let fit = |key: &KeyName| !matches!(key, KeyName::Root | KeyName::SecondRoot | KeyName::Unfit(_));
    let signs = |key: &KeyName| matches!(key, KeyName::Token(_, TokenKey::Ed25519 | TokenKey::P256 | TokenKey::Rsa));
    let tokens = KeyName::token_keys().into_iter().filter(signs);
    KeyName::certificate_keys().into_iter().filter(fit).chain(tokens).collect()
}

/// Whether a signature of one of the algorithms that the vectors use verifies, by RustCrypto.
pub(super) fn verifies(key: &SubjectPublicKeyInfo<'_>, algorithm: &Oid<'_>, message: &[u8], signature: &[u8]) -> bool {
    match key.parsed() {
        Ok(PublicKey::EC(point)) => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point.data());
            let parts = key.ok().zip(p256::ecdsa::Signature::from_der(signature).ok());
            parts.is_some_and(|(key, signature)| match algorithm.to_id_string().as_str() {
                ECDSA_WITH_SHA1 => key.verify_prehash(&sha1::Sha1::digest(message), &signature).is_ok(),
                ECDSA_WITH_SHA256 => key.verify(message, &signature).is_ok(),
                _ => false,
            })
        }
        Ok(PublicKey::RSA(rsa)) => {
            let number = rsa::BoxedUint::from_be_slice_vartime;
            let key = rsa::PublicKey::new(number(rsa.modulus), number(rsa.exponent));
            let parts = key.ok().zip(rsa::pkcs1v15::Signature::try_from(signature).ok());
            parts.is_some_and(|(key, signature)| match algorithm.to_id_string().as_str() {
                RSA_WITH_SHA256 => {
                    rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key).verify(message, &signature).is_ok()
                }
                RSA_WITH_SHA512 => {
                    rsa::pkcs1v15::VerifyingKey::<sha2::Sha512>::new(key).verify(message, &signature).is_ok()
                }
                _ => false,
            })
        }
        _ => false,
    }
}
