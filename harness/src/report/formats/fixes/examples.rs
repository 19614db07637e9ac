//! The fixes that reports show, compiled by the tests. Each stands between `// fix:` with the rules that it keeps, and
//! `// end`.

use std::{collections::HashSet, sync::Arc};

use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode, decode_header};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use sha2::{Digest as _, Sha256};

/// What the examples read of a token.
#[derive(serde::Deserialize)]
pub struct Claims {
    pub sub: String,
    pub scope: Option<String>,
    pub iat: i64,
    pub exp: i64,
    pub cnf: Option<Confirmation>,
}

/// `cnf` (RFC 8705 §3.1).
#[derive(serde::Deserialize)]
pub struct Confirmation {
    #[serde(rename = "x5t#S256")]
    pub thumbprint: String,
}

// fix: audience, issuer, expiry, not-before, subject, issued-at, claim-type
/// jsonwebtoken checks only what it is told to: name audience and issuer, and require every claim that you rely on.
pub fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["https://api.example.com"]);
    validation.set_issuer(&["https://issuer.example.com"]);
    validation.set_required_spec_claims(&["aud", "exp", "iss", "nbf", "sub"]);
    validation.validate_nbf = true; // off by default
    validation.leeway = 30;
    validation
}
// end

// fix: algorithm-allowed, algorithm-of-key, signature, key-id
/// The key decides the algorithm, never the header of the token (RFC 8725 §3.1).
pub fn verified(token: &str, keys: &[(String, Algorithm, DecodingKey)]) -> Option<TokenData<Claims>> {
    let kid = decode_header(token).ok()?.kid?;
    let (_, algorithm, key) = keys.iter().find(|(known, _, _)| *known == kid)?;
    let mut validation = validation();
    validation.algorithms = vec![*algorithm];
    decode(token, key, &validation).ok()
}
// end

// fix: token-type
/// An ID token or a logout token is no access token (RFC 9068 §4).
pub fn is_access_token(token: &str) -> bool {
    let kind = decode_header(token).ok().and_then(|header| header.typ);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("at+jwt") || kind.eq_ignore_ascii_case("application/at+jwt"))
}
// end

// fix: lifetime
/// A cap on what the issuer may hand out.
pub fn is_short_lived(claims: &Claims) -> bool {
    claims.exp.saturating_sub(claims.iat) <= 3600
}
// end

// fix: key-strength
/// Publish a public key in place of a shared secret: then nobody who checks tokens can make them, and nothing is guessed.
pub fn public_key(x: &str, y: &str) -> jsonwebtoken::errors::Result<DecodingKey> {
    DecodingKey::from_ec_components(x, y)
}
// end

// fix: confirmation
/// The token names the certificate that it works over (RFC 8705 §3.1). Compare the thumbprint, and refuse a token without.
pub fn is_bound(claims: &Claims, leaf: &CertificateDer<'_>) -> bool {
    let thumbprint = base64url(&Sha256::digest(leaf.as_ref()));
    claims.cnf.as_ref().is_some_and(|cnf| cnf.thumbprint == thumbprint)
}
// end

// fix: subject-of-certificate, certificate-identity
/// Whoever holds the certificate is whom the token is about; `san` is the one URI name of the leaf.
pub fn same_person(claims: &Claims, san: &str) -> Result<(), StatusCode> {
    if claims.sub == san { Ok(()) } else { Err(StatusCode::UNAUTHORIZED) }
}
// end

// fix: issuer-speaks-for
/// An issuer vouches for its own people alone; the prefix ends in `/`, so that longer names do not match.
pub fn may_vouch(issuer: &str, subject: &str) -> bool {
    let own = match issuer {
        "https://issuer.example.com" => "spiffe://example.com/staff/",
        "https://issuer.partner.example" => "spiffe://example.com/partner/",
        _ => return false,
    };
    subject.starts_with(own)
}
// end

// fix: scope, issuer-may-grant, certificate-cap
/// A scope counts when the token grants it, the issuer may grant it, and the certificate may hold it. Compare whole words.
pub fn may(claims: &Claims, needed: &str, issuer: &HashSet<&str>, holder: &HashSet<&str>) -> Result<(), StatusCode> {
    let granted = claims.scope.as_deref().unwrap_or("").split(' ').any(|scope| scope == needed);
    if granted && issuer.contains(needed) && holder.contains(needed) { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
}
// end

// fix: ownership
/// Ask who owns the object before it is touched, in the handler that touches it.
pub fn owned_by(owner: Option<&str>, claims: &Claims) -> Result<(), StatusCode> {
    match owner {
        Some(owner) if owner == claims.sub => Ok(()),
        // The same answer as for an object that does not exist.
        _ => Err(StatusCode::NOT_FOUND),
    }
}
// end

// fix: credential-form, credential-unique, token-present
/// One `Authorization` field, one token in it, and nowhere else (RFC 6750 §2).
pub fn bearer(headers: &HeaderMap) -> Result<&str, StatusCode> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return Err(StatusCode::UNAUTHORIZED) };
    let text = field.to_str().map_err(|_| StatusCode::UNAUTHORIZED)?;
    let (scheme, token) = text.split_once(' ').ok_or(StatusCode::UNAUTHORIZED)?;
    let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    if scheme.eq_ignore_ascii_case("bearer") && plain { Ok(token) } else { Err(StatusCode::UNAUTHORIZED) }
}
// end

