//! Every reason to refuse, by name. A cause goes to the audit log and never to the client.

macro_rules! causes {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal by $clause:literal,)+) => {
        /// Why something was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Cause {
            $(
                $(#[$doc])+
                #[doc = concat!("\n\nRule: ", $clause, ".")]
                $variant,
            )+
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

            /// The clause of the rule that it breaks.
            pub fn clause(self) -> &'static str {
                match self {
                    $(Cause::$variant => $clause,)+
                }
            }
        }
    };
}

causes! {
    /// `alg` is absent, not allowed, or not the algorithm of the key.
    Algorithm = "algorithm" by "RFC 8725 §3.1",
    /// `aud` is absent, empty, or does not name this server.
    Audience = "audience" by "RFC 9068 §4, RFC 7519 §4.1.3",
    /// The admission could not be recorded, and without a record there is no effect.
    AuditUnavailable = "audit-unavailable" by "NIST SP 800-53 AU-5",
    /// A signature in the path, or its key, is of an unsupported algorithm, or the key is too short.
    CertificateAlgorithm = "certificate-algorithm" by "RFC 5280 §4.1.1.2",
    /// An end entity issued, a CA stands as end entity, or a path is too long.
    CertificateAuthority = "certificate-authority" by "RFC 5280 §4.2.1.9",
    /// The certificate may not hold the scope, whatever the token says.
    CertificateCap = "certificate-cap" by "RFC 9700 §2.3",
    /// A certificate's `notAfter` has passed.
    CertificateExpired = "certificate-expired" by "RFC 5280 §4.1.2.5",
    /// Not exactly one URI name, or no SPIFFE ID.
    CertificateIdentity = "certificate-identity" by "SPIFFE X509-SVID §2",
    /// Encoding, version, or a critical extension not understood.
    CertificateMalformed = "certificate-malformed" by "RFC 5280 §4.2",
    /// The client presented no certificate.
    CertificateMissing = "certificate-missing" by "RFC 8446 §4.4.2.4",
    /// A certificate's `notBefore` lies ahead.
    CertificateNotYetValid = "certificate-not-yet-valid" by "RFC 5280 §4.1.2.5",
    /// A certificate of the path is on a revocation list.
    CertificateRevoked = "certificate-revoked" by "RFC 5280 §6.3",
    /// No path to a trust anchor with intact signatures.
    CertificateUntrusted = "certificate-untrusted" by "RFC 5280 §6.1",
    /// The extended key usage is absent from the leaf, or does not allow client authentication.
    CertificateUsage = "certificate-usage" by "RFC 5280 §4.2.1.12",
    /// A claim is of the wrong JSON type, or the claims set is not one object without duplicates.
    ClaimsMalformed = "claims-malformed" by "RFC 7519 §4",
    /// `client_id` is absent or empty.
    ClientId = "client-id" by "RFC 9068 §2.2",
    /// `cnf` is absent or names another certificate.
    Confirmation = "confirmation" by "RFC 8705 §3.1",
    /// The body is longer than accepted.
    ContentTooLarge = "content-too-large" by "RFC 9110 §15.5.14",
    /// The credential is sent in more than one place.
    CredentialDuplicated = "credential-duplicated" by "RFC 6750 §2",
    /// `Bearer` is not followed by one b64token.
    CredentialMalformed = "credential-malformed" by "RFC 6750 §2.1",
    /// `crit` is present, and no extension is understood.
    CriticalHeader = "critical-header" by "RFC 7515 §4.1.11",
    /// `exp` is absent or has passed.
    Expired = "expired" by "RFC 7519 §4.1.4",
    /// The handler took longer than accepted.
    HandlerTimeout = "handler-timeout" by "RFC 9110 §15.6.4",
    /// The JOSE header is not one JSON object without duplicates, or a parameter is of the wrong type.
    HeaderMalformed = "header-malformed" by "RFC 7515 §4",
    /// `Host` is absent, no authority, there twice, or another than the target's.
    HostMalformed = "host-malformed" by "RFC 9112 §3.2",
    /// `iat` is absent or lies ahead.
    IssuedInFuture = "issued-in-future" by "RFC 9068 §2.2",
    /// `iss` is absent or not a trusted issuer.
    Issuer = "issuer" by "RFC 9068 §4",
    /// An issuing certificate's key usage lacks `keyCertSign`.
    IssuerKeyUsage = "issuer-key-usage" by "RFC 5280 §4.2.1.3",
    /// The issuer may not grant the scope.
    IssuerMayGrant = "issuer-may-grant" by "RFC 9700 §2.3",
    /// The issuer may not name this subject.
    IssuerSpeaksFor = "issuer-speaks-for" by "RFC 8725 §3.8",
    /// `kid` is absent or not a verification key of the issuer.
    KeyUnknown = "key-unknown" by "RFC 7515 §4.1.4",
    /// The leaf's key usage lacks `digitalSignature`.
    LeafKeyUsage = "leaf-key-usage" by "RFC 5280 §4.2.1.3",
    /// The token was issued for longer than accepted.
    Lifetime = "lifetime" by "RFC 6750 §5.3",
    /// The path exists, but the resource has no such method.
    MethodUnknown = "method-unknown" by "RFC 9110 §15.5.6",
    /// The request is for an authority that the server's certificate does not name.
    Misdirected = "misdirected" by "RFC 9110 §7.4",
    /// A name in the path breaks a name constraint.
    NameConstraints = "name-constraints" by "RFC 5280 §4.2.1.10",
    /// `nbf` is absent or lies ahead.
    NotYetValid = "not-yet-valid" by "RFC 7519 §4.1.5",
    /// The object belongs to somebody else, or does not exist.
    Owner = "owner" by "OWASP API1:2023",
    /// `CertificateVerify` is absent or wrong: the client does not hold the key.
    ProofOfPossession = "proof-of-possession" by "RFC 8446 §4.4.3",
    /// The body, its type or its length is not acceptable.
    RequestMalformed = "request-malformed" by "RFC 9110 §15.5.1",
    /// The body did not arrive in time.
    RequestTimeout = "request-timeout" by "RFC 9110 §15.5.9",
    /// No current revocation list covers a certificate of the path.
    RevocationUnknown = "revocation-unknown" by "RFC 5280 §6.3.3",
    /// No such path.
    RouteUnknown = "route-unknown" by "RFC 9110 §15.5.5",
    /// The token does not grant the scope.
    Scope = "scope" by "RFC 6750 §3.1",
    /// The signature is not the issuer's.
    Signature = "signature" by "RFC 7515 §5.2",
    /// `sub` is absent or empty.
    Subject = "subject" by "RFC 9068 §2.2",
    /// `sub` is not the SPIFFE ID of the client certificate.
    SubjectMismatch = "subject-mismatch" by "RFC 8705 §3",
    /// Too many refusals of this certificate, and its wait is not over.
    Throttled = "throttled" by "CWE-307, RFC 6585 §4",
    /// Any other failure of the handshake.
    TlsProtocol = "tls-protocol" by "RFC 8446 §6.2",
    /// `jti` is absent or empty.
    TokenId = "token-id" by "RFC 9068 §2.2",
    /// Not three segments of canonical base64url.
    TokenMalformed = "token-malformed" by "RFC 7515 §3.1",
    /// No bearer token in the `Authorization` field.
    TokenMissing = "token-missing" by "RFC 6750 §2.1",
    /// `typ` is not that of an access token.
    TokenType = "token-type" by "RFC 9068 §4",
    /// What is trusted could not be renewed for too long.
    TrustStale = "trust-stale" by "RFC 5280 §6.3",
}
