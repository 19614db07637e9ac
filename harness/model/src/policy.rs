//! What the gate promises, and what the honest world looks like. Data only: it holds no key, and it decides nothing by itself.

mod addressed;
mod changes;
mod claims;
mod faults;
mod file;
mod people;
mod profile;
mod proxy;
mod route;
mod texts;
mod tokens;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use changes::{ChangePolicy, EarlyData, ExpiryEnds, OneTime, Promptness, ThrottlePolicy};
pub use claims::{Carriage, CarriageFile, ClaimValue, Promise, Rights, RightsForm};
pub use faults::PolicyFault;
pub use file::{CertificatesFile, HttpFile, PolicyFile, TokensFile};
pub(crate) use people::person_value;
pub use people::{NameForm, People};
pub use profile::Profile;
pub use proxy::{ForwardedField, ForwardedKey, ProxyPolicy, VerifiedBy};
pub use route::{Factor, Route, Upgrade};
pub use tokens::TokenPolicy;

/// What a gate promises about who may do what, and what its honest world looks like.
///
/// Read from a strict `gate.toml`, where a profile has the values that are left out, or built as a value. Strings are
/// compared octet by octet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", from = "PolicyFile")]
pub struct Policy {
    /// Where the values come from that the file leaves out.
    pub profile: Profile,
    /// The value that `aud` must contain (RFC 7519 §4.1.3); empty where no audience is promised.
    pub audience: String,
    /// The domain of everybody's names, such as the SPIFFE trust domain, without a scheme.
    pub trust_domain: String,
    /// What people and objects are called.
    pub people: People,
    /// What is required of client certificates.
    pub certificates: CertificatePolicy,
    /// The proxy in front that hands the client's certificate on; absent where clients speak TLS to the service itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyPolicy>,
    /// What is spoken over the connection.
    pub http: HttpPolicy,
    /// What is required of access tokens.
    pub tokens: TokenPolicy,
    /// The token issuers that are trusted. The first one speaks for the home tenant, a second one for the partner tenant.
    pub issuers: Vec<IssuerPolicy>,
    /// What a certificate may hold, by SPIFFE id or by a prefix of it that ends in `/`. Empty: no cap.
    pub may_hold: Vec<MayHold>,
    /// Every route that the gate serves. Anything else is denied.
    pub routes: Vec<Route>,
    /// How answers are to be read.
    pub answers: Answers,
    /// How soon the gate heeds what changes.
    pub changes: ChangePolicy,
    /// The lowest severity that fails a run. Absent: every finding does but a leniency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<FailOn>,
}

/// The lowest severity that fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Every finding, leniencies included.
    Low,
    /// Findings of medium severity and above.
    Medium,
    /// Findings of high severity and above.
    High,
    /// Critical findings only.
    Critical,
}

/// What is required of client certificates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct CertificatePolicy {
    /// Where a client certificate is required.
    pub client: ClientCertificate,
    /// Which name of the certificate is the principal.
    pub identity: Identity,
    /// Whether CRLs are enforced over the whole path, unknown status and stale lists refused (RFC 5280 §6.3).
    pub revocation: bool,
    /// Whether the leaf must name the purpose `clientAuth` (RFC 5280 §4.2.1.12); absent means any purpose otherwise.
    pub client_auth_purpose: bool,
    /// Whether TLS 1.2 may be spoken (RFC 9325 §3.1.1).
    pub tls12: bool,
}

impl Default for CertificatePolicy {
    fn default() -> Self {
        Self {
            client: ClientCertificate::Required,
            identity: Identity::Spiffe,
            revocation: true,
            client_auth_purpose: true,
            tls12: false,
        }
    }
}

/// Where a client certificate is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificate {
    /// Nobody has one: the service knows nothing of client certificates.
    None,
    /// The handshake accepts a client without one; the application must refuse it where a route asks for one.
    #[serde(alias = "application")]
    Optional,
    /// The handshake refuses a client without one.
    #[serde(alias = "transport")]
    Required,
}

impl ClientCertificate {
    /// The word for it in `gate.toml`.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::ClientCertificate::Optional.name(), "optional");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            ClientCertificate::None => "none",
            ClientCertificate::Optional => "optional",
            ClientCertificate::Required => "required",
        }
    }
}

