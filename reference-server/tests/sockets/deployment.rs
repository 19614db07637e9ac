//! A development deployment in a temporary folder, and more certificates and tokens of its authorities.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gatecrash_reference::service::write_deployment;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

pub(crate) const ALICE: &str = "spiffe://dev.example/people/alice";
pub(crate) const ALICES: &str = "/v1/accounts/alice-1";

/// A certificate and its key, PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

pub(crate) struct Deployment {
    folder: TempDir,
}

impl Deployment {
    pub(crate) fn new() -> Deployment {
        let folder = TempDir::new().unwrap();
        write_deployment(folder.path()).unwrap();
        let deployment = Deployment { folder };
        // Any free port, and no throttle where a test is not about it.
        deployment.configure(|text| {
            let text = text.replace("127.0.0.1:8443\"\n", "127.0.0.1:0\"\n").replace("127.0.0.1:9443", "127.0.0.1:0");
            text.replace("[throttle]\nfree = 20\n", "")
        });
        deployment
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap().trim_end().to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        // By a rename, as a careful administrator does: nobody reads half a file.
        fs::write(self.path("new"), text).unwrap();
        fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    pub(crate) fn configure(&self, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.path("server.toml")).unwrap();
        fs::write(self.path("server.toml"), change(text)).unwrap();
    }

    pub(crate) fn identity(&self, name: &str) -> Identity {
        Identity { certificate: self.read(&format!("{name}.pem")), key: self.read(&format!("{name}.key")) }
    }

    pub(crate) fn token(&self, name: &str) -> String {
        self.read(&format!("{name}.token"))
    }

    /// A certificate of Alice's name by the clients' authority, with this serial number, good for so long from now.
    pub(crate) fn issue(&self, serial: u64, lifetime: Duration) -> Identity {
        self.issue_by(&self.authority(), serial, lifetime)
    }

    pub(crate) fn issue_by(&self, authority: &Issuer<'_, KeyPair>, serial: u64, lifetime: Duration) -> Identity {
        let mut params = CertificateParams::default();
        params.not_before = OffsetDateTime::now_utc() - Duration::HOUR;
        params.not_after = OffsetDateTime::now_utc() + lifetime;
        params.serial_number = Some(SerialNumber::from(serial));
        params.subject_alt_names = vec![SanType::URI(ALICE.try_into().unwrap())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, authority).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// The clients' authority.
    fn authority(&self) -> Issuer<'static, KeyPair> {
        authority_with(KeyPair::from_pem(&self.read("clients-ca.key")).unwrap())
    }

    /// An authority of the same name with a key of its own.
    pub(crate) fn other_authority(&self) -> Issuer<'static, KeyPair> {
        authority_with(KeyPair::generate().unwrap())
    }

    /// Replaces the revocation list by one of these serial numbers.
    pub(crate) fn revoke(&self, serials: &[u64]) {
        self.revoke_into("clients.crl", serials);
    }

    /// Writes a revocation list of these serial numbers to a file.
    pub(crate) fn revoke_into(&self, name: &str, serials: &[u64]) {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: OffsetDateTime::now_utc() - Duration::HOUR,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: OffsetDateTime::now_utc() - Duration::HOUR,
            next_update: OffsetDateTime::now_utc() + Duration::DAY,
            crl_number: SerialNumber::from(2_u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        self.write(name, &params.signed_by(&self.authority()).unwrap().pem().unwrap());
    }

    /// Alice's token for a certificate, changed in header and claims before it is signed with the issuer's key.
    pub(crate) fn token_for(&self, identity: &Identity, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let key = KeyPair::from_pem(&self.read("issuer.key")).unwrap();
        token_by(&key, identity, change)
    }
}

fn authority_with(key: KeyPair) -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Development clients");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Issuer::new(params, key)
}

/// Alice's token, signed with any key.
pub(crate) fn token_by(key: &KeyPair, identity: &Identity, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let leaf = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let mut header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "dev-1" });
    let mut claims = json!({
        "iss": "https://issuer.dev.example",
        "aud": "https://localhost:8443",
        "sub": ALICE,
        "client_id": "test",
        "jti": "t-1",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "scope": "accounts:read transfers:write users:read",
        "cnf": { "x5t#S256": BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&leaf)) },
    });
    change(&mut header, &mut claims);
    let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string().as_bytes()));
    let message = format!("{header}.{claims}");
    let key = EncodingKey::from_ec_der(key.serialized_der());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}

/// The key set of one key.
pub(crate) fn key_set(kid: &str, key: &KeyPair) -> String {
    let point = key.public_key_raw();
    let [x, y] = [&point[1..33], &point[33..]].map(|octets| BASE64_URL_SAFE_NO_PAD.encode(octets));
    json!({ "keys": [{ "kid": kid, "kty": "EC", "crv": "P-256", "x": x, "y": y }] }).to_string()
}
