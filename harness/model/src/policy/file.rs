//! `gate.toml` as it is written: every value may be left out, and then the profile has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Answers, AuthorityCheck, Binding, Carriage, CertificatePolicy, ChangePolicy, ClaimValue, ClientCertificate, Factor,
    FailOn, HttpPolicy, Identity, IssuerPolicy, MayHold, NameForm, People, Policy, Profile, Promise, ProxyPolicy,
    Rights, Route, TokenPolicy, route,
};
use crate::pointer;

/// Declares a table whose values may all be left out, and how it is laid over the values of a profile.
macro_rules! overlay {
    ($(#[$about:meta])* $file:ident over $base:ident { $($(#[$what:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
        pub struct $file {
            $($(#[$what])* pub $field: Option<$type>,)*
        }

        impl $file {
            fn over(self, base: &mut $base) {
                $(if let Some(value) = self.$field {
                    base.$field = value;
                })*
            }
        }
    };
}

overlay! {
    /// `[certificates]` of a policy file.
    CertificatesFile over CertificatePolicy {
        /// Where a client certificate is required; the same as `client-certificate` at the top.
        client: ClientCertificate,
        /// Which name of the certificate is the principal.
        identity: Identity,
        /// Whether CRLs are enforced over the whole path (RFC 5280 §6.3).
        revocation: bool,
        /// Whether the leaf must name the purpose `clientAuth` (RFC 5280 §4.2.1.12).
        client_auth_purpose: bool,
        /// Whether TLS 1.2 may be spoken (RFC 9325 §3.1.1).
        tls12: bool,
    }
}

overlay! {
    /// `[http]` of a policy file.
    HttpFile over HttpPolicy {
        /// Whether requests for another authority than the server's own are refused (RFC 9110 §7.4).
        authority: AuthorityCheck,
        /// The versions: `1.1`, `2`, or both.
        versions: Vec<String>,
    }
}

overlay! {
    /// `[people]` of a policy file.
    PeopleFile over People {
        /// Form of a principal: `spiffe`, `uuid`, `integer`, `email`, or text such as `auth0|{hex24}`.
        principal: NameForm,
        /// Form of an object's id: `uuid`, `integer`, or text such as `{name}-1`.
        objects: NameForm,
    }
}

/// `[tokens]` of a policy file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TokensFile {
    /// Where a request carries its token: `{ field = "authorization", scheme = "Bearer" }`, `{ field = "x-auth-token" }` or
    /// `{ cookie = "session" }`.
    pub carried: Option<Carriage>,
    /// The allow-list of JWS algorithms (RFC 8725 §3.1).
    pub algorithms: Option<Vec<String>>,
    /// The media types that `typ` may name; empty when `typ` is not looked at (RFC 9068 §4).
    pub types: Option<Vec<String>>,
    /// Whether `kid` must be there.
    pub key_id: Option<bool>,
    /// Clock skew that is tolerated, in seconds (RFC 7519 §4.1.4).
    pub leeway: Option<i64>,
    /// The longest lifetime, `exp` minus `iat`, in seconds; `"any"` when it is not capped.
    #[serde(deserialize_with = "lifetime")]
    pub lifetime: Option<Option<i64>>,
    /// How a token is bound to the client certificate.
    pub binding: Option<Binding>,
    /// Name or JSON pointer of the claim that says who asks.
    pub principal: Option<String>,
    /// Where the rights of the caller are, such as `{ at = "/realm_access/roles", form = "array" }`.
    pub rights: Option<Rights>,
    /// What the honest issuer writes, by name or JSON pointer.
    pub honest: BTreeMap<String, ClaimValue>,
    /// What is promised of a claim, by name or JSON pointer.
    pub promises: BTreeMap<String, Promise>,
    /// Claims that must be there, besides `exp`; the older form of `promises`.
    pub required: Option<Vec<String>>,
    /// Whether `nbf` and `iat` are enforced; the older form of `promises`.
    pub not_before: Option<bool>,
    /// Whether `aud` is enforced; the older form of `promises`.
    pub audience: Option<bool>,
}

fn lifetime<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    super::tokens::lifetime::deserialize(deserializer).map(Some)
}

/// A policy file: what is left out has the profile's value.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PolicyFile {
    /// Where the values come from that are left out; `rfc9068-mtls` unless said otherwise.
    pub profile: Option<Profile>,
    /// The value that `aud` must contain (RFC 7519 §4.1.3).
    pub audience: Option<String>,
    /// The domain of everybody's names, such as the SPIFFE trust domain, without a scheme.
    pub trust_domain: Option<String>,
    /// Who has a client certificate: `none`, `optional` or `required`.
    pub client_certificate: Option<ClientCertificate>,
    /// What people and objects are called.
    pub people: PeopleFile,
    /// What is required of client certificates.
    pub certificates: CertificatesFile,
    /// The proxy in front that hands the client's certificate on.
    pub proxy: Option<ProxyPolicy>,
    /// What is spoken over the connection.
    pub http: HttpFile,
    /// What is required of access tokens.
    pub tokens: TokensFile,
    /// The token issuers that are trusted.
    pub issuers: Option<Vec<IssuerPolicy>>,
    /// What a certificate may hold.
    pub may_hold: Vec<MayHold>,
    /// Every route that the gate serves.
    pub routes: Vec<Route>,
    /// How answers are to be read.
    pub answers: Option<Answers>,
    /// How soon the gate heeds what changes.
    pub changes: Option<ChangePolicy>,
    /// The lowest severity that fails a run.
    pub fail_on: Option<FailOn>,
}

