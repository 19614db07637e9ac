//! A document held against a policy, both ways. It compares what they say, and not what a service does.

use std::{collections::BTreeSet, fmt};

use gatecrash_model::{Factor, Policy, Route};

use super::{Document, Operation, SchemeKind, policy::issuer_of};

/// What document and policy say differently.
///
/// It prints as one line: file, line, route, and both statements.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// Which of both says more.
    pub side: Side,
    /// The route, as `METHOD /path`, or the name of the value.
    pub subject: String,
    /// Line in the document, from 1, where it says something.
    pub document_line: Option<usize>,
    /// Line in the policy's file, from 1, where it says something.
    pub policy_line: Option<usize>,
    /// The statement of each, in words.
    pub text: String,
}

/// Which of both says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Only the document has it.
    DocumentAlone,
    /// Only the policy has it.
    PolicyAlone,
    /// The document asks for more than the policy promises.
    DocumentAsksMore,
    /// The policy promises more than the document asks for.
    PolicyAsksMore,
    /// Both say something, and neither says more.
    Differ,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.text)
    }
}

/// Everything that they say differently, in the order of the document, then of the policy. `policy_text` is the text of the
/// policy's file, for line numbers.
///
/// ```
/// use gatecrash::input::openapi;
/// let text = r#"{"openapi": "3.0.3", "paths": {"/a": {"get": {"responses": {}}}}}"#;
/// let document = openapi::parse("openapi.json", text)?;
/// let policy = openapi::policy_text(&document);
/// let read = gatecrash::input::parse_policy("gate.toml", &policy)?;
/// assert!(openapi::differences(&document, &read, &policy).is_empty());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn differences(document: &Document, policy: &Policy, policy_text: &str) -> Vec<Difference> {
    let lines = route_lines(policy_text);
    let line = |index: usize| lines.get(index).copied();
    let mut found = Vec::new();
    let mut matched = BTreeSet::new();
    for operation in &document.operations {
        let same =
            |route: &Route| route.method == operation.method && nameless(&route.path) == nameless(&operation.path);
        match policy.routes.iter().position(same) {
            Some(index) => {
                matched.insert(index);
                found.extend(of_route(operation, &policy.routes[index], line(index)));
            }
            None => found.push(Difference {
                side: Side::DocumentAlone,
                subject: operation.id(),
                document_line: Some(operation.line),
                policy_line: None,
                text: "the document has it, the policy does not".into(),
            }),
        }
    }
    for (index, route) in policy.routes.iter().enumerate().filter(|(index, _)| !matched.contains(index)) {
        found.push(Difference {
            side: Side::PolicyAlone,
            subject: route.id(),
            document_line: None,
            policy_line: line(index),
            text: "the policy has it, the document does not".into(),
        });
    }
    found.extend(of_issuers(document, policy));
    found
}

/// A path without the names of its parameters.
fn nameless(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "{}".to_string() } else { part.to_string() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn of_route(operation: &Operation, route: &Route, policy_line: Option<usize>) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differs = |side: Side, text: String| {
        let document_line = Some(operation.line);
        found.push(Difference { side, subject: operation.id(), document_line, policy_line, text });
    };
    let mut promised: Vec<Vec<Factor>> = route.security.clone();
    promised.iter_mut().for_each(|way| way.sort());
    promised.sort();
    promised.dedup();
    if route.public {
        promised.clear();
    }
    let asked = operation.factors();
    let others: Vec<&str> = operation.security.iter().flat_map(|way| &way.left_out).map(String::as_str).collect();
    if asked.is_empty() && !operation.is_public() {
        let text = format!("the document asks for {}, for which a policy has no word", others.join(" or "));
        differs(Side::Differ, text);
        return found;
    }
    if asked != promised {
        let text = format!("the document asks for {}, the policy for {}", words(&asked), words(&promised));
        let side = match (asks_more(&asked, &promised), asks_more(&promised, &asked)) {
            (true, false) => Side::DocumentAsksMore,
            (false, true) => Side::PolicyAsksMore,
            _ => Side::Differ,
        };
        differs(side, text);
    }
    let (asked, promised): (BTreeSet<String>, BTreeSet<String>) =
        (operation.scopes().into_iter().collect(), route.scopes.iter().cloned().collect());
    if asked != promised {
        let name = |scopes: &BTreeSet<String>| match scopes.len() {
            0 => "no scope".to_string(),
            _ => format!("scope {}", scopes.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" and ")),
        };
        let text = format!("the document asks for {}, the policy for {}", name(&asked), name(&promised));
        let side = match (asked.is_superset(&promised), promised.is_superset(&asked)) {
            (true, false) => Side::DocumentAsksMore,
            (false, true) => Side::PolicyAsksMore,
            _ => Side::Differ,
        };
        differs(side, text);
    }
    found
}

/// Whether everybody whom `more` lets in is also let in by `less`.
fn asks_more(more: &[Vec<Factor>], less: &[Vec<Factor>]) -> bool {
    if less.is_empty() {
        return true;
    }
    !more.is_empty() && more.iter().all(|way| less.iter().any(|other| other.iter().all(|factor| way.contains(factor))))
}

fn words(ways: &[Vec<Factor>]) -> String {
    let name = |factor: &Factor| match factor {
        Factor::Certificate => "certificate",
        Factor::Token => "token",
    };
    let way = |way: &Vec<Factor>| way.iter().map(name).collect::<Vec<_>>().join(" and ");
    match ways.len() {
        0 => "nothing".into(),
        _ => ways.iter().map(way).collect::<Vec<_>>().join(", or "),
    }
}

/// `openIdConnectUrl` names the issuers; where the document has none, it says nothing of them.
fn of_issuers(document: &Document, policy: &Policy) -> Vec<Difference> {
    let mut named = Vec::new();
    for scheme in document.schemes.values() {
        if let SchemeKind::OpenIdConnect { url } = &scheme.kind {
            named.push((issuer_of(url), scheme.line));
        }
    }
    let mut found = Vec::new();
    if named.is_empty() {
        return found;
    }
    for (url, line) in &named {
        if !policy.issuers.iter().any(|issuer| issuer.url.trim_end_matches('/') == url) {
            found.push(Difference {
                side: Side::DocumentAlone,
                subject: "issuers".into(),
                document_line: Some(*line),
                policy_line: None,
                text: format!("`openIdConnectUrl` is of `{url}`, which the policy does not trust"),
            });
        }
    }
    for issuer in &policy.issuers {
        if !named.iter().any(|(url, _)| issuer.url.trim_end_matches('/') == url) {
            found.push(Difference {
                side: Side::PolicyAlone,
                subject: "issuers".into(),
                document_line: None,
                policy_line: None,
                text: format!("the policy trusts `{}`, which no `openIdConnectUrl` is of", issuer.url),
            });
        }
    }
    found
}

/// The line of each route of a policy's file.
fn route_lines(text: &str) -> Vec<usize> {
    let Ok(table) = toml::de::DeTable::parse(text) else { return Vec::new() };
    let named = table.get_ref().iter().find(|(key, _)| key.get_ref().as_ref() == "routes");
    let Some(routes) = named.and_then(|(_, routes)| routes.get_ref().as_array()) else { return Vec::new() };
    let line = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
    routes.iter().map(|route| line(route.span().start)).collect()
}
