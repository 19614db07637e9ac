//! Every reason to refuse, by name. A cause goes to the audit log and never to the client.

macro_rules! causes {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// Why something was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Cause {
            $($(#[$doc])+ $variant,)+
        }

        impl Cause {
            /// Every cause, in alphabetical order.
            pub const ALL: &[Cause] = &[$(Cause::$variant,)+];

            /// The cause in kebab case, as it is logged.
            pub fn name(self) -> &'static str {
                match self {
                    $(Cause::$variant => $name,)+
                }
            }
        }
    };
}

causes! {
    /// `alg` is absent, not allowed, or not the algorithm of the key (RFC 8725 §3.1).
    Algorithm = "algorithm",
    /// `aud` is absent, empty, or does not name this server (RFC 9068 §4, RFC 7519 §4.1.3).
    Audience = "audience",
    /// A signature in the path, or its key, is of an unsupported algorithm (RFC 5280 §4.1.1.2).
    CertificateAlgorithm = "certificate-algorithm",
    /// An end entity issued, a CA stands as end entity, or a path is too long (RFC 5280 §4.2.1.9).
    CertificateAuthority = "certificate-authority",
    /// The certificate may not hold the scope, whatever the token says (RFC 9700 §2.3).
    CertificateCap = "certificate-cap",
    /// A certificate's `notAfter` has passed (RFC 5280 §4.1.2.5).
    CertificateExpired = "certificate-expired",
    /// Not exactly one URI name, or no SPIFFE ID (SPIFFE X509-SVID §2).
    CertificateIdentity = "certificate-identity",
    /// Encoding, version, or a critical extension not understood (RFC 5280 §4.2).
    CertificateMalformed = "certificate-malformed",
    /// The client presented no certificate (RFC 8446 §4.4.2.4).
    CertificateMissing = "certificate-missing",
    /// A certificate's `notBefore` lies ahead (RFC 5280 §4.1.2.5).
    CertificateNotYetValid = "certificate-not-yet-valid",
    /// A certificate of the path is on a revocation list (RFC 5280 §6.3).
    CertificateRevoked = "certificate-revoked",
    /// No path to a trust anchor with intact signatures (RFC 5280 §6.1).
    CertificateUntrusted = "certificate-untrusted",
    /// The extended key usage is absent from the leaf, or does not allow client authentication (RFC 5280 §4.2.1.12).
    CertificateUsage = "certificate-usage",
    /// A claim is of the wrong JSON type, or the claims set is not one object without duplicates (RFC 7519 §4).
    ClaimsMalformed = "claims-malformed",
    /// `client_id` is absent or empty (RFC 9068 §2.2).
    ClientId = "client-id",
    /// `cnf` is absent or names another certificate (RFC 8705 §3.1).
    Confirmation = "confirmation",
    /// The credential is sent in more than one place (RFC 6750 §2).
    CredentialDuplicated = "credential-duplicated",
    /// `Bearer` is not followed by one b64token (RFC 6750 §2.1).
    CredentialMalformed = "credential-malformed",
    /// `crit` is present, and no extension is understood (RFC 7515 §4.1.11).
    CriticalHeader = "critical-header",
    /// `exp` is absent or has passed (RFC 7519 §4.1.4).
    Expired = "expired",
    /// The JOSE header is not one JSON object without duplicates, or a parameter is of the wrong type (RFC 7515 §4).
    HeaderMalformed = "header-malformed",
    /// `Host` is absent, no authority, there twice, or another than the target's (RFC 9112 §3.2).
    HostMalformed = "host-malformed",
    /// `iat` is absent or lies ahead (RFC 9068 §2.2).
    IssuedInFuture = "issued-in-future",
    /// `iss` is absent or not a trusted issuer (RFC 9068 §4).
    Issuer = "issuer",
    /// An issuing certificate's key usage lacks `keyCertSign` (RFC 5280 §4.2.1.3).
    IssuerKeyUsage = "issuer-key-usage",
    /// The issuer may not grant the scope (RFC 9700 §2.3).
    IssuerMayGrant = "issuer-may-grant",
    /// The issuer may not name this subject (RFC 8725 §3.8).
    IssuerSpeaksFor = "issuer-speaks-for",
    /// `kid` is absent or not a verification key of the issuer (RFC 7515 §4.1.4).
    KeyUnknown = "key-unknown",
    /// The leaf's key usage lacks `digitalSignature` (RFC 5280 §4.2.1.3).
    LeafKeyUsage = "leaf-key-usage",
    /// The token was issued for longer than accepted (RFC 6750 §5.3).
    Lifetime = "lifetime",
    /// The path exists, but the resource has no such method (RFC 9110 §15.5.6).
    MethodUnknown = "method-unknown",
    /// The request is for an authority that the server's certificate does not name (RFC 9110 §7.4).
    Misdirected = "misdirected",
    /// A name in the path breaks a name constraint (RFC 5280 §4.2.1.10).
    NameConstraints = "name-constraints",
    /// `nbf` is absent or lies ahead (RFC 7519 §4.1.5).
    NotYetValid = "not-yet-valid",
    /// The object belongs to somebody else, or does not exist (OWASP API1:2023).
    Owner = "owner",
    /// `CertificateVerify` is absent or wrong: the client does not hold the key (RFC 8446 §4.4.3).
    ProofOfPossession = "proof-of-possession",
    /// The body, its type or its length is not acceptable (RFC 9110 §15.5.1).
    RequestMalformed = "request-malformed",
    /// No current revocation list covers a certificate of the path (RFC 5280 §6.3.3).
    RevocationUnknown = "revocation-unknown",
    /// No such path (RFC 9110 §15.5.5).
    RouteUnknown = "route-unknown",
    /// The token does not grant the scope (RFC 6750 §3.1).
    Scope = "scope",
    /// The signature is not the issuer's (RFC 7515 §5.2).
    Signature = "signature",
    /// `sub` is absent or empty (RFC 9068 §2.2).
    Subject = "subject",
    /// `sub` is not the SPIFFE ID of the client certificate (RFC 8705 §3).
    SubjectMismatch = "subject-mismatch",
    /// Any other failure of the handshake (RFC 8446 §6.2).
    TlsProtocol = "tls-protocol",
    /// `jti` is absent or empty (RFC 9068 §2.2).
    TokenId = "token-id",
    /// Not three segments of canonical base64url (RFC 7515 §3.1).
    TokenMalformed = "token-malformed",
    /// No bearer token in the `Authorization` field (RFC 6750 §2.1).
    TokenMissing = "token-missing",
    /// `typ` is not that of an access token (RFC 9068 §4).
    TokenType = "token-type",
}
