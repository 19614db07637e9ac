//! What a policy leaves out, held against a strict one: in words, with the risk, and with the attacks that mean nothing
//! any more. The oracle says which those are; no list of them is kept by hand.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use gatecrash_model::{
    Attempt, AuthorityCheck, Binding, Blueprint, CertificatePolicy, ClientCertificate, Factor, ForwardedKey, Identity,
    IssuerRole, MayHold, Person, Policy, Profile, Promise, ProxyPolicy, Route, Scene, TokenPolicy, Verdict, VerifiedBy,
    judge, resolve,
};
use serde::Serialize;

use crate::attacks::catalogue::{Catalogue, Expect};

/// One thing that a policy does not promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyGap {
    /// Path of the value in the policy, such as `tokens.binding` or `routes[2].security`.
    pub place: String,
    /// What is not promised, in a clause.
    pub what: String,
    /// What an attacker may do where the gate does no more than it promises.
    pub risk: &'static str,
    /// Ids of the families of which this gap lets an attack through, or lets it be refused later; in the order of the
    /// catalogue. Empty where the risk is one that no attack of the catalogue shows.
    pub families: Vec<String>,
}

/// A value that is laxer than in a strict policy.
struct Gap {
    place: String,
    what: String,
    risk: &'static str,
    copy: Box<Copying>,
}

/// Sets the value of one policy in another.
type Copying = dyn Fn(&Policy, &mut Policy);

/// Claims that a strict policy asks for, and what an attacker has where they are not.
const CLAIMS: [(&str, &str); 7] = [
    ("aud", "a token for any other service of the issuer opens this one"),
    ("client_id", "nobody can tell which client obtained the token"),
    ("iat", "how old a token is cannot be told"),
    ("iss", "a token of any issuer whose key is trusted is taken for any other's"),
    ("jti", "a token cannot be told from its copy"),
    ("nbf", "a token that is meant for later works at once"),
    ("sub", "nobody can tell whom the token is about"),
];

/// The present of the worlds in which the question is asked; any will do.
const NOW: i64 = 1_790_000_000;

/// The most leeway that "usually no more than a few minutes" can mean, seconds (RFC 7519 §4.1.4).
const LEEWAY: i64 = 300;

/// What a policy leaves out, in the order of `gate.toml`; empty for a strict one.
///
/// For each gap the oracle judges the catalogue twice: under the policy with every gap made good, and under the
/// same with that one left open. It takes a tenth of a second for each gap.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// use gatecrash::{corpus::catalogue::Catalogue, report::policy_gaps::gaps_of};
/// let catalogue = Catalogue::embedded()?;
/// let mut lax = policy;
/// lax.tokens.set_promise("aud", gatecrash::model::Promise::Ignored);
/// let gap = gaps_of(&lax, &catalogue).into_iter().find(|it| it.place == "tokens.promises.aud");
/// assert!(gap.is_some_and(|it| it.families.contains(&"aud-missing".to_string())));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn gaps_of(policy: &Policy, catalogue: &Catalogue) -> Vec<PolicyGap> {
    let gaps = gaps_in(policy);
    if gaps.is_empty() {
        return Vec::new();
    }
    // A thousand routes that are alike are asked about once.
    let (sample, places) = sampled(policy);
    let wanted = strict(&sample);
    let mut closed = sample.clone();
    let sampled_gaps = gaps_in(&sample);
    sampled_gaps.iter().for_each(|gap| (gap.copy)(&wanted, &mut closed));
    let blueprint = Blueprint::new(closed, NOW);
    let refused = refused(&blueprint, catalogue);
    let families = sampled_gaps.iter().map(|gap| {
        let mut open = blueprint.clone();
        (gap.copy)(&sample, &mut open.policy);
        ((gap.place.clone(), gap.risk), switched_off(&refused, &open))
    });
    let families: BTreeMap<_, _> = families.collect();
    let told = gaps.into_iter().map(|Gap { place, what, risk, .. }| {
        let asked = match place.strip_prefix("routes[").and_then(|rest| rest.split_once(']')) {
            Some((route, member)) => {
                let route = route.parse().ok().and_then(|route: usize| places.get(route).copied());
                format!("routes[{}]{member}", route.unwrap_or_default())
            }
            None => place.clone(),
        };
        let families = families.get(&(asked, risk)).cloned().unwrap_or_default();
        PolicyGap { place, what, risk, families }
    });
    told.collect()
}

