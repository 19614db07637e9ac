//! Every flawed gate is killed, every twin is clean, and names have nothing to do with it.

use std::collections::BTreeMap;

use gatecrash::exhibit::{Exhibit, kill};

/// Killed, and twin clean, by what the gate is.
fn matrix(exhibits: &[Exhibit]) -> BTreeMap<String, (bool, Option<bool>)> {
    let flawed = exhibits.iter().filter(|exhibit| !exhibit.breaks.is_empty());
    let kills = flawed.map(|exhibit| {
        let done = kill(exhibit, 1, 2).unwrap();
        assert_ne!(done.twin_clean, Some(false), "{}: {:?}", exhibit.what, done.twin_findings);
        assert!(done.killed, "{} survived: {:?}", exhibit.what, done.findings);
        (exhibit.what.clone(), (done.killed, done.twin_clean))
    });
    kills.collect()
}

#[test]
fn every_gate_dies_under_any_name() {
    let exhibits = gatecrash_gallery::exhibits().unwrap();
    let named = matrix(&exhibits);
    assert!(named.len() >= 10, "{named:?}");
    let mut shuffled = exhibits;
    // Every gate takes the name of another; the order is turned round.
    let names: Vec<String> = shuffled.iter().map(|exhibit| exhibit.name.clone()).collect();
    shuffled.reverse();
    for (exhibit, name) in shuffled.iter_mut().zip(names.iter().skip(3).chain(&names)) {
        exhibit.name.clone_from(name);
    }
    assert_eq!(named, matrix(&shuffled));
}

#[test]
fn the_harness_knows_no_gate_by_name() {
    let exhibits = gatecrash_gallery::exhibits().unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness");
    let mut folders = vec![root];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                read += 1;
                for exhibit in exhibits.iter().filter(|exhibit| !exhibit.breaks.is_empty()) {
                    assert!(!text.contains(&format!("\"{}\"", exhibit.name)), "{}: {}", path.display(), exhibit.name);
                }
            }
        }
    }
    assert!(read > 40, "{read}");
}
