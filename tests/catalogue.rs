//! Every entry of the catalogue is effective, isolated, judged as it claims, and unlike every other.

use gatecrash::{
    catalogue::{Catalogue, lint},
    input::parse_policy,
    model::Blueprint,
};

const POLICY: &str = include_str!("gallery/gate.toml");

#[test]
fn every_entry_is_what_it_claims() {
    let catalogue = Catalogue::embedded().unwrap();
    let blueprint = Blueprint::new(parse_policy("gate.toml", POLICY).unwrap(), 1_790_000_000);
    let faults = lint(&catalogue, &blueprint);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(catalogue.families() >= 20 && catalogue.attacks.len() >= 120, "{}", catalogue.attacks.len());
}
