//! A deployment to try things out with: two authorities, revocation lists, an issuer's keys, a server, two people with
//! certificates and tokens, and the configuration over all of it. For development: the private keys lie in files.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::load::now;
use crate::binding;

const AUDIENCE: &str = "https://localhost:8443";
const ISSUER: &str = "https://issuer.dev.example";
const ALICE: &str = "spiffe://dev.example/people/alice";
const BOB: &str = "spiffe://dev.example/people/bob";
/// How long a token is good for.
const HOURS: i64 = 12;

/// Why no development deployment was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevError {
    /// There is one already, and its keys may be in use.
    #[error("{}: is there already; remove the folder, or name another", path.display())]
    Exists {
        /// Its configuration.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A certificate or list cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The backend refuses to sign a token.
    #[error("a token cannot be signed")]
    Signature,
    /// The backend refuses the key for tokens.
    #[error("the key for tokens cannot be used: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
}

type Authority = CertifiedIssuer<'static, KeyPair>;

/// Writes the deployment into a folder, which is made when it is missing. Returns what to try, as text.
///
/// # Errors
///
/// When the folder holds a configuration already, or cannot be written.
pub fn write_deployment(folder: &Path) -> Result<String, DevError> {
    let configuration = folder.join("server.toml");
    if configuration.exists() {
        return Err(DevError::Exists { path: configuration });
    }
    fs::create_dir_all(folder).map_err(|source| DevError::File { path: folder.to_owned(), source })?;
    let folder = Folder(folder);

    let clients = authority("Development clients")?;
    let servers = authority("Development servers")?;
    folder.public("clients-ca.pem", &clients.pem())?;
    folder.secret("clients-ca.key", &clients.key().serialize_pem())?;
    folder.public("clients.crl", &revocation_list(&clients)?)?;
    folder.public("server-ca.pem", &servers.pem())?;

    let mut server = CertificateParams::new(vec!["localhost".to_owned()])?;
    server.subject_alt_names.push(SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()));
    let (server, key) = issue(&servers, server, "localhost", ExtendedKeyUsagePurpose::ServerAuth)?;
    folder.public("server.pem", &server.pem())?;
    folder.secret("server.key", &key.serialize_pem())?;

    let signing = KeyPair::generate()?;
    folder.secret("issuer.key", &signing.serialize_pem())?;
    folder.public("jwks.json", &format!("{:#}\n", key_set(&signing)))?;

    for (name, id, scopes) in
        [("alice", ALICE, "accounts:read transfers:write users:read"), ("bob", BOB, "accounts:read")]
    {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(id.try_into()?)];
        let (certificate, key) = issue(&clients, params, name, ExtendedKeyUsagePurpose::ClientAuth)?;
        folder.public(&format!("{name}.pem"), &certificate.pem())?;
        folder.secret(&format!("{name}.key"), &key.serialize_pem())?;
        folder.secret(&format!("{name}.token"), &token(&signing, name, id, scopes, certificate.der())?)?;
    }
    folder.public("server.toml", &configuration_text())?;
    Ok(what_to_try(folder.0))
}

/// Where files go.
struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn public(&self, name: &str, text: &str) -> Result<(), DevError> {
        self.write(name, text, 0o644)
    }

    fn secret(&self, name: &str, text: &str) -> Result<(), DevError> {
        self.write(name, text, 0o600)
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> Result<(), DevError> {
        let path = self.0.join(name);
        let written = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|source| DevError::File { path, source })
    }
}

/// Valid from an hour ago, for clocks that are behind, and for a year.
fn validity(params: &mut CertificateParams) {
    params.not_before = OffsetDateTime::now_utc() - Duration::HOUR;
    params.not_after = OffsetDateTime::now_utc() + Duration::days(365);
}

