//! The request as a message: version, authority, fields, framing (RFC 9110, RFC 9112, RFC 9113).

use crate::{
    AuthorityCheck, Blueprint, CredentialSeen, HOST, LOCAL_HOST, Lifted, MessageFault, MessageSeen, Protocol,
    ReadingKind, Route, Rule, RuleSet, Second, SecondVerdict, ServerName,
    readings::{Latitude, Reading, judgments},
};

/// The rules that the message violates, whoever sends it.
pub(super) fn rules(lifted: &Lifted, route: Option<&Route>, blueprint: &Blueprint, latitude: &Latitude) -> RuleSet {
    let message = &lifted.message;
    let mut rules = RuleSet::default();
    for fault in &message.faults {
        let (rule, reading) = of_fault(*fault);
        if !reading.is_some_and(|kind| latitude.permits(kind)) {
            rules.insert(rule);
        }
    }
    // RFC 9110 §9.3.1, §9.3.2, §9.3.5: such content has no meaning, and may lead to a refusal.
    let meaningless = ["DELETE", "GET", "HEAD"].contains(&lifted.method.as_str());
    if message.content
        && meaningless
        && route.is_some_and(|route| route.body.is_none())
        && !latitude.permits(ReadingKind::ContentWithoutMeaning)
    {
        rules.insert(Rule::MessageFraming);
    }
    rules.extend(version_rules(message, blueprint, latitude));
    rules.extend(authority_rules(message, blueprint, latitude));
    if message.server_name != ServerName::Own && !latitude.permits(ReadingKind::UnknownServerName) {
        rules.insert(Rule::ServerName);
    }
    rules
}

/// The rule that a fault violates, and the reading under which it does not.
fn of_fault(fault: MessageFault) -> (Rule, Option<ReadingKind>) {
    match fault {
        MessageFault::BareLineFeed => (Rule::MessageForm, Some(ReadingKind::BareLineFeed)),
        MessageFault::Chunk => (Rule::MessageFraming, Some(ReadingKind::UnreadContent)),
        MessageFault::ContentLengthAndTransferEncoding => {
            (Rule::MessageFraming, Some(ReadingKind::TransferEncodingWins))
        }
        MessageFault::ContentLength | MessageFault::TransferEncoding => (Rule::MessageFraming, None),
        MessageFault::ConnectionField | MessageFault::FieldName | MessageFault::FieldValue | MessageFault::Pseudo => {
            (Rule::MessageForm, None)
        }
        MessageFault::Fold => (Rule::MessageForm, Some(ReadingKind::ObsoleteFold)),
        MessageFault::Size => (Rule::MessageSize, Some(ReadingKind::MessageSize)),
        MessageFault::TransferEncodingTooOld => (Rule::MessageFraming, Some(ReadingKind::FaultyFraming)),
    }
}

fn version_rules(message: &MessageSeen, blueprint: &Blueprint, latitude: &Latitude) -> Option<Rule> {
    let http = &blueprint.policy.http;
    let served = match message.protocol {
        Protocol::Http10 => http.speaks("1.1") && latitude.permits(ReadingKind::OlderHttp),
        Protocol::Http11 => http.speaks("1.1"),
        Protocol::Http2(_) => http.speaks("2"),
        Protocol::PriorKnowledge => http.speaks("2") && latitude.permits(ReadingKind::PriorKnowledge),
    };
    (!served).then_some(Rule::HttpVersion)
}

fn authority_rules(message: &MessageSeen, blueprint: &Blueprint, latitude: &Latitude) -> RuleSet {
    let mut rules = RuleSet::default();
    let missing = match message.protocol {
        Protocol::Http10 => false,
        Protocol::Http11 => message.hosts.is_empty(),
        Protocol::Http2(_) | Protocol::PriorKnowledge => message.authority.is_none() && message.hosts.is_empty(),
    };
    let contradicts = message.authority.as_ref().is_some_and(|said| message.hosts.iter().any(|host| host != said));
    if missing
        || message.hosts.len() > 1
        || message.hosts.iter().chain(&message.authority).any(|text| !is_authority(text))
        || (contradicts && !latitude.permits(ReadingKind::AuthorityConflict))
    {
        rules.insert(Rule::HostField);
    }
    let Some(authority) = message.authority.as_ref().or(message.hosts.first()).filter(|text| is_authority(text)) else {
        return rules;
    };
    if blueprint.policy.http.authority == AuthorityCheck::Own && !is_own(authority, latitude) {
        rules.insert(Rule::Authority);
    }
    rules
}

/// `uri-host [":" port]`, neither empty nor with a user's name in it (RFC 9110 §4.2.2, §4.2.4).
fn is_authority(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !host.is_empty() && host.bytes().all(letter) && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the server's certificate is valid for it, compared as RFC 9110 §4.2.3 says.
fn is_own(authority: &str, latitude: &Latitude) -> bool {
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let host = match host.strip_suffix('.') {
        Some(host) if latitude.permits(ReadingKind::RootDot) => host,
        _ => host,
    };
    [HOST, LOCAL_HOST].iter().any(|name| host.eq_ignore_ascii_case(name))
        && (port == "443" || latitude.permits(ReadingKind::HostPort))
}

/// What is permitted to the second request: judged alone, without credentials, or not to be a request at all.
pub(super) fn second(second: &Second, first: &Lifted, blueprint: &Blueprint) -> SecondVerdict {
    let message = MessageSeen {
        protocol: first.message.protocol,
        server_name: first.message.server_name,
        hosts: vec![HOST.into()],
        ..MessageSeen::default()
    };
    let alone = Lifted {
        credential: CredentialSeen::Absent,
        method: second.method.clone(),
        path: second.path.clone(),
        headers: Vec::new(),
        body: None,
        message,
        ..first.clone()
    };
    let strict = Latitude::new(Reading::default());
    let route_of = |lifted: &Lifted| super::find_route(lifted, blueprint, &strict).map(|(route, _)| route.id());
    let route = route_of(&alone).unwrap_or_else(|| format!("{} {}", second.method, second.path));
    let rules = match second.hidden {
        true => [Rule::OneRequest].into(),
        false => judgments(&alone, blueprint).into_iter().flat_map(|(_, (rules, _))| rules).collect(),
    };
    SecondVerdict { same_route: route_of(first).as_ref() == Some(&route), route, rules, hidden: second.hidden }
}
