//! Ties the token to the certificate it came with (RFC 8705 §3): its thumbprint, and its subject.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::cause::Cause;
use crate::json::Object;

/// Checks that the token was issued for the certificate with this thumbprint, and for the principal it names.
pub(crate) fn check(claims: &Object, subject: &str, thumbprint: &str, principal: &str) -> Result<(), Cause> {
    let confirmed = claims.get("cnf").and_then(Value::as_object).and_then(|confirmation| confirmation.get("x5t#S256"));
    if confirmed.and_then(Value::as_str) != Some(thumbprint) {
        return Err(Cause::Confirmation);
    }
    // A certificate shared by two names must not lend one of them the other's tokens.
    if subject != principal {
        return Err(Cause::SubjectMismatch);
    }
    Ok(())
}

/// SHA-256 of a certificate.
pub(crate) type Digest = [u8; 32];

/// SHA-256 over the DER encoding.
pub(crate) fn digest(certificate: &[u8]) -> Digest {
    Sha256::digest(certificate).into()
}

/// `x5t#S256`: the digest in base64url (RFC 8705 §3.1).
pub(crate) fn written(digest: &Digest) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}