fn authority(name: &str) -> Result<Authority, DevError> {
    let mut params = CertificateParams::default();
    validity(&mut params);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn issue(
    authority: &Authority,
    mut params: CertificateParams,
    name: &str,
    purpose: ExtendedKeyUsagePurpose,
) -> Result<(rcgen::Certificate, KeyPair), DevError> {
    validity(&mut params);
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    Ok((params.signed_by(&key, authority)?, key))
}

fn revocation_list(authority: &Authority) -> Result<String, DevError> {
    let params = CertificateRevocationListParams {
        this_update: OffsetDateTime::now_utc() - Duration::HOUR,
        next_update: OffsetDateTime::now_utc() + Duration::days(365),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(params.signed_by(authority)?.pem()?)
}

fn key_set(signing: &KeyPair) -> serde_json::Value {
    let point = signing.public_key_raw();
    let [x, y] = [point.get(1..33), point.get(33..65)].map(|half| half.unwrap_or_default());
    json!({ "keys": [{
        "kid": "dev-1",
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "x": BASE64_URL_SAFE_NO_PAD.encode(x),
        "y": BASE64_URL_SAFE_NO_PAD.encode(y),
    }] })
}

fn token(signing: &KeyPair, name: &str, id: &str, scopes: &str, leaf: &[u8]) -> Result<String, DevError> {
    let now = now();
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "dev-1" });
    let claims = json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": id,
        "client_id": "curl",
        "jti": format!("{name}-{now}"),
        "iat": now,
        "nbf": now,
        "exp": now + HOURS * 3600,
        "scope": scopes,
        "cnf": { "x5t#S256": binding::written(&binding::digest(leaf)) },
    });
    let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string().as_bytes()));
    let message = format!("{header}.{claims}");
    let key = EncodingKey::from_ec_der(signing.serialized_der());
    // The provider is named, so that nothing is installed for the process.
    let signer = (aws_lc::DEFAULT_PROVIDER.signer_factory)(&Algorithm::ES256, &key)?;
    let signature = signer.try_sign(message.as_bytes()).map_err(|_| DevError::Signature)?;
    Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(&signature)))
}

fn configuration_text() -> String {
    format!(
        r#"# A development deployment. Every path is relative to this file.
listen = "127.0.0.1:8443"

[server]
chain = "server.pem"
key = "server.key"

[clients]
anchors = ["clients-ca.pem"]
crls = ["clients.crl"]

[token]
audience = "{AUDIENCE}"
max-lifetime = "{HOURS}h"

[[issuers]]
url = "{ISSUER}"
jwks = "jwks.json"
speaks-for = ["spiffe://dev.example/people/"]
may-grant = ["accounts:read", "transfers:write", "users:read"]

[[holders]]
prefix = "{ALICE}"
scopes = ["accounts:read", "transfers:write", "users:read"]

[[holders]]
prefix = "spiffe://dev.example/people/"
scopes = ["accounts:read", "transfers:write"]

[[accounts]]
id = "alice-1"
owner = "{ALICE}"
balance = 100

[[accounts]]
id = "bob-1"
owner = "{BOB}"
balance = 50

[throttle]
free = 20

[metrics]
listen = "127.0.0.1:9443"
"#
    )
}

/// One line that works and three that are refused.
fn what_to_try(folder: &Path) -> String {
    let dir = folder.display();
    let curl = |who: Option<&str>, token: &str, account: &str| {
        let certificate = who.map_or(String::new(), |who| format!(" --cert {dir}/{who}.pem --key {dir}/{who}.key"));
        format!(
            "curl -sS --cacert {dir}/server-ca.pem{certificate} -H \"Authorization: Bearer $(cat {dir}/{token}.token)\" \
             https://localhost:8443/v1/accounts/{account}"
        )
    };
    format!(
        "Wrote a development deployment to {dir}; its tokens are good for {HOURS} hours. Start it:\n\n  \
         gatecrash-reference --config {dir}/server.toml\n\n\
         Alice reads her account. Answers 200:\n\n  {}\n\n\
         Nobody's certificate. The handshake is refused, certificate required (RFC 8446 §4.4.2.4):\n\n  {}\n\n\
         Bob's certificate with Alice's token. Answers 401 invalid_token: it is bound to hers (RFC 8705 §3):\n\n  {}\n\n\
         Bob reads Alice's account. Answers 403 insufficient_scope: it is not his (OWASP API1:2023):\n\n  {}\n",
        curl(Some("alice"), "alice", "alice-1"),
        curl(None, "alice", "alice-1"),
        curl(Some("bob"), "alice", "alice-1"),
        curl(Some("bob"), "bob", "alice-1"),
    )
}
