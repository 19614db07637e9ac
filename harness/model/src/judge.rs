//! From what is attempted to what is permitted. Total: every attempt has a verdict under every policy.

mod authority;
mod message;
mod token;

use std::collections::BTreeSet;

use crate::{
    Admission, Attempt, Blueprint, CertificateSpec, ClientCertificate, CredentialSeen, Extra, Factor, Identity, Lifted,
    Proof, ReadingKind, Route, Rule, Scene, Stage, SubjectAttribute, SubjectName, Transport, Verdict,
    chain::{constraints, path},
    readings::{Latitude, readings},
};

/// What one reading comes to: the violated rules and, when there are none, the admission.
pub type Judgement = (BTreeSet<Rule>, Option<Admission>);

/// The verdict on an attempt.
pub fn judge(attempt: &Attempt, blueprint: &Blueprint) -> Verdict {
    judge_lifted(&attempt.expected(blueprint), blueprint)
}

/// The verdict on what was read off bytes: the union over all readings.
pub fn judge_lifted(lifted: &Lifted, blueprint: &Blueprint) -> Verdict {
    let mut verdict = Verdict::default();
    let stage = |rule: &Rule| match (rule.stage(), blueprint.policy.certificates.client) {
        (Stage::Handshake, ClientCertificate::Application) => Stage::Token,
        (stage, _) => stage,
    };
    for reading in readings(lifted, blueprint) {
        let (rules, admission) = rule_on(lifted, blueprint, &Latitude::new(&reading));
        // Whoever reads leniently comes to a refusal later.
        verdict.latest = verdict.latest.max(rules.iter().map(stage).min());
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
pub(crate) fn rule_on(lifted: &Lifted, blueprint: &Blueprint, latitude: &Latitude<'_>) -> Judgement {
    match lifted.transport {
        Transport::Garbage | Transport::Plain | Transport::Ssl2 => return (BTreeSet::from([Rule::TlsProtocol]), None),
        Transport::Tls12 if !blueprint.policy.certificates.tls12 => {
            return (BTreeSet::from([Rule::TlsProtocol]), None);
        }
        Transport::Tls12 | Transport::Tls13 | Transport::Tls13Fragmented => {}
    }
    let transport_rules = match blueprint.policy.certificates.client {
        ClientCertificate::Transport => certificate_rules(lifted, blueprint, latitude),
        ClientCertificate::Application => BTreeSet::new(),
    };
    let Some((route, object)) = find_route(lifted, blueprint, latitude) else {
        // Behind the fallback the same credentials are asked for as anywhere.
        let mut rules = factor_rules(&[Factor::Certificate, Factor::Token], lifted, blueprint, latitude);
        rules.extend(transport_rules);
        rules.extend(message::rules(lifted, None, blueprint, latitude));
        rules.insert(Rule::Route);
        return (rules, None);
    };
    let message_rules = message::rules(lifted, Some(route), blueprint, latitude);
    let mut best: Option<BTreeSet<Rule>> = None;
    for factors in &route.security {
        let mut rules = transport_rules.clone();
        rules.extend(message_rules.iter().copied());
        rules.extend(factor_rules(factors, lifted, blueprint, latitude));
        if factors.contains(&Factor::Token) {
            rules.extend(authority::scope_rules(lifted, route, blueprint, latitude));
        } else if lifted.credential != CredentialSeen::Absent {
            let unneeded = factor_rules(&[Factor::Token], lifted, blueprint, latitude);
            if !unneeded.is_empty() && !latitude.permits(ReadingKind::UnneededCredential) {
                rules.extend(unneeded);
            }
        }
        // Whose the object is means nothing where the certificate names nobody, which is a violation by itself.
        if !rules.contains(&Rule::CertificatePresent) && !rules.contains(&Rule::CertificateIdentity) {
            rules.extend(authority::owner_rules(lifted, route, object.as_deref(), blueprint));
        }
        if best.as_ref().is_none_or(|known| rules.len() < known.len()) {
            best = Some(rules);
        }
    }
    let rules = best.unwrap_or_default();
    let admission = rules.is_empty().then(|| Admission {
        principal: principal(lifted, blueprint).unwrap_or_default(),
        route: route.id(),
        object,
    });
    (rules, admission)
}

fn factor_rules(factors: &[Factor], lifted: &Lifted, blueprint: &Blueprint, latitude: &Latitude<'_>) -> BTreeSet<Rule> {
    let mut rules = BTreeSet::new();
    if factors.contains(&Factor::Certificate) {
        rules.extend(certificate_rules(lifted, blueprint, latitude));
        let names_nobody = lifted.chain.is_some() && certificate_principal(lifted, blueprint).is_none();
        if blueprint.policy.certificates.identity != Identity::None && names_nobody {
            rules.insert(Rule::CertificateIdentity);
        }
    }
    if factors.contains(&Factor::Token) {
        rules.extend(token::rules(lifted, blueprint, latitude));
    }
    rules
}

fn certificate_rules(lifted: &Lifted, blueprint: &Blueprint, latitude: &Latitude<'_>) -> BTreeSet<Rule> {
    let Some(chain) = &lifted.chain else {
        return BTreeSet::from([Rule::CertificatePresent]);
    };
    let mut rules = path::violations(&chain.certificates, blueprint);
    if chain.proof != Proof::Genuine {
        rules.insert(Rule::ProofOfPossession);
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
            _ => continue,
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
            _ => {}
        }
    }
    rules
}

/// The principal: the name in the certificate, or `sub` where the policy looks at no name.
pub(crate) fn principal(lifted: &Lifted, blueprint: &Blueprint) -> Option<String> {
    match blueprint.policy.certificates.identity {
        Identity::CommonName | Identity::Spiffe => certificate_principal(lifted, blueprint),
        Identity::None => token::subject(lifted),
    }
}

/// The one name of the leaf that the policy takes for its holder's.
fn certificate_principal(lifted: &Lifted, blueprint: &Blueprint) -> Option<String> {
    let leaf = lifted.chain.as_ref()?.certificates.first()?;
    if blueprint.policy.certificates.identity == Identity::CommonName {
        let another = leaf.subject_rest.iter().any(|rest| matches!(rest, SubjectAttribute::CommonName(_)));
        return (!another && !leaf.subject.is_empty()).then(|| leaf.subject.clone());
    }
    // Then there are two, of which one says nothing, or one that says nothing.
    if leaf.extra == Some(crate::Extra::UnreadableName) {
        return None;
    }
    let mut uris = leaf.names.iter().filter_map(|name| match name {
        SubjectName::Uri(uri) => Some(uri),
        SubjectName::Dns(_) | SubjectName::Email(_) | SubjectName::Ip(_) => None,
    });
    let uri = uris.next()?;
    (uris.next().is_none() && is_spiffe_id(uri)).then(|| uri.clone())
}

/// SPIFFE-ID §2: scheme and trust domain in lower case, non-empty path segments, no dot segments, nothing else.
fn is_spiffe_id(uri: &str) -> bool {
    let Some((domain, path)) = uri.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let domain_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let path_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let good_segment = |segment: &str| !["", ".", ".."].contains(&segment) && segment.bytes().all(path_letter);
    !domain.is_empty() && domain.bytes().all(domain_letter) && path.split('/').all(good_segment)
}

/// The declared route that the request names, and the object.
fn find_route<'a>(
    lifted: &Lifted,
    blueprint: &'a Blueprint,
    latitude: &Latitude<'_>,
) -> Option<(&'a Route, Option<String>)> {
    let written = match lifted.path.split_once('#') {
        Some((before, _)) if latitude.permits(ReadingKind::Fragment) => before,
        _ => &lifted.path,
    };
    let normal = normal_path(written);
    let known = match_path(written, lifted, blueprint, "*").is_some_and(|found| is_known(&found, blueprint));
    let path = if normal != written
        && !known
        && match_path(&normal, lifted, blueprint, "*").is_some()
        && latitude.permits(ReadingKind::NormalisedPath)
    {
        &normal
    } else {
        written
    };
    let found = match_path(path, lifted, blueprint, &lifted.method).or_else(|| {
        let get = match_path(path, lifted, blueprint, "GET")?;
        (lifted.method == "HEAD" && latitude.permits(ReadingKind::HeadAsGet)).then_some(get)
    });
    found.filter(|found| is_known(found, blueprint) || latitude.permits(ReadingKind::UnknownObject))
}