impl From<PolicyFile> for Policy {
    fn from(file: PolicyFile) -> Self {
        let mut policy = file.profile.unwrap_or_default().policy();
        let said = Said { audience: file.audience.is_some(), issuers: file.issuers.is_some() };
        let set = |value: Option<String>, to: &mut String| value.into_iter().for_each(|value| *to = value);
        set(file.audience, &mut policy.audience);
        set(file.trust_domain, &mut policy.trust_domain);
        file.people.over(&mut policy.people);
        file.certificates.over(&mut policy.certificates);
        if let Some(client) = file.client_certificate {
            policy.certificates.client = client;
        }
        file.http.over(&mut policy.http);
        let unbound = file.tokens.binding.is_none() && policy.certificates.client == ClientCertificate::None;
        file.tokens.over(&mut policy.tokens, said);
        if unbound {
            policy.tokens.binding = Binding::None;
        }
        // Without a certificate there is no name in it.
        if policy.certificates.client == ClientCertificate::None {
            policy.certificates.identity = Identity::None;
            policy.certificates.revocation = false;
            policy.certificates.client_auth_purpose = false;
        }
        policy.proxy = file.proxy;
        let usual_proxy = policy.usual_proxy();
        if let Some(proxy) = policy.proxy.as_mut().filter(|proxy| proxy.peer.is_empty()) {
            proxy.peer = usual_proxy;
        }
        policy.issuers = file.issuers.unwrap_or(policy.issuers);
        (policy.may_hold, policy.routes) = (file.may_hold, file.routes);
        policy.answers = file.answers.unwrap_or_default();
        policy.changes = file.changes.unwrap_or_default();
        policy.fail_on = file.fail_on;
        let usual = match policy.certificates.client {
            ClientCertificate::None => vec![vec![Factor::Token]],
            ClientCertificate::Optional | ClientCertificate::Required => route::both_factors(),
        };
        for route in policy.routes.iter_mut().filter(|route| route.security.is_empty()) {
            route.security = if route.public { vec![Vec::new()] } else { usual.clone() };
        }
        policy
    }
}

/// What a file says outside `[tokens]` that is a promise of a claim.
struct Said {
    audience: bool,
    issuers: bool,
}

impl TokensFile {
    fn over(self, base: &mut TokenPolicy, said: Said) {
        fn set<T>(value: Option<T>, to: &mut T) {
            value.into_iter().for_each(|value| *to = value);
        }
        set(self.carried, &mut base.carried);
        set(self.algorithms, &mut base.algorithms);
        set(self.types, &mut base.types);
        set(self.key_id, &mut base.key_id);
        set(self.leeway, &mut base.leeway);
        set(self.lifetime, &mut base.lifetime);
        set(self.binding, &mut base.binding);
        set(self.rights, &mut base.rights);
        if let Some(principal) = self.principal {
            // Who asks stands elsewhere: of the profile's claim nothing is promised any more.
            let before = std::mem::replace(&mut base.principal, principal);
            if !base.is_principal(&before) {
                base.set_promise(&before, Promise::Absent);
                let now = base.principal.clone();
                base.set_promise(&now, Promise::Required);
            }
        }
        // Whoever names an audience or an issuer means that it counts.
        for (claim, named) in [("aud", said.audience), ("iss", said.issuers)] {
            if named && !base.promise(claim).is_checked() {
                base.set_promise(claim, Promise::Required);
            }
        }
        if let Some(required) = &self.required {
            older(base, required);
        }
        if self.not_before == Some(false) {
            base.set_promise("iat", Promise::Ignored);
            base.set_promise("nbf", Promise::Ignored);
        }
        if self.audience == Some(false) {
            base.set_promise("aud", Promise::Ignored);
        }
        for (claim, value) in self.honest {
            base.honest.insert(pointer::canonical(&claim).into_owned(), value);
        }
        for (claim, promise) in self.promises {
            base.set_promise(&claim, promise);
        }
    }
}

/// `required` of an older file: what it leaves out is checked where it can be wrong, and is in honest tokens all the same.
fn older(base: &mut TokenPolicy, required: &[String]) {
    for claim in ["aud", "client_id", "iat", "iss", "jti", "nbf", "sub"] {
        let promise = match claim {
            _ if required.iter().any(|known| known == claim) => Promise::Required,
            "client_id" | "iat" | "jti" | "sub" => Promise::Ignored,
            _ => Promise::IfPresent,
        };
        base.set_promise(claim, promise);
    }
    for claim in required {
        base.set_promise(claim, Promise::Required);
    }
}

// What is printed is read again as it is: `policy show`.
impl Serialize for Profile {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
