//! Who asks: the credential, the token's form, seal and claims, and its binding to the certificate.

use super::facts::{Facts, Field, Token, last, text};
use crate::{
    Binding, Blueprint, ConfirmationOf, CredentialSeen, Digest, Encoding, Identity, IssuerPolicy, IssuerRole, KeyName,
    MacSecret, PublishedKey, ReadingKind, Rule, RuleSet, Seal, TokenKey, Value, json::Json, readings::Latitude,
};

/// The rules that the token violates.
pub(super) fn rules(facts: &Facts<'_>, latitude: &Latitude) -> RuleSet {
    let Facts { lifted, blueprint, .. } = *facts;
    let one = |rule: Rule| RuleSet::from(rule);
    let Token { header, claims, seal } = match (&lifted.credential, &facts.token) {
        (CredentialSeen::Absent, _) => return one(Rule::TokenPresent),
        (CredentialSeen::Malformed, _) => return one(Rule::CredentialForm),
        (CredentialSeen::Repeated, _) => return one(Rule::CredentialUnique),
        (CredentialSeen::Token(_), None) => return one(Rule::TokenForm),
        (CredentialSeen::Token(_), Some(token)) => token,
    };
    let mut rules = RuleSet::default();
    // A form in the body or a parameter of the query is a second method, where the server supports that; RFC 6750 §2 binds the
    // client, and of the server it says in §3.1 what it should answer.
    let in_form = lifted.body.as_deref().is_some_and(|body| body.starts_with("access_token="));
    if (in_form || lifted.message.token_in_query) && !latitude.permits(ReadingKind::UnsupportedMethod) {
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
        if **seal == Seal::Nobody {
            rules.insert(Rule::Signature);
        }
        // That no key is named can be seen without the claims.
        let named = |header: &Vec<Field<'_>>| text(header, "kid").is_some();
        if blueprint.policy.tokens.key_id && header.as_ref().is_some_and(|header| !named(header)) {
            rules.insert(Rule::KeyId);
        }
        return rules;
    };
    seal_rules(header, claims, seal, blueprint, latitude, &mut rules);
    if repeats(claims) && !latitude.permits(ReadingKind::DuplicateMembers) {
        rules.insert(Rule::ClaimsForm);
    }
    if claims.iter().any(|field| field.unportable) && !latitude.permits(ReadingKind::JsonLimits) {
        rules.insert(Rule::ClaimsForm);
    }
    if claims.iter().any(|field| field.overflows(blueprint.now)) && !latitude.permits(ReadingKind::NumberRange) {
        rules.insert(Rule::ClaimsForm);
    }
    claim_rules(claims, blueprint, latitude, &mut rules);
    binding_rules(facts, claims, latitude, &mut rules);
    rules
}

/// The trusted issuer that `iss` names.
pub(super) fn issuer<'a>(claims: &[Field<'_>], blueprint: &'a Blueprint) -> Option<&'a IssuerPolicy> {
    let url = text(claims, "iss")?;
    blueprint.policy.issuers.iter().find(|issuer| issuer.url == url)
}

fn json<'a, 'b>(fields: &'b [Field<'a>], name: &str) -> Option<&'b Json<'a>> {
    last(fields, name).map(|field| &field.json)
}

