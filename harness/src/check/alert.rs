//! Whether the alert that ends a handshake says something true of the client's certificate (RFC 8446 §6.2).

use std::collections::BTreeSet;

use gatecrash_model::Rule;

/// What an alert says to be wrong; `None` when it says nothing of the certificate.
///
/// Libraries use three of them more widely than their definitions: `bad_certificate`, whose definition ends in *etc.*,
/// `decrypt_error` for any signature, and `unknown_ca` where revocation cannot be determined.
fn meaning(alert: u8) -> Option<&'static [Rule]> {
    use Rule::*;
    Some(match alert {
        // bad_certificate
        42 => &[
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
        // unsupported_certificate
        43 => &[
            BasicConstraints,
            CertificateAlgorithm,
            CertificateForm,
            CriticalExtension,
            ExtendedKeyUsage,
            IssuerKeyUsage,
            LeafKeyUsage,
        ],
        // certificate_revoked
        44 => &[Revocation],
        // certificate_expired, also of what is not valid yet
        45 => &[CertificateValidity],
        // certificate_unknown: what has no alert of its own
        46 => &[
            BasicConstraints,
            CertificateAlgorithm,
            CertificateIdentity,
            NameConstraints,
            PathLength,
            RevocationStatus,
        ],
        // unknown_ca
        48 => &[CertificateSignature, PathToAnchor, RevocationStatus],
        // access_denied: the certificate is valid
        49 => &[CertificateCap, CertificateIdentity],
        // decrypt_error
        51 => &[CertificateAlgorithm, CertificateSignature, ProofOfPossession],
        // certificate_required
        116 => &[CertificatePresent],
        _ => return None,
    })
}

/// Whether the alert speaks of the client's certificate, and if so, whether what it says is among what is wrong.
pub(crate) fn tells_true(alert: u8, violated: &BTreeSet<Rule>) -> Option<bool> {
    Some(meaning(alert)?.iter().any(|rule| violated.contains(rule)))
}
