//! What the certificate says beyond its path: key usages, validity, and the one name that counts.
//! Never decides whether a signature is right; the verifier does that.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

use crate::binding::Digest;
use crate::cause::Cause;
use crate::{binding, spiffe};

/// Checks the usages of a leaf. webpki lets a leaf without extended key usage pass, and ignores its key usage.
pub(crate) fn check_leaf_usage(der: &[u8]) -> Result<(), Cause> {
    let certificate = parse(der)?;
    let extended = certificate.extended_key_usage().map_err(|_| Cause::CertificateMalformed)?;
    if !extended.is_some_and(|extension| extension.value.client_auth) {
        return Err(Cause::CertificateUsage);
    }
    let usage = certificate.key_usage().map_err(|_| Cause::CertificateMalformed)?;
    if usage.is_some_and(|extension| !extension.value.digital_signature()) {
        return Err(Cause::LeafKeyUsage);
    }
    Ok(())
}

/// Checks the key usage of a certificate that issued another. webpki takes `cA` for permission enough.
pub(crate) fn check_issuer_usage(der: &[u8]) -> Result<(), Cause> {
    let certificate = parse(der)?;
    let usage = certificate.key_usage().map_err(|_| Cause::CertificateMalformed)?;
    if usage.is_some_and(|extension| !extension.value.key_cert_sign()) {
        return Err(Cause::IssuerKeyUsage);
    }
    Ok(())
}

/// Whether the certificate's key is of RSA, and of fewer than 2048 bits (RFC 9325 §4.5).
pub(crate) fn is_weak(der: &[u8]) -> bool {
    let short = |it: &X509Certificate<'_>| match it.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => key.key_size() < 2048,
        _ => false,
    };
    parse(der).is_ok_and(|certificate| short(&certificate))
}

/// What a leaf says, read once for each connection.
pub(crate) struct Leaf {
    not_before: i64,
    not_after: i64,
    id: Option<String>,
    /// SHA-256 of the certificate.
    pub(crate) digest: Digest,
    /// `x5t#S256` (RFC 8705 §3.1).
    pub(crate) thumbprint: String,
}

impl Leaf {
    pub(crate) fn read(der: &[u8]) -> Result<Leaf, Cause> {
        let certificate = parse(der)?;
        let validity = certificate.validity();
        let digest = binding::digest(der);
        Ok(Leaf {
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            id: workload_id(&certificate),
            thumbprint: binding::written(&digest),
            digest,
        })
    }

    /// Checks the validity again and returns the SPIFFE ID: a connection may outlive its certificate.
    ///
    /// `now` is in seconds since the Unix epoch.
    pub(crate) fn identify(&self, now: u64) -> Result<&str, Cause> {
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        if now > self.not_after {
            return Err(Cause::CertificateExpired);
        }
        if now < self.not_before {
            return Err(Cause::CertificateNotYetValid);
        }
        self.id.as_deref().ok_or(Cause::CertificateIdentity)
    }
}

/// The one URI name, when it is a SPIFFE ID. Who has a name that cannot be read, of whatever form, is nobody.
fn workload_id(certificate: &X509Certificate<'_>) -> Option<String> {
    let names = certificate.subject_alternative_name().ok()??;
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(Some(*uri)),
        GeneralName::Invalid(..) => Some(None),
        _ => None,
    });
    match (uris.next(), uris.next()) {
        (Some(Some(uri)), None) if spiffe::is_workload_id(uri) => Some(uri.to_owned()),
        _ => None,
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Cause> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) | Err(_) => Err(Cause::CertificateMalformed),
    }
}
