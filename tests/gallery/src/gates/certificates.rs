//! Flaws of the verifier of certificates: algorithms that were added for the sake of old devices.

use std::sync::LazyLock;

use gatecrash::{BoxError, Gate, World, gate::tls::server_config};
use rustls::{
    crypto::{WebPkiSupportedAlgorithms, aws_lc_rs},
    pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id},
};

use crate::parts::{
    service::{Service, Steps, with_peer},
    tls::ClientAuth,
};

/// Old devices have certificates of an authority with a short key.
pub(super) fn short_key(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    static ALGORITHMS: LazyLock<WebPkiSupportedAlgorithms> = LazyLock::new(|| beside(&Rsa));
    with_algorithms(world, flawed.then(|| *ALGORITHMS))
}

/// Old devices have certificates of an authority that signs over MD5.
pub(super) fn md5(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    static ALGORITHMS: LazyLock<WebPkiSupportedAlgorithms> = LazyLock::new(|| beside(&RsaMd5));
    with_algorithms(world, flawed.then(|| *ALGORITHMS))
}

/// A smart card's software writes the curve out in place of naming it.
pub(super) fn explicit_curve(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    static ALGORITHMS: LazyLock<WebPkiSupportedAlgorithms> = LazyLock::new(|| beside(&ExplicitP256));
    with_algorithms(world, flawed.then(|| *ALGORITHMS))
}

/// Old devices have certificates that are signed over SHA-1.
pub(super) fn sha1(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    static ALGORITHMS: LazyLock<WebPkiSupportedAlgorithms> = LazyLock::new(|| beside(&EcdsaSha1));
    with_algorithms(world, flawed.then(|| *ALGORITHMS))
}

fn with_algorithms(world: &World, algorithms: Option<WebPkiSupportedAlgorithms>) -> Result<Gate, BoxError> {
    let mut provider = aws_lc_rs::default_provider();
    if let Some(algorithms) = algorithms {
        provider.signature_verification_algorithms = algorithms;
    }
    let tls = server_config(world, provider, ClientAuth::Required)?;
    Ok(with_peer(Gate::https(tls, Service::new(world, Steps::default())?.guarded())))
}

/// One more algorithm for certificates, asked before the others; what proves possession of a key stays as it is.
fn beside(more: &'static dyn SignatureVerificationAlgorithm) -> WebPkiSupportedAlgorithms {
    let usual = aws_lc_rs::default_provider().signature_verification_algorithms;
    WebPkiSupportedAlgorithms { all: [&[more], usual.all].concat().leak(), ..usual }
}

/// RSA with PKCS #1 v1.5 over SHA-256, of any length.
#[derive(Debug)]
struct Rsa;

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        use rsa::{pkcs1::DecodeRsaPublicKey as _, signature::Verifier as _};
        let key = rsa::PublicKey::from_pkcs1_der(public_key).map_err(|_| InvalidSignature)?;
        let signature = rsa::pkcs1v15::Signature::try_from(signature).map_err(|_| InvalidSignature)?;
        let key = rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key);
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_PKCS1_SHA256
    }
}

/// RSA with PKCS #1 v1.5 over MD5 (RFC 3279 §2.2.1).
#[derive(Debug)]
struct RsaMd5;

impl SignatureVerificationAlgorithm for RsaMd5 {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        use rsa::{pkcs1::DecodeRsaPublicKey as _, signature::Verifier as _};
        let key = rsa::PublicKey::from_pkcs1_der(public_key).map_err(|_| InvalidSignature)?;
        let signature = rsa::pkcs1v15::Signature::try_from(signature).map_err(|_| InvalidSignature)?;
        let key = rsa::pkcs1v15::VerifyingKey::<md5::Md5>::new(key);
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        AlgorithmIdentifier::from_slice(&[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x04, 0x05, 0x00])
    }
}

/// ECDSA on P-256 whose parameters are spelt out (SEC 1 §C.2).
#[derive(Debug)]
struct ExplicitP256;

impl SignatureVerificationAlgorithm for ExplicitP256 {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        use p256::ecdsa::signature::Verifier as _;
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = p256::ecdsa::Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        static OCTETS: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let hex = EXPLICIT_P256.as_bytes().chunks(2);
            hex.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
        });
        AlgorithmIdentifier::from_slice(&OCTETS)
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}

/// id-ecPublicKey, then version, field, curve without a seed, base point, order and cofactor.
const EXPLICIT_P256: &str = concat!(
    "06072a8648ce3d0201",
    "3081e0020101",
    "302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
    "04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    "0441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "020101",
);

/// ECDSA on P-256 over SHA-1 (RFC 3279 §2.2.3).
#[derive(Debug)]
struct EcdsaSha1;

impl SignatureVerificationAlgorithm for EcdsaSha1 {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
        use sha1::Digest as _;
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = p256::ecdsa::Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify_prehash(&sha1::Sha1::digest(message), &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        AlgorithmIdentifier::from_slice(&[0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01])
    }
}
