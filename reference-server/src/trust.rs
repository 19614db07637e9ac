//! What the deployment trusts, as plain data. Nothing here is checked; `Server::new` does that.

use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

/// What the deployment trusts, and what it presents itself.
#[derive(Debug)]
pub struct Trust {
    /// Trust anchors of client certificates.
    pub client_anchors: Vec<CertificateDer<'static>>,
    /// Revocation lists. When there is one, every certificate of a client's path must be covered by a current one.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
    /// The server's own certificate, then its issuers.
    pub server_chain: Vec<CertificateDer<'static>>,
    /// The private key of the first certificate in `server_chain`.
    pub server_key: PrivateKeyDer<'static>,
    /// Who may issue tokens.
    pub issuers: Vec<Issuer>,
    /// Who may hold which scopes.
    pub holders: Vec<Holder>,
}

/// An authorization server and the limits of its word.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The exact value of `iss`.
    pub url: String,
    /// Its JWK Set (RFC 7517 §5), JSON text.
    pub jwks: String,
    /// Prefixes of the SPIFFE IDs it may name in `sub`; each ends in `/`.
    pub speaks_for: Vec<String>,
    /// Scopes it may grant.
    pub may_grant: Vec<String>,
}

/// What certificates may hold, whatever a token says.
#[derive(Clone, Debug)]
pub struct Holder {
    /// A SPIFFE ID, or a prefix of SPIFFE IDs ending in `/`. The longest match decides; no match holds nothing.
    pub prefix: String,
    /// Scopes that may be exercised with such a certificate.
    pub scopes: Vec<String>,
}
