//! Judges client certificates during the handshake: RFC 5280 path validation by webpki, revocation, and the usages
//! that webpki leaves to its caller. Records its own refusals; all of them reach rustls as `InvalidCertificate`.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, SignatureScheme};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList, RevocationCheckDepth,
    RevocationOptions, RevocationOptionsBuilder, UnknownStatusPolicy, VerifiedPath,
};

use crate::audit::{Audit, AuditEvent};
use crate::cause::Cause;
use crate::certificate;
use crate::clock::TlsTime;
use crate::setup::SetupError;

/// The verifier of client certificates.
///
/// It asks webpki itself, as `WebPkiClientVerifier` does, because only webpki shows each candidate path: a usage check
/// made afterwards would have to guess which of the presented certificates was the issuer.
pub(crate) struct ClientVerifier {
    algorithms: WebPkiSupportedAlgorithms,
    anchors: Vec<TrustAnchor<'static>>,
    audit: Arc<dyn Audit>,
    crls: Vec<CertRevocationList<'static>>,
    subjects: Vec<DistinguishedName>,
    time: TlsTime,
}

impl ClientVerifier {
    pub(crate) fn new(
        anchors: &[CertificateDer<'static>],
        crls: &[CertificateRevocationListDer<'static>],
        algorithms: WebPkiSupportedAlgorithms,
        time: TlsTime,
        audit: Arc<dyn Audit>,
    ) -> Result<ClientVerifier, SetupError> {
        if anchors.is_empty() {
            return Err(SetupError::AnchorMissing);
        }
        let anchors = anchors
            .iter()
            .enumerate()
            .map(|(index, der)| match webpki::anchor_from_trusted_cert(der) {
                Ok(anchor) => Ok(anchor.to_owned()),
                Err(source) => Err(SetupError::AnchorUnreadable { index, source }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let crls = crls
            .iter()
            .enumerate()
            .map(|(index, der)| match OwnedCertRevocationList::from_der(der) {
                Ok(crl) => Ok(crl.into()),
                Err(source) => Err(SetupError::CrlUnreadable { index, source }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let subjects = anchors.iter().map(|anchor| DistinguishedName::in_sequence(&anchor.subject)).collect();
        Ok(ClientVerifier { algorithms, anchors, audit, crls, subjects, time })
    }

    /// Whether the chain is acceptable now. Records nothing.
    pub(crate) fn judge(&self, leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Result<(), Cause> {
        let crls: Vec<_> = self.crls.iter().collect();
        let mut verdict = self.find_path(leaf, intermediates, revocation(&crls));
        // An issuer that may not sign revocation lists may well not be allowed to sign certificates either. webpki
        // meets the lists first; the cause to record is the certificate's.
        if verdict == Err(Cause::RevocationUnknown) {
            verdict = self.find_path(leaf, intermediates, None).and(verdict);
        }
        // webpki's algorithms take no RSA key below 2048 bits, and say of it that the signature fails.
        if verdict == Err(Cause::CertificateUntrusted) && intermediates.iter().any(|der| certificate::is_weak(der)) {
            return Err(Cause::CertificateAlgorithm);
        }
        verdict?;
        certificate::check_leaf_usage(leaf)
    }

    fn find_path(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        revocation: Option<RevocationOptions<'_>>,
    ) -> Result<(), Cause> {
        let usage_refusal = Cell::new(None);
        let check_issuers = |path: &VerifiedPath<'_>| {
            for issuer in path.intermediate_certificates() {
                if let Err(cause) = certificate::check_issuer_usage(&issuer.der()) {
                    usage_refusal.set(Some(cause));
                    // webpki goes on to the next candidate path, if there is one.
                    return Err(webpki::Error::UnknownIssuer);
                }
            }
            Ok(())
        };
        EndEntityCert::try_from(leaf)
            .map_err(cause_of)?
            .verify_for_usage(
                self.algorithms.all,
                &self.anchors,
                intermediates,
                self.time.now(),
                KeyUsage::client_auth(),
                revocation,
                Some(&check_issuers),
            )
            .map_err(|error| usage_refusal.get().unwrap_or_else(|| cause_of(error)))?;
        Ok(())
    }

    fn refuse(&self, cause: Cause) -> rustls::Error {
        self.audit.record(&AuditEvent::handshake(cause));
        rustls::Error::InvalidCertificate(alert_of(cause))
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.subjects
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        match self.judge(end_entity, intermediates) {
            Ok(()) => Ok(ClientCertVerified::assertion()),
            Err(cause) => Err(self.refuse(cause)),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // TLS 1.2 is not offered.
        Err(self.refuse(Cause::ProofOfPossession))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms).map_err(|_| self.refuse(Cause::ProofOfPossession))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientVerifier")
            .field("anchors", &self.anchors.len())
            .field("crls", &self.crls.len())
            .finish_non_exhaustive()
    }
}

/// Every certificate of the path needs a current list that covers it; `None` when the deployment has no lists.
fn revocation<'a>(crls: &'a [&'a CertRevocationList<'a>]) -> Option<RevocationOptions<'a>> {
    let builder = RevocationOptionsBuilder::new(crls).ok()?;
    Some(
        builder
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build(),
    )
}

fn cause_of(error: webpki::Error) -> Cause {
    use webpki::Error;
    match error {
        Error::CaUsedAsEndEntity | Error::EndEntityUsedAsCa | Error::PathLenConstraintViolated => {
            Cause::CertificateAuthority
        }
        Error::CertExpired { .. } | Error::InvalidCertValidity => Cause::CertificateExpired,
        Error::CertNotValidYet { .. } => Cause::CertificateNotYetValid,
        Error::CertRevoked => Cause::CertificateRevoked,
        Error::CrlExpired { .. }
        | Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner
        | Error::UnknownRevocationStatus
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => Cause::RevocationUnknown,
        Error::EmptyEkuExtension | Error::RequiredEkuNotFoundContext(_) => Cause::CertificateUsage,
        // A path that takes too long to find is no path.
        Error::CertDistrusted
        | Error::InvalidSignatureForPublicKey
        | Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumSignatureChecksExceeded
        | Error::UnknownIssuer => Cause::CertificateUntrusted,
        Error::InvalidNetworkMaskConstraint | Error::MalformedNameConstraint | Error::NameConstraintViolation => {
            Cause::NameConstraints
        }
        Error::UnsupportedSignatureAlgorithmContext(_) | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Cause::CertificateAlgorithm
        }
        _ => Cause::CertificateMalformed,
    }
}

/// What the client's alert says: as much as any TLS server tells (RFC 8446 §6.2), and no more. What has no alert of its
/// own is a certificate "unacceptable" for "some other (unspecified) issue".
fn alert_of(cause: Cause) -> CertificateError {
    match cause {
        Cause::CertificateExpired | Cause::CertificateNotYetValid => CertificateError::Expired,
        Cause::CertificateMalformed => CertificateError::BadEncoding,
        Cause::CertificateRevoked => CertificateError::Revoked,
        Cause::CertificateUntrusted => CertificateError::UnknownIssuer,
        Cause::CertificateUsage | Cause::IssuerKeyUsage | Cause::LeafKeyUsage => CertificateError::InvalidPurpose,
        Cause::ProofOfPossession => CertificateError::BadSignature,
        _ => CertificateError::Other(OtherError(Arc::new(Unacceptable))),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the certificate is not acceptable")]
struct Unacceptable;
