//! Tokens of Wycheproof, carried over to claims: by the server's signature step, and as access tokens. The step takes
//! ES256, EdDSA and RS256; an issuer with a key for anything else is refused at the start.

use std::collections::BTreeMap;

use gatecrash_reference::{Cause, Issuer, SetupError};
use jsonwebtoken::{Algorithm, DecodingKey, jwk::Jwk};
use serde_json::{Value, json};

use super::{server, vectors};

/// 2025-06-15, between the tokens' `iat` and `exp`.
pub(super) const NOW: i64 = 1_750_000_000;

/// One vector.
pub(super) struct Vector<'a> {
    pub(super) comment: &'a str,
    pub(super) keys: Vec<Value>,
    pub(super) valid: bool,
    pub(super) jws: &'a str,
}

pub(super) fn all(file: &Value) -> Vec<Vector<'_>> {
    let groups = file["testGroups"].as_array().unwrap().iter();
    let tests = groups.flat_map(|group| {
        let key = if group["public"].is_null() { &group["private"] } else { &group["public"] };
        let keys = key["keys"].as_array().cloned().unwrap_or_else(|| vec![key.clone()]);
        group["tests"].as_array().unwrap().iter().map(move |test| (keys.clone(), test))
    });
    tests
        .map(|(keys, test)| Vector {
            comment: test["comment"].as_str().unwrap_or_default(),
            keys,
            valid: test["result"] == "valid",
            jws: test["jws"].as_str().unwrap_or_default(),
        })
        .collect()
}

/// What the signature step says, in a word.
pub(super) fn step(vector: &Vector<'_>) -> &'static str {
    let jwks = json!({ "keys": vector.keys }).to_string();
    let issuer = Issuer { url: "vec-iss".into(), jwks, speaks_for: Vec::new(), may_grant: Vec::new() };
    match server(None, &[], vec![issuer], NOW) {
        Ok(server) => server.judge_signature("vec-iss", vector.jws).map_or_else(Cause::name, |_| "accepted"),
        Err(SetupError::KeySymmetric { .. }) => "no start: symmetric key",
        Err(SetupError::KeyUnsupported { .. }) => "no start: algorithm not offered",
        Err(error) => panic!("{error}"),
    }
}

#[test]
#[ignore = "needs GATECRASH_VECTORS"]
fn wycheproof_signatures() {
    let file = vectors("wycheproof-jwt-transposed.json");
    let mut counts: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for vector in all(&file) {
        *counts.entry((vector.valid, step(&vector))).or_default() += 1;
    }
    let invalid: usize = counts.iter().filter(|((valid, _), _)| !valid).map(|(_, count)| count).sum();
    assert_eq!(invalid, 303);
    // No invalid one is accepted, so there is no exception to list; `header-malformed` and the rest are their reasons.
    assert_eq!(counts.get(&(false, "accepted")), None, "{counts:?}");
    let signatures = counts[&(false, "signature")];
    assert!(signatures >= 212, "{counts:?}");
    // Of the 40 valid ones 10 are of an algorithm that the server offers: every one of them is accepted.
    let valid: Vec<_> =
        counts.iter().filter(|((valid, _), _)| *valid).map(|((_, what), count)| (*what, *count)).collect();
    assert_eq!(valid, [("accepted", 10), ("no start: algorithm not offered", 22), ("no start: symmetric key", 8)]);
}

/// The backend itself, with the algorithm of the key: whatever the server does not offer is its own choice.
#[test]
#[ignore = "needs GATECRASH_VECTORS"]
fn the_backend_accepts_all_40() {
    let file = vectors("wycheproof-jwt-transposed.json");
    let mut accepted = 0;
    for vector in all(&file).iter().filter(|vector| vector.valid) {
        let (message, signature) = vector.jws.rsplit_once('.').unwrap();
        let good = vector.keys.iter().any(|key| {
            let algorithm: Algorithm = key["alg"].as_str().unwrap().parse().unwrap();
            let jwk: Jwk = serde_json::from_value(key.clone()).unwrap();
            let key = DecodingKey::from_jwk(&jwk).unwrap();
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm).unwrap()
        });
        accepted += usize::from(good);
    }
    assert_eq!(accepted, 40);
}