/// The policy with one route of each shape, and for each of its routes the place of the one of the same shape.
fn sampled(policy: &Policy) -> (Policy, Vec<usize>) {
    let mut shapes: BTreeMap<String, usize> = BTreeMap::new();
    let mut sample = Policy { routes: Vec::new(), ..policy.clone() };
    let mut places = Vec::new();
    for route in &policy.routes {
        let next = sample.routes.len();
        let place = *shapes.entry(shape(route)).or_insert(next);
        if place == next {
            sample.routes.push(route.clone());
        }
        places.push(place);
    }
    (sample, places)
}

/// What the oracle can tell routes apart by, whatever they are called.
fn shape(route: &Route) -> String {
    let owner = route.owner.as_deref().and_then(|owner| owner.split_once(':')).map(|(place, _)| place);
    let Route { method, public, security, scopes, query, body, content_type, upgrade, .. } = route;
    let (parameters, present) = (route.path_parameters().count(), [query.is_some(), body.is_some()]);
    format!("{:?}", (method, public, security, scopes.len().min(2), owner, parameters, present, content_type, upgrade))
}

/// Who may say whose certificate it is.
pub(crate) fn proxy_promise(proxy: &ProxyPolicy) -> String {
    let verified = match proxy.verified_by {
        VerifiedBy::Proxy => "has verified",
        VerifiedBy::Service => "leaves to the service to verify",
    };
    format!(
        "the client's certificate comes in `{}` from `{}`, which {verified} it, and from nobody else",
        proxy.field.name(),
        proxy.peer
    )
}

/// What a policy promises, a clause each, in the order of `gate.toml`.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// let told = gatecrash::report::policy_gaps::promises(&policy);
/// assert!(told.contains(&"the audience of a token is `https://api.example.test`".to_string()));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn promises(policy: &Policy) -> Vec<String> {
    let (certificates, tokens) = (&policy.certificates, &policy.tokens);
    let mut list = Vec::new();
    if let Some(proxy) = &policy.proxy {
        list.push(proxy_promise(proxy));
    }
    list.extend(match certificates.client {
        _ if policy.proxy.is_some() => None,
        ClientCertificate::None => None,
        ClientCertificate::Optional => Some("the application refuses whoever has no valid client certificate".into()),
        ClientCertificate::Required => Some("the handshake refuses whoever has no valid client certificate".into()),
    });
    match certificates.identity {
        Identity::None => {}
        Identity::Spiffe => {
            list.push(format!("the principal is the SPIFFE id in the certificate, of `{}`", policy.trust_domain));
        }
        other => list.push(format!("the principal is the {} in the certificate", other.title())),
    }
    if certificates.revocation {
        list.push("revoked certificates, and those of unknown status, are refused".into());
    }
    if certificates.client_auth_purpose {
        list.push("a client certificate names the purpose `clientAuth`".into());
    }
    if policy.http.authority == AuthorityCheck::Own {
        list.push("requests for other hosts are refused".into());
    }
    list.push(format!("tokens are signed with {}", tokens.algorithms.join(", ")));
    if !tokens.types.is_empty() {
        list.push(format!("the type of a token is {}", tokens.types.join(" or ")));
    }
    let required = tokens.required();
    if !required.is_empty() {
        list.push(format!("a token holds {}", required.join(", ")));
    }
    if tokens.promise("aud").is_checked() {
        list.push(format!("the audience of a token is `{}`", policy.audience));
    }
    list.push(format!("a token ends at `exp`, with {} s of leeway", tokens.leeway));
    let dates: Vec<&str> = ["nbf", "iat"].into_iter().filter(|claim| tokens.promise(claim).is_checked()).collect();
    if !dates.is_empty() {
        list.push(format!(
            "a token does not work before {}",
            dates.iter().map(|claim| format!("`{claim}`")).collect::<Vec<_>>().join(" and ")
        ));
    }
    if let Some(cap) = tokens.lifetime {
        list.push(format!("a token lives for {cap} s at most"));
    }
    if tokens.binding == Binding::CertificateThumbprint {
        list.push("a token works over the certificate that it is bound to, and no other (RFC 8705 §3.1)".into());
    }
    for issuer in policy.issuers.iter().filter(|issuer| !issuer.speaks_for.is_empty()) {
        list.push(format!("{} vouches for {} alone", issuer.url, issuer.speaks_for.join(", ")));
    }
    for issuer in policy.issuers.iter().filter(|issuer| !issuer.may_grant.is_empty()) {
        list.push(format!("{} grants {} at most", issuer.url, issuer.may_grant.join(", ")));
    }
    if !policy.may_hold.is_empty() {
        list.push(format!("what a certificate may hold is capped, by {} names", policy.may_hold.len()));
    }
    list.extend(policy.routes.iter().map(route_promise));
    list
}

