//! Why a deployment's trust or settings cannot be used. Found at start, so that no request meets them.

/// A deployment that cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// `client_anchors` is empty: nobody could be authenticated.
    #[error("there is no trust anchor for client certificates")]
    AnchorMissing,
    /// A trust anchor is not a certificate.
    #[error("trust anchor {index} cannot be read")]
    AnchorUnreadable {
        /// Position in `client_anchors`.
        index: usize,
        /// What is wrong with it.
        source: webpki::Error,
    },
    /// The audience is empty.
    #[error("the audience is empty")]
    AudienceMissing,
    /// A revocation list cannot be read.
    #[error("revocation list {index} cannot be read")]
    CrlUnreadable {
        /// Position in `crls`.
        index: usize,
        /// What is wrong with it.
        source: webpki::Error,
    },
    /// Two holders have the same prefix.
    #[error("the holder prefix {prefix:?} is listed twice")]
    HolderDuplicated {
        /// The prefix.
        prefix: String,
    },
    /// Two issuers have the same URL.
    #[error("issuer {issuer:?} is listed twice")]
    IssuerDuplicated {
        /// The issuer's URL.
        issuer: String,
    },
    /// A JWK Set is not what RFC 7517 §5 describes, or has a member twice.
    #[error("the JWK Set of issuer {issuer:?} is not a JSON object with an array of keys")]
    JwksMalformed {
        /// The issuer's URL.
        issuer: String,
    },
    /// Two keys of an issuer have the same `kid`.
    #[error("issuer {issuer:?} has two keys with kid {kid:?}")]
    KeyDuplicated {
        /// The issuer's URL.
        issuer: String,
        /// The `kid` they share.
        kid: String,
    },
    /// A key without a `kid` cannot be chosen by a token.
    #[error("issuer {issuer:?} has a key without kid, at position {index}")]
    KeyNameless {
        /// The issuer's URL.
        issuer: String,
        /// Position in `keys`.
        index: usize,
    },
    /// A JWK Set holds private key material; it should be considered disclosed.
    #[error("key {kid:?} of issuer {issuer:?} is a private key")]
    KeyPrivate {
        /// The issuer's URL.
        issuer: String,
        /// The key's `kid`, empty when it has none.
        kid: String,
    },
    /// A JWK Set holds a symmetric key: whoever can verify could also sign.
    #[error("key {kid:?} of issuer {issuer:?} is symmetric")]
    KeySymmetric {
        /// The issuer's URL.
        issuer: String,
        /// The key's `kid`, empty when it has none.
        kid: String,
    },
    /// A key's type, curve, `alg` or size is not among those supported, or its members are malformed.
    #[error(
        "key {kid:?} of issuer {issuer:?} is not a P-256 (ES256), Ed25519 (EdDSA, not of small order) or \
         2048-8192 bit RSA (RS256) key"
    )]
    KeyUnsupported {
        /// The issuer's URL.
        issuer: String,
        /// The key's `kid`.
        kid: String,
    },
    /// The realm cannot stand in a quoted string.
    #[error("the realm must be printable ASCII without quotes and backslashes")]
    RealmUnprintable,
    /// rustls refuses the server's own chain or key.
    #[error("the server's certificate chain or key cannot be used")]
    ServerCertificate {
        /// What rustls says.
        source: rustls::Error,
    },
    /// An issuer's `speaks_for` prefix does not end in `/`, so it would also match a neighbour's name.
    #[error("issuer {issuer:?} speaks for {prefix:?}, which does not end in a slash")]
    SpeaksForOpenEnded {
        /// The issuer's URL.
        issuer: String,
        /// The prefix.
        prefix: String,
    },
}
