//! Whether the alert that ends a handshake says something true of the client's certificate (RFC 8446 §6.2).

use std::collections::BTreeSet;

use gatecrash_model::Rule;

/// The name of an alert that speaks of a certificate, and what it says to be wrong; `None` when it says nothing of one.
///
/// Libraries use three of them more widely than their definitions: `bad_certificate`, whose definition ends in *etc.*,
/// `decrypt_error` for any signature, and `unknown_ca` where revocation cannot be determined.
fn meaning(alert: u8) -> Option<(&'static str, &'static [Rule])> {
    use Rule::*;
    Some(match alert {
        42 => (
            "bad_certificate",
            &[
                BasicConstraints,
                CertificateAlgorithm,
                CertificateForm,
                CertificateIdentity,
                CertificateSignature,
                CriticalExtension,
                ExtensionUnique,
                IssuerKeyUsage,
                NameConstraints,
                PathLength,
            ],
        ),
        43 => (
            "unsupported_certificate",
            &[
                BasicConstraints,
                CertificateAlgorithm,
                CertificateForm,
                CriticalExtension,
                ExtendedKeyUsage,
                IssuerKeyUsage,
                LeafKeyUsage,
            ],
        ),
        44 => ("certificate_revoked", &[Revocation]),
        // Also of what is not valid yet.
        45 => ("certificate_expired", &[CertificateValidity]),
        // What has no alert of its own.
        46 => (
            "certificate_unknown",
            &[
                BasicConstraints,
                CertificateAlgorithm,
                CertificateIdentity,
                NameConstraints,
                PathLength,
                RevocationStatus,
            ],
        ),
        48 => ("unknown_ca", &[CertificateSignature, PathToAnchor, RevocationStatus]),
        // The certificate is valid.
        49 => ("access_denied", &[CertificateCap, CertificateIdentity]),
        51 => ("decrypt_error", &[CertificateAlgorithm, CertificateSignature, ProofOfPossession]),
        116 => ("certificate_required", &[CertificatePresent]),
        _ => return None,
    })
}

/// An alert that speaks of the client's certificate: its name, and whether what it says is among what is wrong.
pub(crate) fn said(alert: u8, violated: &BTreeSet<Rule>) -> Option<(&'static str, bool)> {
    let (name, rules) = meaning(alert)?;
    Some((name, rules.iter().any(|rule| violated.contains(rule))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_says_what_is_wrong_or_something_else() {
        let expired = BTreeSet::from([Rule::CertificateValidity, Rule::Issuer]);
        assert_eq!(said(45, &expired), Some(("certificate_expired", true)));
        assert_eq!(said(44, &expired), Some(("certificate_revoked", false)));
        assert_eq!(said(49, &expired), Some(("access_denied", false)));
        // A decode_error is not about the certificate.
        assert_eq!(said(50, &expired), None);
    }
}
