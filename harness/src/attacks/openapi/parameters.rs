//! Parameters and contents of an operation, of all three versions.

use serde_json::Value as Json;

use super::{Body, Parameter, example, references::Source, tree::Node};
use crate::attacks::input::InputError;

/// The parameters of a path and of its operation, which overrides them by name and place; and the content.
pub(super) fn of_operation(
    source: &Source<'_>,
    path: &Node,
    operation: &Node,
    consumes: Option<&str>,
) -> Result<(Vec<Parameter>, Option<Body>), InputError> {
    // Any media type: JSON is one.
    let consumes = consumes.filter(|media| *media != "*/*");
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut body = None;
    let mut form: Vec<(String, Json)> = Vec::new();
    for node in [path, operation].iter().filter_map(|level| level.get("parameters")).flat_map(Node::items) {
        let node = source.follow(node)?;
        let (Some(name), Some(within)) = (node.text_of("name"), node.text_of("in")) else {
            return Err(node.error(source.file, "a parameter needs `name` and `in`"));
        };
        match within {
            // Swagger 2.0.
            "body" => {
                let value = example::of_carrier(source, node)?.unwrap_or(Json::Null);
                let content_type = consumes.unwrap_or("application/json").to_string();
                body = Some(Body { text: Some(written(&value)), content_type });
            }
            "formData" => form.push((name.into(), simple(source, node)?)),
            "path" | "query" | "header" | "cookie" => {
                let value = match node.get("content").and_then(|content| content.members().first()) {
                    Some((_, media)) => example::of_carrier(source, media)?.unwrap_or(Json::Null),
                    None => simple(source, node)?,
                };
                parameters.retain(|known| (known.name.as_str(), known.within.as_str()) != (name, within));
                parameters.push(Parameter {
                    name: name.into(),
                    within: within.into(),
                    required: within == "path" || node.holds("required"),
                    example: plain(&value),
                });
            }
            other => {
                let known = "path, query, header, cookie, body and formData are known";
                return Err(node.error(source.file, format!("`{other}` is no place of a parameter; {known}")));
            }
        }
    }
    if !form.is_empty() {
        body = Some(form_body(consumes, &form));
    }
    if let Some(request) = operation.get("requestBody") {
        body = content(source, source.follow(request)?)?;
    }
    Ok((parameters, body))
}

/// The example of a parameter; in Swagger 2.0 its type stands beside its name.
fn simple(source: &Source<'_>, node: &Node) -> Result<Json, InputError> {
    match example::of_carrier(source, node)? {
        Some(value) => Ok(value),
        None => example::of_schema(source, node, 0),
    }
}

fn form_body(consumes: Option<&str>, form: &[(String, Json)]) -> Body {
    let urlencoded = "application/x-www-form-urlencoded";
    match consumes {
        Some(other) if other != urlencoded => Body { content_type: other.into(), text: None },
        _ => {
            let pairs = form.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(&plain(value))));
            Body { content_type: urlencoded.into(), text: Some(pairs.collect::<Vec<_>>().join("&")) }
        }
    }
}

/// The content of OpenAPI 3: JSON where there is a choice, else the first media type.
fn content(source: &Source<'_>, request: &Node) -> Result<Option<Body>, InputError> {
    let offered = request.get("content").map_or(&[][..], Node::members);
    let is_json = |media: &str| {
        let media = media.split(';').next().unwrap_or(media).trim();
        media == "application/json" || media.ends_with("+json") || media == "*/*"
    };
    let chosen = offered.iter().find(|(key, _)| is_json(&key.name)).or_else(|| offered.first());
    let Some((key, media)) = chosen else { return Ok(None) };
    let media = source.follow(media)?;
    let value = example::of_carrier(source, media)?.unwrap_or_else(|| Json::Object(Default::default()));
    let content_type = if key.name == "*/*" { "application/json".to_string() } else { key.name.clone() };
    let text = match (&value, content_type.as_str()) {
        (_, media) if is_json(media) => Some(written(&value)),
        (Json::Object(members), "application/x-www-form-urlencoded") => {
            let pairs = members.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(&plain(value))));
            Some(pairs.collect::<Vec<_>>().join("&"))
        }
        (Json::String(text), media) if media.starts_with("text/") => Some(text.clone()),
        _ => None,
    };
    Ok(Some(Body { content_type, text }))
}

fn written(value: &Json) -> String {
    value.to_string()
}

/// A value as it stands in a path or a query.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Json::Null => "example".into(),
        other => other.to_string(),
    }
}

/// Percent-encoded for a query or a form.
pub(super) fn encoded(text: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',');
    percent_encoding::utf8_percent_encode(text, KEPT).to_string()
}
