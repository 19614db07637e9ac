//! Every flawed gate is killed, every twin is clean, and names have nothing to do with it.

use std::collections::BTreeSet;

use gatecrash::{
    __internals::exhibit::{Exhibit, Matrix, Measure, Needs, killers},
    campaign::{Bound, CampaignOptions, check::FindingKind},
    corpus::catalogue::Catalogue,
};
use gatecrash_gallery::kills;

use crate::support::{exhibit, night, run};

/// Every gate takes the name of another, and the order is turned round: what is found cannot hang on either.
fn renamed(mut exhibits: Vec<Exhibit>) -> Vec<Exhibit> {
    let names: Vec<String> = exhibits.iter().map(|exhibit| exhibit.name.clone()).collect();
    exhibits.reverse();
    for (exhibit, name) in exhibits.iter_mut().zip(names.iter().skip(3).chain(&names)) {
        exhibit.name.clone_from(name);
    }
    exhibits
}

/// Each attack on one route alone; `.ci/run` measures every gate on all routes, and every twin.
const ONCE: Measure = Measure { seed: 1, jobs: 2, random_seeds: 0, random_cap: 0, sample_routes: true };

/// Names have nothing to do with what is found: some gates of every part of the gallery, under the names of others. That every
/// gate dies and every twin is clean is measured by `measure --check`.
#[test]
fn gates_die_and_twins_are_clean_under_any_name() {
    let exhibits = renamed(gatecrash_gallery::exhibits().unwrap());
    let flawed: Vec<&Exhibit> = exhibits.iter().filter(|exhibit| exhibit.is_flawed()).collect();
    assert!(flawed.len() > 75, "{}", flawed.len());
    let mut matrix = Matrix::default();
    for exhibit in flawed.into_iter().step_by(if night() { 1 } else { 36 }) {
        let mut done = matrix.row(exhibit, ONCE).unwrap();
        if !done.killed {
            done = matrix.row(exhibit, Measure { sample_routes: false, ..ONCE }).unwrap();
        }
        assert_eq!(done.twin_clean, Some(true), "{}: {:?}", exhibit.what, done.twin_findings);
        assert!(done.killed, "{} survived: {:?}", exhibit.what, done.findings);
    }
}

/// What is kept is about the gates and the attacks that there are, and every attack earns its place or says why it is kept.
#[test]
fn every_attack_earns_its_place() {
    let kept = kills::kept().unwrap();
    let exhibits = gatecrash_gallery::exhibits().unwrap();
    let in_matrix = |exhibit: &&Exhibit| exhibit.is_flawed() && exhibit.needs != Some(Needs::Sequences);
    let names = exhibits.iter().filter(in_matrix).map(|exhibit| exhibit.name.as_str());
    let known: BTreeSet<&str> = kept.iter().map(|killed| killed.gate.as_str()).collect();
    assert_eq!(known, names.collect(), "measure again");
    let catalogue = Catalogue::embedded().unwrap();
    for attack in kept.iter().flat_map(|killed| &killed.attacks) {
        assert!(catalogue.attacks.iter().any(|known| known.id == *attack), "{attack}");
    }
    let divided = killers(&catalogue, kept.iter().map(|it| (it.gate.as_str(), it.attacks.as_slice())));
    assert!(divided.idle.is_empty(), "kill nothing, and are not marked: {:?}", divided.idle);
}

/// The same flaw has the same fingerprint in two gates; two flaws in one gate have two.
#[test]
fn fingerprints_follow_flaws() {
    let of = |name: &str| {
        let options =
            CampaignOptions { section: Some('C'), random: false, sample_routes: true, ..CampaignOptions::default() };
        let options = CampaignOptions { bound: Bound::Catalogue, ..options };
        let found = run(&exhibit(name).target, options).findings.into_iter();
        let single = found.filter(|it| it.kind == FindingKind::Breach && it.rules.len() == 1);
        single.map(|it| (it.rules.first().unwrap().name(), it.fingerprint)).collect::<BTreeSet<_>>()
    };
    let prints = |found: &BTreeSet<(&'static str, String)>, rule: &str| {
        found.iter().filter(|(known, _)| *known == rule).map(|(_, print)| print.clone()).collect::<BTreeSet<_>>()
    };
    let (ignored, substring) = (of("audience-ignored"), of("audience-substring"));
    assert!(!prints(&ignored, "audience").is_empty());
    assert_eq!(prints(&ignored, "audience"), prints(&substring, "audience"));
    // One that compares neither audience nor issuer.
    let both = of("audience-not-required");
    assert_eq!(prints(&both, "audience"), prints(&ignored, "audience"));
    assert!(!prints(&both, "issuer").is_empty());
    assert!(prints(&both, "issuer").is_disjoint(&prints(&both, "audience")));
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