/// Whether the object exists, where the route names one in its path; who owns it is another question.
fn is_known((route, object): &(&Route, Option<String>), blueprint: &Blueprint) -> bool {
    let Some(object) = object.as_ref().filter(|_| route.path_parameter().is_some()) else { return true };
    blueprint.owner_of(object).is_some() || route.example.as_ref() == Some(object)
}

fn match_path<'a>(
    path: &str,
    lifted: &Lifted,
    blueprint: &'a Blueprint,
    method: &str,
) -> Option<(&'a Route, Option<String>)> {
    blueprint.policy.routes.iter().filter(|route| method == "*" || route.method == method).find_map(|route| {
        let pattern = route.path.split('/');
        let segments = path.split('/');
        if pattern.clone().count() != segments.clone().count() {
            return None;
        }
        let mut object = None;
        for (pattern, segment) in pattern.zip(segments) {
            if pattern.starts_with('{') && !segment.is_empty() {
                object = Some(segment.to_string());
            } else if pattern != segment {
                return None;
            }
        }
        if let Some(name) = route.body_parameter() {
            object = body_member(lifted.body.as_deref(), name);
        }
        Some((route, object))
    })
}

fn body_member(body: Option<&str>, name: &str) -> Option<String> {
    let Some(crate::json::Json::Object(members)) = crate::json::parse(body?) else { return None };
    members.into_iter().find_map(|(member, value, _)| match value {
        crate::json::Json::Text(text) if member == name => Some(text),
        _ => None,
    })
}

/// Case, percent-encoding, empty and dot segments, parameters and the final slash normalised away (RFC 3986 §6.2.2, §6.2.3).
fn normal_path(path: &str) -> String {
    let mut decoded = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if byte.is_ascii() => {
                decoded.push(byte as char);
                rest = &after[2..];
            }
            _ => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/")).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{is_spiffe_id, normal_path};

    #[test]
    fn spiffe_ids_are_read_strictly() {
        assert!(is_spiffe_id("spiffe://example.test/staff/alice"));
        for bad in [
            "SPIFFE://example.test/a",
            "spiffe://Example.test/a",
            "spiffe://example.test",
            "spiffe://example.test/",
            "spiffe://example.test/a/",
            "spiffe://example.test//a",
            "spiffe://example.test/a/../b",
            "spiffe://example.test:443/a",
            "spiffe://example.test/a?b",
            "spiffe://example.test/a%62",
            "https://example.test/a",
        ] {
            assert!(!is_spiffe_id(bad), "{bad}");
        }
    }

    #[test]
    fn every_spelling_of_a_path_normalises_to_it() {
        use crate::PathForm::*;
        for form in crate::PathForm::ALL {
            let normal = normal_path(&form.apply("/v1/whoami"));
            // What no rule of normalisation undoes is another path.
            let other = [Backslash, DoubleEncoded, Fragment, Nul, Overlong, RepeatedPrefix, StrippedPrefix];
            assert_eq!(normal == "/v1/whoami", !other.contains(&form), "{form:?}: {normal}");
        }
    }
}
