//! Every family is mapped to every standard, and no mapping names what is not there.

use std::collections::BTreeSet;

use gatecrash::corpus::{catalogue::Catalogue, mappings::embedded};

#[test]
fn every_family_tests_a_requirement_of_every_standard() {
    let catalogue = Catalogue::embedded().unwrap();
    let families: BTreeSet<&str> = catalogue.attacks.iter().map(|attack| attack.family.id.as_str()).collect();
    let mut faults = Vec::new();
    for standard in embedded().unwrap() {
        let without = families.iter().filter(|family| standard.of_family(family, &catalogue).is_empty());
        faults.extend(without.map(|family| format!("{}: `{family}` tests no requirement", standard.id)));
        faults.extend(
            standard.unknown_families(&catalogue).iter().map(|it| format!("{}: no family `{it}`", standard.id)),
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_requirement_is_tested_or_says_why_not() {
    let catalogue = Catalogue::embedded().unwrap();
    for standard in embedded().unwrap() {
        let mut seen = BTreeSet::new();
        for requirement in &standard.requirements {
            assert!(seen.insert(requirement.id.clone()), "{}: {} stands twice", standard.id, requirement.id);
            let tested = standard.families(requirement, &catalogue);
            assert!(!tested.is_empty(), "{}: no family tests {}", standard.id, requirement.id);
        }
        for untestable in &standard.untestable {
            assert!(!untestable.why.is_empty());
            for id in &untestable.ids {
                assert!(seen.insert(id.clone()), "{}: {id} stands twice", standard.id);
            }
        }
    }
}
