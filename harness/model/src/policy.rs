//! What the gate promises. Data only: it holds no key, and it decides nothing by itself.

mod changes;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use changes::{ChangePolicy, EarlyData, ExpiryEnds, OneTime, Promptness, ThrottlePolicy};

/// What a gate promises about who may do what.
///
/// Read from a strict `gate.toml`, or built as a value. Strings are compared octet by octet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// The value that `aud` must contain (RFC 7519 §4.1.3).
    pub audience: String,
    /// SPIFFE trust domain of everybody's certificate, without the scheme.
    pub trust_domain: String,
    /// What is required of client certificates.
    #[serde(default)]
    pub certificates: CertificatePolicy,
    /// What is spoken over the connection.
    #[serde(default)]
    pub http: HttpPolicy,
    /// What is required of access tokens.
    #[serde(default)]
    pub tokens: TokenPolicy,
    /// The token issuers that are trusted. The first one speaks for the home tenant, a second one for the partner tenant.
    pub issuers: Vec<IssuerPolicy>,
    /// What a certificate may hold, by SPIFFE id or by a prefix of it that ends in `/`. Empty: no cap.
    #[serde(default)]
    pub may_hold: Vec<MayHold>,
    /// Every route that the gate serves. Anything else is denied.
    pub routes: Vec<Route>,
    /// How answers are to be read.
    #[serde(default)]
    pub answers: Answers,
    /// How soon the gate heeds what changes.
    #[serde(default)]
    pub changes: ChangePolicy,
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
            client: ClientCertificate::Transport,
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
    /// The handshake accepts a client without one; the application must refuse it.
    Application,
    /// The handshake refuses a client without one.
    Transport,
}

/// Which name of the client certificate is the principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// Exactly one common name of the subject (RFC 5280 §4.1.2.6), equal to the token's `sub`. In the world it is the
    /// SPIFFE id.
    CommonName,
    /// No name of the certificate: the token's `sub` is the principal.
    None,
    /// Exactly one URI subject alternative name, a SPIFFE id (SPIFFE X509-SVID §2), equal to the token's `sub`.
    Spiffe,
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

/// What is required of access tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TokenPolicy {
    /// The allow-list of JWS algorithms (RFC 8725 §3.1).
    pub algorithms: Vec<String>,
    /// The media types that `typ` may name; empty when `typ` is not looked at (RFC 9068 §4).
    pub types: Vec<String>,
    /// Claims that must be there, besides `exp`.
    pub required: Vec<String>,
    /// Whether `kid` must be there.
    pub key_id: bool,
    /// Whether `nbf` and `iat` are enforced.
    pub not_before: bool,
    /// Whether `aud` is enforced.
    pub audience: bool,
    /// Clock skew that is tolerated, in seconds (RFC 7519 §4.1.4).
    pub leeway: i64,
    /// The longest lifetime, `exp` minus `iat`, in seconds; `"any"` when it is not capped.
    #[serde(with = "lifetime")]
    pub lifetime: Option<i64>,
    /// How a token is bound to the client certificate.
    pub binding: Binding,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self {
            algorithms: ["EdDSA", "ES256", "RS256"].map(String::from).to_vec(),
            types: ["at+jwt", "application/at+jwt"].map(String::from).to_vec(),
            required: ["aud", "client_id", "iat", "iss", "jti", "nbf", "sub"].map(String::from).to_vec(),
            key_id: true,
            not_before: true,
            audience: true,
            leeway: 30,
            lifetime: Some(3600),
            binding: Binding::CertificateThumbprint,
        }
    }
}

/// TOML has no word for nothing: a lifetime that is not capped is `"any"`.
mod lifetime {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Seconds(i64),
        Word(String),
    }

    pub(super) fn serialize<S: Serializer>(lifetime: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        lifetime.map_or_else(|| Written::Word("any".into()), Written::Seconds).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        let wrong = || D::Error::custom("`lifetime` is a number of seconds, such as 3600, or \"any\"");
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::Seconds(seconds) => Ok(Some(seconds)),
            Written::Word(word) if word == "any" => Ok(None),
            Written::Word(_) => Err(wrong()),
        }
    }
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

