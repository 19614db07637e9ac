//! Flaws of the verifier of certificates: an error that is taken for a warning, and lists that are not asked.

use std::sync::Arc;

use gatecrash::{
    BoxError, Gate, World,
    model::Rule::{self, *},
};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::{
        ClientCertVerifierBuilder, NoServerSessionStorage, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::TLS13,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::parts::{
    service::{Service, Steps, gate, with_peer},
    tls::{ClientAuth, config},
};

/// How a verifier falls short.
#[derive(Clone, Copy)]
pub(super) struct Flaw {
    /// Beginnings of the errors that it takes for warnings.
    forgives: &'static [&'static str],
    /// Which lists it asks, and what of them.
    lists: Lists,
    /// Whether it reads `keyUsage`.
    usage: bool,
    /// Whether it wants the leaf to name its purpose.
    purpose: bool,
}

/// What a verifier makes of revocation lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    /// It has none.
    Absent,
    /// Whoever is on no list is good.
    AllowUnknown,
    /// Everything is asked.
    All,
    /// Only the leaf is looked up.
    LeafAlone,
    /// It does not ask how old they are.
    Undated,
}

const fn forgives(errors: &'static [&'static str]) -> Flaw {
    Flaw { forgives: errors, lists: Lists::All, usage: true, purpose: true }
}

const fn lists(lists: Lists) -> Flaw {
    Flaw { forgives: &[], lists, usage: true, purpose: true }
}

/// Name, what it does, what it breaks, and how.
pub(super) const GATES: &[(&str, &str, &[Rule], Flaw)] = &[
    (
        "expired-certificate",
        "logs that a certificate has expired, and goes on",
        &[CertificateValidity],
        forgives(&["Expired)", "ExpiredContext"]),
    ),
    (
        "early-certificate",
        "logs that a certificate is not valid yet, and goes on",
        &[CertificateValidity],
        forgives(&["NotValidYet"]),
    ),
    (
        "unknown-authority",
        "takes certificates of any authority while the new one is rolled out",
        &[CertificateSignature, PathToAnchor],
        forgives(&["UnknownIssuer"]),
    ),
    (
        "unverified-certificate",
        "takes a certificate whose signature does not verify",
        &[CertificateSignature],
        forgives(&["BadSignature"]),
    ),
    (
        "certificate-of-any-purpose",
        "takes a certificate that is meant for something else",
        &[ExtendedKeyUsage],
        Flaw { purpose: false, ..forgives(&["InvalidPurpose", "Other(OtherError(RequiredEkuNotFound"]) },
    ),
    ("revoked-certificate", "logs that a certificate is revoked, and goes on", &[Revocation], forgives(&["Revoked"])),
    (
        "name-constraints-ignored",
        "takes names outside of what an authority may name",
        &[NameConstraints],
        forgives(&["Other(OtherError(NameConstraintViolation"]),
    ),
    (
        "leaf-as-authority",
        "lets a leaf issue certificates",
        &[BasicConstraints],
        forgives(&["Other(OtherError(EndEntityUsedAsCa"]),
    ),
    (
        "path-of-any-length",
        "does not count the authorities of a path",
        &[PathLength],
        forgives(&["Other(OtherError(PathLenConstraintViolated"]),
    ),
    (
        "malformed-certificate",
        "takes certificates that are no DER, or not of the profile",
        &[CertificateForm, ExtensionUnique],
        forgives(&["BadEncoding", "Other(OtherError(UnsupportedCertVersion", "Other(OtherError(ExtensionValueInvalid"]),
    ),
    (
        "key-usage-unread",
        "leaves `keyUsage` to the library, which does not read it",
        &[IssuerKeyUsage, LeafKeyUsage],
        Flaw { usage: false, ..lists(Lists::All) },
    ),
    ("no-revocation-lists", "has no revocation lists", &[Revocation, RevocationStatus], lists(Lists::Absent)),
    (
        "unlisted-is-good",
        "takes a certificate whose status is on no list that it has",
        &[RevocationStatus],
        lists(Lists::AllowUnknown),
    ),
    (
        "list-of-any-age",
        "asks its revocation lists, and not how old they are",
        &[RevocationStatus],
        lists(Lists::Undated),
    ),
    (
        "leaf-looked-up-alone",
        "looks the leaf up, and none of its authorities",
        &[Revocation, RevocationStatus],
        lists(Lists::LeafAlone),
    ),
];

