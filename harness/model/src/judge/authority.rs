//! What may be asked: scopes with their caps, and ownership.

use super::{Facts, facts::claim, token};
use crate::{ReadingKind, RightsForm, Route, Rule, RuleSet, json::Json, readings::Latitude};

/// The rights that a claim lists, and whether one of them is none.
pub(super) struct Listed<'a> {
    granted: Vec<&'a str>,
    malformed: bool,
}

/// `None` where the claim has another form than the policy says.
pub(super) fn listed<'a>(value: Option<&'a Json<'_>>, form: RightsForm) -> Option<Listed<'a>> {
    let Some(value) = value else { return Some(Listed { granted: Vec::new(), malformed: false }) };
    let granted: Vec<&str> = match (form, value) {
        (RightsForm::SpaceSeparated, Json::Text(text)) => text.split(' ').collect(),
        (RightsForm::CommaSeparated, Json::Text(text)) => {
            text.split(',').map(|right| right.trim_matches(' ')).collect()
        }
        (RightsForm::Array, Json::Array(items)) => {
            let text = |item: &'a Json<'_>| if let Json::Text(text) = item { Some(text.as_ref()) } else { None };
            items.iter().map(text).collect::<Option<_>>()?
        }
        (RightsForm::Map, Json::Object(members)) => {
            let held = members.iter().filter(|(_, value, _)| *value == Json::Bool(true));
            held.map(|(name, ..)| name.as_ref()).collect()
        }
        _ => return None,
    };
    // A scope of OAuth is printable ASCII without quotes (RFC 6749 §3.3); what an array or an object holds may be any text.
    let scope_letter = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    let odd = |right: &&str| match form {
        RightsForm::SpaceSeparated => right.is_empty() || !right.bytes().all(scope_letter),
        RightsForm::Array | RightsForm::CommaSeparated | RightsForm::Map => right.is_empty(),
    };
    let malformed = granted.iter().any(odd);
    Some(Listed { granted, malformed })
}

/// Whether the token grants every scope that the route needs, within what issuer and certificate allow.
pub(super) fn scope_rules(facts: &Facts<'_>, route: &Route, latitude: &Latitude) -> RuleSet {
    let mut rules = RuleSet::default();
    let Some(claims) = facts.claims() else { return rules };
    let rights = &facts.blueprint.policy.tokens.rights;
    let Some(Listed { granted, malformed }) = listed(claim(claims, &rights.at), rights.form) else {
        if !route.scopes.is_empty() {
            rules.insert(Rule::Scope);
        }
        return rules;
    };
    if malformed && !latitude.permits(ReadingKind::ScopeForm) {
        rules.insert(Rule::Scope);
    }
    let may_grant =
        token::issuer(claims, facts.blueprint).map(|issuer| issuer.may_grant.as_slice()).unwrap_or_default();
    let among = |list: &[String], scope: &str| list.iter().any(|known| known == scope);
    let outside_grant = |scope: &str| !scope.is_empty() && !may_grant.is_empty() && !among(may_grant, scope);
    let may_hold = facts.capped().and_then(|id| facts.blueprint.policy.may_hold(id));
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
    if owner.is_some() && owner.as_deref() == facts.principal().as_deref() {
        RuleSet::default()
    } else {
        RuleSet::from(Rule::Ownership)
    }
}
