//! The obligations, each with its clause and the latest stage at which a violation may be refused.

use serde::{Deserialize, Serialize};

/// How far an attempt gets. Later stages are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The TLS handshake: the certificate and the proof of its key.
    Handshake,
    /// The request and its token: who asks.
    Token,
    /// Scope, ownership, route: what may be asked.
    Authorization,
    /// The protected effect ran.
    Effect,
}

impl Stage {
    /// Lower-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Stage::Handshake.name(), "handshake");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Stage::Handshake => "handshake",
            Stage::Token => "token",
            Stage::Authorization => "authorization",
            Stage::Effect => "effect",
        }
    }
}

macro_rules! rules {
    ($($variant:ident, $name:literal, $stage:ident, $clause:literal, $cwe:literal, $api:literal, $must:literal;)*) => {
        /// One obligation of whoever guards the gate.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = concat!($must, " (", $clause, ").")] $variant,)*
        }

        impl Rule {
            /// Every rule.
            ///
            /// ```
            /// use gatecrash_model::Rule;
            /// assert!(Rule::ALL.contains(&Rule::Audience));
            /// ```
            pub const ALL: &[Rule] = &[$(Rule::$variant,)*];

            /// Kebab-case name, as in the catalogue.
            ///
            /// ```
            /// assert_eq!(gatecrash_model::Rule::Audience.name(), "audience");
            /// ```
            pub fn name(self) -> &'static str {
                match self { $(Rule::$variant => $name,)* }
            }

            /// Where the obligation stands.
            ///
            /// ```
            /// assert_eq!(gatecrash_model::Rule::Audience.clause(), "RFC 7519 §4.1.3");
            /// ```
            pub fn clause(self) -> &'static str {
                match self { $(Rule::$variant => $clause,)* }
            }

            /// Whether one attempt alone cannot violate it, whatever it is.
            ///
            /// ```
            /// use gatecrash_model::Rule;
            /// assert!(Rule::OneTime.of_sequence() && !Rule::Expiry.of_sequence());
            /// ```
            pub fn of_sequence(self) -> bool {
                matches!(self, Rule::EarlyData | Rule::OneTime | Rule::Throttle | Rule::TokenRevocation)
            }

            /// Whether the HTTP or TLS stack refuses a violation by itself, before an application could audit it.
            ///
            /// ```
            /// use gatecrash_model::Rule;
            /// assert!(Rule::MessageFraming.of_protocol());
            /// assert!(!Rule::Audience.of_protocol());
            /// ```
            pub fn of_protocol(self) -> bool {
                use Rule::*;
                matches!(
                    self,
                    HttpVersion | MessageForm | MessageFraming | MessageSize | OneRequest | ServerName | TlsProtocol
                )
            }

            /// What must hold, in a sentence.
            ///
            /// ```
            /// assert_eq!(gatecrash_model::Rule::Audience.must(), "`aud` is there and contains this service");
            /// ```
            pub fn must(self) -> &'static str {
                match self { $(Rule::$variant => $must,)* }
            }

            /// The latest stage at which a violation may be refused.
            ///
            /// ```
            /// use gatecrash_model::{Rule, Stage};
            /// assert_eq!(Rule::Revocation.stage(), Stage::Handshake);
            /// ```
            pub fn stage(self) -> Stage {
                match self { $(Rule::$variant => Stage::$stage,)* }
            }

            /// The weakness that a gate has which does not enforce the rule (CWE number).
            ///
            /// ```
            /// assert_eq!(gatecrash_model::Rule::Audience.cwe(), 345);
            /// ```
            pub fn cwe(self) -> u32 {
                match self { $(Rule::$variant => $cwe,)* }
            }

            /// Category of the OWASP API Security Top 10 2023.
            ///
            /// ```
            /// assert_eq!(gatecrash_model::Rule::Ownership.owasp_api(), "API1:2023");
            /// ```
            pub fn owasp_api(self) -> &'static str {
                match self { $(Rule::$variant => $api,)* }
            }
        }
    };
}

