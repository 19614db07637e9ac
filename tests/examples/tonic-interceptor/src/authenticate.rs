//! The interceptor: it lets nobody in without a good token, bound to the certificate of the connection.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::Extensions;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, get_current_timestamp,
    jwk::{Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use tonic::{
    Request, Status,
    service::Interceptor,
    transport::server::{Connected, TlsConnectInfo},
};

/// The longest that a token may live, and how far clocks may lie apart, seconds.
const LIFETIME: f64 = 3600.0;
const LEEWAY: f64 = 60.0;

/// Who was let in, and what the token grants.
#[derive(Clone)]
pub struct Caller {
    pub subject: String,
    scopes: Vec<String>,
}

impl Caller {
    /// Whether the token grants a scope.
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

/// Asks for a token before a method is called.
#[derive(Clone)]
pub struct Authenticate {
    keys: Arc<[Jwk]>,
    validation: Validation,
    certificates: fn(&Extensions) -> Option<Arc<Vec<CertificateDer<'static>>>>,
}

/// What is read of a token. An `iss` that is a list is none.
#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _issuer: String,
    sub: String,
    iat: f64,
    exp: f64,
    /// The library takes what is no number for nothing at all.
    #[serde(default, rename = "nbf")]
    _not_before: f64,
    #[serde(default)]
    scope: String,
    cnf: Confirmation,
}

#[derive(Deserialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    thumbprint: String,
}

impl Authenticate {
    /// `keys` is the JWK Set of the issuer, in JSON.
    pub fn new(keys: &str, issuer: &str, audience: &str) -> Result<Self, serde_json::Error> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        validation.validate_nbf = true;
        let mut keys = serde_json::from_str::<JwkSet>(keys)?.keys;
        keys.retain(verifies);
        Ok(Self { keys: keys.into(), validation, certificates: |_| None })
    }

    /// For connections of TLS over `IO`.
    pub fn behind<IO: Connected>(self) -> Self {
        let certificates = |extensions: &Extensions| extensions.get::<TlsConnectInfo<IO::ConnectInfo>>()?.peer_certs();
        Self { certificates, ..self }
    }

    fn caller(&self, request: &Request<()>) -> Option<Caller> {
        let certificates = (self.certificates)(request.extensions())?;
        let token = bearer(request)?;
        let header = decode_header(token).ok()?;
        if !plain(token)? || !header.typ?.trim_start_matches("application/").eq_ignore_ascii_case("at+jwt") {
            return None;
        }
        let id = header.kid?;
        let key = self.keys.iter().find(|key| key.common.key_id.as_ref() == Some(&id))?;
        let claims: Claims = decode(token, &DecodingKey::from_jwk(key).ok()?, &self.validation).ok()?.claims;
        let timely = claims.iat <= get_current_timestamp() as f64 + LEEWAY && claims.exp - claims.iat <= LIFETIME;
        let thumbprint = digest(&SHA256, certificates.first()?);
        let own = claims.cnf.thumbprint == Base64UrlUnpadded::encode_string(thumbprint.as_ref());
        let scopes = claims.scope.split(' ').map(String::from).collect();
        (timely && own && !claims.sub.is_empty()).then_some(Caller { subject: claims.sub, scopes })
    }
}

/// The token of the one `authorization` entry.
fn bearer(request: &Request<()>) -> Option<&str> {
    let mut entries = request.metadata().get_all("authorization").iter();
    let (scheme, token) = entries.next()?.to_str().ok()?.split_once(' ')?;
    (entries.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token.trim_start_matches(' '))
}

/// Whether the header asks for nothing that nobody here understands; `null` asks, too (RFC 7515 §4.1.11).
fn plain(token: &str) -> Option<bool> {
    let header = Base64UrlUnpadded::decode_vec(token.split('.').next()?).ok()?;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&header).ok()?;
    Some(!header.contains_key("crit"))
}

/// Whether a published key is one to verify ES256 with.
fn verifies(key: &Jwk) -> bool {
    let common = &key.common;
    common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::ES256)
        && common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

impl Interceptor for Authenticate {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let caller = self.caller(&request).ok_or_else(|| Status::unauthenticated("no good token"))?;
        request.extensions_mut().insert(caller);
        Ok(request)
    }
}