fn route_promise(route: &Route) -> String {
    let named = |all: &Vec<Factor>| {
        let names = all.iter().map(|factor| match factor {
            Factor::Certificate => "a certificate",
            Factor::Token => "a token",
        });
        names.collect::<Vec<_>>().join(" and ")
    };
    let factors: Vec<String> = route.security.iter().map(named).collect();
    let mut text = format!("{} asks for {}", route.id(), factors.join(", or "));
    if !route.scopes.is_empty() {
        text.push_str(&format!(", for {}", route.scopes.join(" and ")));
    }
    if route.owner.is_some() {
        text.push_str(", and that the object is the caller's");
    }
    text
}

/// An attack that must be refused where every gap is made good, in all the ways that it can be made.
struct Refused<'a> {
    family: &'a str,
    scene: Scene,
    attempts: Vec<(Attempt, Verdict)>,
}

/// The attacks that must be refused under `closed`.
fn refused<'a>(closed: &Blueprint, catalogue: &'a Catalogue) -> Vec<Refused<'a>> {
    let attacks = catalogue.attacks.iter().filter(|attack| attack.expect == Expect::Refuse);
    let attacks = attacks.map(|attack| {
        let closed = in_scene(closed, attack.scene);
        let attempts = attack.cases(&closed).into_iter().filter(|case| case.is_single()).filter_map(|case| {
            let attempt = resolve(case.first()?, &closed).ok()?;
            let verdict = judge(&attempt, &closed);
            verdict.must_refuse().then_some((attempt, verdict))
        });
        Refused { family: &attack.family.id, scene: attack.scene, attempts: attempts.collect() }
    });
    attacks.collect()
}

/// The families with an attack that need not be refused, or not as soon, under `open`.
fn switched_off(refused: &[Refused<'_>], open: &Blueprint) -> Vec<String> {
    let mut families: Vec<String> = Vec::new();
    for attack in refused {
        let open = in_scene(open, attack.scene);
        let is_weakened = |(attempt, before): &(Attempt, Verdict)| {
            let after = judge(attempt, &open);
            !after.must_refuse() || after.latest > before.latest
        };
        if families.last().is_none_or(|last| last != attack.family) && attack.attempts.iter().any(is_weakened) {
            let family = attack.family.to_owned();
            if !families.contains(&family) {
                families.push(family);
            }
        }
    }
    families
}

fn in_scene(blueprint: &Blueprint, scene: Scene) -> Cow<'_, Blueprint> {
    if blueprint.scene == scene {
        Cow::Borrowed(blueprint)
    } else {
        Cow::Owned(Blueprint { scene, ..blueprint.clone() })
    }
}

/// The same policy as one would wish it: the values that a gap copies from.
fn strict(policy: &Policy) -> Policy {
    let blueprint = Blueprint::new(policy.clone(), NOW);
    let bound = policy.certificates.client != ClientCertificate::None;
    let mut strict = Policy { http: Default::default(), ..policy.clone() };
    let Policy { tokens, certificates, .. } = &mut strict;
    // Where nobody has a certificate, there is nothing to promise of one; and a name of another kind is one, too.
    if bound {
        let identity = if certificates.identity == Identity::None { Identity::Spiffe } else { certificates.identity };
        *certificates = CertificatePolicy { identity, ..CertificatePolicy::default() };
        tokens.binding = Binding::CertificateThumbprint;
    }
    if let Some(proxy) = &mut strict.proxy {
        (proxy.verified_by, proxy.keys) = (VerifiedBy::Service, ForwardedKey::ALL.to_vec());
    }
    let tokens = &mut strict.tokens;
    // The form of honest tokens is the service's own; what is promised of them is not.
    let wished = TokenPolicy::default();
    tokens.types = if policy.profile == Profile::Rfc9068Mtls { wished.types } else { policy.tokens.types.clone() };
    (tokens.key_id, tokens.leeway, tokens.lifetime) = (wished.key_id, wished.leeway, wished.lifetime);
    for claim in CLAIMS.map(|(claim, _)| claim) {
        tokens.set_promise(claim, Promise::Required);
    }
    let asymmetric = policy.tokens.algorithms.iter().filter(|name| !name.starts_with("HS"));
    strict.tokens.algorithms = asymmetric.cloned().collect();
    if strict.tokens.algorithms.is_empty() {
        strict.tokens.algorithms = TokenPolicy::default().algorithms;
    }
    // What somebody of another tenant needs: the routes whose objects have owners.
    let owned: BTreeSet<String> =
        policy.routes.iter().filter(|route| route.owner.is_some()).flat_map(|route| route.scopes.clone()).collect();
    let owned: Vec<String> = owned.into_iter().collect();
    // Where names have no tenant in them, each is listed by itself.
    let tenant = |person: Person| {
        let (id, tenant) = (blueprint.id(person), format!("/{}/", person.tenant()));
        id.find(&tenant).map_or(id.clone(), |at| id[..at + tenant.len()].into())
    };
    let alone = policy.issuers.len() == 1;
    for (place, issuer) in strict.issuers.iter_mut().enumerate() {
        let role = IssuerRole::at(place);
        let spoken: BTreeSet<String> = Person::ALL
            .iter()
            .copied()
            .filter(|person| alone || blueprint.issuer_of(*person) == role)
            .map(tenant)
            .collect();
        issuer.speaks_for = spoken.into_iter().collect();
        issuer.may_grant = if role == IssuerRole::Home { policy.all_scopes() } else { owned.clone() };
    }
    if bound {
        let all = MayHold { prefix: blueprint.certificate_name(Person::Alice), scopes: policy.all_scopes() };
        let rest = MayHold { prefix: format!("spiffe://{}/", policy.trust_domain), scopes: owned };
        strict.may_hold = vec![all, rest];
    }
    for route in strict.routes.iter_mut().filter(|route| !route.public) {
        route.security = vec![match bound {
            true => vec![Factor::Certificate, Factor::Token],
            false => vec![Factor::Token],
        }];
    }
    strict
}

