//! Moves one parameter of a mutation to an interesting value, whatever the kind of the mutation: through its text form.

use gatecrash_model::{Draw as _, Mutation};
use serde::Deserialize as _;
use toml::Value;

use super::dice::Dice;

/// Seconds and lengths at which comparisons turn.
const NUMBERS: [i64; 16] =
    [0, 1, -1, 29, 30, 31, -29, -30, -31, 255, 3600, -3600, 86_400, -86_400, i32::MAX as i64, u32::MAX as i64];

/// JSON texts at which parsers part.
const JSON: [&str; 24] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1e400",
    "1.5",
    "18446744073709551616",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "[]",
    "[\"\"]",
    "[null]",
    "{}",
    "\"${audience}\"",
    "[\"${audience}\"]",
    "[\"x\",\"${audience}\"]",
    "\"${issuer}\"",
    "\"${alice}\"",
    "\"${subject}\"",
    "\"${subject|upper}\"",
    "\"${scope}\"",
    "\"${kid}\"",
];

/// The mutation with one parameter changed. `None` when it has none, or when the change would be no mutation.
pub(super) fn moved(mutation: &Mutation, words: &[Mutation], dice: &mut Dice) -> Option<Mutation> {
    let mut value = Value::try_from(mutation).ok()?;
    let places = leaves(&value);
    let place = dice.pick(&places)?.clone();
    let old = at(&mut value, &place)?;
    let new = other(old, &place, words, dice)?;
    *old = new;
    let moved = Mutation::deserialize(value).ok()?;
    (moved != *mutation).then_some(moved)
}

type Place = Vec<Key>;

#[derive(Clone, Debug, PartialEq)]
enum Key {
    Index(usize),
    Name(String),
}

/// Where numbers and strings stand.
fn leaves(value: &Value) -> Vec<Place> {
    let below = |key: Key, inner: &Value| {
        let with = move |mut place: Place| {
            place.insert(0, key.clone());
            place
        };
        leaves(inner).into_iter().map(with).collect::<Vec<_>>()
    };
    match value {
        Value::Array(list) => list.iter().enumerate().flat_map(|(i, inner)| below(Key::Index(i), inner)).collect(),
        Value::Table(table) => table.iter().flat_map(|(name, inner)| below(Key::Name(name.clone()), inner)).collect(),
        Value::Integer(_) | Value::String(_) => vec![Vec::new()],
        Value::Boolean(_) | Value::Datetime(_) | Value::Float(_) => Vec::new(),
    }
}

fn at<'a>(value: &'a mut Value, place: &[Key]) -> Option<&'a mut Value> {
    place.iter().try_fold(value, |value, key| match (value, key) {
        (Value::Array(list), Key::Index(i)) => list.get_mut(*i),
        (Value::Table(table), Key::Name(name)) => table.get_mut(name),
        _ => None,
    })
}

/// Another value for a leaf: of the same type, and where possible one that stands there in another word.
fn other(old: &Value, place: &[Key], words: &[Mutation], dice: &mut Dice) -> Option<Value> {
    let dates = ["seconds", "not-before", "not-after"].map(|name| Key::Name(name.into()));
    let dated = place.last().is_some_and(|key| dates.contains(key));
    match old {
        // Other numbers belong together with their neighbours, and not every pair of them can be written.
        Value::Integer(known) if dated => Some(Value::Integer(match dice.below(3) {
            0 => known.checked_add(1)?,
            1 => known.checked_sub(1)?,
            _ => *dice.pick(&NUMBERS)?,
        })),
        Value::String(_) if place.last() == Some(&Key::Name("json".into())) && dice.below(2) == 0 => {
            Some(Value::String((*dice.pick(&JSON)?).into()))
        }
        Value::String(_) => {
            // Names of people, keys, positions and the like form closed sets, and the vocabulary holds most of each.
            let start = dice.below(words.len());
            let found = words.iter().cycle().skip(start).take(words.len()).find_map(|word| {
                let mut value = Value::try_from(word).ok()?;
                match at(&mut value, place) {
                    Some(Value::String(there)) if Some(there.as_str()) != old.as_str() => Some(there.clone()),
                    _ => None,
                }
            });
            found.map(Value::String)
        }
        _ => None,
    }
}
