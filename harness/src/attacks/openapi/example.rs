//! Example values: those of the document, or values made up after a schema. The same document gives the same values.

use serde_json::{Map, Value as Json, json};

use super::{
    references::Source,
    tree::{Node, Value},
};
use crate::attacks::input::InputError;

/// How deep optional members are made up, and how deep anything is.
const OPTIONAL_DEPTH: usize = 4;
const DEEPEST: usize = 16;

/// The example of a media type or a parameter, by itself or by its schema.
pub(super) fn of_carrier(source: &Source<'_>, carrier: &Node) -> Result<Option<Json>, InputError> {
    if let Some(example) = carrier.get("example").or_else(|| carrier.get("x-example")) {
        return Ok(Some(example.json()));
    }
    if let Some((_, first)) = carrier.get("examples").and_then(|examples| examples.members().first()) {
        let first = source.follow(first)?;
        if let Some(value) = first.get("value") {
            return Ok(Some(value.json()));
        }
    }
    carrier.get("schema").map(|schema| of_schema(source, schema, 0)).transpose()
}

/// An example value of a schema.
pub(super) fn of_schema(source: &Source<'_>, schema: &Node, depth: usize) -> Result<Json, InputError> {
    let schema = source.follow(schema)?;
    let written = ["example", "const", "default"].iter().find_map(|name| schema.get(name));
    let listed = || ["examples", "enum"].iter().find_map(|name| schema.get(name)?.items().first());
    if let Some(value) = written.or_else(listed) {
        return Ok(value.json());
    }
    if depth >= DEEPEST {
        return Ok(Json::Null);
    }
    let parts = schema.get("allOf").map_or(&[][..], Node::items);
    let one = ["oneOf", "anyOf"].iter().find_map(|name| schema.get(name)?.items().first());
    let mut whole = Map::new();
    for part in parts.iter().chain(one) {
        match of_schema(source, part, depth + 1)? {
            Json::Object(members) => whole.extend(members),
            other if schema.get("properties").is_none() && !other.is_null() => return Ok(other),
            _ => {}
        }
    }
    let kind = type_of(schema);
    if kind == Some("object") || schema.get("properties").is_some() || !whole.is_empty() {
        whole.extend(members(source, schema, depth)?);
        return Ok(Json::Object(whole));
    }
    Ok(match kind {
        Some("array") => match schema.get("items") {
            Some(items) if depth < OPTIONAL_DEPTH || number_of(schema, "minItems").is_some_and(|least| least > 0.0) => {
                json!([of_schema(source, items, depth + 1)?])
            }
            _ => json!([]),
        },
        Some("boolean") => json!(true),
        Some("integer") => json!(number(schema) as i64),
        Some("number") => json!(number(schema)),
        Some("null") => Json::Null,
        Some("string") => json!(text(schema)),
        _ => json!("example"),
    })
}

fn members(source: &Source<'_>, schema: &Node, depth: usize) -> Result<Map<String, Json>, InputError> {
    let mut made = Map::new();
    let required: Vec<&str> =
        schema.get("required").map_or(&[][..], Node::items).iter().filter_map(Node::text).collect();
    for (key, property) in schema.get("properties").map_or(&[][..], Node::members) {
        let needed = required.contains(&key.name.as_str());
        let property = source.follow(property)?;
        if property.holds("readOnly") || (!needed && depth >= OPTIONAL_DEPTH) {
            continue;
        }
        made.insert(key.name.clone(), of_schema(source, property, depth + 1)?);
    }
    Ok(made)
}

/// The type; of several (3.1) the first that is not `null`.
fn type_of(schema: &Node) -> Option<&str> {
    let node = schema.get("type")?;
    match &node.value {
        Value::List(items) => items.iter().filter_map(Node::text).find(|name| *name != "null"),
        _ => node.text(),
    }
}

fn number_of(schema: &Node, name: &str) -> Option<f64> {
    match &schema.get(name)?.value {
        Value::Number(number) => number.as_f64(),
        _ => None,
    }
}

/// One, or the nearest number that the bounds permit.
fn number(schema: &Node) -> f64 {
    let least = number_of(schema, "minimum").or_else(|| number_of(schema, "exclusiveMinimum").map(|bound| bound + 1.0));
    let most = number_of(schema, "maximum").or_else(|| number_of(schema, "exclusiveMaximum").map(|bound| bound - 1.0));
    let number = least.map_or(1.0, |least| least.max(1.0));
    let number = most.map_or(number, |most| number.min(most));
    match number_of(schema, "multipleOf") {
        Some(step) if step > 0.0 => (number / step).ceil() * step,
        _ => number,
    }
}

fn text(schema: &Node) -> String {
    let plain = match schema.text_of("format") {
        Some("byte") => "ZXhhbXBsZQ==",
        Some("date") => "2026-01-31",
        Some("date-time") => "2026-01-31T12:00:00Z",
        Some("email") => "alice@example.test",
        Some("hostname") => "example.test",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("time") => "12:00:00Z",
        Some("uri" | "url" | "uri-reference") => "https://example.test/",
        Some("uuid") => "00000000-0000-4000-8000-000000000001",
        _ => "example",
    };
    // Lengths that a document names, within reason.
    let length = |name: &str| number_of(schema, name).map(|length| length.clamp(0.0, 4096.0) as usize);
    let mut text = plain.to_string();
    if schema.get("format").is_none() {
        while length("minLength").is_some_and(|least| text.len() < least) {
            text.push('x');
        }
        if let Some(most) = length("maxLength") {
            text.truncate(most);
        }
    }
    text
}
