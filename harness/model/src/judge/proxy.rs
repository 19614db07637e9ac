//! A certificate that comes in a field: it counts from the trusted proxy alone, once, as the proxy wrote it.

use super::{Facts, chain_rules, facts};
use crate::{FieldSeen, ForwardedSeen, ProxyPolicy, ReadingKind, Rule, RuleSet, VerifiedBy, readings::Latitude};

/// What the peer of the connection violates, whatever is asked for.
pub(super) fn handshake_rules(facts: &Facts<'_>, seen: &ForwardedSeen, latitude: &Latitude) -> RuleSet {
    match &seen.presented {
        Some(presented) => chain_rules(presented, facts.presented_path, facts.blueprint, latitude),
        None => RuleSet::default(),
    }
}

/// Whether the peer of the connection is the trusted proxy.
fn is_trusted(seen: &ForwardedSeen, facts: &Facts<'_>, proxy: &ProxyPolicy) -> bool {
    facts::holder(seen.presented.as_ref(), facts.blueprint).is_some_and(|name| name == proxy.peer)
}

/// What a route violates whose effect needs a client certificate.
pub(super) fn certificate_rules(
    facts: &Facts<'_>,
    seen: &ForwardedSeen,
    proxy: &ProxyPolicy,
    latitude: &Latitude,
) -> RuleSet {
    let mut rules = RuleSet::default();
    if !is_trusted(seen, facts, proxy) {
        rules.insert(Rule::TrustedProxy);
    }
    match seen.field {
        FieldSeen::Malformed => {
            rules.insert(Rule::ForwardedCertificate);
            return rules;
        }
        FieldSeen::Last if !latitude.permits(ReadingKind::ForwardedList) => rules.insert(Rule::ForwardedCertificate),
        FieldSeen::Contradictory if !latitude.permits(ReadingKind::ForwardedText) => {
            rules.insert(Rule::ForwardedCertificate);
        }
        FieldSeen::Absent | FieldSeen::Contradictory | FieldSeen::Last | FieldSeen::One => {}
    }
    match &facts.lifted.chain {
        None => rules.insert(Rule::CertificatePresent),
        Some(chain) if proxy.verified_by == VerifiedBy::Service => {
            rules.extend(chain_rules(chain, facts.path, facts.blueprint, latitude));
        }
        Some(_) => {}
    }
    rules
}

/// What a route violates that asks for no certificate: a service may refuse whoever comes past the proxy.
pub(super) fn open_rules(facts: &Facts<'_>, latitude: &Latitude) -> RuleSet {
    let mut rules = RuleSet::default();
    if let (Some(seen), Some(proxy)) = (&facts.lifted.forwarded, &facts.blueprint.policy.proxy)
        && !is_trusted(seen, facts, proxy)
        && !latitude.permits(ReadingKind::PastTheProxy)
    {
        rules.insert(Rule::TrustedProxy);
    }
    rules
}