/// A gate whose verifier has the flaw, or the safe one.
pub(super) fn build(world: &World, flaw: Option<Flaw>) -> Result<Gate, BoxError> {
    let router = Service::new(world, Steps::default())?.guarded();
    let Some(flaw) = flaw else { return gate(world, router, ClientAuth::Required) };
    let safe = config(world, ClientAuth::Required)?;
    let provider = safe.crypto_provider().clone();
    let mut roots = RootCertStore::empty();
    for anchor in world.client_anchors()? {
        roots.add(anchor)?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let verifier = asking(builder, flaw.lists, world)?.build()?;
    let mut flawed = ServerConfig::builder_with_details(provider, safe.time_provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(Forgiving { verifier, flaw: Shown(flaw) }))
        .with_single_cert(world.server_chain()?, world.server_key())?;
    flawed.session_storage = Arc::new(NoServerSessionStorage {});
    flawed.send_tls13_tickets = 0;
    flawed.alpn_protocols.clone_from(&safe.alpn_protocols);
    Ok(with_peer(Gate::https(Arc::new(flawed), router)))
}

fn asking(
    builder: ClientCertVerifierBuilder,
    lists: Lists,
    world: &World,
) -> Result<ClientCertVerifierBuilder, BoxError> {
    Ok(match lists {
        Lists::Absent => builder,
        Lists::All => builder.with_crls(world.crls()?).enforce_revocation_expiration(),
        Lists::AllowUnknown => {
            builder.with_crls(world.crls()?).enforce_revocation_expiration().allow_unknown_revocation_status()
        }
        Lists::LeafAlone => {
            builder.with_crls(world.crls()?).enforce_revocation_expiration().only_check_end_entity_revocation()
        }
        Lists::Undated => builder.with_crls(world.crls()?),
    })
}

#[derive(Debug)]
struct Forgiving {
    verifier: Arc<dyn ClientCertVerifier>,
    flaw: Shown,
}

struct Shown(Flaw);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0.forgives)
    }
}

impl ClientCertVerifier for Forgiving {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.verifier.verify_client_cert(end_entity, intermediates, now);
        let verified = match verified {
            Err(rustls::Error::InvalidCertificate(error)) if self.forgives(&error) => ClientCertVerified::assertion(),
            other => other?,
        };
        let usable = usage(end_entity, false) && intermediates.iter().all(|issuer| usage(issuer, true));
        let refused = rustls::Error::InvalidCertificate(CertificateError::InvalidPurpose);
        let meant = !self.flaw.0.purpose || is_for_clients(end_entity);
        if meant && (usable || !self.flaw.0.usage) { Ok(verified) } else { Err(refused) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

impl Forgiving {
    fn forgives(&self, error: &CertificateError) -> bool {
        // A closing bracket tells a name from a longer one that begins alike.
        let text = format!("{error:?})");
        self.flaw.0.forgives.iter().any(|known| text.starts_with(known))
    }
}

/// Whether `keyUsage`, where it is there, has what the place of a certificate needs (RFC 5280 §4.2.1.3).
fn usage(certificate: &CertificateDer<'_>, issues: bool) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return true };
    let Ok(Some(usage)) = certificate.key_usage() else { return true };
    if issues { usage.value.key_cert_sign() || !certificate.is_ca() } else { usage.value.digital_signature() }
}

/// Whether a leaf says that it is for client authentication (RFC 5280 §4.2.1.12). What cannot be read says nothing against it here.
fn is_for_clients(certificate: &CertificateDer<'_>) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return true };
    certificate.extended_key_usage().is_ok_and(|usage| usage.is_some_and(|usage| usage.value.client_auth))
}
