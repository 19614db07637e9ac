//! From what is attempted to what is permitted. Total: every attempt has a verdict under every policy.

#![warn(clippy::wildcard_enum_match_arm)]

mod authority;
mod facts;
mod message;
mod proxy;
mod routing;
mod token;

pub(crate) use facts::Facts;
use routing::find_route;

use crate::{
    Admission, Attempt, Blueprint, CertificateSpec, ChainSpec, ClientCertificate, CredentialSeen, Extra, Factor,
    Identity, Lifted, Proof, ReadingKind, Rule, RuleSet, Scene, Stage, Transport, Verdict,
    chain::constraints,
    readings::{Latitude, judgments},
    template::LONGEST_NAME,
};

/// What one reading comes to: the violated rules and, when there are none, the admission.
pub(crate) type Judgment = (RuleSet, Option<Admission>);

/// The verdict on an attempt.
///
/// ```
/// # use gatecrash_model::*;
/// # let policy = gatecrash_model::example::policy();
/// # let blueprint = Blueprint::new(policy, 1_790_000_000);
/// # let resolved = |stance, changes| {
/// #     let case = Case::one(stance, "GET /v1/orders/{id}", changes);
/// #     resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())
/// # };
/// use gatecrash_model::{Rule, Stance, judge};
/// let verdict = judge(&resolved(Stance::ExpiredToken, vec![])?, &blueprint);
/// assert!(verdict.must_refuse());
/// assert!(verdict.refusals.contains(&Rule::Expiry));
/// # Ok::<(), String>(())
/// ```
pub fn judge(attempt: &Attempt, blueprint: &Blueprint) -> Verdict {
    judge_lifted(&attempt.expected(blueprint), blueprint)
}

/// The verdict on what was read off bytes: the union over all readings.
///
/// ```
/// # use gatecrash_model::*;
/// # let policy = gatecrash_model::example::policy();
/// # let blueprint = Blueprint::new(policy, 1_790_000_000);
/// # let resolved = |stance, changes| {
/// #     let case = Case::one(stance, "GET /v1/orders/{id}", changes);
/// #     resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())
/// # };
/// use gatecrash_model::{Person, Stance, judge, judge_lifted};
/// let attempt = resolved(Stance::Complete(Person::Alice), vec![])?;
/// let verdict = judge_lifted(&attempt.expected(&blueprint), &blueprint);
/// assert!(verdict.must_admit());
/// assert_eq!(verdict, judge(&attempt, &blueprint));
/// # Ok::<(), String>(())
/// ```
pub fn judge_lifted(lifted: &Lifted, blueprint: &Blueprint) -> Verdict {
    let mut verdict = Verdict::default();
    // A certificate that comes in a field can be refused only once the request was read.
    let optional =
        blueprint.policy.certificates.client == ClientCertificate::Optional || blueprint.policy.proxy.is_some();
    let stage = |rule: Rule| if optional { rule.stage().max(Stage::Token) } else { rule.stage() };
    for (_, (rules, admission)) in judgments(lifted, blueprint) {
        // Whoever reads leniently comes to a refusal later.
        verdict.latest = verdict.latest.max(rules.into_iter().map(stage).min());
        verdict.admissions.extend(admission);
        verdict.refusals.extend(rules);
    }
    if !verdict.must_refuse() {
        verdict.latest = None;
    }
    verdict.second = lifted.message.second.as_ref().map(|second| message::second(second, lifted, blueprint));
    verdict
}