/// One thing that a caller must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// A client certificate.
    Certificate,
    /// An access token.
    Token,
}

/// One route, and what it takes to get in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Route {
    /// HTTP method, upper case.
    pub method: String,
    /// Path with at most one parameter in braces, such as `/v1/accounts/{id}`.
    pub path: String,
    /// Alternatives; each lists everything that it takes. Default: certificate and token.
    #[serde(default = "both_factors")]
    pub security: Vec<Vec<Factor>>,
    /// Scopes that are all needed.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Where the object is named that the caller must own: `path:id`, `query:account` or `body:from`.
    #[serde(default)]
    pub owner: Option<String>,
    /// Query of an example request, without the `?`; `{account}` stands for the object where `owner` is `query:account`.
    #[serde(default)]
    pub query: Option<String>,
    /// Body of an example request; `{from}` stands for the object where `owner` is `body:from`.
    #[serde(default)]
    pub body: Option<String>,
    /// Media type of the body.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Example value of a path parameter that no `owner` names.
    #[serde(default)]
    pub example: Option<String>,
    /// What an example request asks to speak from then on (RFC 9110 §7.8); nothing else is asked of the route.
    #[serde(default)]
    pub upgrade: Option<Upgrade>,
}

/// What a connection may be upgraded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Upgrade {
    /// RFC 6455.
    WebSocket,
}

fn both_factors() -> Vec<Vec<Factor>> {
    vec![vec![Factor::Certificate, Factor::Token]]
}

impl Route {
    /// A route that takes certificate and token, whatever the scopes, and names nobody's object.
    ///
    /// ```
    /// let mut route = gatecrash_model::Route::new("GET", "/v1/orders/{id}");
    /// route.owner = Some("path:id".into());
    /// assert_eq!(route.id(), "GET /v1/orders/{id}");
    /// ```
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            security: both_factors(),
            scopes: Vec::new(),
            owner: None,
            query: None,
            body: None,
            content_type: None,
            example: None,
            upgrade: None,
        }
    }

    /// The name of the route in reports and in tripwire hits: method, space, path template.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// assert_eq!(blueprint.policy.routes[0].id(), "GET /v1/orders/{id}");
    /// ```
    pub fn id(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether some alternative needs no token.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{Factor, Route};
    /// let route = &blueprint.policy.routes[0];
    /// assert!(!route.token_optional());
    /// assert!(Route { security: vec![vec![Factor::Certificate]], ..route.clone() }.token_optional());
    /// ```
    pub fn token_optional(&self) -> bool {
        self.security.iter().any(|all| !all.contains(&Factor::Token))
    }

    /// The parameter name in the path template, without braces.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// assert_eq!(blueprint.policy.routes[0].path_parameter(), Some("id"));
    /// ```
    pub fn path_parameter(&self) -> Option<&str> {
        let (_, rest) = self.path.split_once('{')?;
        rest.split_once('}').map(|(name, _)| name)
    }

    /// The name in the query that holds the object, where `owner` is `query:name`.
    pub fn query_parameter(&self) -> Option<&str> {
        self.owner.as_deref()?.strip_prefix("query:")
    }

    /// The name in the body that holds the object, where `owner` is `body:name`.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Route;
    /// let route = Route { owner: Some("body:from".into()), ..blueprint.policy.routes[0].clone() };
    /// assert_eq!(route.body_parameter(), Some("from"));
    /// ```
    pub fn body_parameter(&self) -> Option<&str> {
        self.owner.as_deref()?.strip_prefix("body:")
    }
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

/// One fault of a policy: where, what is wrong, what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// Path of the value, such as `routes[2].owner`.
    pub place: String,
    /// What was found there.
    pub wrong: String,
    /// What would be right.
    pub right: String,
}

impl std::fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.wrong, self.right)
    }
}

