//! What may be asked: scopes with their caps, and ownership.

use super::{Facts, facts::last, token};
use crate::{ReadingKind, Route, Rule, RuleSet, json::Json, readings::Latitude};

/// Whether the token grants every scope that the route needs, within what issuer and certificate allow.
pub(super) fn scope_rules(facts: &Facts<'_>, route: &Route, latitude: &Latitude) -> RuleSet {
    let mut rules = RuleSet::default();
    let Some(claims) = facts.claims() else { return rules };
    let granted: Vec<&str> = match last(claims, "scope").map(|field| &field.json) {
        None => Vec::new(),
        Some(Json::Text(list)) => list.split(' ').collect(),
        Some(_) => {
            if !route.scopes.is_empty() {
                rules.insert(Rule::Scope);
            }
            return rules;
        }
    };
    let scope_letter = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    let malformed = granted.iter().any(|scope| scope.is_empty() || !scope.bytes().all(scope_letter));
    if malformed && !latitude.permits(ReadingKind::ScopeForm) {
        rules.insert(Rule::Scope);
    }
    let may_grant =
        token::issuer(claims, facts.blueprint).map(|issuer| issuer.may_grant.as_slice()).unwrap_or_default();
    let among = |list: &[String], scope: &str| list.iter().any(|known| known == scope);
    let outside_grant = |scope: &str| !scope.is_empty() && !may_grant.is_empty() && !among(may_grant, scope);
    let may_hold = facts.principal().and_then(|id| facts.blueprint.policy.may_hold(id));
    let outside_cap = |scope: &str| !scope.is_empty() && may_hold.is_some_and(|held| !among(held, scope));
    for needed in &route.scopes {
        if !granted.contains(&needed.as_str()) {
            rules.insert(Rule::Scope);
        } else if outside_grant(needed) {
            rules.insert(Rule::IssuerMayGrant);
        } else if outside_cap(needed) {
            rules.insert(Rule::CertificateCap);
        }
    }
    let excess = granted.iter().any(|scope| outside_grant(scope) || outside_cap(scope));
    if excess && !latitude.permits(ReadingKind::OverGrant) {
        rules.insert(if granted.iter().any(|scope| outside_grant(scope)) {
            Rule::IssuerMayGrant
        } else {
            Rule::CertificateCap
        });
    }
    rules
}

/// Whether the object belongs to the caller.
pub(super) fn owner_rules(facts: &Facts<'_>, route: &Route, object: Option<&str>) -> RuleSet {
    if route.owner.is_none() {
        return RuleSet::default();
    }
    let blueprint = facts.blueprint;
    let owner = object.and_then(|object| blueprint.owner_of(object)).map(|person| blueprint.id(person));
    if owner.is_some() && owner.as_deref() == facts.principal() {
        RuleSet::default()
    } else {
        RuleSet::from(Rule::Ownership)
    }
}