/// The rules that an attempt violates under one reading. Two-valued and total.
pub(crate) fn rule_on(facts: &Facts<'_>, latitude: &Latitude) -> Judgment {
    let Facts { lifted, blueprint, .. } = *facts;
    match lifted.transport {
        Transport::Garbage | Transport::Plain | Transport::Ssl2 => return (RuleSet::from(Rule::TlsProtocol), None),
        Transport::Tls12 if !blueprint.policy.certificates.tls12 => {
            return (RuleSet::from(Rule::TlsProtocol), None);
        }
        Transport::Tls12 | Transport::Tls13 | Transport::Tls13Fragmented => {}
    }
    let transport_rules = match (&lifted.forwarded, blueprint.policy.certificates.client) {
        (Some(seen), _) => proxy::handshake_rules(facts, seen, latitude),
        (None, ClientCertificate::Required) => certificate_rules(facts, latitude),
        (None, ClientCertificate::None | ClientCertificate::Optional) => RuleSet::default(),
    };
    let Some((route, object)) = find_route(lifted, blueprint, latitude) else {
        // Behind the fallback the same credentials are asked for as anywhere.
        let mut rules = factor_rules(usual_factors(blueprint), facts, latitude);
        rules.extend(transport_rules);
        rules.extend(message::rules(lifted, None, blueprint, latitude));
        rules.insert(Rule::Route);
        return (rules, None);
    };
    let message_rules = message::rules(lifted, Some(route), blueprint, latitude);
    let mut best: Option<RuleSet> = None;
    for factors in &route.security {
        let mut rules = transport_rules;
        rules.extend(message_rules);
        rules.extend(factor_rules(factors, facts, latitude));
        if !factors.contains(&Factor::Certificate) {
            rules.extend(proxy::open_rules(facts, latitude));
        }
        if factors.contains(&Factor::Token) {
            rules.extend(authority::scope_rules(facts, route, latitude));
        } else if lifted.credential != CredentialSeen::Absent {
            let unneeded = factor_rules(&[Factor::Token], facts, latitude);
            if !unneeded.is_empty() && !latitude.permits(ReadingKind::UnneededCredential) {
                rules.extend(unneeded);
            }
        }
        // A server may end the handshake over an unacceptable certificate, or go on as if there were none (RFC 8446 §4.4.2.4).
        if !factors.contains(&Factor::Certificate)
            && blueprint.policy.certificates.client == ClientCertificate::Optional
            && lifted.chain.is_some()
        {
            let unneeded = certificate_rules(facts, latitude);
            if !unneeded.is_empty() && !latitude.permits(ReadingKind::UnneededCredential) {
                rules.extend(unneeded);
            }
        }
        // Whose the object is means nothing where the certificate names nobody, which is a violation by itself.
        if !rules.contains(Rule::CertificatePresent) && !rules.contains(Rule::CertificateIdentity) {
            rules.extend(authority::owner_rules(facts, route, object.as_deref()));
        }
        if best.is_none_or(|known| rules.count() < known.count()) {
            best = Some(rules);
        }
    }
    let rules = best.unwrap_or_default();
    let admission = rules.is_empty().then(|| Admission {
        principal: facts.principal().unwrap_or_default().into_owned(),
        route: route.id(),
        object,
    });
    (rules, admission)
}

/// What is asked for where no route says otherwise.
fn usual_factors(blueprint: &Blueprint) -> &'static [Factor] {
    match blueprint.policy.certificates.client {
        ClientCertificate::None => &[Factor::Token],
        ClientCertificate::Optional | ClientCertificate::Required => &[Factor::Certificate, Factor::Token],
    }
}

fn factor_rules(factors: &[Factor], facts: &Facts<'_>, latitude: &Latitude) -> RuleSet {
    let mut rules = RuleSet::default();
    if factors.contains(&Factor::Certificate) {
        rules.extend(certificate_rules(facts, latitude));
        let identity = facts.blueprint.policy.certificates.identity;
        let names_nobody = facts.lifted.chain.is_some() && facts.holder.is_none();
        // Nobody writes a longer one, and who reads one may take it or leave it (SPIFFE-ID §2.3).
        let too_long = identity == Identity::Spiffe && facts.holder.is_some_and(|holder| holder.len() > LONGEST_NAME);
        // The anchors are the trust domain's. Who looks no further lets in whom they issued another domain's name to.
        let own = format!("spiffe://{}/", facts.blueprint.policy.trust_domain);
        let foreign = identity == Identity::Spiffe && facts.holder.is_some_and(|holder| !holder.starts_with(&own));
        if (identity != Identity::None && names_nobody)
            || (too_long && !latitude.permits(ReadingKind::LongName))
            || (foreign && !latitude.permits(ReadingKind::ForeignTrustDomain))
        {
            rules.insert(Rule::CertificateIdentity);
        }
    }
    if factors.contains(&Factor::Token) {
        rules.extend(token::rules(facts, latitude));
    }
    rules
}

fn certificate_rules(facts: &Facts<'_>, latitude: &Latitude) -> RuleSet {
    let Facts { lifted, blueprint, .. } = *facts;
    if let (Some(seen), Some(proxy)) = (&lifted.forwarded, &blueprint.policy.proxy) {
        return proxy::certificate_rules(facts, seen, proxy, latitude);
    }
    match &lifted.chain {
        Some(chain) => chain_rules(chain, facts.path, blueprint, latitude),
        None => RuleSet::from(Rule::CertificatePresent),
    }
}

