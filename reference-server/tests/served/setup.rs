//! Deployments that must not start.

use std::sync::Arc;

use gatecrash_reference::{Cause, Holder, Server, Settings, SetupError, SystemClock, TracingAudit, Trust};
use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::deployment::{AUDIENCE, Ledger, authority, jwk, trust};

fn start(change: impl FnOnce(&mut Trust, &mut Settings)) -> Result<Server, SetupError> {
    let mut trust = trust(&authority("anchor"), &KeyPair::generate().unwrap());
    let mut settings = Settings { audience: AUDIENCE.to_owned(), ..Settings::default() };
    change(&mut trust, &mut settings);
    Server::new(trust, settings, Arc::new(SystemClock), Arc::new(Ledger::default()), Arc::new(TracingAudit))
}

fn start_with_keys(keys: &[Value]) -> Result<Server, SetupError> {
    start(|trust, _| trust.issuers[0].jwks = json!({ "keys": keys }).to_string())
}

fn key_with(member: &str, value: Value) -> Value {
    let mut key = jwk("k1", &KeyPair::generate().unwrap());
    key[member] = value;
    key
}

#[test]
fn refuses_unusable_keys() {
    let key = || jwk("k1", &KeyPair::generate().unwrap());
    let rsa = |octets: usize| {
        let modulus = format!("gA{}", "A".repeat(octets * 4 / 3 - 2));
        json!({ "kty": "RSA", "kid": "r", "alg": "RS256", "e": "AQAB", "n": modulus })
    };
    assert!(start_with_keys(&[key(), rsa(258)]).is_ok());
    assert!(matches!(start_with_keys(&[rsa(255)]), Err(SetupError::KeyUnsupported { kid, .. }) if kid == "r"));
    let mut open = rsa(258);
    open.as_object_mut().unwrap().remove("alg");
    assert!(matches!(start_with_keys(&[open]), Err(SetupError::KeyUnsupported { .. })));
    assert!(matches!(start_with_keys(&[key(), key()]), Err(SetupError::KeyDuplicated { .. })));
    assert!(matches!(start_with_keys(&[key_with("kid", Value::Null)]), Err(SetupError::KeyNameless { index: 0, .. })));
    assert!(matches!(start_with_keys(&[key_with("d", json!("AA"))]), Err(SetupError::KeyPrivate { .. })));
    assert!(matches!(start_with_keys(&[key_with("alg", json!("ES384"))]), Err(SetupError::KeyUnsupported { .. })));
    assert!(matches!(start_with_keys(&[key_with("crv", json!("P-384"))]), Err(SetupError::KeyUnsupported { .. })));
    // The neutral point of Ed25519: anybody can sign under it.
    let neutral = format!("AQ{}", "A".repeat(41));
    let small = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "o", "alg": "EdDSA", "x": neutral });
    assert!(matches!(start_with_keys(&[small]), Err(SetupError::KeyUnsupported { kid, .. }) if kid == "o"));
    let symmetric = json!({ "kty": "oct", "kid": "s", "k": "AA" });
    assert!(matches!(start_with_keys(&[symmetric]), Err(SetupError::KeySymmetric { kid, .. }) if kid == "s"));
}

#[test]
fn keys_for_encryption_are_left_out() {
    assert!(start_with_keys(&[key_with("use", json!("enc")), key_with("use", json!("sig"))]).is_ok());
}

#[test]
fn refuses_ambiguous_trust() {
    let malformed = start(|trust, _| trust.issuers[0].jwks = r#"{"keys":[],"keys":[]}"#.to_owned());
    assert!(matches!(malformed, Err(SetupError::JwksMalformed { .. })));
    let open = start(|trust, _| trust.issuers[0].speaks_for.push("spiffe://bank.example/people".to_owned()));
    assert!(matches!(open, Err(SetupError::SpeaksForOpenEnded { .. })));
    let twice = start(|trust, _| trust.issuers.push(trust.issuers[0].clone()));
    assert!(matches!(twice, Err(SetupError::IssuerDuplicated { .. })));
    let prefix = || Holder { prefix: "spiffe://bank.example/".to_owned(), scopes: Vec::new() };
    assert!(matches!(start(|trust, _| trust.holders.push(prefix())), Err(SetupError::HolderDuplicated { .. })));
    assert!(matches!(start(|trust, _| trust.client_anchors.clear()), Err(SetupError::AnchorMissing)));
    let cut = start(|trust, _| trust.client_anchors.push(vec![0x30].into()));
    assert!(matches!(cut, Err(SetupError::AnchorUnreadable { index: 1, .. })));
    assert!(matches!(start(|trust, _| trust.crls.push(vec![].into())), Err(SetupError::CrlUnreadable { .. })));
    assert!(matches!(start(|trust, _| trust.server_chain.clear()), Err(SetupError::ServerCertificate { .. })));
    assert!(matches!(start(|_, settings| settings.audience.clear()), Err(SetupError::AudienceMissing)));
    assert!(matches!(start(|_, settings| settings.realm.push('"')), Err(SetupError::RealmUnprintable)));
}

#[test]
fn causes_are_named_in_order_and_once() {
    let names: Vec<_> = Cause::ALL.iter().map(|cause| cause.name()).collect();
    assert!(names.is_sorted_by(|left, right| left < right), "{names:?}");
    assert!(names.iter().all(|name| name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'-')));
}
