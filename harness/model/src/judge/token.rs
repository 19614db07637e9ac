//! Who asks: the credential, the token's form, seal and claims, and its binding to the certificate.

use super::{
    authority::listed,
    facts::{Facts, Field, Token, claim, last, subject, text},
};
use crate::{
    Binding, Blueprint, ConfirmationOf, CredentialSeen, Digest, Encoding, Identity, IssuerPolicy, IssuerRole, KeyName,
    MacSecret, Person, Promise, PublishedKey, ReadingKind, Rule, RuleSet, Seal, TokenKey, Value, json::Json, pointer,
    readings::Latitude,
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
    promised_rules(claims, blueprint, latitude, &mut rules);
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
    // JWS ignores `typ`, and an application may look at it (RFC 7515 §4.1.9), as one that takes JWT-SVIDs does (§2.3 there).
    let usual = || text(header, "typ").is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    if policy.types.is_empty() && !usual() && !latitude.permits(ReadingKind::IgnoredParameter) {
        rules.insert(Rule::TokenType);
    }
    let is_text = |name: &str| matches!(json(header, name), None | Some(Json::Text(_)));
    if !["alg", "kid", "typ"].into_iter().all(is_text) {
        rules.insert(Rule::HeaderForm);
    }
    // One that is `null` names nothing that a reader could lack; it has not its type.
    if matches!(json(header, "crit"), Some(Json::Null)) {
        rules.insert(Rule::HeaderForm);
    } else if let Some(critical) = json(header, "crit")
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
    let promise = blueprint.policy.tokens.promise("iss");
    match (json(claims, "iss"), role) {
        (_, Some(_)) => {
            if promise == Promise::Absent && !latitude.permits(ReadingKind::UncheckedClaim) {
                rules.insert(Rule::Issuer);
            }
        }
        (None, None) if promise != Promise::Required => {}
        (Some(_), None) if !promise.is_checked() && latitude.permits(ReadingKind::UncheckedClaim) => {}
        (None | Some(_), None) => {
            rules.insert(Rule::Issuer);
        }
    }
    // Where the issuer is not looked at, any of the trusted ones will do; where it is not trusted, a genuine seal of the
    // home issuer is still told from a forged one.
    let published: Vec<PublishedKey> = match role.filter(|_| promise.is_checked()) {
        Some(role) => blueprint.published(role),
        None if promise == Promise::Required => blueprint.published(IssuerRole::Home),
        None => {
            let places = 0..blueprint.policy.issuers.len();
            places.flat_map(|place| blueprint.published(IssuerRole::at(place))).collect()
        }
    };
    let signing = || published.iter().filter(|key| key.signs);
    let named_key = match json(header, "kid") {
        Some(Json::Text(kid)) => {
            let found = signing().any(|key| key.kid == *kid);
            if !found && (blueprint.policy.tokens.key_id || !latitude.permits(ReadingKind::IgnoredParameter)) {
                rules.insert(Rule::KeyId);
            }
            found.then_some(kid)
        }
        // That it is no text is a matter of the header's form.
        Some(_) | None => {
            if blueprint.policy.tokens.key_id {
                rules.insert(Rule::KeyId);
            }
            None
        }
    };
    // A key that is published for several algorithms is one of each.
    let of_name = |key: &&PublishedKey| named_key.is_none_or(|kid| key.kid == *kid);
    let genuine = |key: &PublishedKey| matches!(seal, Seal::Key(name, algorithm) if *name == key.key && algorithm.name() == key.algorithm);
    let named = text(header, "alg").filter(|name| blueprint.policy.tokens.algorithms.iter().any(|known| known == name));
    if let (Some(named), Some(_)) = (named, named_key)
        && !signing().filter(of_name).any(|key| named == key.algorithm)
    {
        rules.insert(Rule::AlgorithmOfKey);
    }
    let sealed_by = signing().filter(of_name).find(|key| genuine(key));
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
    let required = |name: &str| policy.promise(name) == Promise::Required;
    let names = ["client_id", "iss", "jti", "sub"];
    for name in names.into_iter().filter(|name| !policy.is_principal(name) && policy.honest(name).is_none_or(is_text)) {
        let is_text = matches!(json(claims, name), None | Some(Json::Text(_)));
        if !is_text && (required(name) || !latitude.permits(ReadingKind::UncheckedClaim)) {
            rules.insert(Rule::ClaimType);
        }
    }
    if listed(claim(claims, &policy.rights.at), policy.rights.form).is_none()
        && !latitude.permits(ReadingKind::ScopeForm)
    {
        rules.insert(Rule::ClaimType);
    }
    audience_rules(claims, blueprint, latitude, rules);
    let asking = claim(claims, &policy.principal);
    let number = blueprint.policy.people.principal.is_integer();
    let named = asking.and_then(|json| subject(json, number));
    if let Some(json) = asking
        && named.is_none()
        && (policy.promise(&policy.principal).is_checked() || !latitude.permits(ReadingKind::UncheckedClaim))
        // Of a claim of any type but a name, only that it names nobody is known.
        && !matches!(json, Json::Text(_))
    {
        rules.insert(Rule::ClaimType);
    }
    present_rules(asking.is_some(), named, policy.promise(&policy.principal), Rule::Subject, latitude, rules);
    // Nobody promises to know whoever an issuer may name: a service may refuse a stranger, or take anybody.
    let stranger = |name: &str| Person::ALL.iter().all(|person| blueprint.id(*person) != name);
    if blueprint.policy.certificates.identity == Identity::None
        && named.is_some_and(stranger)
        && !latitude.permits(ReadingKind::UncheckedClaim)
    {
        rules.insert(Rule::Subject);
    }
    for (name, rule) in [("client_id", Rule::ClientId), ("jti", Rule::TokenId)] {
        let value = json(claims, name);
        let text = if let Some(Json::Text(text)) = value { Some(text.as_ref()) } else { None };
        present_rules(value.is_some(), text, policy.promise(name), rule, latitude, rules);
    }
    if !policy.is_principal("sub") {
        let value = json(claims, "sub");
        let text = if let Some(Json::Text(text)) = value { Some(text.as_ref()) } else { None };
        present_rules(value.is_some(), text, policy.promise("sub"), Rule::Subject, latitude, rules);
    }
    date_rules(claims, blueprint, latitude, rules);
    let speaks_for = issuer(claims, blueprint).map(|issuer| issuer.speaks_for.as_slice()).unwrap_or_default();
    let outside =
        |name: &str| !speaks_for.is_empty() && !speaks_for.iter().any(|prefix| name.starts_with(prefix.as_str()));
    if named.is_some_and(outside) {
        rules.insert(Rule::IssuerSpeaksFor);
    }
}

