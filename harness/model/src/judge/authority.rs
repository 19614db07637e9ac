//! What may be asked: scopes with their caps, and ownership.

use std::collections::BTreeSet;

use super::{principal, token};
use crate::{Blueprint, Lifted, ReadingKind, Route, Rule, json::Json, readings::Latitude};

/// Whether the token grants every scope that the route needs, within what issuer and certificate allow.
pub(super) fn scope_rules(
    lifted: &Lifted,
    route: &Route,
    blueprint: &Blueprint,
    latitude: &Latitude<'_>,
) -> BTreeSet<Rule> {
    let mut rules = BTreeSet::new();
    let Some(claims) = token::claims(lifted) else { return rules };
    let granted: Vec<String> = match token::last(claims, "scope") {
        None => Vec::new(),
        Some(Json::Text(list)) => list.split(' ').map(String::from).collect(),
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
    let may_grant = token::issuer(claims, blueprint).map(|issuer| issuer.may_grant.as_slice()).unwrap_or_default();
    let outside_grant = |scope: &String| !scope.is_empty() && !may_grant.is_empty() && !may_grant.contains(scope);
    let may_hold = principal(lifted, blueprint).and_then(|id| blueprint.policy.may_hold(&id));
    let outside_cap = |scope: &String| !scope.is_empty() && may_hold.is_some_and(|held| !held.contains(scope));
    for needed in &route.scopes {
        if !granted.contains(needed) {
            rules.insert(Rule::Scope);
        } else if outside_grant(needed) {
            rules.insert(Rule::IssuerMayGrant);
        } else if outside_cap(needed) {
            rules.insert(Rule::CertificateCap);
        }
    }
    let excess = granted.iter().any(|scope| outside_grant(scope) || outside_cap(scope));
    if excess && !latitude.permits(ReadingKind::OverGrant) {
        rules.insert(if granted.iter().any(outside_grant) { Rule::IssuerMayGrant } else { Rule::CertificateCap });
    }
    rules
}

/// Whether the object belongs to the caller.
pub(super) fn owner_rules(
    lifted: &Lifted,
    route: &Route,
    object: Option<&str>,
    blueprint: &Blueprint,
) -> BTreeSet<Rule> {
    if route.owner.is_none() {
        return BTreeSet::new();
    }
    let owner = object.and_then(|object| blueprint.owner_of(object)).map(|person| blueprint.id(person));
    if owner.is_some() && owner == principal(lifted, blueprint) {
        BTreeSet::new()
    } else {
        BTreeSet::from([Rule::Ownership])
    }
}
