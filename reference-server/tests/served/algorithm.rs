//! Each algorithm verifies with its own kind of key, and with no other.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gatecrash_reference::Cause;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use crate::client::{ask, request};
use crate::deployment::Deployment;

fn encoded(octets: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(octets)
}

#[tokio::test]
async fn each_algorithm_has_its_own_keys() {
    let edwards = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    // RSAPublicKey of RFC 8017 §A.1.1: two headers and a sign octet, then a modulus of 2048 bits.
    let modulus = rsa.public_key_raw()[9..265].to_vec();
    let jwks = json!({ "keys": [
        { "kid": "EdDSA", "kty": "OKP", "crv": "Ed25519", "x": encoded(edwards.public_key_raw()) },
        { "kid": "RS256", "kty": "RSA", "alg": "RS256", "n": encoded(&modulus), "e": "AQAB" },
    ] });
    let deployment = Deployment::with(|trust, _| trust.issuers[0].jwks = jwks.to_string());
    let claims = deployment.token();
    let claims = claims.split('.').nth(1).unwrap();
    let edwards = EncodingKey::from_ed_der(&edwards.serialize_der());
    // RSAPrivateKey of RFC 8017 §A.1.2, behind the 26 octets with which PKCS #8 wraps it.
    let rsa = EncodingKey::from_rsa_der(&rsa.serialize_der()[26..]);
    for (algorithm, key, alg, kid, cause) in [
        (Algorithm::EdDSA, &edwards, "EdDSA", "EdDSA", None),
        (Algorithm::RS256, &rsa, "RS256", "RS256", None),
        (Algorithm::RS256, &rsa, "RS256", "EdDSA", Some(Cause::Algorithm)),
        (Algorithm::RS256, &rsa, "EdDSA", "RS256", Some(Cause::Algorithm)),
        (Algorithm::RS256, &rsa, "EdDSA", "EdDSA", Some(Cause::Signature)),
        (Algorithm::RS512, &rsa, "RS256", "RS256", Some(Cause::Signature)),
        (Algorithm::RS512, &rsa, "RS512", "RS256", Some(Cause::Algorithm)),
        (Algorithm::PS256, &rsa, "PS256", "RS256", Some(Cause::Algorithm)),
    ] {
        let header: Value = json!({ "alg": alg, "typ": "at+jwt", "kid": kid });
        let message = format!("{}.{claims}", encoded(header.to_string().as_bytes()));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
        let answer = ask(&deployment, request("GET", "/v1/whoami", &format!("{message}.{signature}"))).await;
        assert_eq!(answer.status == StatusCode::OK, cause.is_none(), "{alg} {kid}");
        assert_eq!(deployment.audit.causes().last(), Some(&cause), "{alg} {kid}");
    }
}
