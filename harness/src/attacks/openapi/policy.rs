//! A policy to begin with, written from a document. A comment stands wherever a document cannot say what a policy promises.

use std::{collections::BTreeMap, fmt::Write as _};

use gatecrash_model::{Factor, Route};

use super::{Document, Operation, SchemeKind, parameters::encoded};

/// The text of a `gate.toml` with every route of the document, each with the line that it comes from.
///
/// ```
/// let text = r#"{"openapi": "3.0.3", "paths": {"/a": {"get": {"responses": {}}}}}"#;
/// let policy = gatecrash::input::openapi::policy_text(&gatecrash::input::openapi::parse("openapi.json", text)?);
/// assert!(gatecrash::input::parse_policy("gate.toml", &policy)?.routes[0].public);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn policy_text(document: &Document) -> String {
    let mut text = head(document);
    for operation in &document.operations {
        text.push('\n');
        text.push_str(&route(document, operation));
    }
    text
}

fn head(document: &Document) -> String {
    let routes = document.operations.len();
    let title = document.title.as_ref().map_or(String::new(), |title| format!(", \"{}\"", one_line(title)));
    let mut text = format!("# From {} ({}{title}): {routes} operations.\n", document.file, document.version);
    text.push_str(
        "# A document does not say everything that a policy promises: each `FILL IN` is yours to answer.\n\n",
    );
    let ways = || document.operations.iter().filter(|it| !it.is_public()).flat_map(Operation::expressible);
    let with_certificate = ways().any(|way| way.factors.contains(&Factor::Certificate));
    let with_both = ways().any(|way| way.factors.len() == 2);
    let token_alone = ways().any(|way| way.factors == [Factor::Token]);
    let everywhere = document
        .operations
        .iter()
        .all(|it| !it.is_public() && it.expressible().all(|way| way.factors.contains(&Factor::Certificate)));
    if !with_certificate {
        text.push_str("# No operation asks for a client certificate.\nprofile = \"bearer\"\n");
    }
    let server = document.server.as_deref().filter(|url| url.contains("://"));
    let host = server.and_then(|url| url.split_once("://")?.1.split(['/', ':']).next());
    let host = host.filter(|host| !host.is_empty()).unwrap_or("example.test");
    let audience = server.map_or("https://api.example.test".to_string(), |url| {
        let end = url.find("://").map_or(0, |at| at + 3);
        url[end..].find('/').map_or(url, |at| &url[..end + at]).to_string()
    });
    text.push_str("# FILL IN: the value that `aud` must contain. This is the address of the first server.\n");
    let _ = writeln!(text, "audience = {}", quoted(&audience));
    text.push_str("# FILL IN: the domain of everybody's name, such as the SPIFFE trust domain.\n");
    let _ = writeln!(text, "trust-domain = {}", quoted(host));
    if with_certificate {
        text.push_str("\n[certificates]\n");
        text.push_str(if everywhere {
            "# Every operation asks for one.\nclient = \"required\"\n"
        } else {
            "# Not every operation asks for one.\nclient = \"optional\"\n"
        });
        text.push_str(
            "# FILL IN: which name of the certificate is the caller: spiffe, common-name, dns, email or none.\n",
        );
        text.push_str("# identity = \"spiffe\"\n");
        text.push_str("\n[tokens]\n# FILL IN: whether tokens are bound to the certificate (RFC 8705).\n");
        text.push_str(if with_both && !token_alone {
            "# binding = \"certificate-thumbprint\"\n"
        } else {
            "# Some operations take one of both alone.\nbinding = \"none\"\n"
        });
    }
    text.push_str(&issuers(document));
    text
}

fn issuers(document: &Document) -> String {
    let mut text = String::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for scheme in document.schemes.values() {
        if let SchemeKind::OpenIdConnect { url } = &scheme.kind {
            known.entry(issuer_of(url)).or_insert(scheme.line);
        }
    }
    for (url, line) in known.iter().take(9) {
        let _ = write!(text, "\n# `openIdConnectUrl` of line {line}.\n[[issuers]]\nurl = {}\n", quoted(url));
    }
    if known.is_empty() {
        text.push_str("\n# FILL IN: the value of `iss`.\n");
        for (name, scheme) in &document.schemes {
            if let SchemeKind::OAuth2 { endpoint: Some(endpoint) } = &scheme.kind {
                let (name, endpoint) = (one_line(name), one_line(endpoint));
                let _ = writeln!(text, "# Scheme `{name}` (line {}) gets tokens from {endpoint}.", scheme.line);
            }
        }
        text.push_str("[[issuers]]\nurl = \"https://issuer.example.test\"\n");
    }
    for (name, scheme) in &document.schemes {
        if let SchemeKind::Other(kind) = &scheme.kind {
            let (name, kind) = (one_line(name), one_line(kind));
            let _ = write!(
                text,
                "\n# Left out: scheme `{name}` ({kind}, line {}) is no certificate and no token.\n",
                scheme.line
            );
        }
    }
    if !document.webhooks.is_empty() {
        let names: Vec<String> = document.webhooks.iter().map(|name| one_line(name)).collect();
        let _ = write!(text, "\n# Left out: webhooks are requests of the service itself: {}.\n", names.join(", "));
    }
    text
}

