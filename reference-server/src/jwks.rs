//! An issuer's verification keys, each fixed to one algorithm when the server starts (RFC 8725 §3.1).

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use crate::json::{self, Object};
use crate::setup::SetupError;

/// A public key and the only algorithm it may be used with.
pub(crate) struct VerificationKey {
    pub(crate) algorithm: Algorithm,
    key: DecodingKey,
}

impl VerificationKey {
    pub(crate) fn verifies(&self, provider: &CryptoProvider, message: &[u8], signature: &Vec<u8>) -> bool {
        (provider.verifier_factory)(&self.algorithm, &self.key)
            .is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
    }
}

/// The keys of a JWK Set that may verify signatures, by `kid`.
pub(crate) fn verification_keys(issuer: &str, jwks: &str) -> Result<HashMap<String, VerificationKey>, SetupError> {
    let malformed = || SetupError::JwksMalformed { issuer: issuer.to_owned() };
    let set = json::object(jwks.as_bytes()).ok_or_else(malformed)?;
    let entries = set.get("keys").and_then(Value::as_array).ok_or_else(malformed)?;
    let mut keys = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let jwk = entry.as_object().ok_or_else(malformed)?;
        let issuer = issuer.to_owned();
        let kid = text(jwk, "kid").map(str::to_owned);
        if text(jwk, "kty") == Some("oct") {
            return Err(SetupError::KeySymmetric { issuer, kid: kid.unwrap_or_default() });
        }
        if jwk.contains_key("d") {
            return Err(SetupError::KeyPrivate { issuer, kid: kid.unwrap_or_default() });
        }
        if !is_for_verification(jwk) {
            continue;
        }
        let Some(kid) = kid else {
            return Err(SetupError::KeyNameless { issuer, index });
        };
        let Some(key) = supported(jwk) else {
            return Err(SetupError::KeyUnsupported { issuer, kid });
        };
        if keys.insert(kid.clone(), key).is_some() {
            return Err(SetupError::KeyDuplicated { issuer, kid });
        }
    }
    Ok(keys)
}

/// RFC 7517 §4.2 and §4.3: both members are optional, and each may exclude verification.
fn is_for_verification(jwk: &Object) -> bool {
    let by_use = jwk.get("use").is_none_or(|usage| usage == "sig");
    let by_operations = jwk
        .get("key_ops")
        .is_none_or(|operations| operations.as_array().is_some_and(|list| list.iter().any(|entry| entry == "verify")));
    by_use && by_operations
}

fn supported(jwk: &Object) -> Option<VerificationKey> {
    let (algorithm, key) = match (text(jwk, "kty")?, text(jwk, "crv")) {
        ("EC", Some("P-256")) => {
            octets(jwk, "x").filter(|x| x.len() == 32)?;
            octets(jwk, "y").filter(|y| y.len() == 32)?;
            (Algorithm::ES256, DecodingKey::from_ec_components(text(jwk, "x")?, text(jwk, "y")?).ok()?)
        }
        ("OKP", Some("Ed25519")) => {
            // Under a point of small order anybody can sign (RFC 8725 §3.4), and aws-lc does not mind.
            let point = <[u8; 32]>::try_from(octets(jwk, "x")?).ok()?;
            ed25519_dalek::VerifyingKey::from_bytes(&point).ok().filter(|key| !key.is_weak())?;
            (Algorithm::EdDSA, DecodingKey::from_ed_components(text(jwk, "x")?).ok()?)
        }
        ("RSA", _) => {
            // An RSA key without `alg` could serve several algorithms.
            jwk.get("alg")?;
            let (modulus, exponent) = (octets(jwk, "n")?, octets(jwk, "e")?);
            (2048..=8192).contains(&bit_length(&modulus)).then_some(())?;
            (Algorithm::RS256, DecodingKey::from_rsa_raw_components(&modulus, &exponent))
        }
        _ => return None,
    };
    match jwk.get("alg") {
        Some(alg) if alg.as_str().and_then(algorithm_named) != Some(algorithm) => None,
        _ => Some(VerificationKey { algorithm, key }),
    }
}

/// The algorithms accepted, by their registered names (RFC 7518 §3.1, RFC 8037 §3.1).
pub(crate) fn algorithm_named(name: &str) -> Option<Algorithm> {
    match name {
        "ES256" => Some(Algorithm::ES256),
        "EdDSA" => Some(Algorithm::EdDSA),
        "RS256" => Some(Algorithm::RS256),
        _ => None,
    }
}

fn bit_length(modulus: &[u8]) -> usize {
    let significant = modulus.iter().skip_while(|octet| **octet == 0);
    let leading = significant.clone().next().map_or(0, |octet| octet.leading_zeros() as usize);
    (significant.count() * 8).saturating_sub(leading)
}

fn text<'a>(jwk: &'a Object, name: &str) -> Option<&'a str> {
    jwk.get(name).and_then(Value::as_str)
}

fn octets(jwk: &Object, name: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text(jwk, name)?).ok()
}
