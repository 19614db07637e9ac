//! One deployment: a certificate authority, an issuer of tokens, a bank of two customers, a stopped clock, and the
//! audit log kept in memory.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gatecrash_reference::{
    Audit, AuditEvent, Bank, Cause, Clock, Decision, Holder, Issuer, Principal, Server, Settings, TransferOrder, Trust,
};
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// 2030-03-01, in seconds since the Unix epoch. Everything issued here is valid through 2030.
pub(crate) const NOW: u64 = 1_898_553_600;
pub(crate) const ALICE: &str = "spiffe://bank.example/people/alice";
pub(crate) const BOB: &str = "spiffe://bank.example/people/bob";
pub(crate) const AUDIENCE: &str = "https://api.bank.example";
pub(crate) const ISSUER: &str = "https://issuer.bank.example";

pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

/// A certificate chain and the key of its leaf.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: KeyPair,
}

impl Identity {
    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}

pub(crate) struct Deployment {
    pub(crate) server: Server,
    pub(crate) authority: Authority,
    pub(crate) bank: Arc<Ledger>,
    pub(crate) audit: Arc<Log>,
    pub(crate) alice: Identity,
    pub(crate) signing_key: KeyPair,
}

impl Deployment {
    pub(crate) fn new() -> Deployment {
        Deployment::with(|_, _| {})
    }

    /// The default deployment, changed before it starts.
    pub(crate) fn with(change: impl FnOnce(&mut Trust, &Authority)) -> Deployment {
        let authority = authority("anchor");
        let signing_key = KeyPair::generate().unwrap();
        let mut trust = trust(&authority, &signing_key);
        change(&mut trust, &authority);
        let (bank, audit) = (Arc::new(Ledger::default()), Arc::new(Log::default()));
        let settings = Settings { audience: AUDIENCE.to_owned(), ..Settings::default() };
        let server = Server::new(trust, settings, Arc::new(StoppedClock), bank.clone(), audit.clone()).unwrap();
        let alice = issue(&authority, leaf(ALICE));
        Deployment { server, authority, bank, audit, alice, signing_key }
    }

    /// Alice's token, with every scope.
    pub(crate) fn token(&self) -> String {
        self.token_with(|_, _| {})
    }

    /// Alice's token, changed in header and claims before it is signed.
    pub(crate) fn token_with(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let mut header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "k1" });
        let mut claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": ALICE,
            "client_id": "teller",
            "jti": "t-1",
            "iat": NOW - 10,
            "nbf": NOW - 10,
            "exp": NOW + 300,
            "scope": "accounts:read transfers:write users:read",
            "cnf": { "x5t#S256": thumbprint(&self.alice.chain[0]) },
        });
        change(&mut header, &mut claims);
        self.sign(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// A token of these exact octets.
    pub(crate) fn sign(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(claims));
        let key = EncodingKey::from_ec_der(&self.signing_key.serialize_der());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::ES256).unwrap();
        format!("{message}.{signature}")
    }
}

pub(crate) fn trust(authority: &Authority, signing_key: &KeyPair) -> Trust {
    let mut params = CertificateParams::new(vec!["api.bank.example".to_owned()]).unwrap();
    validity(&mut params);
    let server = issue(authority, params);
    Trust {
        client_anchors: vec![authority.der().clone()],
        crls: Vec::new(),
        server_key: server.private_key(),
        server_chain: server.chain,
        issuers: vec![Issuer {
            url: ISSUER.to_owned(),
            jwks: json!({ "keys": [jwk("k1", signing_key)] }).to_string(),
            speaks_for: vec!["spiffe://bank.example/people/".to_owned()],
            may_grant: ["accounts:read", "transfers:write", "users:read"].map(str::to_owned).to_vec(),
        }],
        holders: vec![
            Holder { prefix: "spiffe://bank.example/".to_owned(), scopes: Vec::new() },
            Holder {
                prefix: "spiffe://bank.example/people/".to_owned(),
                scopes: ["accounts:read", "transfers:write", "users:delete"].map(str::to_owned).to_vec(),
            },
        ],
    }
}

pub(crate) fn jwk(kid: &str, key: &KeyPair) -> Value {
    let point = key.public_key_raw();
    json!({
        "kid": kid,
        "kty": "EC",
        "crv": "P-256",
        "x": BASE64_URL_SAFE_NO_PAD.encode(&point[1..33]),
        "y": BASE64_URL_SAFE_NO_PAD.encode(&point[33..]),
    })
}

pub(crate) fn authority(name: &str) -> Authority {
    CertifiedIssuer::self_signed(authority_params(name), KeyPair::generate().unwrap()).unwrap()
}

pub(crate) fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    validity(&mut params);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// What a proper client certificate of this name says.
pub(crate) fn leaf(id: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    validity(&mut params);
    params.serial_number = Some(SerialNumber::from(7_u64));
    params.subject_alt_names = vec![uri(id)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

pub(crate) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

pub(crate) fn issue(authority: &Authority, params: CertificateParams) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    Identity { chain: vec![certificate.der().clone()], key }
}

/// A revocation list of the authority with these serial numbers, current through the year before `next_update`.
pub(crate) fn revocation_list(
    authority: &Authority,
    serials: &[u64],
    year: i32,
) -> CertificateRevocationListDer<'static> {
    let revoked = |serial: &u64| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: rcgen::date_time_ymd(2029, 6, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2029, 1, 1),
        next_update: rcgen::date_time_ymd(year, 1, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(authority).unwrap().der().clone()
}

fn validity(params: &mut CertificateParams) {
    params.not_before = rcgen::date_time_ymd(2029, 1, 1);
    params.not_after = rcgen::date_time_ymd(2031, 1, 1);
}

pub(crate) fn thumbprint(der: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(der))
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> f64 {
        NOW as f64
    }
}

/// A bank that notes what it was asked to do.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Vec<String>>);

impl Ledger {
    pub(crate) fn effects(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, effect: String) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(effect.clone());
        effect
    }
}

impl Bank for Ledger {
    fn account(&self, principal: &Principal, account: &str) -> String {
        self.note(format!("account {account} {}", principal.id))
    }

    fn delete_user(&self, _: &Principal, user: &str) {
        self.note(format!("delete {user}"));
    }

    fn health(&self, principal: &Principal) {
        self.note(format!("health {}", principal.id));
    }

    fn owner_of(&self, account: &str) -> Option<String> {
        match account {
            "1" => Some(ALICE.to_owned()),
            "2" => Some(BOB.to_owned()),
            _ => None,
        }
    }

    fn transfer(&self, _: &Principal, order: &TransferOrder) -> String {
        self.note(format!("transfer {} {} {}", order.from, order.to, order.amount))
    }

    fn user(&self, _: &Principal, user: &str) -> String {
        self.note(format!("user {user}"))
    }

    fn whoami(&self, principal: &Principal) -> String {
        self.note(format!("whoami {} {:?}", principal.id, principal.scopes))
    }
}

#[derive(Default)]
pub(crate) struct Log(Mutex<Vec<AuditEvent>>);

impl Log {
    pub(crate) fn events(&self) -> Vec<AuditEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The causes recorded, `None` standing for an admission.
    pub(crate) fn causes(&self) -> Vec<Option<Cause>> {
        let cause = |event: &AuditEvent| match event.decision {
            Decision::Admitted => None,
            Decision::Refused(cause) => Some(cause),
        };
        self.events().iter().map(cause).collect()
    }
}

impl Audit for Log {
    fn record(&self, event: &AuditEvent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}
