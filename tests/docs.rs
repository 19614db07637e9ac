//! The generated tables say what the code says, and no cell is empty without a reason.

use std::{fs, path::Path};

use gatecrash::corpus::catalogue::Catalogue;
use gatecrash_gallery::{article, docs, kills};

/// Compares a table with the one that is kept; as with snapshots, `INSTA_UPDATE=always` writes it anew.
fn holds(name: &str, table: Result<String, Vec<String>>) {
    let table = table.unwrap_or_else(|faults| panic!("{}", faults.join("\n")));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/docs").join(name);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &table).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(table == kept, "{name} is out of date; `measure --docs` or INSTA_UPDATE=always writes it anew");
}

#[test]
fn the_rule_table() {
    let catalogue = Catalogue::embedded().unwrap();
    let exhibits = gatecrash_gallery::exhibits().unwrap();
    holds("rules.md", docs::rules(&catalogue, &exhibits, &kills::kept().unwrap()));
}

#[test]
fn the_readings_table() {
    let exhibits = gatecrash_gallery::exhibits().unwrap();
    holds("readings.md", docs::reading_table(&Catalogue::embedded().unwrap(), &docs::worlds(&exhibits)));
}

#[test]
fn the_weakness_table() {
    holds("cwe.md", docs::weaknesses(&Catalogue::embedded().unwrap()));
}

#[test]
fn the_article() {
    holds("article.md", article::page(&Catalogue::embedded().unwrap(), &kills::kept().unwrap()));
}