impl Policy {
    /// The strict profile, which every value of a file defaults to, with one issuer that speaks for anybody.
    ///
    /// ```
    /// use gatecrash_model::{Policy, Route};
    /// let routes = vec![Route::new("GET", "/v1/whoami")];
    /// let policy = Policy::strict("https://api.example.test", "example.test", "https://issuer.example.test", routes);
    /// assert!(policy.faults().is_empty() && policy.certificates.revocation);
    /// ```
    pub fn strict(
        audience: impl Into<String>,
        trust_domain: impl Into<String>,
        issuer: impl Into<String>,
        routes: Vec<Route>,
    ) -> Self {
        Self {
            audience: audience.into(),
            trust_domain: trust_domain.into(),
            certificates: CertificatePolicy::default(),
            http: HttpPolicy::default(),
            tokens: TokenPolicy::default(),
            issuers: vec![IssuerPolicy { url: issuer.into(), speaks_for: Vec::new(), may_grant: Vec::new() }],
            may_hold: Vec::new(),
            routes,
            answers: Answers::default(),
            changes: ChangePolicy::default(),
        }
    }

    /// What contradicts itself or cannot be meant; empty when the policy is sound.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// let mut policy = blueprint.policy;
    /// assert!(policy.faults().is_empty());
    /// policy.trust_domain = "spiffe://example.test".into();
    /// assert_eq!(policy.faults()[0].place, "trust-domain");
    /// ```
    pub fn faults(&self) -> Vec<PolicyFault> {
        let mut faults = Vec::new();
        let mut fault = |place: String, wrong: String, right: &str| {
            faults.push(PolicyFault { place, wrong, right: right.into() });
        };
        if self.audience.is_empty() {
            fault("audience".into(), "is empty".into(), "name the value that `aud` must contain");
        }
        if self.trust_domain.is_empty() || self.trust_domain.contains("://") {
            let wrong = format!("`{}` is no trust domain", self.trust_domain);
            fault("trust-domain".into(), wrong, "write it without a scheme, such as `example.test`");
        }
        for version in self.http.versions.iter().filter(|version| !["1.1", "2"].contains(&version.as_str())) {
            fault("http.versions".into(), format!("`{version}` is not one of them"), "1.1 and 2 are known");
        }
        if !self.http.speaks("1.1") && self.routes.iter().any(|route| route.upgrade.is_some()) {
            fault(
                "http.versions".into(),
                "lacks 1.1, and a route upgrades".into(),
                "HTTP/2 has no upgrade (RFC 9113 §8.6)",
            );
        }
        if self.http.versions.is_empty() {
            fault("http.versions".into(), "is empty".into(), "name 1.1, 2, or both");
        }
        if self.issuers.is_empty() || self.issuers.len() > 2 {
            let wrong = format!("{} issuers", self.issuers.len());
            fault("issuers".into(), wrong, "name one issuer, or two: home and partner");
        }
        for (i, issuer) in self.issuers.iter().enumerate() {
            for prefix in issuer.speaks_for.iter().filter(|prefix| !prefix.ends_with('/')) {
                let place = format!("issuers[{i}].speaks-for");
                fault(
                    place,
                    format!("`{prefix}` does not end in `/`"),
                    "a prefix without it also matches longer names",
                );
            }
        }
        const KNOWN: [&str; 6] = ["EdDSA", "ES256", "HS256", "HS384", "HS512", "RS256"];
        if self.tokens.algorithms.is_empty() {
            fault("tokens.algorithms".into(), "is empty".into(), "list what the gate accepts, such as [\"ES256\"]");
        }
        for algorithm in self.tokens.algorithms.iter().filter(|name| !KNOWN.contains(&name.as_str())) {
            let right = "the world can sign EdDSA, ES256, HS256, HS384, HS512 and RS256";
            fault("tokens.algorithms".into(), format!("`{algorithm}` is not one of them"), right);
        }
        if self.tokens.leeway < 0 {
            fault("tokens.leeway".into(), format!("{} is negative", self.tokens.leeway), "seconds, 0 or more");
        }
        self.changes.faults(self, &mut fault);
        if self.routes.is_empty() {
            fault("routes".into(), "no route".into(), "list every route that the gate serves");
        }
        for (i, route) in self.routes.iter().enumerate() {
            route_faults(i, route, &mut fault);
            if self.routes[..i].iter().any(|earlier| earlier.id() == route.id()) {
                fault(format!("routes[{i}]"), format!("`{}` stands twice", route.id()), "list a route once");
            }
        }
        faults
    }

