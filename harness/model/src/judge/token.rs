//! Who asks: the credential, the token's form, seal and claims, and its binding to the certificate.

use std::collections::BTreeSet;

use super::certificate_principal;
use crate::{
    Binding, Blueprint, ConfirmationOf, CredentialSeen, Digest, Encoding, Identity, IssuerPolicy, IssuerRole, KeyName,
    Lifted, MacSecret, Member, PublishedKey, ReadingKind, Rule, Seal, TokenKey, TokenSeen, Value,
    json::{self, Json},
    readings::Latitude,
};

/// The rules that the token violates.
pub(super) fn rules(lifted: &Lifted, blueprint: &Blueprint, latitude: &Latitude<'_>) -> BTreeSet<Rule> {
    let one = |rule: Rule| BTreeSet::from([rule]);
    let (header, claims, seal) = match &lifted.credential {
        CredentialSeen::Absent => return one(Rule::TokenPresent),
        CredentialSeen::Malformed => return one(Rule::CredentialForm),
        CredentialSeen::Repeated => return one(Rule::CredentialUnique),
        CredentialSeen::Token(TokenSeen::Garbled(_)) => return one(Rule::TokenForm),
        CredentialSeen::Token(TokenSeen::Read { header, claims, seal }) => (header, claims, seal),
    };
    let mut rules = BTreeSet::new();
    // A form in the body is a second method, where the server supports that.
    let in_form = lifted.body.as_deref().is_some_and(|body| body.starts_with("access_token="));
    if in_form && !latitude.permits(ReadingKind::UnsupportedMethod) {
        rules.insert(Rule::CredentialUnique);
    }
    match header {
        Some(header) => header_rules(header, blueprint, latitude, &mut rules),
        None => {
            rules.insert(Rule::HeaderForm);
        }
    }
    if claims.is_none() {
        rules.insert(Rule::ClaimsForm);
    }
    let (Some(header), Some(claims)) = (header, claims) else {
        // Which issuer's key ought to have signed is not to be known; that nobody's did, is.
        if *seal == Seal::Nobody {
            rules.insert(Rule::Signature);
        }
        // That no key is named can be seen without the claims.
        let named = |header: &Vec<Member>| text(header, "kid").is_some();
        if blueprint.policy.tokens.key_id && header.as_ref().is_some_and(|header| !named(header)) {
            rules.insert(Rule::KeyId);
        }
        return rules;
    };
    seal_rules(header, claims, seal, blueprint, latitude, &mut rules);
    if repeats(claims) && !latitude.permits(ReadingKind::DuplicateMembers) {
        rules.insert(Rule::ClaimsForm);
    }
    if claims.iter().any(|member| is_unportable(&member.value)) && !latitude.permits(ReadingKind::JsonLimits) {
        rules.insert(Rule::ClaimsForm);
    }
    if claims.iter().any(|member| overflows(&member.value)) && !latitude.permits(ReadingKind::NumberRange) {
        rules.insert(Rule::ClaimsForm);
    }
    claim_rules(claims, blueprint, latitude, &mut rules);
    binding_rules(lifted, claims, blueprint, &mut rules);
    rules
}

/// The claims set, when there is one.
pub(super) fn claims(lifted: &Lifted) -> Option<&[Member]> {
    match &lifted.credential {
        CredentialSeen::Token(TokenSeen::Read { claims, .. }) => claims.as_deref(),
        _ => None,
    }
}

/// `sub`, when it is a string.
pub(super) fn subject(lifted: &Lifted) -> Option<String> {
    text(claims(lifted)?, "sub")
}

/// The trusted issuer that `iss` names.
pub(super) fn issuer<'a>(claims: &[Member], blueprint: &'a Blueprint) -> Option<&'a IssuerPolicy> {
    let url = text(claims, "iss")?;
    blueprint.policy.issuers.iter().find(|issuer| issuer.url == url)
}