/// The issuer whose configuration lies at a URL (OpenID Connect Discovery §4).
pub(super) fn issuer_of(url: &str) -> String {
    let issuer = url.split("/.well-known/").next().unwrap_or(url);
    issuer.trim_end_matches('/').to_string()
}

/// One route, or why there is none in comments.
fn route(document: &Document, operation: &Operation) -> String {
    let mut text = format!("# Line {}.\n", operation.line);
    let mut note = |words: String| {
        let _ = writeln!(text, "# {}", one_line(&words));
    };
    let whole = |part: &str| !part.contains(['{', '}']) || (part.starts_with('{') && part.ends_with('}'));
    if !operation.path.split('/').all(whole) {
        note(format!("Left out: in `{}` a parameter is not a whole segment.", operation.id()));
        return text;
    }
    if document.operations.iter().any(|other| other.line < operation.line && other.id() == operation.id()) {
        note(format!("Left out: `{}` stands above.", operation.id()));
        return text;
    }
    for way in operation.security.iter().filter(|way| !way.left_out.is_empty()) {
        note(format!("Left out: one way in takes {}.", way.left_out.join(" and ")));
    }
    if !operation.is_public() && operation.expressible().next().is_none() {
        note(format!("Left out: no way into `{}` is a certificate or a token.", operation.id()));
        return text;
    }
    for field in
        operation.parameters.iter().filter(|it| it.required && ["header", "cookie"].contains(&it.within.as_str()))
    {
        note(format!("FILL IN: it needs the {} `{}`, which example requests lack.", field.within, field.name));
    }
    let scopes = operation.scopes();
    let takes_scopes = operation.expressible().any(|way| way.scopes != scopes);
    if takes_scopes && !operation.is_public() {
        note("Alternatives differ in scopes; these are the ones that all of them name.".into());
    }
    text.push_str("[[routes]]\n");
    let _ = writeln!(text, "method = {}\npath = {}", quoted(&operation.method), quoted(&operation.path));
    if operation.is_public() {
        if !operation.security.is_empty() {
            text.push_str("# An alternative asks for nothing.\n");
        }
        text.push_str("public = true\n");
    } else {
        let _ = writeln!(text, "security = {}", ways(&operation.factors()));
        if !scopes.is_empty() {
            let scopes: Vec<String> = scopes.iter().map(|scope| quoted(scope)).collect();
            let _ = writeln!(text, "scopes = [{}]", scopes.join(", "));
        }
    }
    text.push_str(&request(operation));
    text
}

/// What an example request holds.
fn request(operation: &Operation) -> String {
    let mut text = String::new();
    let route = Route::new(operation.method.as_str(), operation.path.as_str());
    let examples: Vec<String> = route
        .path_parameters()
        .filter_map(|name| operation.parameters.iter().find(|it| it.within == "path" && it.name == name))
        .map(|parameter| format!("{} = {}", quoted(&parameter.name), quoted(&encoded(&parameter.example))))
        .collect();
    if let Some(name) = route.path_parameters().last()
        && !operation.is_public()
    {
        let _ = writeln!(text, "# FILL IN: if only its owner may have it: owner = {}", quoted(&format!("path:{name}")));
    }
    if !examples.is_empty() {
        let _ = writeln!(text, "examples = {{ {} }}", examples.join(", "));
    }
    let query: Vec<String> = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.within == "query" && parameter.required)
        .map(|parameter| format!("{}={}", encoded(&parameter.name), encoded(&parameter.example)))
        .collect();
    if !query.is_empty() {
        let _ = writeln!(text, "query = {}", quoted(&query.join("&")));
    }
    let left: Vec<&str> = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.within == "query" && !parameter.required)
        .map(|parameter| parameter.name.as_str())
        .collect();
    if !left.is_empty() {
        let _ = writeln!(text, "# Optional in the query: {}.", one_line(&left.join(", ")));
    }
    if let Some(body) = &operation.body {
        let _ = writeln!(text, "content-type = {}", quoted(&body.content_type));
        let _ = match &body.text {
            Some(content) => writeln!(text, "body = {}", quoted(content)),
            None => writeln!(text, "# FILL IN: body = an example of the content"),
        };
    }
    text
}

fn ways(ways: &[Vec<Factor>]) -> String {
    let name = |factor: &Factor| match factor {
        Factor::Certificate => "\"certificate\"",
        Factor::Token => "\"token\"",
    };
    let way = |way: &Vec<Factor>| format!("[{}]", way.iter().map(name).collect::<Vec<_>>().join(", "));
    format!("[{}]", ways.iter().map(way).collect::<Vec<_>>().join(", "))
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

/// Without line breaks and other control characters: a comment ends with its line.
fn one_line(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}
