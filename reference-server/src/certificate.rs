//! What the certificate says beyond its path: key usages, validity, and the one name that counts.
//! Never decides whether a signature is right; the verifier does that.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::cause::Cause;
use crate::spiffe;

/// The tag of a uniformResourceIdentifier in a GeneralName (RFC 5280 §4.2.1.6).
const URI_TAG: u32 = 6;

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

/// Checks the leaf's validity again and returns its SPIFFE ID: a connection may outlive its certificate.
///
/// `now` is in seconds since the Unix epoch.
pub(crate) fn identify(der: &[u8], now: u64) -> Result<String, Cause> {
    let certificate = parse(der)?;
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    if now > certificate.validity().not_after.timestamp() {
        return Err(Cause::CertificateExpired);
    }
    if now < certificate.validity().not_before.timestamp() {
        return Err(Cause::CertificateNotYetValid);
    }
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| Cause::CertificateIdentity)?
        .ok_or(Cause::CertificateIdentity)?;
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(Some(*uri)),
        GeneralName::Invalid(tag, _) if tag.0 == URI_TAG => Some(None),
        _ => None,
    });
    match (uris.next(), uris.next()) {
        (Some(Some(uri)), None) if spiffe::is_workload_id(uri) => Ok(uri.to_owned()),
        _ => Err(Cause::CertificateIdentity),
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Cause> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) | Err(_) => Err(Cause::CertificateMalformed),
    }
}
