//! Named sets of values: what a provider's tokens hold by its own documentation, and what a service that follows it promises.

use serde::Deserialize;

use super::{
    Answers, AuthorityCheck, Binding, Carriage, CertificatePolicy, ChangePolicy, ClaimValue, ClientCertificate,
    HttpPolicy, Identity, IssuerPolicy, NameForm, People, Policy, Promise, Rights, RightsForm, TokenPolicy,
};

macro_rules! profiles {
    ($($(#[$default:meta])? $variant:ident, $name:literal, $title:literal, [$($source:literal),+ $(,)?], $values:ident;)*) => {
        /// Where the values of a policy come from that its file leaves out.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[non_exhaustive]
        pub enum Profile {
            $($(#[$default])? #[doc = concat!($title, ".")] #[serde(rename = $name)] $variant,)*
        }

        impl Profile {
            /// Every profile.
            ///
            /// ```
            /// use gatecrash_model::Profile;
            /// assert!(Profile::ALL.contains(&Profile::Keycloak));
            /// ```
            pub const ALL: &[Profile] = &[$(Profile::$variant,)*];

            /// The name in `gate.toml`.
            ///
            /// ```
            /// assert_eq!(gatecrash_model::Profile::Rfc9068Mtls.name(), "rfc9068-mtls");
            /// ```
            pub fn name(self) -> &'static str {
                match self { $(Profile::$variant => $name,)* }
            }

            /// Whose tokens they are, in words.
            ///
            /// ```
            /// assert_eq!(gatecrash_model::Profile::Auth0.title(), "Access tokens of Auth0");
            /// ```
            pub fn title(self) -> &'static str {
                match self { $(Profile::$variant => $title,)* }
            }

            /// The documentation that the values are from.
            ///
            /// ```
            /// use gatecrash_model::Profile;
            /// assert!(Profile::ALL.iter().all(|profile| !profile.sources().is_empty()));
            /// ```
            pub fn sources(self) -> &'static [&'static str] {
                match self { $(Profile::$variant => &[$($source,)+],)* }
            }

            /// The values, without any route.
            ///
            /// ```
            /// use gatecrash_model::{ClientCertificate, Profile};
            /// assert_eq!(Profile::Auth0.policy().certificates.client, ClientCertificate::None);
            /// ```
            pub fn policy(self) -> Policy {
                match self { $(Profile::$variant => $values(),)* }
            }
        }
    };
}

profiles! {
    #[default] Rfc9068Mtls, "rfc9068-mtls", "Access tokens by the standards, bound to client certificates",
        ["RFC 9068 §2.2, §4", "RFC 8705 §3.1", "RFC 8725 §3"], rfc9068_mtls;
    Auth0, "auth0", "Access tokens of Auth0", [
        "https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles",
        "https://auth0.com/docs/secure/tokens/access-tokens/validate-access-tokens",
    ], auth0;
    Bearer, "bearer", "Tokens that a plain service on the crate jsonwebtoken makes for itself", [
        "https://docs.rs/jsonwebtoken/latest/jsonwebtoken/struct.Validation.html",
        "RFC 6750 §2.1",
    ], bearer;
    Cognito, "cognito", "Access tokens of Amazon Cognito user pools", [
        "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html",
        "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html",
    ], cognito;
    Entra, "entra", "Access tokens of Microsoft Entra ID, version 2.0", [
        "https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference",
        "https://learn.microsoft.com/en-us/entra/identity-platform/claims-validation",
    ], entra;
    Firebase, "firebase", "ID tokens of Firebase Authentication", [
        "https://firebase.google.com/docs/auth/admin/verify-id-tokens#verify_id_tokens_using_a_third-party_jwt_library",
    ], firebase;
    JwtSvid, "jwt-svid", "JWT-SVIDs of SPIFFE", [
        "https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md",
    ], jwt_svid;
    Keycloak, "keycloak", "Access tokens of Keycloak", [
        "https://www.keycloak.org/docs/latest/server_admin/#_client_scopes_protocol",
        "https://www.keycloak.org/securing-apps/oidc-layers",
    ], keycloak;
    Kubernetes, "kubernetes", "Bound service account tokens of Kubernetes", [
        "https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#schema-for-service-account-private-claims",
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery",
    ], kubernetes;
}

/// Claims and what is promised of them.
type Promises = &'static [(&'static str, Promise)];