fn repeats(members: &[Field<'_>]) -> bool {
    members.iter().enumerate().any(|(i, member)| members[..i].iter().any(|earlier| earlier.name == member.name))
}

fn header_rules(header: &[Field<'_>], blueprint: &Blueprint, latitude: &Latitude, rules: &mut RuleSet) {
    let policy = &blueprint.policy.tokens;
    if repeats(header) && !latitude.permits(ReadingKind::DuplicateMembers) {
        rules.insert(Rule::HeaderForm);
    }
    if header.iter().any(|field| field.unportable) && !latitude.permits(ReadingKind::JsonLimits) {
        rules.insert(Rule::HeaderForm);
    }
    if !text(header, "alg").is_some_and(|name| policy.algorithms.iter().any(|known| known == name)) {
        rules.insert(Rule::AlgorithmAllowed);
    }
    if !policy.types.is_empty() && !text(header, "typ").is_some_and(|kind| is_listed(kind, &policy.types, latitude)) {
        rules.insert(Rule::TokenType);
    }
    let is_text = |name: &str| matches!(json(header, name), None | Some(Json::Text(_)));
    if !["alg", "kid", "typ"].into_iter().all(is_text) {
        rules.insert(Rule::HeaderForm);
    }
    if let Some(critical) = json(header, "crit")
        && !(lists_no_extension(critical) && latitude.permits(ReadingKind::CriticalList))
    {
        rules.insert(Rule::CriticalHeader);
    }
    let unused = ["b64", "enc", "jku", "jwk", "x5c", "x5t", "x5u", "zip"];
    if header.iter().any(|member| unused.contains(&member.name)) && !latitude.permits(ReadingKind::IgnoredParameter) {
        rules.insert(Rule::HeaderForm);
    }
}

/// Whether a `typ` is one of the policy's: media types, compared without regard to case, with `application/` or without it.
fn is_listed(kind: &str, types: &[String], latitude: &Latitude) -> bool {
    fn short(kind: &str) -> &str {
        const PREFIX: &str = "application/";
        kind.get(..PREFIX.len())
            .filter(|start| start.eq_ignore_ascii_case(PREFIX))
            .map(|_| &kind[PREFIX.len()..])
            .filter(|rest| !rest.contains('/'))
            .unwrap_or(kind)
    }
    let as_written = types.iter().any(|known| known.eq_ignore_ascii_case(kind));
    let same = || types.iter().any(|known| short(known).eq_ignore_ascii_case(short(kind)));
    as_written || (same() && latitude.permits(ReadingKind::MediaTypePrefix))
}

/// Whether a `crit` holds nothing that a reader could lack: no name at all, or names that RFC 7515 itself defines. Of such a list it
/// says that a recipient may refuse it, not that it must.
fn lists_no_extension(critical: &Json<'_>) -> bool {
    const DEFINED: [&str; 11] = ["alg", "crit", "cty", "jku", "jwk", "kid", "typ", "x5c", "x5t", "x5t#S256", "x5u"];
    let defined = |item: &Json<'_>| matches!(item, Json::Text(name) if DEFINED.contains(&name.as_ref()));
    matches!(critical, Json::Array(items) if items.iter().all(defined))
}

fn seal_rules(
    header: &[Field<'_>],
    claims: &[Field<'_>],
    seal: &Seal,
    blueprint: &Blueprint,
    latitude: &Latitude,
    rules: &mut RuleSet,
) {
    let role = text(claims, "iss").and_then(|url| blueprint.issuer_role(url));
    if role.is_none() {
        rules.insert(Rule::Issuer);
    }
    // Where the issuer is not trusted, a genuine seal of the home issuer is still told from a forged one.
    let published: Vec<PublishedKey> = blueprint.published(role.unwrap_or(IssuerRole::Home));
    let mut signing = published.iter().filter(|key| key.signs);
    let chosen = match json(header, "kid") {
        Some(Json::Text(kid)) => {
            let found = signing.clone().find(|key| key.kid == *kid);
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
    let named = text(header, "alg").filter(|name| blueprint.policy.tokens.algorithms.iter().any(|known| known == name));
    if let (Some(named), Some(key)) = (&named, chosen)
        && *named != key.algorithm
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

fn claim_rules(claims: &[Field<'_>], blueprint: &Blueprint, latitude: &Latitude, rules: &mut RuleSet) {
    let policy = &blueprint.policy.tokens;
    let required = |name: &str| policy.required.iter().any(|claim| claim == name);
    for name in ["client_id", "iss", "jti", "sub"] {
        let is_text = matches!(json(claims, name), None | Some(Json::Text(_)));
        if !is_text && (required(name) || !latitude.permits(ReadingKind::UncheckedClaim)) {
            rules.insert(Rule::ClaimType);
        }
    }
    let is_list = matches!(json(claims, "scope"), None | Some(Json::Text(_)));
    if !is_list && !latitude.permits(ReadingKind::ScopeForm) {
        rules.insert(Rule::ClaimType);
    }
    if policy.audience {
        let typed = match json(claims, "aud") {
            Some(Json::Array(items)) => items.iter().all(|item| matches!(item, Json::Text(_))),
            other => matches!(other, None | Some(Json::Text(_))),
        };
        if !typed {
            rules.insert(Rule::ClaimType);
        }
        let names_us = |value: &Json<'_>| matches!(value, Json::Text(text) if *text == blueprint.policy.audience);
        let good = match json(claims, "aud") {
            Some(Json::Array(items)) => {
                items.iter().all(|item| matches!(item, Json::Text(_))) && items.iter().any(names_us)
            }
            Some(value) => names_us(value),
            None => !required("aud"),
        };
        if !good {
            rules.insert(Rule::Audience);
        }
    } else {
        // Whoever asks for no audience may still refuse a token for another one (RFC 7519 §4.1.3).
        let names_us = |value: &Json<'_>| matches!(value, Json::Text(text) if *text == blueprint.policy.audience);
        let other = match json(claims, "aud") {
            None => false,
            Some(Json::Array(items)) => {
                !items.iter().any(names_us) || items.iter().any(|item| !matches!(item, Json::Text(_)))
            }
            Some(value) => !names_us(value),
        };
        if other && !latitude.permits(ReadingKind::UncheckedClaim) {
            rules.insert(Rule::Audience);
        }
    }
    for (name, rule) in [("client_id", Rule::ClientId), ("jti", Rule::TokenId), ("sub", Rule::Subject)] {
        match json(claims, name) {
            Some(Json::Text(text)) if !text.is_empty() || latitude.permits(ReadingKind::EmptyIdentifier) => {}
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
    let outside = |subject: &&str| {
        !speaks_for.is_empty() && !speaks_for.iter().any(|prefix| subject.starts_with(prefix.as_str()))
    };
    if subject.as_ref().is_some_and(outside) {
        rules.insert(Rule::IssuerSpeaksFor);
    }
}

/// The dates, as seconds from now (RFC 7519 §2: integer or not).
fn date_rules(claims: &[Field<'_>], blueprint: &Blueprint, latitude: &Latitude, rules: &mut RuleSet) {
    let policy = &blueprint.policy.tokens;
    let leeway = policy.leeway as f64;
    let now = blueprint.now as f64;
    let required = |name: &str| policy.required.iter().any(|claim| claim == name);
    let mut date = |name: &str, absent: Rule, must: bool, checked: bool| -> Option<f64> {
        let Some(field) = last(claims, name) else {
            if must {
                rules.insert(absent);
            }
            return None;
        };
        let offset = match (field.value, &field.json) {
            (Value::Seconds(seconds), _) => Some(*seconds as f64),
            (_, Json::Number(number, _)) => Some(number - now),
            _ => None,
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
    // RFC 7519 §4.1.6 asks for nothing of `iat`: only who requires it promises to read it.
    let issue_checked = checked && required("iat");
    let issued = date("iat", Rule::IssuedAt, issue_checked, issue_checked);
    // `late` is by how much a boundary is overstepped; within the drift of the gate's clock both outcomes are right.
    let drift = blueprint.drift as f64;
    let oversteps = |late: f64| {
        if late.abs() <= drift && drift > 0.0 { !latitude.permits(ReadingKind::ClockDrift) } else { late > 0.0 }
    };
    if expires.is_some_and(|at| oversteps(-at - leeway) || (at == -leeway && drift == 0.0)) {
        rules.insert(Rule::Expiry);
    }
    // Whoever does not promise to look at a date may look at it.
    let mut early = |at: Option<f64>, checked: bool, rule: Rule| {
        if at.is_some_and(|at| oversteps(at - leeway)) && (checked || !latitude.permits(ReadingKind::UncheckedClaim)) {
            rules.insert(rule);
        }
    };
    early(not_before, checked, Rule::NotBefore);
    early(issued, issue_checked, Rule::IssuedAt);
    if let (Some(cap), Some(expires), Some(issued)) = (policy.lifetime, expires, issued)
        && expires - issued > cap as f64
    {
        rules.insert(Rule::Lifetime);
    }
}

fn binding_rules(facts: &Facts<'_>, claims: &[Field<'_>], latitude: &Latitude, rules: &mut RuleSet) {
    let Facts { lifted, blueprint, .. } = *facts;
    let confirmation = last(claims, "cnf").map(|field| field.value);
    let bound = matches!(
        confirmation,
        Some(Value::Confirmation { member, of: ConfirmationOf::Leaf, digest: Digest::Sha256, encoding: Encoding::Base64Url })
            if member == "x5t#S256"
    );
    // Where nothing is bound, a reader who knows `cnf` refuses one that does not hold, and one who does not passes over it
    // (RFC 7800 §3, RFC 8705 §3).
    if blueprint.policy.tokens.binding == Binding::None
        && confirmation.is_some()
        && !(bound && lifted.chain.is_some())
        && !latitude.permits(ReadingKind::UncheckedClaim)
    {
        rules.insert(Rule::Confirmation);
    }
    // Without a certificate there is nothing to compare with; that it is missing is a rule of its own.
    if lifted.chain.is_none() {
        return;
    }
    if blueprint.policy.tokens.binding == Binding::CertificateThumbprint && !bound {
        rules.insert(Rule::Confirmation);
    }
    if blueprint.policy.certificates.identity != Identity::None
        && let (Some(subject), Some(holder)) = (text(claims, "sub"), facts.holder)
        && subject != holder
    {
        rules.insert(Rule::SubjectOfCertificate);
    }
}