/// Collects the gaps of a policy.
struct Gaps(Vec<Gap>);

impl Gaps {
    fn add(
        &mut self,
        open: bool,
        place: impl Into<String>,
        what: impl Into<String>,
        risk: &'static str,
        copy: impl Fn(&Policy, &mut Policy) + 'static,
    ) {
        if open {
            self.0.push(Gap { place: place.into(), what: what.into(), risk, copy: Box::new(copy) });
        }
    }
}

fn gaps_in(policy: &Policy) -> Vec<Gap> {
    let mut gaps = Gaps(Vec::new());
    connection_gaps(policy, &mut gaps);
    token_gaps(policy, &mut gaps);
    authority_gaps(policy, &mut gaps);
    gaps.0
}

fn connection_gaps(policy: &Policy, gaps: &mut Gaps) {
    let certificates = &policy.certificates;
    let bound = certificates.client != ClientCertificate::None;
    gaps.add(
        certificates.client == ClientCertificate::Optional,
        "certificates.client",
        "the handshake takes clients without a certificate; the application is to refuse them",
        "every route that forgets to ask is open to the network",
        |from, to| to.certificates.client = from.certificates.client,
    );
    gaps.add(
        bound && certificates.identity == Identity::None,
        "certificates.identity",
        "the name in the client certificate is not compared with the token",
        "anybody with a certificate of the anchor may use anybody's token",
        |from, to| to.certificates.identity = from.certificates.identity,
    );
    gaps.add(
        bound && !certificates.revocation,
        "certificates.revocation",
        "revoked client certificates are not refused",
        "a lost or stolen key works until its certificate expires",
        |from, to| to.certificates.revocation = from.certificates.revocation,
    );
    gaps.add(
        bound && !certificates.client_auth_purpose,
        "certificates.client-auth-purpose",
        "a client certificate need not name the purpose `clientAuth`",
        "a certificate made for another purpose, such as a server's, opens the gate",
        |from, to| to.certificates.client_auth_purpose = from.certificates.client_auth_purpose,
    );
    gaps.add(
        bound && certificates.tls12,
        "certificates.tls12",
        "TLS 1.2 is spoken",
        "client certificates travel in the clear, and the older handshake's weaknesses stay within reach",
        |from, to| to.certificates.tls12 = from.certificates.tls12,
    );
    gaps.add(
        policy.proxy.as_ref().is_some_and(|proxy| proxy.verified_by == VerifiedBy::Proxy),
        "proxy.verified-by",
        "whether a forwarded certificate leads to a trust anchor is left to the proxy",
        "a proxy that is configured to ask for certificates, and not to verify them, lets anybody in as anybody",
        |from, to| to.proxy = from.proxy.clone(),
    );
    gaps.add(
        policy.http.authority == AuthorityCheck::Any,
        "http.authority",
        "requests for other hosts are answered",
        "links, caches and virtual hosts can be led astray by a forged `Host`, unless a proxy looks at it",
        |from, to| to.http.authority = from.http.authority,
    );
}

