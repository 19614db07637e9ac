//! Security schemes and requirements of all three versions.

use std::collections::BTreeMap;

use gatecrash_model::Factor;

use super::{
    Alternative, Scheme, SchemeKind,
    references::Source,
    tree::{Node, Value},
};
use crate::attacks::input::InputError;

pub(super) type Schemes = BTreeMap<String, Scheme>;

/// Every scheme that the document declares.
pub(super) fn schemes(source: &Source<'_>, declared: Option<&Node>) -> Result<Schemes, InputError> {
    let mut schemes = Schemes::new();
    let Some(declared) = declared else { return Ok(schemes) };
    for (key, node) in declared.members() {
        let node = source.follow(node)?;
        let kind = kind(source, &key.name, node)?;
        schemes.insert(key.name.clone(), Scheme { line: key.place.line, kind });
    }
    Ok(schemes)
}

fn kind(source: &Source<'_>, name: &str, node: &Node) -> Result<SchemeKind, InputError> {
    let Some(kind) = node.text_of("type") else {
        return Err(node.error(source.file, format!("security scheme `{name}` has no `type`")));
    };
    if node.get("x-mtls").is_some_and(is_on) {
        return Ok(SchemeKind::Certificate);
    }
    Ok(match kind {
        "mutualTLS" => SchemeKind::Certificate,
        "http" => match node.text_of("scheme") {
            Some(scheme) if scheme.eq_ignore_ascii_case("bearer") => SchemeKind::Bearer,
            Some(scheme) => SchemeKind::Other(scheme.to_string()),
            None => {
                let fault = format!("security scheme `{name}` has no `scheme`; write one such as `bearer`");
                return Err(node.error(source.file, fault));
            }
        },
        "oauth2" => {
            let flows = node.get("flows").map_or(&[][..], Node::members);
            let mut places: Vec<&Node> = flows.iter().map(|(_, flow)| flow).collect();
            places.push(node);
            let endpoint = ["tokenUrl", "authorizationUrl"];
            let endpoint = endpoint.iter().find_map(|name| places.iter().find_map(|place| place.text_of(name)));
            SchemeKind::OAuth2 { endpoint: endpoint.map(String::from) }
        }
        "openIdConnect" => match node.text_of("openIdConnectUrl") {
            Some(url) => SchemeKind::OpenIdConnect { url: url.into() },
            None => {
                return Err(node.error(source.file, format!("security scheme `{name}` has no `openIdConnectUrl`")));
            }
        },
        // Swagger 2.0 has no other word for a bearer token.
        "apiKey"
            if node.text_of("in") == Some("header")
                && node.text_of("name").is_some_and(|field| field.eq_ignore_ascii_case("authorization")) =>
        {
            SchemeKind::Bearer
        }
        "apiKey" | "basic" => SchemeKind::Other(kind.into()),
        other => {
            let known = "apiKey, basic, http, mutualTLS, oauth2 and openIdConnect are known";
            return Err(node.error(source.file, format!("`{other}` is no type of security scheme; {known}")));
        }
    })
}

/// Whether an extension such as `x-mtls` is switched on: `true`, `required`, or an object that is not switched off.
pub(super) fn is_on(node: &Node) -> bool {
    match &node.value {
        Value::Bool(on) => *on,
        Value::Text(text) => !["", "false", "none", "off", "optional"].contains(&text.as_str()),
        Value::Map(_) => {
            let off = |name: &str| node.get(name).is_some_and(|value| matches!(value.value, Value::Bool(false)));
            !off("required") && !off("enabled")
        }
        Value::Null | Value::Number(_) | Value::List(_) => false,
    }
}

/// The alternatives of a `security` list. `certificate`: whether `x-mtls` asks for one besides.
pub(super) fn alternatives(
    source: &Source<'_>,
    schemes: &Schemes,
    security: Option<&Node>,
    certificate: bool,
) -> Result<Vec<Alternative>, InputError> {
    let mut ways = Vec::new();
    if let Some(security) = security {
        if !matches!(security.value, Value::List(_)) {
            let fault = format!("`security` is {}; write a list, such as `- token: []`", security.kind());
            return Err(security.error(source.file, fault));
        }
        for requirement in security.items() {
            ways.push(alternative(source, schemes, requirement)?);
        }
    }
    if certificate {
        if ways.is_empty() {
            ways.push(Alternative::default());
        }
        for way in ways.iter_mut().filter(|way| !way.factors.contains(&Factor::Certificate)) {
            way.factors.insert(0, Factor::Certificate);
        }
    }
    Ok(ways)
}

fn alternative(source: &Source<'_>, schemes: &Schemes, requirement: &Node) -> Result<Alternative, InputError> {
    let Value::Map(members) = &requirement.value else {
        let fault = format!("a security requirement is {}; write an object, such as `token: []`", requirement.kind());
        return Err(requirement.error(source.file, fault));
    };
    let mut way = Alternative::default();
    for (key, scopes) in members {
        let Some(scheme) = schemes.get(&key.name) else {
            let known: Vec<&str> = schemes.keys().map(String::as_str).collect();
            let known =
                if known.is_empty() { "none is".to_string() } else { format!("known are {}", known.join(", ")) };
            let fault = format!("security scheme `{}` is not declared; {known}", key.name);
            return Err(key.place.error(source.file, fault));
        };
        match scheme.kind.factor() {
            Some(factor) => {
                way.factors.push(factor);
                // What stands in the list of any other scheme are roles that no standard gives a meaning (3.1 §4.8.30).
                if factor == Factor::Token {
                    way.scopes.extend(scopes.items().iter().filter_map(Node::text).map(String::from));
                }
            }
            None => {
                let SchemeKind::Other(kind) = &scheme.kind else { continue };
                way.left_out.push(format!("`{}` ({kind})", key.name));
            }
        }
    }
    way.factors.sort();
    way.factors.dedup();
    way.scopes.sort();
    way.scopes.dedup();
    Ok(way)
}