/// Which name of the client certificate is the principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// Exactly one common name of the subject (RFC 5280 §4.1.2.6).
    CommonName,
    /// Exactly one DNS subject alternative name.
    Dns,
    /// Exactly one e-mail subject alternative name (RFC 5280 §4.2.1.6).
    Email,
    /// No name of the certificate: the token alone says who asks.
    None,
    /// Exactly one organizational unit of the subject.
    OrganizationalUnit,
    /// Exactly one URI subject alternative name, a SPIFFE id (SPIFFE X509-SVID §2).
    Spiffe,
}

impl Identity {
    /// The name, in words.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Identity::Dns.title(), "DNS name");
    /// ```
    pub fn title(self) -> &'static str {
        match self {
            Identity::CommonName => "common name",
            Identity::Dns => "DNS name",
            Identity::Email => "e-mail name",
            Identity::None => "no name",
            Identity::OrganizationalUnit => "organizational unit",
            Identity::Spiffe => "SPIFFE id",
        }
    }
}

/// What is spoken over the connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct HttpPolicy {
    /// Whether requests for another authority than the server's own are refused (RFC 9110 §7.4).
    pub authority: AuthorityCheck,
    /// The versions: `1.1`, `2` where ALPN offers `h2`, or both.
    pub versions: Vec<String>,
}

impl Default for HttpPolicy {
    fn default() -> Self {
        Self { authority: AuthorityCheck::Own, versions: ["1.1", "2"].map(String::from).to_vec() }
    }
}

impl HttpPolicy {
    /// Whether `version` is one of them.
    ///
    /// ```
    /// use gatecrash_model::HttpPolicy;
    /// assert!(HttpPolicy::default().speaks("2"));
    /// assert!(!HttpPolicy::default().speaks("3"));
    /// ```
    pub fn speaks(&self, version: &str) -> bool {
        self.versions.iter().any(|known| known == version)
    }
}

/// Which authorities requests may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorityCheck {
    /// Any: somebody else looks at it, such as a proxy in front.
    Any,
    /// One that the server's certificate is valid for.
    Own,
}

/// How a token is bound to the client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// `cnf` with `x5t#S256` (RFC 8705 §3.1).
    CertificateThumbprint,
    /// Plain bearer tokens.
    None,
}

/// A trusted token issuer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IssuerPolicy {
    /// The value of `iss`.
    pub url: String,
    /// Whom it may vouch for: prefixes of `sub` that end in `/`. Empty: anybody.
    #[serde(default)]
    pub speaks_for: Vec<String>,
    /// The scopes that it may grant. Empty: any.
    #[serde(default)]
    pub may_grant: Vec<String>,
}

/// What the certificates under a name may hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MayHold {
    /// A SPIFFE id, or a prefix that ends in `/`. The longest match counts.
    pub prefix: String,
    /// Scopes that a token over such a certificate may use.
    pub scopes: Vec<String>,
}

/// How answers are to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Answers {
    /// Whether a 401 holds a challenge of the scheme `Bearer` (RFC 6750 §3, RFC 9110 §15.5.2).
    pub challenge: bool,
    /// Status codes that mean *refused*. Any other below 400 means *success*. One that no standard knows is a fault unless it
    /// stands here.
    pub refused: Vec<u16>,
    /// Texts of which each, in the content of an answer below 400, means *refused*, such as `"errors":` of GraphQL.
    pub refused_content: Vec<String>,
    /// Fields whose values mean *refused* in an answer below 400, such as `grpc-status` with `7` and `16`. Trailers count.
    pub refused_fields: BTreeMap<String, Vec<String>>,
    /// Whether `OPTIONS` is answered to anybody, as a preflight is (Fetch §3.2.2): success without an effect proves nothing then.
    pub preflight: bool,
    /// Status codes of a rate limiter, which say nothing of whoever asks. None unless named: a gate that slows nobody down never
    /// answers so.
    pub throttled: Vec<u16>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            challenge: false,
            refused: vec![
                400, 401, 403, 404, 405, 406, 408, 411, 413, 414, 415, 417, 421, 422, 426, 429, 431, 501, 505,
            ],
            refused_content: Vec::new(),
            refused_fields: BTreeMap::new(),
            preflight: false,
            throttled: Vec::new(),
        }
    }
}