fn token_gaps(policy: &Policy, gaps: &mut Gaps) {
    let tokens = &policy.tokens;
    let symmetric: Vec<&str> =
        tokens.algorithms.iter().map(String::as_str).filter(|name| name.starts_with("HS")).collect();
    gaps.add(
        !symmetric.is_empty(),
        "tokens.algorithms",
        format!("tokens are taken over a shared secret ({})", symmetric.join(", ")),
        "every service that can check a token can make one",
        |from, to| to.tokens.algorithms = from.tokens.algorithms.clone(),
    );
    gaps.add(
        tokens.types.is_empty(),
        "tokens.types",
        "the `typ` of a token is not looked at",
        "a token for another use, such as an ID token, passes for an access token",
        |from, to| to.tokens.types = from.tokens.types.clone(),
    );
    for (claim, risk) in CLAIMS {
        let promise = tokens.promise(claim);
        let what = match promise {
            Promise::Absent | Promise::Ignored if ["aud", "iat", "iss", "nbf"].contains(&claim) => {
                format!("`{claim}` is not enforced")
            }
            _ => format!("a token need not hold `{claim}`"),
        };
        gaps.add(promise != Promise::Required, format!("tokens.promises.{claim}"), what, risk, move |from, to| {
            to.tokens.set_promise(claim, from.tokens.promise(claim));
        });
    }
    gaps.add(
        !tokens.key_id,
        "tokens.key-id",
        "a token need not name its key",
        "which key counts is a guess, and a key that was withdrawn may still be tried",
        |from, to| to.tokens.key_id = from.tokens.key_id,
    );
    gaps.add(
        tokens.leeway > LEEWAY,
        "tokens.leeway",
        format!("{} s of clock skew are tolerated, where a few minutes are usual", tokens.leeway),
        "every token lives longer than its issuer meant it to",
        |from, to| to.tokens.leeway = from.tokens.leeway,
    );
    gaps.add(
        tokens.lifetime.is_none(),
        "tokens.lifetime",
        "the lifetime of a token is not capped",
        "a token that leaks once may work for years",
        |from, to| to.tokens.lifetime = from.tokens.lifetime,
    );
    gaps.add(
        policy.certificates.client != ClientCertificate::None && tokens.binding == Binding::None,
        "tokens.binding",
        "tokens are not bound to the client certificate",
        "whoever finds a token in a log or a proxy can use it",
        |from, to| to.tokens.binding = from.tokens.binding,
    );
}

fn authority_gaps(policy: &Policy, gaps: &mut Gaps) {
    for (i, issuer) in policy.issuers.iter().enumerate() {
        gaps.add(
            issuer.speaks_for.is_empty(),
            format!("issuers[{i}].speaks-for"),
            format!("{} may vouch for anybody", issuer.url),
            "one issuer can make tokens in the name of another's people",
            move |from, to| to.issuers[i].speaks_for = from.issuers[i].speaks_for.clone(),
        );
        gaps.add(
            issuer.may_grant.is_empty(),
            format!("issuers[{i}].may-grant"),
            format!("{} may grant every scope", issuer.url),
            "one issuer can hand out rights that are not its own to give",
            move |from, to| to.issuers[i].may_grant = from.issuers[i].may_grant.clone(),
        );
    }
    gaps.add(
        policy.certificates.client != ClientCertificate::None
            && policy.may_hold.is_empty()
            && !policy.all_scopes().is_empty(),
        "may-hold",
        "what a certificate may hold is not capped",
        "an issuer that grants too much is believed, whoever holds the certificate",
        |from, to| to.may_hold = from.may_hold.clone(),
    );
    for (i, route) in policy.routes.iter().enumerate() {
        let without = |factor: Factor| route.security.iter().any(|all| !all.contains(&factor));
        for (factor, name, risk) in [
            (Factor::Certificate, "client certificate", "whoever can reach the port and has a token is let in"),
            (Factor::Token, "token", "whoever holds a certificate of the anchor is let in"),
        ] {
            let bound = factor == Factor::Token || policy.certificates.client != ClientCertificate::None;
            gaps.add(
                bound && without(factor),
                format!("routes[{i}].security"),
                format!("{} asks for no {name}", route.id()),
                risk,
                move |from, to| to.routes[i].security = from.routes[i].security.clone(),
            );
        }
        let anybody = route.path_parameter().is_some() && route.owner.is_none() && route.scopes.is_empty();
        gaps.add(
            anybody,
            format!("routes[{i}].owner"),
            format!("{} names an object, and asks neither for a scope nor for its owner", route.id()),
            "everybody who is let in sees everybody's objects",
            |_, _| {},
        );
    }
}
