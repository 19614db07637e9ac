//! Every flawed gate is killed, every twin is clean, and names have nothing to do with it.

use gatecrash::exhibit::{Exhibit, Matrix};

/// Every gate takes the name of another, and the order is turned round: what is found cannot hang on either.
fn renamed(mut exhibits: Vec<Exhibit>) -> Vec<Exhibit> {
    let names: Vec<String> = exhibits.iter().map(|exhibit| exhibit.name.clone()).collect();
    exhibits.reverse();
    for (exhibit, name) in exhibits.iter_mut().zip(names.iter().skip(3).chain(&names)) {
        exhibit.name.clone_from(name);
    }
    exhibits
}

#[test]
fn every_gate_dies_and_every_twin_is_clean_under_any_name() {
    let exhibits = renamed(gatecrash_gallery::exhibits().unwrap());
    let flawed: Vec<&Exhibit> = exhibits.iter().filter(|exhibit| exhibit.twin.is_some()).collect();
    assert!(flawed.len() > 60, "{}", flawed.len());
    let mut matrix = Matrix::default();
    for exhibit in flawed {
        let done = matrix.row(exhibit, MEASURE).unwrap();
        assert_eq!(done.twin_clean, Some(true), "{}: {:?}", exhibit.what, done.twin_findings);
        assert!(done.killed, "{} survived: {:?}", exhibit.what, done.findings);
    }
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
                for exhibit in exhibits.iter().filter(|exhibit| exhibit.is_flawed()) {
                    assert!(!text.contains(&format!("\"{}\"", exhibit.name)), "{}: {}", path.display(), exhibit.name);
                }
            }
        }
    }
    assert!(read > 40, "{read}");
}