rules! {
    AlgorithmAllowed, "algorithm-allowed", Token, "RFC 8725 §3.1", 327, "API2:2023", "The algorithm is on the allow-list";
    AlgorithmOfKey, "algorithm-of-key", Token, "RFC 8725 §3.1", 347, "API2:2023", "A key is used with its own algorithm only";
    Audience, "audience", Token, "RFC 7519 §4.1.3", 345, "API2:2023", "`aud` is there and contains this service";
    Authority, "authority", Token, "RFC 9110 §7.4", 346, "API8:2023", "The request is for an authority that the server's certificate is valid for";
    BasicConstraints, "basic-constraints", Handshake, "RFC 5280 §4.2.1.9", 295, "API2:2023", "Only an authority issues certificates";
    CertificateAlgorithm, "certificate-algorithm", Handshake, "RFC 8446 §4.4.2.4, RFC 9325 §4.5, RFC 5480 §2.1.1", 327, "API2:2023", "No certificate is signed over a broken hash, by an algorithm left behind, or with a short key";
    CertificateCap, "certificate-cap", Authorization, "RFC 9700 §2.3", 863, "API5:2023", "The scope used is one that the certificate may hold";
    CertificateForm, "certificate-form", Handshake, "RFC 5280 §4.1", 295, "API2:2023", "Every certificate is DER, and of the profile";
    CertificateIdentity, "certificate-identity", Token, "SPIFFE X509-SVID §2", 297, "API2:2023", "The certificate holds exactly one name of the kind that identifies, such as a SPIFFE id";
    CertificatePresent, "certificate-present", Handshake, "RFC 8705 §3", 306, "API2:2023", "A client certificate is presented";
    CertificateSignature, "certificate-signature", Handshake, "RFC 5280 §6.1.3 (a)(1)", 295, "API2:2023", "Every certificate's signature verifies with its issuer's key";
    CertificateValidity, "certificate-validity", Handshake, "RFC 5280 §6.1.3 (a)(2)", 298, "API2:2023", "Every certificate is within its validity period";
    ClaimsForm, "claims-form", Token, "RFC 7519 §7.2", 20, "API2:2023", "The claims set is a JSON object";
    ClaimType, "claim-type", Token, "RFC 7519 §4.1", 843, "API2:2023", "Registered claims have their JSON type";
    ClientId, "client-id", Token, "RFC 9068 §2.2", 287, "API2:2023", "`client_id` is there";
    Confirmation, "confirmation", Token, "RFC 8705 §3.1", 287, "API2:2023", "`cnf` holds the thumbprint of the presented certificate";
    CredentialForm, "credential-form", Token, "RFC 6750 §2.1", 20, "API2:2023", "The credential follows `Bearer 1*SP b64token`";
    CredentialUnique, "credential-unique", Token, "RFC 6750 §2", 436, "API2:2023", "The token arrives by one method, once";
    CriticalExtension, "critical-extension", Handshake, "RFC 5280 §4.2", 295, "API2:2023", "An unknown critical extension is refused";
    CriticalHeader, "critical-header", Token, "RFC 7515 §4.1.11", 636, "API2:2023", "A token whose `crit` is not understood is refused";
    Expiry, "expiry", Token, "RFC 7519 §4.1.4", 613, "API2:2023", "`exp` is there and not past";
    EarlyData, "early-data", Effect, "RFC 8470 §3, RFC 8446 §8", 294, "API2:2023", "Nothing runs before the handshake is finished";
    ExtendedKeyUsage, "extended-key-usage", Handshake, "RFC 5280 §4.2.1.12", 295, "API2:2023", "The leaf is meant for client authentication";
    ExtensionUnique, "extension-unique", Handshake, "RFC 5280 §4.2", 295, "API2:2023", "No extension stands twice";
    ForwardedCertificate, "forwarded-certificate", Token, "RFC 9440 §2.2, RFC 8941 §4.2", 436, "API8:2023", "The field with the client's certificate is there once, as the proxy writes it";
    HeaderForm, "header-form", Token, "RFC 7515 §4", 20, "API2:2023", "The JOSE header is a JSON object whose parameters have their type";
    HostField, "host-field", Token, "RFC 9112 §3.2", 444, "API8:2023", "There is one `Host`, it is an authority, and the target does not contradict it";
    HttpVersion, "http-version", Token, "RFC 9110 §15.5.22", 757, "API8:2023", "The request comes in a version that is served, agreed on as it must be";
    IssuedAt, "issued-at", Token, "RFC 9068 §2.2", 345, "API2:2023", "`iat` is there and not in the future";
    Issuer, "issuer", Token, "RFC 7519 §4.1.1", 345, "API2:2023", "`iss` is there and names a trusted issuer";
    IssuerKeyUsage, "issuer-key-usage", Handshake, "RFC 5280 §4.2.1.3", 295, "API2:2023", "An issuing certificate may sign certificates";
    IssuerMayGrant, "issuer-may-grant", Authorization, "RFC 9700 §2.3", 863, "API5:2023", "The scope used is one that the issuer may grant";
    IssuerSpeaksFor, "issuer-speaks-for", Token, "RFC 8725 §3.8", 345, "API2:2023", "The issuer vouches only for its own";
    KeyId, "key-id", Token, "RFC 7515 §4.1.4", 345, "API2:2023", "`kid` names a published key of the issuer";
    KeyStrength, "key-strength", Token, "RFC 7518 §3.2, §3.3, RFC 8725 §3.4", 326, "API2:2023", "A key is too strong to be guessed or done without";
    LeafKeyUsage, "leaf-key-usage", Handshake, "RFC 5280 §4.2.1.3", 295, "API2:2023", "The leaf's key may sign a handshake";
    Lifetime, "lifetime", Token, "RFC 6750 §5.3", 613, "API2:2023", "The token's lifetime is within the cap";
    MessageForm, "message-form", Token, "RFC 9110 §5.5", 93, "API8:2023", "Field names and values are ones, and a request has the pseudo-header fields of one";
    MessageFraming, "message-framing", Token, "RFC 9112 §6.3", 444, "API8:2023", "It is beyond doubt where the content ends";
    MessageSize, "message-size", Token, "RFC 9110 §5.4", 770, "API4:2023", "The fields are no larger than the server takes";
    NameConstraints, "name-constraints", Handshake, "RFC 5280 §4.2.1.10", 295, "API2:2023", "Names lie within the constraints of every authority above";
    NotBefore, "not-before", Token, "RFC 7519 §4.1.5", 613, "API2:2023", "`nbf` is there and not in the future";
    OneRequest, "one-request", Token, "RFC 9112 §6.3", 444, "API8:2023", "No second request is read out of the first";
    OneTime, "one-time", Token, "RFC 7519 §4.1.7", 294, "API2:2023", "A token that works once is accepted once";
    Ownership, "ownership", Authorization, "OWASP API1:2023", 639, "API1:2023", "The object belongs to the caller";
    PathLength, "path-length", Handshake, "RFC 5280 §4.2.1.9", 295, "API2:2023", "No path is longer than an authority allows";
    PathToAnchor, "path-to-anchor", Handshake, "RFC 5280 §6.1", 295, "API2:2023", "The chain leads to a trust anchor";
    ProofOfPossession, "proof-of-possession", Handshake, "RFC 8446 §4.4.3", 322, "API2:2023", "The client proves that it holds the leaf's key";
    Revocation, "revocation", Handshake, "RFC 5280 §6.3", 299, "API2:2023", "No certificate of the path is revoked";
    RevocationStatus, "revocation-status", Handshake, "RFC 5280 §6.3.3", 299, "API2:2023", "The revocation status of every certificate is known and fresh";
    Route, "route", Authorization, "RFC 9110 §15.5.5", 1220, "API5:2023", "Only a declared method and path is served";
    Scope, "scope", Authorization, "RFC 6750 §3.1", 862, "API5:2023", "The token grants the scope that the route needs";
    ServerName, "server-name", Handshake, "RFC 6066 §3", 346, "API8:2023", "The handshake asks for the server by its name";
    Signature, "signature", Token, "RFC 7515 §5.2", 347, "API2:2023", "The signature verifies with a key of the issuer";
    Subject, "subject", Token, "RFC 9068 §2.2", 287, "API2:2023", "`sub` is there";
    SubjectOfCertificate, "subject-of-certificate", Token, "RFC 8705 §3", 287, "API2:2023", "`sub` is the name in the certificate";
    Throttle, "throttle", Token, "RFC 6585 §4", 307, "API2:2023", "A client that keeps guessing has to wait";
    TlsProtocol, "tls-protocol", Handshake, "RFC 9325 §3.1.1", 319, "API8:2023", "The connection is TLS, of an allowed version";
    TokenForm, "token-form", Token, "RFC 7515 §3.1", 20, "API2:2023", "The token is three segments of canonical base64url";
    TokenId, "token-id", Token, "RFC 9068 §2.2", 294, "API2:2023", "`jti` is there";
    TokenPresent, "token-present", Token, "RFC 6750 §3", 306, "API2:2023", "A token is presented in the `Authorization` header";
    TokenRevocation, "token-revocation", Token, "RFC 7009 §2.2", 613, "API2:2023", "A revoked token is refused";
    TrustedProxy, "trusted-proxy", Token, "RFC 9440 §4", 290, "API2:2023", "A certificate in a field counts from the trusted proxy alone";
    TokenType, "token-type", Token, "RFC 9068 §4", 1287, "API2:2023", "`typ` says that this is an access token";
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Rules as bits: a verdict is made of many of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RuleSet(u128);

const _: () = assert!(Rule::ALL.len() <= 128);

impl RuleSet {
    pub(crate) fn insert(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u32;
    }

    pub(crate) fn contains(self, rule: Rule) -> bool {
        self.0 & 1 << rule as u32 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn count(self) -> u32 {
        self.0.count_ones()
    }
}

impl From<Rule> for RuleSet {
    fn from(rule: Rule) -> Self {
        Self(1 << rule as u32)
    }
}

impl FromIterator<Rule> for RuleSet {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        let mut set = Self::default();
        set.extend(rules);
        set
    }
}

impl Extend<Rule> for RuleSet {
    fn extend<I: IntoIterator<Item = Rule>>(&mut self, rules: I) {
        rules.into_iter().for_each(|rule| self.insert(rule));
    }
}

impl IntoIterator for RuleSet {
    type Item = Rule;
    type IntoIter = RuleSetIter;

    fn into_iter(self) -> RuleSetIter {
        RuleSetIter(self.0)
    }
}

/// The rules of a set, in order.
pub(crate) struct RuleSetIter(u128);

impl Iterator for RuleSetIter {
    type Item = Rule;

    fn next(&mut self) -> Option<Rule> {
        let lowest = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        Rule::ALL.get(lowest as usize).copied()
    }
}
