//! Who the client certificate names, and its thumbprint.

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::{Refusal, token::sha256_base64url};

/// The client's certificates, as the accept loop found them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer(pub(crate) Vec<CertificateDer<'static>>);

/// What a certificate says of its holder.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    /// The SPIFFE id.
    pub(crate) id: String,
    /// `x5t#S256` (RFC 8705 §3.1).
    pub(crate) thumbprint: String,
}

/// The holder, from a leaf with exactly one URI name, a SPIFFE id.
pub(crate) fn holder(leaf: &[u8]) -> Result<Holder, Refusal> {
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|_| Refusal::Unauthorized)?;
    let names = certificate.subject_alternative_name().ok().flatten().ok_or(Refusal::Unauthorized)?;
    // What cannot be read might be a name as well.
    let uris: Vec<Option<&str>> = names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(Some(*uri)),
            GeneralName::Invalid(..) => Some(None),
            _ => None,
        })
        .collect();
    let [Some(id)] = uris[..] else { return Err(Refusal::Unauthorized) };
    if !is_spiffe_id(id) {
        return Err(Refusal::Unauthorized);
    }
    Ok(Holder { id: id.into(), thumbprint: sha256_base64url(leaf) })
}

pub(crate) fn is_spiffe_id(uri: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._/".contains(letter);
    let parts = uri.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/'));
    parts.is_some_and(|(domain, path)| {
        !domain.is_empty()
            && domain.chars().all(|letter| plain(letter) && !letter.is_ascii_uppercase())
            && path.chars().all(plain)
            && path.split('/').all(|segment| !["", ".", ".."].contains(&segment))
    })
}