use Promise::{Absent, IfPresent, Ignored, Required};

fn policy(profile: Profile, people: &str, issuer: &str, tokens: TokenPolicy) -> Policy {
    let issuers = match issuer.is_empty() {
        true => Vec::new(),
        false => vec![IssuerPolicy { url: issuer.into(), speaks_for: Vec::new(), may_grant: Vec::new() }],
    };
    Policy {
        profile,
        audience: String::new(),
        trust_domain: "example.test".into(),
        people: People { principal: NameForm(people.into()), ..People::default() },
        certificates: CertificatePolicy {
            client: ClientCertificate::None,
            identity: Identity::None,
            revocation: false,
            client_auth_purpose: false,
            tls12: true,
        },
        proxy: None,
        http: HttpPolicy { authority: AuthorityCheck::Any, ..HttpPolicy::default() },
        tokens,
        issuers,
        may_hold: Vec::new(),
        routes: Vec::new(),
        answers: Answers::default(),
        changes: ChangePolicy::default(),
        fail_on: None,
    }
}

/// Bearer tokens over no certificate, with jsonwebtoken's minute of leeway.
fn bearer_tokens(algorithm: &str, promises: Promises, honest: Vec<(&str, ClaimValue)>) -> TokenPolicy {
    TokenPolicy {
        carried: Carriage::default(),
        algorithms: vec![algorithm.into()],
        types: Vec::new(),
        key_id: algorithm != "HS256",
        leeway: 60,
        lifetime: None,
        binding: Binding::None,
        principal: "sub".into(),
        rights: Rights::default(),
        honest: honest.into_iter().map(|(claim, value)| (claim.into(), value)).collect(),
        promises: promises.iter().map(|(claim, promise)| ((*claim).into(), *promise)).collect(),
    }
}

fn list<const N: usize>(items: [&str; N]) -> ClaimValue {
    ClaimValue::List(items.map(ClaimValue::from).to_vec())
}

