//! Every entry of the catalogue is effective, isolated, judged as it claims, and unlike every other.

use gatecrash::corpus::catalogue::{Catalogue, lint};

use crate::support::blueprint;

#[test]
fn every_entry_is_what_it_claims() {
    let catalogue = Catalogue::embedded().unwrap();
    let faults = lint(&catalogue, &blueprint());
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(catalogue.families() >= 20 && catalogue.attacks.len() >= 120, "{}", catalogue.attacks.len());
}

#[test]
fn a_wrong_claim_is_caught() {
    let files = gatecrash_corpus::attacks();
    let (name, text) = files.iter().find(|(name, _)| name.ends_with("exp-past.toml")).unwrap();
    let count = |text: &str| {
        let catalogue = Catalogue::parse([(name.as_str(), text)]).unwrap();
        lint(&catalogue, &blueprint()).len()
    };
    assert_eq!(count(text), 0);
    assert!(count(&text.replace("rules = [\"expiry\"]", "rules = [\"issuer\"]")) > 0, "another rule");
    assert!(count(&text.replace("seconds = -30 ", "seconds = -31 ")) > 0, "the same attempt twice");
    assert!(count(&text.replace("expect = \"admit\"", "expect = \"either\"")) > 0, "another verdict");
    assert!(count(&text.replace("seconds = 0 ", "seconds = 300 ")) > 0, "no effect");
}

#[test]
fn the_folder_is_the_section() {
    for attack in Catalogue::embedded().unwrap().attacks {
        let family = &attack.family;
        let file = format!("corpus/attacks/{}/{}.toml", family.section.to_lowercase(), family.id);
        assert_eq!(family.file, file);
    }
}