// fix: certificate-present, path-to-anchor, revocation, revocation-status, certificate-validity, extended-key-usage
/// The handshake refuses whoever has no valid certificate: no `allow_unauthenticated`, CRLs over the whole path, and a list
/// that is out of date counts as none.
pub fn client_verifier(
    anchors: Vec<CertificateDer<'static>>,
    crls: Vec<CertificateRevocationListDer<'static>>,
) -> Result<Arc<dyn ClientCertVerifier>, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        roots.add(anchor)?;
    }
    let verifier = WebPkiClientVerifier::builder(roots.into()).with_crls(crls).enforce_revocation_expiration();
    Ok(verifier.build()?)
}
// end

// fix: tls-protocol
/// TLS 1.3 alone, and no resumption: a resumed session would skip the certificate, and with it revocation.
pub fn server_config(
    verifier: Arc<dyn ClientCertVerifier>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let builder = ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13]);
    let mut config = builder.with_client_cert_verifier(verifier).with_single_cert(chain, key)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}
// end

// fix: authority
/// Answer for your own names only (RFC 9110 §7.4). In HTTP/2 the name stands in the URI, in HTTP/1.1 in `Host`.
pub fn own_host(host: Option<&str>) -> Result<(), StatusCode> {
    let name = host.map(|host| host.strip_suffix(":443").unwrap_or(host));
    if name == Some("api.example.com") { Ok(()) } else { Err(StatusCode::MISDIRECTED_REQUEST) }
}
// end

// fix: route
/// Deny what is not declared: a layer over the whole router, fallback included, so that no route is forgotten.
pub fn guarded(router: axum::Router, guard: fn(HeaderMap) -> Result<(), StatusCode>) -> axum::Router {
    let check = move |request: axum::extract::Request, next: axum::middleware::Next| async move {
        guard(request.headers().clone())?;
        Ok::<_, StatusCode>(next.run(request).await)
    };
    router.fallback(|| async { StatusCode::NOT_FOUND }).layer(axum::middleware::from_fn(check))
}
// end

// fix: cause no-guard
/// `.layer` guards only the routes that are there already: merge first, then guard.
pub fn all_guarded(
    customers: axum::Router,
    staff: axum::Router,
    guard: fn(HeaderMap) -> Result<(), StatusCode>,
) -> axum::Router {
    let check = move |request: axum::extract::Request, next: axum::middleware::Next| async move {
        guard(request.headers().clone())?;
        Ok::<_, StatusCode>(next.run(request).await)
    };
    customers.merge(staff).layer(axum::middleware::from_fn(check)) // not `.layer(guard).merge(staff)`
}
// end

// fix: cause token-unread, cause signature-unchecked
/// Claims come out of `decode` alone. A field that is there proves nothing, nor does a payload that decodes.
pub fn claims_of(token: &str, key: &DecodingKey) -> Result<Claims, StatusCode> {
    let token = decode::<Claims>(token, key, &validation()).map_err(|_| StatusCode::UNAUTHORIZED)?;
    Ok(token.claims)
}
// end

// fix: cause effect-first
/// Check, then call: a response that is replaced afterwards does not undo what the handler did.
pub async fn checked_first(
    allowed: fn(&HeaderMap) -> Result<(), StatusCode>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Result<axum::response::Response, StatusCode> {
    allowed(request.headers())?;
    Ok(next.run(request).await)
}
// end

// fix: trusted-proxy, forwarded-certificate
/// The field counts from the proxy alone, and where it stands once (RFC 9440 §4, RFC 8941 §4.2).
pub fn forwarded_certificate(peer: &str, headers: &HeaderMap) -> Result<Option<Vec<u8>>, StatusCode> {
    use base64ct::{Base64, Encoding as _};
    if peer != "spiffe://example.com/proxy" {
        return Ok(None); // the whole name in the certificate of the connection, never a prefix
    }
    let mut fields = headers.get_all("client-cert").iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) => return Ok(None),
        (Some(field), None) => field.to_str().map_err(|_| StatusCode::UNAUTHORIZED)?,
        (Some(_), Some(_)) => return Err(StatusCode::UNAUTHORIZED), // one of them is the client's own
    };
    let inner = field.strip_prefix(':').and_then(|field| field.strip_suffix(':')).ok_or(StatusCode::UNAUTHORIZED)?;
    Base64::decode_vec(inner).map(Some).map_err(|_| StatusCode::UNAUTHORIZED)
}
// end

// fix: cause body-before-check
/// The head says who asks. The body is read when that is settled, by the handler.
pub async fn head_first(
    caller_of: fn(&HeaderMap) -> Result<String, StatusCode>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Result<axum::response::Response, StatusCode> {
    let (mut parts, body) = request.into_parts();
    let caller = caller_of(&parts.headers)?;
    parts.extensions.insert(caller);
    Ok(next.run(axum::extract::Request::from_parts(parts, body)).await) // no `to_bytes(body)` before this line
}
// end

// fix: cause certificate-after-token
/// The handshake ends without a certificate: no `allow_unauthenticated`, so that no token is read from a stranger.
pub fn certificate_first(roots: RootCertStore) -> Result<Arc<dyn ClientCertVerifier>, Box<dyn std::error::Error>> {
    Ok(WebPkiClientVerifier::builder(roots.into()).build()?)
}
// end

// fix: cause remembered-state
/// The caller belongs to the request: verified anew each time, and handed on in its extensions.
pub async fn caller_of_this_request(
    verify: fn(&HeaderMap) -> Result<Claims, StatusCode>,
    mut request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Result<axum::response::Response, StatusCode> {
    let claims = verify(request.headers())?;
    request.extensions_mut().insert(Arc::new(claims));
    Ok(next.run(request).await)
}
// end

fn base64url(octets: &[u8]) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    Base64UrlUnpadded::encode_string(octets)
}
