//! The reference server's README says which clause is met where, tried by which attacks and tested by what.

use std::{collections::BTreeSet, fs, path::Path};

use gatecrash::corpus::catalogue::Catalogue;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../reference-server");

/// The documents whose obligations the table lists.
const DOCUMENTS: [&str; 3] = ["RFC 8705", "RFC 9068", "RFC 8725"];

struct Row {
    clause: String,
    code: Vec<String>,
    families: Vec<String>,
    test: Vec<String>,
}

fn table() -> Vec<Row> {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let rows = readme.lines().filter(|line| DOCUMENTS.iter().any(|it| line.starts_with(&format!("| {it} §"))));
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(String::from).collect::<Vec<_>>();
    let rows = rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [clause, _, code, families, test] = cells[..] else { panic!("five cells: {line}") };
        Row { clause: clause.into(), code: quoted(code), families: quoted(families), test: quoted(test) }
    });
    rows.collect()
}

/// Everything under a folder that ends in `.rs`, in one text.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            text += &sources(&entry);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(entry).unwrap();
        }
    }
    text
}

#[test]
fn the_table_holds_to_the_code() {
    let root = Path::new(ROOT);
    let tests = sources(&root.join("tests")) + &sources(&root.join("src"));
    let rows = table();
    assert!(rows.len() >= 30, "{}", rows.len());
    for row in rows {
        let [file, function] = &row.code[..] else { panic!("{}: a file and a function: {:?}", row.clause, row.code) };
        let source = fs::read_to_string(root.join("src").join(file)).unwrap();
        let function = [format!("fn {function}("), format!("fn {function}<")];
        assert!(function.iter().any(|it| source.contains(it)), "{}: {file} has no {}", row.clause, function[0]);
        let [test] = &row.test[..] else { panic!("{}: one test: {:?}", row.clause, row.test) };
        let declared = format!("fn {test}()");
        let at = tests.find(&declared).unwrap_or_else(|| panic!("{}: there is no {declared}", row.clause));
        let attribute = tests[..at].lines().rev().find(|line| line.trim_start().starts_with("#[")).unwrap();
        assert!(attribute.contains("test"), "{}: {declared} is no test", row.clause);
    }
}

#[test]
fn the_table_holds_to_the_catalogue() {
    let catalogue = Catalogue::embedded().unwrap();
    let known: BTreeSet<&str> = catalogue.attacks.iter().map(|attack| attack.family.id.as_str()).collect();
    let rows = table();
    for row in &rows {
        assert!(!row.families.is_empty(), "{}", row.clause);
        for family in &row.families {
            assert!(known.contains(family.as_str()), "{}: the catalogue has no {family}", row.clause);
        }
    }
    // Whatever the catalogue cites of the three documents stands in the table, by the clause or one above it.
    let clauses: BTreeSet<&str> = rows.iter().map(|row| row.clause.as_str()).collect();
    for attack in &catalogue.attacks {
        let cited = attack.family.references.iter().filter(|it| DOCUMENTS.iter().any(|name| it.starts_with(name)));
        for reference in cited {
            let met = clauses.iter().any(|clause| {
                clause == reference
                    || clause.starts_with(reference.as_str())
                    || reference.starts_with(&format!("{clause}."))
            });
            assert!(met, "{} cites {reference}, which is not in the table", attack.family.id);
        }
    }
}
