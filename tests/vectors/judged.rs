//! The same tokens, lifted into attempts and judged by the oracle: what vector, oracle and server disagree about is
//! listed, with the clause that settles it. Signatures are checked here by RustCrypto, not by the server's backend.

use std::collections::BTreeMap;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash::model::{
    Algorithm, Binding, Blueprint, Case, CredentialSeen, IssuerRole, KeyName, Lifted, Person, Policy, Promise, Rule,
    Seal, Stance, TextFault, TokenKey, TokenPolicy, TokenSeen, judge_lifted, resolve,
};
use p256::ecdsa::signature::Verifier as _;
use serde_json::Value;

use super::{
    tokens::{NOW, Vector, all, step},
    vectors,
};

/// The rules that the header, the form and the signature of a token can violate.
const STEP: [Rule; 9] = [
    Rule::AlgorithmAllowed,
    Rule::AlgorithmOfKey,
    Rule::ClaimsForm,
    Rule::CredentialForm,
    Rule::CriticalHeader,
    Rule::HeaderForm,
    Rule::KeyId,
    Rule::Signature,
    Rule::TokenForm,
];

/// The gallery's policy for the vectors' issuer: no type, no binding, no claim that the vectors lack.
fn blueprint() -> Blueprint {
    let mut policy: Policy = gatecrash_gallery::policy().unwrap();
    policy.audience = "vec-aud".into();
    policy.issuers[0].url = "vec-iss".into();
    policy.tokens = TokenPolicy { types: Vec::new(), lifetime: None, binding: Binding::None, ..policy.tokens };
    policy.tokens.set_promise("aud", Promise::IfPresent);
    for claim in ["client_id", "iat", "jti", "nbf", "sub"] {
        policy.tokens.set_promise(claim, Promise::Ignored);
    }
    Blueprint::new(policy, NOW)
}

/// The key of the world in whose place a vector's key stands, by its type.
fn stands_for(key: &Value) -> Option<(KeyName, Algorithm)> {
    match key["kty"].as_str()? {
        "EC" if key["crv"] == "P-256" => Some((KeyName::Token(IssuerRole::Home, TokenKey::P256), Algorithm::ES256)),
        "RSA" if key["alg"] == "RS256" => Some((KeyName::Token(IssuerRole::Home, TokenKey::Rsa), Algorithm::RS256)),
        _ => None,
    }
}

fn verifies(key: &Value, message: &[u8], signature: &[u8]) -> bool {
    let octets = |name: &str| Base64UrlUnpadded::decode_vec(key[name].as_str().unwrap()).unwrap();
    if key["kty"] == "EC" {
        let point = [vec![4], octets("x"), octets("y")].concat();
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
        return p256::ecdsa::Signature::from_slice(signature).is_ok_and(|it| key.verify(message, &it).is_ok());
    }
    let number = |name: &str| rsa::BoxedUint::from_be_slice_vartime(&octets(name));
    let key = rsa::PublicKey::new(number("n"), number("e")).unwrap();
    let key = rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key);
    rsa::pkcs1v15::Signature::try_from(signature).is_ok_and(|it| key.verify(message, &it).is_ok())
}

/// Reads a vector's token as the mirror reads a forged one.
fn lift(vector: &Vector<'_>, key: &Value, blueprint: &Blueprint) -> TokenSeen {
    let (name, algorithm) = stands_for(key).unwrap();
    let segments: Vec<&str> = vector.jws.split('.').collect();
    let [header, claims, signature] = segments[..] else { return TokenSeen::Garbled(TextFault::Segments) };
    let decoded = [header, claims, signature].map(|segment| Base64UrlUnpadded::decode_vec(segment).ok());
    let [Some(head), Some(body), Some(octets)] = decoded else { return TokenSeen::Garbled(TextFault::Encoding) };
    let message = format!("{header}.{claims}");
    let seal = if verifies(key, message.as_bytes(), &octets) { Seal::Key(name, algorithm) } else { Seal::Nobody };
    // The world knows the key by another name.
    let ours = format!("{:?}", blueprint.kid(name));
    let members = |octets: &[u8]| {
        let text = std::str::from_utf8(octets).ok()?;
        Lifted::members(&text.replace(&key["kid"].to_string(), &ours), blueprint, &|_| None)
    };
    TokenSeen::Read { header: members(&head), claims: members(&body), seal }
}

#[test]
#[ignore = "needs GATECRASH_VECTORS"]
fn vector_oracle_and_server_agree_about_signatures() {
    let file = vectors("wycheproof-jwt-transposed.json");
    let blueprint = blueprint();
    let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", Vec::new());
    let honest = resolve(&honest.steps[0], &blueprint).unwrap().expected(&blueprint);
    let mut counts: BTreeMap<(bool, bool, bool), usize> = BTreeMap::new();
    let mut disagreements = BTreeMap::new();
    for vector in all(&file) {
        let [key] = &vector.keys[..] else { continue };
        // Keys that the policy does not publish for signatures are the caller's duty, not a token's fault.
        if stands_for(key).is_none() || key["use"] == "enc" {
            continue;
        }
        let credential = match vector.jws {
            text if text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._~+/=".contains(&octet)) => {
                CredentialSeen::Token(lift(&vector, key, &blueprint))
            }
            _ => CredentialSeen::Malformed,
        };
        let lifted = Lifted { credential, ..honest.clone() };
        let verdict = judge_lifted(&lifted, &blueprint);
        let oracle = !verdict.refusals.iter().any(|rule| STEP.contains(rule));
        let server = step(&vector) == "accepted";
        *counts.entry((vector.valid, oracle, server)).or_default() += 1;
        if vector.valid != oracle || oracle != server {
            disagreements.insert(vector.comment, step(&vector));
        }
    }
    assert_eq!(
        counts,
        BTreeMap::from([((false, false, false), 250), ((false, true, false), 1), ((true, true, true), 10)])
    );
    // The one disagreement: `key_ops` leaves out `verify`, so the key is none for signatures (RFC 7517 §4.3). Vector
    // and server say so; the oracle sees a key that its world publishes for signatures, as the lift has it.
    let known = BTreeMap::from([("rejectWrongKeyOps", "key-unknown")]);
    assert_eq!(disagreements, known);
}
