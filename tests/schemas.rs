//! The JSON Schemas of the files that people write name every key and value that is read, and no other.

use std::{collections::BTreeSet, path::Path};

use gatecrash::{corpus::parse_entry, input::parse_policy, report::Known};
use serde_json::Value;

type Read = fn(&str) -> String;

/// The name of a file, its reader, and texts that show a key.
type File = (&'static str, Read, &'static [(&'static str, &'static str)]);

const FILES: [File; 3] = [
    (
        "gate",
        |text| parse_policy("gate.toml", text).map_or_else(|error| error.to_string(), |_| String::new()),
        &[
            ("", ""),
            ("/properties/answers", "[answers]"),
            ("/properties/certificates", "[certificates]"),
            ("/properties/changes", "[changes]"),
            ("/properties/changes/properties/throttle", "[changes.throttle]"),
            ("/properties/http", "[http]"),
            ("/properties/proxy", "[proxy]\nfield = \"client-cert\""),
            ("/properties/issuers/items", "[[issuers]]"),
            ("/properties/may-hold/items", "[[may-hold]]"),
            ("/properties/people", "[people]"),
            ("/properties/routes/items", "[[routes]]"),
            ("/properties/tokens", "[tokens]"),
            ("/properties/tokens/properties/rights", "[tokens.rights]"),
        ],
    ),
    (
        "known",
        |text| Known::parse("known.toml", text).map_or_else(|error| error.to_string(), |_| String::new()),
        &[("", ""), ("/properties/known/items", "[[known]]")],
    ),
    (
        "case",
        |text| parse_entry("case.toml", text).map_or_else(|error| error.to_string(), |_| String::new()),
        &[
            ("", ""),
            ("/properties/about", "format = 3\n[about]"),
            ("/properties/raw", "format = 3\n[raw]"),
            ("/properties/steps/items", "format = 3\n[[steps]]"),
        ],
    ),
];

fn schema(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../harness/docs/schemas/{name}.schema.json"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The names that a reader would have taken in place of `zzzz`; `None` where it does not list them.
fn expected(said: &str) -> Option<BTreeSet<String>> {
    let (_, names) = said.split_once("`zzzz`")?;
    let names = names.split_once("expected")?.1;
    Some(names.split('`').skip(1).step_by(2).map(String::from).collect())
}

/// The words that a schema permits: its own, those of a list, or those of a table with one key.
fn words(schema: &Value) -> BTreeSet<String> {
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    let lists = [&schema["enum"], &schema["items"]["enum"]].into_iter().chain(alternatives.map(|one| &one["enum"]));
    let words = lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    words.map(String::from).collect()
}

#[test]
fn every_key_and_every_value_is_one_that_is_read() {
    let mut compared = 0;
    for (name, read, tables) in FILES {
        let schema = schema(name);
        for (pointer, header) in tables {
            let table = schema.pointer(pointer).unwrap_or_else(|| panic!("{name}: {pointer}"));
            let said = read(&format!("{header}\nzzzz = 1\n"));
            let keys: BTreeSet<String> = table["properties"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(Some(&keys), expected(&said).as_ref(), "{name}.schema.json, {pointer}: {said}");
            assert_eq!(table["additionalProperties"], false, "{name}: {pointer}");
            for (key, value) in table["properties"].as_object().unwrap() {
                assert!(value["description"].is_string(), "{name}: {pointer}/{key} has no description");
                // A reader takes a list as a table whose keys are left out.
                // The rules have a table of their own, in harness/docs/rules.md.
                if value["type"] == "object" || key == "rules" {
                    continue;
                }
                let (single, list) =
                    (format!("{header}\n{key} = \"zzzz\"\n"), format!("{header}\n{key} = [\"zzzz\"]\n"));
                for text in [single, list] {
                    if let Some(values) = expected(&read(&text)).filter(|values| !values.is_empty()) {
                        let own = if words(value).is_empty() { words(&value["items"]) } else { words(value) };
                        assert_eq!(own, values, "{name}.schema.json, {pointer}/{key}");
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared >= 12, "{compared} lists of values");
}

/// What `init` and this repository write is what the schemas permit, key by key.
#[test]
fn files_of_this_repository_keep_to_the_schemas() {
    fn held(schema: &Value, value: &toml::Value, place: &str) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let inner = &schema["properties"][key];
                    if schema["additionalProperties"] == false {
                        assert!(!inner.is_null(), "{place}.{key}");
                    }
                    held(inner, value, &format!("{place}.{key}"));
                }
            }
            toml::Value::Array(list) => list.iter().for_each(|value| held(&schema["items"], value, place)),
            toml::Value::String(text) => {
                let words = words(schema);
                assert!(words.is_empty() || words.contains(text), "{place} = {text}");
            }
            _ => {}
        }
    }
    let held =
        |schema: &str, text: &str| held(&self::schema(schema), &toml::Value::Table(text.parse().unwrap()), schema);
    held("gate", gatecrash_gallery::POLICY);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for format in 1..=3 {
        held("case", &std::fs::read_to_string(root.join(format!("tests/fixtures/formats/{format}.toml"))).unwrap());
    }
    for example in ["axum-jwt-auth", "tower-oauth2-resource-server"] {
        let folder = root.join("tests/examples").join(example);
        held("gate", &std::fs::read_to_string(folder.join("gate.toml")).unwrap());
        held("known", &std::fs::read_to_string(folder.join("known.toml")).unwrap());
    }
}

/// The policies that the guides show are read, and keep to the schema.
#[test]
fn guides_show_policies_that_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src");
    let mut shown = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with("guide-") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for block in text.split("```toml\n").skip(1) {
            let policy = block.split("```").next().unwrap();
            let read = parse_policy(&name, policy);
            assert!(read.is_ok(), "{name}: {}", read.unwrap_err());
            shown += 1;
        }
    }
    assert!(shown >= 4, "{shown} policies");
}