    /// The scopes that any route asks for, each once.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// assert_eq!(blueprint.policy.all_scopes(), ["orders:read"]);
    /// ```
    pub fn all_scopes(&self) -> Vec<String> {
        let mut scopes: Vec<String> = self.routes.iter().flat_map(|route| route.scopes.iter().cloned()).collect();
        scopes.sort();
        scopes.dedup();
        scopes
    }

    /// What a certificate in the name of `id` may hold; `None` when nothing is capped.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::MayHold;
    /// let mut policy = blueprint.policy;
    /// assert_eq!(policy.may_hold("spiffe://example.test/staff/alice"), None);
    /// let scopes = vec!["orders:read".to_string()];
    /// policy.may_hold = vec![MayHold { prefix: "spiffe://example.test/staff/".into(), scopes: scopes.clone() }];
    /// assert_eq!(policy.may_hold("spiffe://example.test/staff/alice"), Some(&scopes[..]));
    /// assert_eq!(policy.may_hold("spiffe://example.test/partner/kass"), Some(&[][..]));
    /// ```
    pub fn may_hold(&self, id: &str) -> Option<&[String]> {
        if self.may_hold.is_empty() {
            return None;
        }
        let matches = |entry: &&MayHold| {
            entry.prefix == id || (entry.prefix.ends_with('/') && id.starts_with(entry.prefix.as_str()))
        };
        let best = self.may_hold.iter().filter(matches).max_by_key(|entry| entry.prefix.len());
        Some(best.map_or(&[], |entry| entry.scopes.as_slice()))
    }
}

fn route_faults(i: usize, route: &Route, fault: &mut impl FnMut(String, String, &str)) {
    let place = |field: &str| format!("routes[{i}].{field}");
    if route.method.is_empty() || route.method.bytes().any(|byte| !byte.is_ascii_uppercase()) {
        fault(place("method"), format!("`{}` is no method", route.method), "write it in upper case, such as `GET`");
    }
    if !route.path.starts_with('/') || route.path.matches('{').count() > 1 {
        fault(place("path"), format!("`{}`", route.path), "begin with `/`, with at most one parameter in braces");
    }
    if route.security.is_empty() || route.security.iter().any(Vec::is_empty) {
        let right = "list alternatives such as [[\"certificate\", \"token\"]]; a public route needs no gate";
        fault(place("security"), "lets everybody in".into(), right);
    }
    if !route.scopes.is_empty() && route.token_optional() {
        fault(place("scopes"), "asks for scopes without a token".into(), "add `token` to every alternative");
    }
    if route.upgrade.is_some() && (route.method != "GET" || route.body.is_some()) {
        let right = "a handshake of WebSocket is a GET without a body (RFC 6455 §4.1)";
        fault(place("upgrade"), "asks for what the route's method cannot".into(), right);
    }
    let holds = |text: &Option<String>, wanted: String| text.as_ref().is_some_and(|text| text.contains(&wanted));
    if let Some(query) = &route.query {
        let plain = match route.query_parameter() {
            Some(name) => query.replacen(&format!("{name}={{{name}}}"), "", 1),
            None => query.clone(),
        };
        let sign = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&octet);
        if query.is_empty() || query.starts_with('?') || !plain.bytes().all(sign) {
            let right = "write it as it is sent, without the `?`, such as `page=1` (RFC 3986 §3.4)";
            fault(place("query"), format!("`{query}` is no query"), right);
        }
    }
    match route.owner.as_deref().map(|owner| owner.split_once(':')) {
        None => {}
        Some(Some(("path", name))) if route.path_parameter() == Some(name) => {}
        Some(Some(("query", name))) if holds(&route.query, format!("{name}={{{name}}}")) => {}
        Some(Some(("body", name))) if holds(&route.body, format!("{{{name}}}")) => {}
        Some(_) => {
            let wrong = format!("`{}` names nothing", route.owner.as_deref().unwrap_or_default());
            fault(
                place("owner"),
                wrong,
                "write `path:id` for a `{id}` in the path, `query:id` for `id={id}` in the query, or `body:from` for a `{from}` in the \
                 body",
            );
        }
    }
}
