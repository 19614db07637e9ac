//! What contradicts itself in a policy, or cannot be meant: each fault with its place, and with what would be right.

use super::{Binding, ClientCertificate, Factor, Identity, IssuerPolicy, MayHold, Policy, Profile, Promise, Route};
use std::collections::BTreeSet;

use crate::{Algorithm, Blueprint, Person, pointer, resolve};

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
            issuers: vec![IssuerPolicy { url: issuer.into(), speaks_for: Vec::new(), may_grant: Vec::new() }],
            routes,
            ..Profile::default().policy()
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
        if self.audience.is_empty() && self.tokens.promise("aud").is_checked() {
            fault(
                "audience".into(),
                "is empty".into(),
                "name the value that `aud` must contain, or promise `aud = \"ignored\"`",
            );
        }
        if self.trust_domain.is_empty() || self.trust_domain.contains("://") {
            let wrong = format!("`{}` is no trust domain", self.trust_domain);
            fault("trust-domain".into(), wrong, "write it without a scheme, such as `example.test`");
        }
        let forms = [("people.principal", &self.people.principal), ("people.objects", &self.people.objects)];
        for (place, form) in forms {
            if let Some(wrong) = form.fault() {
                let right = "write spiffe, uuid, integer, email, or text with {name}, {tenant}, {domain}, {number}, {uuid}, {hex24} \
                             or {digits8}";
                fault(place.into(), wrong, right);
            }
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
        if self.issuers.is_empty() {
            fault(
                "issuers".into(),
                "no issuer".into(),
                "name the issuer whose tokens are trusted, as `[[issuers]]` with its `url`",
            );
        }
        if self.issuers.len() > MOST_ISSUERS {
            let wrong = format!("{} issuers", self.issuers.len());
            fault("issuers".into(), wrong, "the world has keys for 9 issuers; leave out some that are alike");
        }
        self.proxy_faults(&mut fault);
        self.text_faults(&mut fault);
        for (i, issuer) in self.issuers.iter().enumerate() {
            if self.issuers[..i].iter().any(|earlier| earlier.url == issuer.url) {
                let wrong = format!("`{}` stands twice", issuer.url);
                fault(format!("issuers[{i}].url"), wrong, "list an issuer once");
            }
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
        if self.tokens.algorithms.is_empty() {
            fault("tokens.algorithms".into(), "is empty".into(), "list what the gate accepts, such as [\"ES256\"]");
        }
        let unknown = |name: &&String| Algorithm::of_name(name).is_none();
        for algorithm in self.tokens.algorithms.iter().filter(unknown) {
            let known = Algorithm::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", ");
            let right = format!("the world can sign {known}");
            fault("tokens.algorithms".into(), format!("`{algorithm}` is not one of them"), &right);
        }
        if self.tokens.leeway < 0 {
            fault("tokens.leeway".into(), format!("{} is negative", self.tokens.leeway), "seconds, 0 or more");
        }
        self.changes.faults(self, &mut fault);
        self.claim_faults(&mut fault);
        if self.routes.is_empty() {
            fault("routes".into(), "no route".into(), "list every route that the gate serves");
        }
        let mut seen = BTreeSet::new();
        for (i, route) in self.routes.iter().enumerate() {
            route_faults(i, route, self.certificates.client, &mut fault);
            if !seen.insert(route.id()) {
                fault(format!("routes[{i}]"), format!("`{}` stands twice", route.id()), "list a route once");
            }
        }
        faults
    }

    /// What is promised of claims, held against what honest tokens hold, and the other way round.
    fn claim_faults(&self, fault: &mut impl FnMut(String, String, &str)) {
        let tokens = &self.tokens;
        let client = self.certificates.client;
        if client == ClientCertificate::None && tokens.binding != Binding::None {
            let right = "write `binding = \"none\"`, or `client-certificate = \"required\"`";
            fault("tokens.binding".into(), "binds tokens to certificates that nobody has".into(), right);
        }
        if client == ClientCertificate::None && self.certificates.identity != Identity::None {
            let right = "write `identity = \"none\"`, or `client-certificate = \"required\"`";
            fault("certificates.identity".into(), "names a name in certificates that nobody has".into(), right);
        }
        for (place, address) in [("tokens.principal", &tokens.principal), ("tokens.rights", &tokens.rights.at)] {
            if pointer::names(address).iter().any(|name| name.is_empty()) {
                let right = "write a name such as `sub`, or a JSON pointer such as `/user/id`";
                fault(place.into(), format!("`{address}` is no claim"), right);
            }
        }
        if tokens.promise(&tokens.principal) == Promise::Absent {
            let wrong = format!("promises `absent` of `{}`, which says who asks", tokens.principal);
            fault(
                format!("tokens.promises.{}", tokens.principal),
                wrong,
                "promise `required`, or name another `principal`",
            );
        }
        let blueprint = Blueprint::new(self.clone(), 0);
        if let Some((claim, wrong)) = resolve::honest_fault(&blueprint) {
            let right = "known are ${person.name}, .id, .email, .tenant, .title, .uuid, .number, .hex24, ${audience}, ${issuer}, ${domain}, \
                         ${now}, ${now+300} and, of jti, ${unique}";
            fault(format!("tokens.honest.{claim}"), wrong, right);
            return;
        }
        for claim in resolve::lacking(&blueprint) {
            let wrong = format!("promises `{claim}`, which honest tokens lack");
            let right =
                format!("write it as the issuer does under [tokens.honest], or promise `{claim} = \"ignored\"`");
            fault(format!("tokens.promises.{claim}"), wrong, &right);
        }
    }

    /// The DNS name of somebody of the cast.
    pub(crate) fn dns_name(&self, person: Person) -> String {
        format!("{}.{}.{}", person.name(), person.tenant(), self.trust_domain)
    }

    /// The e-mail name of somebody of the cast.
    pub(crate) fn email_name(&self, person: Person) -> String {
        format!("{}@{}", person.name(), self.trust_domain)
    }

    /// The SPIFFE id of somebody of the cast.
    pub(crate) fn spiffe_id(&self, person: Person) -> String {
        format!("spiffe://{}/{}/{}", self.trust_domain, person.tenant(), person.name())
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

/// The most issuers that the world has keys for.
const MOST_ISSUERS: usize = 9;

fn route_faults(i: usize, route: &Route, client: ClientCertificate, fault: &mut impl FnMut(String, String, &str)) {
    let place = |field: &str| format!("routes[{i}].{field}");
    if route.method.is_empty() || route.method.bytes().any(|byte| !byte.is_ascii_uppercase()) {
        fault(place("method"), format!("`{}` is no method", route.method), "write it in upper case, such as `GET`");
    }
    let whole = |segment: &str| {
        !segment.contains(['{', '}']) || (segment.starts_with('{') && segment.ends_with('}') && segment.len() > 2)
    };
    if !route.path.starts_with('/') || !route.path.split('/').all(whole) {
        let right = "begin with `/`; a parameter in braces is a whole segment, such as `/v1/{org}/orders/{id}`";
        fault(place("path"), format!("`{}`", route.path), right);
    }
    let unnamed = route.path_parameters().filter(|name| Some(*name) != route.path_parameter());
    for name in unnamed.filter(|name| route.example_of(name).is_none()) {
        let right = format!("write `examples = {{ {name} = \"…\" }}`, a value that the service knows");
        fault(place("path"), format!("`{{{name}}}` has no example"), &right);
    }
    for name in route.examples.keys().filter(|name| !route.path_parameters().any(|known| known == *name)) {
        let wrong = format!("`{name}` is no parameter of `{}`", route.path);
        fault(place("examples"), wrong, "name a parameter of the path");
    }
    if !route.public && (route.security.is_empty() || route.security.iter().any(Vec::is_empty)) {
        let right = "list alternatives such as [[\"certificate\", \"token\"]], or write `public = true`";
        fault(place("security"), "lets everybody in".into(), right);
    }
    if route.public && route.security.iter().any(|factors| !factors.is_empty()) {
        fault(place("public"), "asks for something all the same".into(), "leave out `security`, or leave out `public`");
    }
    if client == ClientCertificate::None && route.security.iter().any(|all| all.contains(&Factor::Certificate)) {
        let right = "leave it out, or write `client-certificate = \"optional\"` or \"required\"";
        fault(place("security"), "asks for a certificate that nobody has".into(), right);
    }
    if route.public && route.owner.is_some() {
        fault(
            place("owner"),
            "asks for the owner of a route that is open to everybody".into(),
            "leave out one of both",
        );
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
        Some(Some(("path", name))) if route.path_parameters().any(|known| known == name) => {}
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