fn is_text(value: &crate::ClaimValue) -> bool {
    matches!(value, crate::ClaimValue::Text(_))
}

/// A claim that is text: there where it must be, and not empty.
fn present_rules(
    there: bool,
    text: Option<&str>,
    promise: Promise,
    rule: Rule,
    latitude: &Latitude,
    rules: &mut RuleSet,
) {
    let good = match text {
        Some(text) if !text.is_empty() || latitude.permits(ReadingKind::EmptyIdentifier) => promise != Promise::Absent,
        _ if !there => promise != Promise::Required,
        _ => false,
    };
    if !good && (promise == Promise::Required || !latitude.permits(ReadingKind::UncheckedClaim)) {
        rules.insert(rule);
    }
}

/// `aud` (RFC 7519 §4.1.3): a text or a list of them, with this service among them.
fn audience_rules(claims: &[Field<'_>], blueprint: &Blueprint, latitude: &Latitude, rules: &mut RuleSet) {
    let promise = blueprint.policy.tokens.promise("aud");
    let names_us = |value: &Json<'_>| matches!(value, Json::Text(text) if *text == blueprint.policy.audience);
    let is_text = |item: &Json<'_>| matches!(item, Json::Text(_));
    let (typed, good) = match json(claims, "aud") {
        Some(Json::Array(items)) => {
            (items.iter().all(is_text), items.iter().all(is_text) && items.iter().any(names_us))
        }
        Some(value) => (is_text(value), names_us(value)),
        None => (true, promise != Promise::Required),
    };
    let mut add = |rule: Rule, checked: bool| {
        if checked || !latitude.permits(ReadingKind::UncheckedClaim) {
            rules.insert(rule);
        }
    };
    if !typed {
        // Of one that is checked where it is there, one that cannot be read may count as none.
        add(Rule::ClaimType, promise == Promise::Required);
    }
    let there = json(claims, "aud").is_some();
    if !good || (there && promise == Promise::Absent) {
        add(Rule::Audience, promise == Promise::Required || (promise == Promise::IfPresent && typed));
    }
}

/// What the policy promises of claims that no standard rule is about: they are there, and where every honest token has
/// the same value, that one.
fn promised_rules(claims: &[Field<'_>], blueprint: &Blueprint, latitude: &Latitude, rules: &mut RuleSet) {
    let policy = &blueprint.policy.tokens;
    const STANDARD: [&str; 7] = ["aud", "cnf", "exp", "iat", "iss", "nbf", "sub"];
    for (address, promise) in &policy.promises {
        let name = pointer::canonical(address);
        let rights = pointer::canonical(&policy.rights.at) == name;
        if STANDARD.contains(&name.as_ref()) || policy.is_principal(&name) {
            continue;
        }
        let rule = match name.as_ref() {
            "client_id" => Rule::ClientId,
            "jti" => Rule::TokenId,
            _ => Rule::ClaimType,
        };
        let found = claim(claims, &name);
        let wanted = policy.honest(&name).filter(|wanted| wanted.is_constant() && !rights);
        let wrong = match (found, wanted) {
            (None, _) => *promise == Promise::Required,
            (Some(_), _) if *promise == Promise::Absent => true,
            (Some(found), Some(wanted)) => promise.is_checked() && !same(found, wanted),
            (Some(_), None) => false,
        };
        if wrong && (promise.is_checked() || !latitude.permits(ReadingKind::UncheckedClaim)) {
            rules.insert(rule);
        }
        // Where values differ from one person to the next, another type is not the claim that was promised; a service that
        // keeps what it does not read takes any.
        let other = found.zip(policy.honest(&name)).is_some_and(|(found, wanted)| !alike(found, wanted));
        if other && wanted.is_none() && !latitude.permits(ReadingKind::UncheckedClaim) {
            rules.insert(Rule::ClaimType);
        }
    }
}

/// Whether a value is the one that every honest token has.
fn same(found: &Json<'_>, wanted: &crate::ClaimValue) -> bool {
    use crate::ClaimValue::*;
    match (found, wanted) {
        (Json::Bool(found), Bool(wanted)) => found == wanted,
        (Json::Number(found, _), Integer(wanted)) => *found == *wanted as f64,
        (Json::Number(found, _), Number(wanted)) => found == wanted,
        (Json::Text(found), Text(wanted)) => *found == **wanted,
        (Json::Array(found), List(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| same(found, wanted))
        }
        (Json::Object(found), Table(wanted)) => wanted.iter().all(|(name, wanted)| {
            found.iter().rev().find(|(known, ..)| known == name).is_some_and(|(_, found, _)| same(found, wanted))
        }),
        (Json::Array(_) | Json::Bool(_) | Json::Null | Json::Number(..) | Json::Object(_) | Json::Text(_), _) => false,
    }
}

/// Whether a value has the type of the one that the issuer writes.
fn alike(found: &Json<'_>, wanted: &crate::ClaimValue) -> bool {
    use crate::ClaimValue::*;
    match wanted {
        Bool(_) => matches!(found, Json::Bool(_)),
        Integer(_) | Number(_) => matches!(found, Json::Number(..)),
        List(_) => matches!(found, Json::Array(_)),
        Table(_) => matches!(found, Json::Object(_)),
        Text(text) if text.starts_with("${now") || text == "${person.number}" => matches!(found, Json::Number(..)),
        Text(_) => matches!(found, Json::Text(_)),
    }
}

/// The dates, as seconds from now (RFC 7519 §2: integer or not).
fn date_rules(claims: &[Field<'_>], blueprint: &Blueprint, latitude: &Latitude, rules: &mut RuleSet) {
    let policy = &blueprint.policy.tokens;
    let leeway = policy.leeway as f64;
    let now = blueprint.now as f64;
    let mut date = |name: &str, absent: Rule| -> Option<f64> {
        let promise = policy.promise(name);
        let field = last(claims, name);
        let Some(field) = field else {
            if promise == Promise::Required {
                rules.insert(absent);
            }
            return None;
        };
        let offset = match (field.value, &field.json) {
            (Value::Seconds(seconds), _) => Some(*seconds as f64),
            (_, Json::Number(number, _)) => Some(number - now),
            _ => None,
        };
        if promise == Promise::Absent && !latitude.permits(ReadingKind::UncheckedClaim) {
            rules.insert(absent);
        }
        if offset.is_none() && (promise.is_checked() || !latitude.permits(ReadingKind::UncheckedClaim)) {
            rules.insert(Rule::ClaimType);
        }
        if offset.is_some_and(|offset| offset + now < 0.0 && promise.is_checked())
            && !latitude.permits(ReadingKind::NegativeDate)
        {
            rules.insert(absent);
        }
        offset
    };
    let expires = date("exp", Rule::Expiry);
    let not_before = date("nbf", Rule::NotBefore);
    let issued = date("iat", Rule::IssuedAt);
    // `late` is by how much a boundary is overstepped; within the drift of the gate's clock both outcomes are right.
    let drift = blueprint.drift as f64;
    let oversteps = |late: f64| {
        if late.abs() <= drift && drift > 0.0 { !latitude.permits(ReadingKind::ClockDrift) } else { late > 0.0 }
    };
    let checked = |claim: &str| policy.promise(claim).is_checked();
    for (claim, late, rule) in [
        ("exp", expires.is_some_and(|at| oversteps(-at - leeway) || (at == -leeway && drift == 0.0)), Rule::Expiry),
        ("nbf", not_before.is_some_and(|at| oversteps(at - leeway)), Rule::NotBefore),
        ("iat", issued.is_some_and(|at| oversteps(at - leeway)), Rule::IssuedAt),
    ] {
        // Nobody has to look at what is not promised; whoever does may mind it (RFC 7519 §4.1.5, §4.1.6).
        if late && (checked(claim) || !latitude.permits(ReadingKind::UncheckedClaim)) {
            rules.insert(rule);
        }
    }
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
        && let (Some(subject), Some(holder)) = (facts.subject(), facts.holder)
        && subject != blueprint.principal_of(holder)
    {
        rules.insert(Rule::SubjectOfCertificate);
    }
}