/// The last member of a name, as JSON.
pub(super) fn last(members: &[Member], name: &str) -> Option<Json> {
    let value = members.iter().rev().find(|member| member.name == name).map(|member| &member.value)?;
    Some(match value {
        Value::Json(text) => json::parse_widely(text).unwrap_or(Json::Null),
        Value::Seconds(seconds) => Json::Number(*seconds as f64, String::new()),
        Value::Unique => Json::Text("unique".into()),
        Value::Certificates(_) => Json::Array(Vec::new()),
        Value::Confirmation { .. } | Value::Jwk(_) => Json::Object(Vec::new()),
        Value::Long(_) | Value::Nested(_) => Json::Null,
    })
}

fn text(members: &[Member], name: &str) -> Option<String> {
    match last(members, name)? {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

fn repeats(members: &[Member]) -> bool {
    members.iter().enumerate().any(|(i, member)| members[..i].iter().any(|earlier| earlier.name == member.name))
}

/// Whether the value is JSON that some readers refuse: nested deeply, or with half a surrogate pair.
fn is_unportable(value: &Value) -> bool {
    matches!(value, Value::Json(text) if json::parse(text).is_none())
}

/// Whether the value holds a number that no double can.
fn overflows(value: &Value) -> bool {
    fn beyond(json: &Json) -> bool {
        match json {
            Json::Number(number, _) => !number.is_finite(),
            Json::Array(items) => items.iter().any(beyond),
            Json::Object(members) => members.iter().any(|(_, value, _)| beyond(value)),
            _ => false,
        }
    }
    matches!(value, Value::Json(text) if json::parse(text).is_some_and(|json| beyond(&json)))
}

fn header_rules(header: &[Member], blueprint: &Blueprint, latitude: &Latitude<'_>, rules: &mut BTreeSet<Rule>) {
    let policy = &blueprint.policy.tokens;
    if repeats(header) && !latitude.permits(ReadingKind::DuplicateMembers) {
        rules.insert(Rule::HeaderForm);
    }
    if header.iter().any(|member| is_unportable(&member.value)) && !latitude.permits(ReadingKind::JsonLimits) {
        rules.insert(Rule::HeaderForm);
    }
    if !text(header, "alg").is_some_and(|name| policy.algorithms.contains(&name)) {
        rules.insert(Rule::AlgorithmAllowed);
    }
    let typed =
        text(header, "typ").is_some_and(|kind| policy.types.iter().any(|known| known.eq_ignore_ascii_case(&kind)));
    if !policy.types.is_empty() && !typed {
        rules.insert(Rule::TokenType);
    }
    let is_text = |name: &str| matches!(last(header, name), None | Some(Json::Text(_)));
    if !["alg", "kid", "typ"].into_iter().all(is_text) {
        rules.insert(Rule::HeaderForm);
    }
    if last(header, "crit").is_some() {
        rules.insert(Rule::CriticalHeader);
    }
    let unused = ["b64", "enc", "jku", "jwk", "x5c", "x5t", "x5u", "zip"];
    if header.iter().any(|member| unused.contains(&member.name.as_str()))
        && !latitude.permits(ReadingKind::IgnoredParameter)
    {
        rules.insert(Rule::HeaderForm);
    }
}

fn seal_rules(
    header: &[Member],
    claims: &[Member],
    seal: &Seal,
    blueprint: &Blueprint,
    latitude: &Latitude<'_>,
    rules: &mut BTreeSet<Rule>,
) {
    let role = text(claims, "iss").and_then(|url| blueprint.issuer_role(&url));
    if role.is_none() {
        rules.insert(Rule::Issuer);
    }
    // Where the issuer is not trusted, a genuine seal of the home issuer is still told from a forged one.
    let published: Vec<PublishedKey> = blueprint.published(role.unwrap_or(IssuerRole::Home));
    let mut signing = published.iter().filter(|key| key.signs);
    let chosen = match last(header, "kid") {
        Some(Json::Text(kid)) => {
            let found = signing.clone().find(|key| key.kid == kid);
            if found.is_none() && (blueprint.policy.tokens.key_id || !latitude.permits(ReadingKind::IgnoredParameter)) {
                rules.insert(Rule::KeyId);
            }
            found
        }
        Some(_) => {
            rules.insert(Rule::KeyId);
            None
        }
        None => {
            if blueprint.policy.tokens.key_id {
                rules.insert(Rule::KeyId);
            }
            None
        }
    };
    let genuine = |key: &PublishedKey| matches!(seal, Seal::Key(name, algorithm) if *name == key.key && algorithm.name() == key.algorithm);
    let named = text(header, "alg").filter(|name| blueprint.policy.tokens.algorithms.contains(name));
    if let (Some(named), Some(key)) = (&named, chosen)
        && named != key.algorithm
    {
        rules.insert(Rule::AlgorithmOfKey);
    }
    let sealed_by = match chosen {
        Some(key) => Some(key).filter(|key| genuine(key)),
        None => signing.find(|key| genuine(key)),
    };
    match (sealed_by, seal) {
        (Some(key), _) => {
            if named.is_some_and(|named| named != key.algorithm) {
                rules.insert(Rule::AlgorithmOfKey);
            }
            if matches!(key.key, KeyName::Token(_, TokenKey::Rsa1024 | TokenKey::SmallOrder)) {
                rules.insert(Rule::KeyStrength);
            }
        }
        (None, Seal::Mac(MacSecret::Empty | MacSecret::Word(_), _)) => {
            rules.insert(Rule::KeyStrength);
        }
        (None, Seal::Mac(..)) => {
            rules.insert(Rule::AlgorithmOfKey);
        }
        (None, Seal::Key(..) | Seal::Nobody) => {
            rules.insert(Rule::Signature);
        }
    }
}

fn claim_rules(claims: &[Member], blueprint: &Blueprint, latitude: &Latitude<'_>, rules: &mut BTreeSet<Rule>) {
    let policy = &blueprint.policy.tokens;
    let required = |name: &str| policy.required.iter().any(|claim| claim == name);
    for name in ["client_id", "iss", "jti", "sub"] {
        let is_text = matches!(last(claims, name), None | Some(Json::Text(_)));
        if !is_text && (required(name) || !latitude.permits(ReadingKind::UncheckedClaim)) {
            rules.insert(Rule::ClaimType);
        }
    }
    let is_list = matches!(last(claims, "scope"), None | Some(Json::Text(_)));
    if !is_list && !latitude.permits(ReadingKind::ScopeForm) {
        rules.insert(Rule::ClaimType);
    }
    if policy.audience {
        let typed = match last(claims, "aud") {
            Some(Json::Array(items)) => items.iter().all(|item| matches!(item, Json::Text(_))),
            other => matches!(other, None | Some(Json::Text(_))),
        };
        if !typed {
            rules.insert(Rule::ClaimType);
        }
        let names_us = |value: &Json| matches!(value, Json::Text(text) if *text == blueprint.policy.audience);
        let good = match last(claims, "aud") {
            Some(Json::Array(items)) => {
                items.iter().all(|item| matches!(item, Json::Text(_))) && items.iter().any(names_us)
            }
            Some(value) => names_us(&value),
            None => !required("aud"),
        };
        if !good {
            rules.insert(Rule::Audience);
        }
    }
    for (name, rule) in [("client_id", Rule::ClientId), ("jti", Rule::TokenId), ("sub", Rule::Subject)] {
        match last(claims, name) {
            Some(Json::Text(text)) if !text.is_empty() => {}
            None if !required(name) => {}
            Some(_) if !required(name) && latitude.permits(ReadingKind::UncheckedClaim) => {}
            _ => {
                rules.insert(rule);
            }
        }
    }
    date_rules(claims, blueprint, latitude, rules);
    let subject = text(claims, "sub");
    let speaks_for = issuer(claims, blueprint).map(|issuer| issuer.speaks_for.as_slice()).unwrap_or_default();
    let outside = |subject: &String| {
        !speaks_for.is_empty() && !speaks_for.iter().any(|prefix| subject.starts_with(prefix.as_str()))
    };
    if subject.as_ref().is_some_and(outside) {
        rules.insert(Rule::IssuerSpeaksFor);
    }
}

/// The dates, as seconds from now (RFC 7519 §2: integer or not).
fn date_rules(claims: &[Member], blueprint: &Blueprint, latitude: &Latitude<'_>, rules: &mut BTreeSet<Rule>) {
    let policy = &blueprint.policy.tokens;
    let leeway = policy.leeway as f64;
    let now = blueprint.now as f64;
    let required = |name: &str| policy.required.iter().any(|claim| claim == name);
    let mut date = |name: &str, absent: Rule, must: bool, checked: bool| -> Option<f64> {
        let value = claims.iter().rev().find(|member| member.name == name).map(|member| &member.value);
        let offset = match (value, last(claims, name)) {
            (Some(Value::Seconds(seconds)), _) => Some(*seconds as f64),
            (_, Some(Json::Number(number, _))) => Some(number - now),
            (_, None) => {
                if must {
                    rules.insert(absent);
                }
                return None;
            }
            (_, Some(_)) => None,
        };
        if offset.is_none() && (checked || !latitude.permits(ReadingKind::UncheckedClaim)) {
            rules.insert(Rule::ClaimType);
        }
        if offset.is_some_and(|offset| offset + now < 0.0 && checked) && !latitude.permits(ReadingKind::NegativeDate) {
            rules.insert(absent);
        }
        offset
    };
    let checked = policy.not_before;
    let expires = date("exp", Rule::Expiry, true, true);
    let not_before = date("nbf", Rule::NotBefore, checked && required("nbf"), checked);
    let issued = date("iat", Rule::IssuedAt, checked && required("iat"), checked);
    // `late` is by how much a boundary is overstepped; within the drift of the gate's clock both outcomes are right.
    let drift = blueprint.drift as f64;
    let oversteps = |late: f64| {
        if late.abs() <= drift && drift > 0.0 { !latitude.permits(ReadingKind::ClockDrift) } else { late > 0.0 }
    };
    if expires.is_some_and(|at| oversteps(-at - leeway) || (at == -leeway && drift == 0.0)) {
        rules.insert(Rule::Expiry);
    }
    if checked && not_before.is_some_and(|at| oversteps(at - leeway)) {
        rules.insert(Rule::NotBefore);
    }
    if checked && issued.is_some_and(|at| oversteps(at - leeway)) {
        rules.insert(Rule::IssuedAt);
    }
    if let (Some(cap), Some(expires), Some(issued)) = (policy.lifetime, expires, issued)
        && expires - issued > cap as f64
    {
        rules.insert(Rule::Lifetime);
    }
}

fn binding_rules(lifted: &Lifted, claims: &[Member], blueprint: &Blueprint, rules: &mut BTreeSet<Rule>) {
    // Without a certificate there is nothing to compare with; that it is missing is a rule of its own.
    if lifted.chain.is_none() {
        return;
    }
    let confirmation = claims.iter().rev().find(|member| member.name == "cnf").map(|member| &member.value);
    let bound = matches!(
        confirmation,
        Some(Value::Confirmation { member, of: ConfirmationOf::Leaf, digest: Digest::Sha256, encoding: Encoding::Base64Url })
            if member == "x5t#S256"
    );
    if blueprint.policy.tokens.binding == Binding::CertificateThumbprint && !bound {
        rules.insert(Rule::Confirmation);
    }
    if blueprint.policy.certificates.identity != Identity::None
        && let (Some(subject), Some(holder)) = (text(claims, "sub"), certificate_principal(lifted, blueprint))
        && !subject.is_empty()
        && subject != holder
    {
        rules.insert(Rule::SubjectOfCertificate);
    }
}