fn table<const N: usize>(members: [(&str, ClaimValue); N]) -> ClaimValue {
    ClaimValue::Table(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn rfc9068_mtls() -> Policy {
    let claims = ["aud", "client_id", "exp", "iat", "iss", "jti", "nbf", "sub"];
    // Such an issuer writes them, whatever a service makes of them.
    let honest = [
        ("aud", "${audience}"),
        ("client_id", "${person.name}"),
        ("iat", "${now-5}"),
        ("iss", "${issuer}"),
        ("jti", "${unique}"),
        ("nbf", "${now-5}"),
        ("sub", "${person.id}"),
    ];
    let tokens = TokenPolicy {
        carried: Carriage::default(),
        algorithms: ["EdDSA", "ES256", "RS256"].map(String::from).to_vec(),
        types: ["at+jwt", "application/at+jwt"].map(String::from).to_vec(),
        key_id: true,
        leeway: 30,
        lifetime: Some(3600),
        binding: Binding::CertificateThumbprint,
        principal: "sub".into(),
        rights: Rights::default(),
        honest: honest.into_iter().map(|(claim, value)| (claim.into(), value.into())).collect(),
        promises: claims.into_iter().map(|claim| (claim.into(), Required)).collect(),
    };
    Policy {
        trust_domain: String::new(),
        certificates: CertificatePolicy::default(),
        http: HttpPolicy::default(),
        ..policy(Profile::Rfc9068Mtls, "spiffe", "", tokens)
    }
}

/// `Validation::new`: "exp" is required and checked, `nbf`, `iss` and `sub` are not, and a token with an `aud` is refused
/// where none is expected.
fn bearer() -> Policy {
    const PROMISES: Promises = &[
        ("sub", Required),
        ("exp", Required),
        ("iat", Ignored),
        ("iss", Ignored),
        ("aud", Absent),
        ("jti", Absent),
        ("nbf", Absent),
        ("client_id", Absent),
    ];
    let honest = vec![("iat", "${now-5}".into())];
    policy(Profile::Bearer, "uuid", "https://issuer.example.test", bearer_tokens("HS256", PROMISES, honest))
}

/// Realm roles are in `realm_access`, those of a client in `resource_access`; `typ` tells access tokens from others.
fn keycloak() -> Policy {
    const PROMISES: Promises = &[
        ("iss", Required),
        ("aud", Required),
        ("sub", Required),
        ("exp", Required),
        ("typ", Required),
        ("iat", Ignored),
        ("jti", Ignored),
        ("azp", Ignored),
        ("nbf", Absent),
        ("client_id", Absent),
    ];
    let honest = vec![
        ("typ", "Bearer".into()),
        ("azp", "web".into()),
        ("iat", "${now-5}".into()),
        ("jti", "${unique}".into()),
        ("sid", "${person.uuid}".into()),
        ("acr", "1".into()),
        ("allowed-origins", list(["https://app.example.test"])),
        ("resource_access", table([("account", table([("roles", list(["manage-account", "view-profile"]))]))])),
        ("scope", "openid profile email".into()),
        ("email_verified", ClaimValue::Bool(true)),
        ("name", "${person.title} Example".into()),
        ("preferred_username", "${person.name}".into()),
        ("given_name", "${person.title}".into()),
        ("family_name", "Example".into()),
        ("email", "${person.email}".into()),
    ];
    let mut tokens = bearer_tokens("RS256", PROMISES, honest);
    tokens.rights = Rights { at: "/realm_access/roles".into(), form: RightsForm::Array };
    let issuer = "https://keycloak.example.test/realms/example";
    Policy { audience: "account".into(), ..policy(Profile::Keycloak, "uuid", issuer, tokens) }
}

/// The default token profile: `aud` is a list where OpenID Connect is spoken, too; `iss` ends in a slash.
fn auth0() -> Policy {
    const PROMISES: Promises = &[
        ("iss", Required),
        ("aud", Required),
        ("sub", Required),
        ("exp", Required),
        ("iat", Ignored),
        ("azp", Ignored),
        ("nbf", Absent),
        ("jti", Absent),
        ("client_id", Absent),
    ];
    let honest = vec![
        ("aud", list(["${audience}", "https://example.auth0.test/userinfo"])),
        ("iat", "${now-5}".into()),
        ("azp", "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja".into()),
    ];
    let tokens = bearer_tokens("RS256", PROMISES, honest);
    policy(Profile::Auth0, "auth0|{hex24}", "https://example.auth0.test/", tokens)
}

/// "Verify that the token is not expired", that `client_id` of an access token is the app client's, `iss` the user pool's,
/// and `token_use` `access`. Access tokens have no `aud`.
fn cognito() -> Policy {
    const PROMISES: Promises = &[
        ("iss", Required),
        ("sub", Required),
        ("exp", Required),
        ("client_id", Required),
        ("token_use", Required),
        ("username", Ignored),
        ("iat", Ignored),
        ("jti", Ignored),
        ("aud", Absent),
        ("nbf", Absent),
    ];
    let honest = vec![
        ("client_id", "7h3r3isnosecretinthis".into()),
        ("token_use", "access".into()),
        ("username", "${person.name}".into()),
        ("origin_jti", "${person.uuid}".into()),
        ("event_id", "${person.uuid}".into()),
        ("version", ClaimValue::Integer(2)),
        ("auth_time", "${now-5}".into()),
        ("iat", "${now-5}".into()),
        ("jti", "${unique}".into()),
        ("scope", "openid profile".into()),
    ];
    let mut tokens = bearer_tokens("RS256", PROMISES, honest);
    tokens.rights = Rights { at: "cognito:groups".into(), form: RightsForm::Array };
    let issuer = "https://cognito-idp.eu-central-1.example.test/eu-central-1_EXAMPLE";
    policy(Profile::Cognito, "uuid", issuer, tokens)
}

/// `oid` is the same in every application, `sub` in one alone; scopes are in `scp`, application roles in `roles`.
fn entra() -> Policy {
    const PROMISES: Promises = &[
        ("iss", Required),
        ("aud", Required),
        ("exp", Required),
        ("nbf", IfPresent),
        ("oid", Required),
        ("tid", Required),
        ("iat", Ignored),
        ("sub", Ignored),
        ("azp", Ignored),
        ("jti", Absent),
        ("client_id", Absent),
    ];
    const TENANT: &str = "bbbbcccc-1111-4222-8333-444455556666";
    let honest = vec![
        ("iat", "${now-5}".into()),
        ("nbf", "${now-5}".into()),
        ("aio", "AXQAi/8IAAAA".into()),
        ("azp", "00001111-aaaa-4222-8bbb-3333cccc4444".into()),
        ("azpacr", "0".into()),
        ("name", "${person.title} Example".into()),
        ("preferred_username", "${person.email}".into()),
        ("rh", "0.AAAA".into()),
        ("sub", "${person.hex32}".into()),
        ("tid", TENANT.into()),
        ("uti", "${person.hex22}".into()),
        ("ver", "2.0".into()),
    ];
    let mut tokens = bearer_tokens("RS256", PROMISES, honest);
    tokens.principal = "oid".into();
    tokens.rights = Rights { at: "scp".into(), form: RightsForm::SpaceSeparated };
    let issuer = format!("https://login.microsoftonline.test/{TENANT}/v2.0");
    policy(Profile::Entra, "uuid", &issuer, tokens)
}

/// `exp` in the future, `iat` and `auth_time` in the past, `aud` the project, `iss` its URL, `sub` not empty.
fn firebase() -> Policy {
    const PROMISES: Promises = &[
        ("iss", Required),
        ("aud", Required),
        ("sub", Required),
        ("exp", Required),
        ("iat", Required),
        ("auth_time", Ignored),
        ("user_id", Ignored),
        ("nbf", Absent),
        ("jti", Absent),
        ("client_id", Absent),
    ];
    let firebase =
        table([("identities", table([("email", list(["${person.email}"]))])), ("sign_in_provider", "password".into())]);
    let honest = vec![
        ("auth_time", "${now-5}".into()),
        ("user_id", "${person.id}".into()),
        ("email", "${person.email}".into()),
        ("email_verified", ClaimValue::Bool(true)),
        ("firebase", firebase),
    ];
    let mut tokens = bearer_tokens("RS256", PROMISES, honest);
    tokens.rights = Rights { at: "roles".into(), form: RightsForm::Array };
    let base = policy(Profile::Firebase, "{hex28}", "https://securetoken.example.test/example-project", tokens);
    Policy { audience: "example-project".into(), ..base }
}

/// The subject is the service account; the object `kubernetes.io` holds what the token is bound to. `aud` is a list.
fn kubernetes() -> Policy {
    const PROMISES: Promises = &[
        ("iss", Required),
        ("aud", Required),
        ("sub", Required),
        ("exp", Required),
        ("nbf", IfPresent),
        ("iat", Ignored),
        ("jti", Ignored),
        ("client_id", Absent),
    ];
    let bound = table([
        ("namespace", "${person.tenant}".into()),
        ("node", table([("name", "node-1".into()), ("uid", "646e7c5e-32d6-4d42-8dbd-e504e6cbe6b1".into())])),
        ("pod", table([("name", "${person.name}-0".into()), ("uid", "${person.uuid}".into())])),
        ("serviceaccount", table([("name", "${person.name}".into()), ("uid", "${person.uuid}".into())])),
    ]);
    let honest = vec![
        ("aud", list(["${audience}"])),
        ("iat", "${now-5}".into()),
        ("nbf", "${now-5}".into()),
        ("jti", "${unique}".into()),
        ("kubernetes.io", bound),
    ];
    let tokens = bearer_tokens("RS256", PROMISES, honest);
    let issuer = "https://kubernetes.default.svc.cluster.test";
    policy(Profile::Kubernetes, "system:serviceaccount:{tenant}:{name}", issuer, tokens)
}

/// `sub` is a SPIFFE id of a trusted domain, `aud` is required, `exp` is; the keys are those of the trust domain.
fn jwt_svid() -> Policy {
    const PROMISES: Promises = &[
        ("sub", Required),
        ("aud", Required),
        ("exp", Required),
        ("iat", Ignored),
        ("iss", Ignored),
        ("jti", Absent),
        ("nbf", Absent),
        ("client_id", Absent),
    ];
    let honest = vec![("aud", list(["${audience}"])), ("iat", "${now-5}".into())];
    let tokens = bearer_tokens("ES256", PROMISES, honest);
    policy(Profile::JwtSvid, "spiffe", "https://spire.example.test", tokens)
}
