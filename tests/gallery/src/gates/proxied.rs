//! Flaws behind a proxy: a certificate in a field that is believed from anybody, twice, or as text.

use axum::middleware::from_fn_with_state;
use gatecrash::{
    BoxError, Gate, World,
    model::{
        ForwardedField, ForwardedKey, Policy, ProxyPolicy,
        Rule::{self, *},
        VerifiedBy,
    },
};

use crate::parts::{
    Refusal,
    certificate::Holder,
    forwarded::{Front, Habit, behind},
    service::{Service, Steps, gate},
    tls::ClientAuth,
};

/// How the proxy in front is configured.
#[derive(Clone, Copy)]
pub(super) enum Proxy {
    /// `Client-Cert` and `Client-Cert-Chain`, which the service verifies.
    ClientCert,
    /// Envoy with certificates, which the service verifies.
    Envoy,
    /// Envoy with hash and names alone, of certificates that it has verified.
    EnvoyNames,
}

impl Proxy {
    /// The policy of a service behind this proxy.
    pub(super) fn of(self, own: &Policy) -> Policy {
        use ForwardedKey::{By, Hash, Subject, Uri};
        let (field, verified_by, keys) = match self {
            Proxy::ClientCert => (ForwardedField::ClientCert, VerifiedBy::Service, ForwardedKey::ALL.to_vec()),
            Proxy::Envoy => (ForwardedField::ForwardedClientCert, VerifiedBy::Service, ForwardedKey::ALL.to_vec()),
            Proxy::EnvoyNames => (ForwardedField::ForwardedClientCert, VerifiedBy::Proxy, vec![By, Hash, Subject, Uri]),
        };
        let peer = format!("spiffe://{}/proxy", own.trust_domain);
        Policy { proxy: Some(ProxyPolicy { field, peer, verified_by, keys }), ..own.clone() }
    }
}

/// A flaw: name, what it does, what it breaks, the proxy, and the habit; without one, the thumbprint is not compared.
type Row = (&'static str, &'static str, &'static [Rule], Proxy, Option<Habit>);

/// Every flaw behind a proxy.
pub(super) const FLAWS: &[Row] = &[
    (
        "forwarded-from-anybody",
        "reads Client-Cert, whoever connects",
        &[TrustedProxy],
        Proxy::ClientCert,
        Some(Habit::FromAnybody),
    ),
    (
        "proxy-by-prefix",
        "knows its proxy by the beginning of its name",
        &[TrustedProxy],
        Proxy::ClientCert,
        Some(Habit::ProxyByPrefix),
    ),
    (
        "forwarded-not-verified",
        "takes every certificate in Client-Cert for one that the proxy has verified",
        &[
            BasicConstraints,
            CertificateAlgorithm,
            CertificateForm,
            CertificateSignature,
            CertificateValidity,
            CriticalExtension,
            ExtendedKeyUsage,
            ExtensionUnique,
            IssuerKeyUsage,
            LeafKeyUsage,
            NameConstraints,
            PathLength,
            PathToAnchor,
            Revocation,
            RevocationStatus,
        ],
        Proxy::ClientCert,
        Some(Habit::NotVerified),
    ),
    (
        "first-forwarded",
        "takes the first of two elements of x-forwarded-client-cert",
        &[CertificateCap, Confirmation, ForwardedCertificate, SubjectOfCertificate],
        Proxy::Envoy,
        Some(Habit::FirstElement),
    ),
    (
        "forwarded-name-beside",
        "takes the URI that stands beside the certificate for its name",
        &[CertificateCap, CertificateIdentity, ForwardedCertificate, SubjectOfCertificate],
        Proxy::Envoy,
        Some(Habit::TextBeside),
    ),
    (
        "forwarded-hash-not-compared",
        "does not compare the thumbprint of the token with the hash that the proxy forwards",
        &[Confirmation],
        Proxy::EnvoyNames,
        None,
    ),
    (
        "forwarded-text-split",
        "splits x-forwarded-client-cert at each semicolon, in quotes as well",
        &[CertificateIdentity],
        Proxy::EnvoyNames,
        Some(Habit::SplitText),
    ),
];

/// A gate of a row, with its flaw or without.
pub(super) fn build(world: &World, habit: Option<Habit>, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps {
        holder: |parts| parts.extensions.get::<Holder>().cloned().ok_or(Refusal::Unauthorized),
        ..Steps::default()
    };
    if flawed && habit.is_none() {
        steps.bind = |claims, holder| if claims.sub == holder.id { Ok(()) } else { Err(Refusal::Unauthorized) };
    }
    let front = Front::new(world, habit.filter(|_| flawed))?;
    let router = Service::new(world, steps)?.guarded().layer(from_fn_with_state(front, behind));
    // Where anybody is believed, nobody is asked for a certificate.
    let anybody = flawed && habit == Some(Habit::FromAnybody);
    gate(world, router, if anybody { ClientAuth::Optional } else { ClientAuth::Required })
}
