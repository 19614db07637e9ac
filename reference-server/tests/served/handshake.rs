//! Who does not get through the handshake, and that the audit log says so once.

use std::time::Duration;

use gatecrash_reference::{Cause, ConnectionError};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair,
    KeyUsagePurpose, NameConstraints, SanType,
};

use tokio::io::AsyncWriteExt;

use crate::client::{connect, request};
use crate::deployment::{ALICE, Deployment, Identity, authority, authority_params, issue, leaf, revocation_list};

async fn refused(deployment: &Deployment, identity: Option<&Identity>, cause: Cause) {
    for protocol in [b"h2".as_slice(), b"http/1.1"] {
        let before = deployment.audit.causes().len();
        let ask = request("GET", "/v1/whoami", &deployment.token());
        assert!(connect(deployment, identity, protocol, ask).await.is_err(), "{cause:?}");
        assert_eq!(deployment.audit.causes()[before..], [Some(cause)]);
    }
    assert!(deployment.bank.effects().is_empty());
}

async fn leaf_refused(change: impl FnOnce(&mut CertificateParams), cause: Cause) {
    let deployment = Deployment::new();
    let mut params = leaf(ALICE);
    change(&mut params);
    refused(&deployment, Some(&issue(&deployment.authority, params)), cause).await;
}

#[tokio::test]
async fn a_certificate_is_required() {
    refused(&Deployment::new(), None, Cause::CertificateMissing).await;
}

#[tokio::test]
async fn the_authority_must_be_trusted() {
    let deployment = Deployment::new();
    refused(&deployment, Some(&issue(&authority("stranger"), leaf(ALICE))), Cause::CertificateUntrusted).await;
    let namesake = issue(&authority("anchor"), leaf(ALICE));
    refused(&deployment, Some(&namesake), Cause::CertificateUntrusted).await;
}

#[tokio::test]
async fn the_leaf_must_be_valid_now() {
    leaf_refused(|params| params.not_after = rcgen::date_time_ymd(2030, 2, 1), Cause::CertificateExpired).await;
    leaf_refused(|params| params.not_before = rcgen::date_time_ymd(2030, 4, 1), Cause::CertificateNotYetValid).await;
}

#[tokio::test]
async fn the_leaf_must_be_for_clients() {
    leaf_refused(|params| params.extended_key_usages.clear(), Cause::CertificateUsage).await;
    let server_auth = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf_refused(|params| params.extended_key_usages = server_auth, Cause::CertificateUsage).await;
    let any = vec![ExtendedKeyUsagePurpose::Any];
    leaf_refused(|params| params.extended_key_usages = any, Cause::CertificateUsage).await;
}

#[tokio::test]
async fn the_leaf_must_be_allowed_to_sign() {
    let agreement = vec![KeyUsagePurpose::KeyAgreement];
    leaf_refused(|params| params.key_usages = agreement, Cause::LeafKeyUsage).await;
}

#[tokio::test]
async fn an_authority_is_no_leaf() {
    let authority = IsCa::Ca(BasicConstraints::Unconstrained);
    leaf_refused(|params| params.is_ca = authority, Cause::CertificateAuthority).await;
}

#[tokio::test]
async fn revocation_is_enforced() {
    for (serials, year, cause) in [(&[7][..], 2031, Cause::CertificateRevoked), (&[], 2030, Cause::RevocationUnknown)] {
        let deployment =
            Deployment::with(|trust, authority| trust.crls.push(revocation_list(authority, serials, year)));
        refused(&deployment, Some(&deployment.alice), cause).await;
    }
    let elsewhere = Deployment::with(|trust, _| trust.crls.push(revocation_list(&authority("other"), &[], 2031)));
    refused(&elsewhere, Some(&elsewhere.alice), Cause::RevocationUnknown).await;
    let current = Deployment::with(|trust, authority| trust.crls.push(revocation_list(authority, &[8], 2031)));
    let ask = request("GET", "/v1/whoami", &current.token());
    assert!(connect(&current, Some(&current.alice), b"h2", ask).await.is_ok());
}

#[tokio::test]
async fn an_intermediate_must_be_allowed_to_sign_certificates() {
    for with_crls in [false, true] {
        let deployment = Deployment::with(|trust, authority| {
            if with_crls {
                trust.crls.push(revocation_list(authority, &[], 2031));
            }
        });
        for (usages, cause) in [
            (vec![KeyUsagePurpose::CrlSign], Some(Cause::IssuerKeyUsage)),
            (vec![KeyUsagePurpose::DigitalSignature], Some(Cause::IssuerKeyUsage)),
            (Vec::new(), with_crls.then_some(Cause::RevocationUnknown)),
        ] {
            let mut params = authority_params("intermediate");
            params.key_usages = usages;
            let key = KeyPair::generate().unwrap();
            let intermediate = CertifiedIssuer::signed_by(params, key, &deployment.authority).unwrap();
            let mut identity = issue(&intermediate, leaf(ALICE));
            identity.chain.push(intermediate.der().clone());
            match cause {
                Some(cause) => refused(&deployment, Some(&identity), cause).await,
                None => {
                    let ask = request("GET", "/healthz", "");
                    assert!(connect(&deployment, Some(&identity), b"h2", ask).await.is_ok());
                }
            }
        }
    }
}

#[tokio::test]
async fn an_authority_keeps_within_its_bounds() {
    let deployment = Deployment::new();
    let mut bounded = authority_params("bounded");
    bounded.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("bank.example".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let bounded = CertifiedIssuer::signed_by(bounded, KeyPair::generate().unwrap(), &deployment.authority).unwrap();
    let mut params = leaf(ALICE);
    params.subject_alt_names.push(SanType::DnsName("bank.test".try_into().unwrap()));
    let mut stray = issue(&bounded, params);
    stray.chain.push(bounded.der().clone());
    refused(&deployment, Some(&stray), Cause::NameConstraints).await;

    let mut short = authority_params("short");
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = CertifiedIssuer::signed_by(short, KeyPair::generate().unwrap(), &deployment.authority).unwrap();
    let below = CertifiedIssuer::signed_by(authority_params("below"), KeyPair::generate().unwrap(), &short).unwrap();
    let mut distant = issue(&below, leaf(ALICE));
    distant.chain.extend([below.der().clone(), short.der().clone()]);
    refused(&deployment, Some(&distant), Cause::CertificateAuthority).await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_comes_to_an_end() {
    let deployment = Deployment::new();
    let (mut near, far) = tokio::io::duplex(4096);
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let ended = deployment.server.serve_connection(far).await;
    assert!(matches!(ended, Err(ConnectionError::Handshake { .. })), "{ended:?}");

    let (near, far) = tokio::io::duplex(4096);
    drop(near);
    let ended = deployment.server.serve_connection(far).await;
    assert!(matches!(ended, Err(ConnectionError::Handshake { .. })), "{ended:?}");

    let (_near, far) = tokio::io::duplex(4096);
    let ended = deployment.server.serve_connection(far).await;
    let limit = Duration::from_secs(10);
    assert!(matches!(ended, Err(ConnectionError::HandshakeTimeout { limit: met }) if met == limit), "{ended:?}");
    assert_eq!(deployment.audit.causes(), [Some(Cause::TlsProtocol); 3]);
}

#[tokio::test]
async fn the_client_must_hold_the_key() {
    let deployment = Deployment::new();
    let thief = Identity { chain: deployment.alice.chain.clone(), key: KeyPair::generate().unwrap() };
    refused(&deployment, Some(&thief), Cause::ProofOfPossession).await;
}
