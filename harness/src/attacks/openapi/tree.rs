//! A document of JSON or YAML as a tree in which every value knows its line. It knows nothing of OpenAPI.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use crate::attacks::input::InputError;

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// Line and column, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A member's name, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) place: Place,
}

impl Node {
    /// Reads a document. `Err` names the line at which it stops being one.
    pub(super) fn parse(file: &str, text: &str) -> Result<Node, InputError> {
        let json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
        let text = if json { with_whole_characters(text) } else { text.to_string() };
        serde_saphyr::from_str(&text).map_err(|error| {
            let place = error.location().map(|location| Place::of(&location));
            let fault = error.without_snippet().to_string();
            let fault = fault.lines().next().unwrap_or("no document").trim_start_matches("error: ");
            let fault = fault.split(" at line ").next().unwrap_or(fault);
            let fault = fault.split(", set DuplicateKeyPolicy").next().unwrap_or(fault);
            let kind = if json { "JSON" } else { "YAML or JSON" };
            InputError {
                file: file.into(),
                place: place.map(|place| (place.line, place.column)),
                fault: format!("is no {kind}: {fault}"),
            }
        })
    }

    /// The member of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.members().iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a member.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// Whether a member is there and true.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.get(name).is_some_and(|node| matches!(node.value, Value::Bool(true)))
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The members of a map; none of anything else.
    pub(super) fn members(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(members) => members,
            _ => &[],
        }
    }

    /// The kind of value, for errors.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "an object",
        }
    }

    /// The value as JSON, places left out.
    pub(super) fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::Text(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Node::json).collect(),
            Value::Map(members) => {
                let members = members.iter().map(|(key, node)| (key.name.clone(), node.json()));
                serde_json::Value::Object(members.collect())
            }
        }
    }

    /// An error at this place.
    pub(super) fn error(&self, file: &str, fault: impl Into<String>) -> InputError {
        self.place.error(file, fault)
    }
}

impl Place {
    fn of(location: &serde_saphyr::Location) -> Self {
        let number = |number: u64| usize::try_from(number).unwrap_or_default();
        Self { line: number(location.line()), column: number(location.column()) }
    }

    pub(super) fn error(self, file: &str, fault: impl Into<String>) -> InputError {
        InputError { file: file.into(), place: Some((self.line, self.column)), fault: fault.into() }
    }
}

/// JSON may write a character as two escapes of UTF-16 (RFC 8259 §7), and may be indented with tabs. YAML knows neither.
fn with_whole_characters(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\") {
        let (before, after) = rest.split_at(at);
        whole.push_str(before);
        let unit = |text: &str| {
            let digits = text.strip_prefix("\\u")?.get(..4)?;
            u16::from_str_radix(digits, 16).ok()
        };
        let pair = unit(after).zip(after.get(6..).and_then(unit));
        let character = pair.and_then(|(high, low)| char::decode_utf16([high, low]).next()?.ok());
        match character.filter(|character| character.len_utf16() == 2) {
            Some(character) => {
                whole.push(character);
                rest = &after[12..];
            }
            None => {
                // The sign after a backslash begins no escape.
                let length = 1 + after.chars().nth(1).map_or(0, char::len_utf8);
                whole.push_str(&after[..length]);
                rest = &after[length..];
            }
        }
    }
    whole.push_str(rest);
    // Outside of texts a tab is white space (RFC 8259 §2), and inside of them it may not stand.
    whole.replace('\t', " ")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Node { place: Place::of(&spanned.referenced), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some((key, value)) = members.next_entry::<Spanned<String>, Node>()? {
            map.push((Key { place: Place::of(&key.referenced), name: key.value }, value));
        }
        Ok(Value::Map(map))
    }
}