/// What a chain violates, with what it violates on its best path.
fn chain_rules(chain: &ChainSpec, path: RuleSet, blueprint: &Blueprint, latitude: &Latitude) -> RuleSet {
    let mut rules = path;
    if chain.proof != Proof::Genuine {
        rules.insert(Rule::ProofOfPossession);
    }
    // A boundary that the gate's clock passes between forging and judging (RFC 5280 §4.1.2.5 counts whole seconds).
    let passing = |certificate: &CertificateSpec| {
        let (start, end) = (certificate.not_before, certificate.not_after);
        (1..=blueprint.drift).contains(&start) || (0..blueprint.drift).contains(&end)
    };
    if chain.certificates.iter().any(passing) && !latitude.permits(ReadingKind::ClockDrift) {
        rules.insert(Rule::CertificateValidity);
    }
    let leaf = chain.certificates.first();
    if leaf.and_then(|leaf| leaf.authority).is_some_and(|constraints| constraints.ca)
        && !latitude.permits(ReadingKind::AuthorityAsLeaf)
    {
        rules.insert(Rule::BasicConstraints);
    }
    let other_purpose = |issuer: &CertificateSpec| {
        issuer.purposes.as_ref().is_some_and(|purposes| !purposes.contains(&crate::Purpose::ClientAuth))
    };
    if chain.certificates.iter().skip(1).any(other_purpose) && !latitude.permits(ReadingKind::IntermediatePurpose) {
        rules.insert(Rule::ExtendedKeyUsage);
    }
    if blueprint.scene == Scene::AnchorExpired && !latitude.permits(ReadingKind::AnchorAsGiven) {
        rules.insert(Rule::CertificateValidity);
    }
    if blueprint.scene == Scene::CrlNotYetValid
        && blueprint.policy.certificates.revocation
        && !latitude.permits(ReadingKind::FutureCrl)
    {
        rules.insert(Rule::RevocationStatus);
    }
    for certificate in &chain.certificates {
        let (kind, rule) = match certificate.extra {
            Some(Extra::CriticalInhibitAny | Extra::CriticalPolicies) => {
                (ReadingKind::CriticalPolicy, Rule::CriticalExtension)
            }
            Some(Extra::LongSerial | Extra::NegativeSerial | Extra::ZeroSerial) => {
                (ReadingKind::OddSerial, Rule::CertificateForm)
            }
            Some(Extra::Version1 | Extra::Version2) => (ReadingKind::OldVersion, Rule::CertificateForm),
            Some(Extra::UnreadableName) => (ReadingKind::UnreadableName, Rule::CertificateForm),
            Some(Extra::RepeatedUnknown) => (ReadingKind::RepeatedUnknown, Rule::ExtensionUnique),
            // Judged where the certificate is on the path.
            Some(
                Extra::EmptyIssuer
                | Extra::FractionalTime
                | Extra::IndefiniteLength
                | Extra::MalformedConstraints
                | Extra::OtherAlgorithm
                | Extra::RepeatedConstraints
                | Extra::RepeatedNames
                | Extra::Sha1
                | Extra::TrailingOctet
                | Extra::UnknownCritical
                | Extra::UnknownNonCritical,
            )
            | None => continue,
        };
        if !latitude.permits(kind) {
            rules.insert(rule);
        }
    }
    let constraints = chain.certificates.iter().skip(1).map(|issuer| issuer.name_constraints.as_slice());
    let mut constrained = constraints.flat_map(|list| chain.certificates.iter().map(move |below| (below, list)));
    if constrained.clone().any(|(below, list)| constraints::meets_unreadable(below, list))
        && !latitude.permits(ReadingKind::UnreadableName)
    {
        rules.insert(Rule::CertificateForm);
    }
    if constrained.any(|(below, list)| constraints::may_be_refused(below, list))
        && !latitude.permits(ReadingKind::ConstraintForm)
    {
        rules.insert(Rule::NameConstraints);
    }
    // A certificate that no path uses may still be too malformed to be read at all.
    for issuer in chain.certificates.iter().skip(1) {
        match issuer.extra {
            Some(Extra::RepeatedConstraints | Extra::RepeatedNames) => {
                rules.insert(Rule::ExtensionUnique);
            }
            Some(
                Extra::FractionalTime
                | Extra::IndefiniteLength
                | Extra::MalformedConstraints
                | Extra::OtherAlgorithm
                | Extra::TrailingOctet,
            ) => {
                rules.insert(Rule::CertificateForm);
            }
            // Readable, whatever it says.
            Some(
                Extra::CriticalInhibitAny
                | Extra::CriticalPolicies
                | Extra::EmptyIssuer
                | Extra::LongSerial
                | Extra::NegativeSerial
                | Extra::RepeatedUnknown
                | Extra::Sha1
                | Extra::UnknownCritical
                | Extra::UnknownNonCritical
                | Extra::UnreadableName
                | Extra::Version1
                | Extra::Version2
                | Extra::ZeroSerial,
            )
            | None => {}
        }
    }
    rules
}
