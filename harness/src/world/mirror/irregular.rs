//! Irregular certificates, recognized by their octets and by what x509-parser makes of them.

use gatecrash_model::{Extra, KeyName, Unfit};
use x509_parser::{
    certificate::X509Certificate,
    oid_registry::{OID_PKCS1_MD5WITHRSAENC, OID_PKCS1_SHA256WITHRSA, OID_SIG_ECDSA_WITH_SHA256, Oid},
    x509::X509Version,
};

/// A SEQUENCE of indefinite length (X.690 §8.1.3.6), written with a definite one; `None` where it is not of that form.
pub(super) fn definite(der: &[u8]) -> Option<Vec<u8>> {
    let contents = der.strip_prefix(&[0x30, 0x80])?.strip_suffix(&[0, 0])?;
    let length = u16::try_from(contents.len()).ok()?.to_be_bytes();
    Some([&[0x30, 0x82][..], &length, contents].concat())
}

/// Whether the signature says that it is over SHA-1 (RFC 3279 §2.2.3).
pub(super) fn is_sha1(certificate: &X509Certificate<'_>) -> bool {
    Oid::from(&[1, 2, 840, 10045, 4, 1]).is_ok_and(|sha1| certificate.signature_algorithm.algorithm == sha1)
}

/// Whether it is the algorithm that the key signs certificates by; nobody's signature is said to be of ECDSA.
fn is_of(algorithm: &Oid<'_>, signer: Option<KeyName>) -> bool {
    match signer {
        // dsa-with-SHA256 (RFC 5758 §3.1).
        Some(KeyName::Unfit(Unfit::Dsa)) => {
            Oid::from(&[2, 16, 840, 1, 101, 3, 4, 3, 2]).is_ok_and(|dsa| *algorithm == dsa)
        }
        Some(KeyName::Unfit(Unfit::Md5)) => *algorithm == OID_PKCS1_MD5WITHRSAENC,
        Some(KeyName::Unfit(Unfit::Rsa512 | Unfit::Rsa1024)) => *algorithm == OID_PKCS1_SHA256WITHRSA,
        _ => *algorithm == OID_SIG_ECDSA_WITH_SHA256,
    }
}

/// The irregularity of a certificate that could be read, and whose signature is the signer's.
pub(super) fn form(certificate: &X509Certificate<'_>, signer: Option<KeyName>) -> Option<Extra> {
    let inner = &certificate.tbs_certificate.signature.algorithm;
    let outer = &certificate.signature_algorithm.algorithm;
    let serial = certificate.raw_serial();
    let fraction = certificate.validity().not_after.to_datetime().nanosecond() != 0;
    if is_sha1(certificate) && inner == outer {
        return Some(Extra::Sha1);
    }
    if inner != outer || !is_of(outer, signer) {
        return Some(Extra::OtherAlgorithm);
    }
    match (certificate.version(), serial) {
        (X509Version::V1, _) => Some(Extra::Version1),
        (X509Version::V2, _) => Some(Extra::Version2),
        (_, [0]) => Some(Extra::ZeroSerial),
        (_, [first, ..]) if first & 0x80 != 0 => Some(Extra::NegativeSerial),
        (_, serial) if serial.len() > 20 => Some(Extra::LongSerial),
        _ if fraction => Some(Extra::FractionalTime),
        _ if certificate.issuer().iter_attributes().next().is_none() => Some(Extra::EmptyIssuer),
        _ => None,
    }
}
