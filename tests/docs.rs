//! The generated tables say what the code says, and no cell is empty without a reason.

use std::{fs, path::Path};

use gatecrash::catalogue::Catalogue;
use gatecrash_gallery::{docs, kills};

use crate::support::blueprint;

fn kept(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/docs").join(name)).unwrap()
}

const ANEW: &str = "`cargo run --release -p gatecrash-gallery --bin measure -- --docs` writes it anew";

#[test]
fn the_rule_table() {
    let catalogue = Catalogue::embedded().unwrap();
    let exhibits = gatecrash_gallery::exhibits().unwrap();
    let table = docs::rules(&catalogue, &exhibits, &kills::kept().unwrap());
    let table = table.unwrap_or_else(|faults| panic!("{}", faults.join("\n")));
    assert!(table == kept("rules.md"), "{ANEW}");
}

#[test]
fn the_readings_table() {
    let table = docs::reading_table(&Catalogue::embedded().unwrap(), &blueprint());
    let table = table.unwrap_or_else(|faults| panic!("{}", faults.join("\n")));
    assert!(table == kept("readings.md"), "{ANEW}");
}
