//! Arrows between the rooms point down only, and the oracle knows no cryptography.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap()
}

/// What each crate of the workspace depends on when it is built, development aside.
fn dependencies(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata.packages.iter().map(|package| {
        let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        (package.name.to_string(), normal.map(|dependency| dependency.name.clone()).collect())
    });
    packages.collect()
}

#[test]
fn arrows_point_down() {
    let dependencies = dependencies(&metadata());
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("gatecrash-corpus", &[][..]),
        ("gatecrash-model", &[][..]),
        ("gatecrash-reference", &[][..]),
        ("gatecrash-witness", &[][..]),
        ("gatecrash", &["gatecrash-corpus", "gatecrash-model", "gatecrash-witness"][..]),
        ("gatecrash-gallery", &["gatecrash", "gatecrash-reference"][..]),
        ("gatecrash-fuzz", &["gatecrash", "gatecrash-gallery"][..]),
        ("gatecrash-mutation", &[][..]),
        ("gatecrash-tests", &[][..]),
    ]);
    assert_eq!(dependencies.keys().map(String::as_str).collect::<BTreeSet<_>>(), allowed.keys().copied().collect());
    for (name, needs) in &dependencies {
        let rooms = needs.iter().filter(|need| dependencies.contains_key(*need)).map(String::as_str);
        for room in rooms {
            assert!(allowed[name.as_str()].contains(&room), "{name} must not depend on {room}");
        }
    }
}

#[test]
fn the_oracle_imports_serde_alone() {
    let dependencies = dependencies(&metadata());
    let known = ["arbitrary", "proptest", "serde"].map(String::from);
    assert!(dependencies["gatecrash-model"].is_subset(&BTreeSet::from(known)), "{:?}", dependencies["gatecrash-model"]);
}

#[test]
fn what_stays_in_production_needs_nothing() {
    assert_eq!(dependencies(&metadata())["gatecrash-witness"], BTreeSet::new());
}

/// Two backends at once leave a user's service without a default provider.
#[test]
fn the_harness_turns_on_no_backend() {
    let metadata = metadata();
    let backends = ["aws-lc-rs", "aws_lc_rs", "fips", "ring", "rust_crypto"];
    for name in ["gatecrash", "gatecrash-corpus", "gatecrash-model", "gatecrash-witness"] {
        let package = metadata.packages.iter().find(|package| package.name.as_str() == name).unwrap();
        for dependency in package.dependencies.iter().filter(|it| it.kind == DependencyKind::Normal) {
            assert!(!["aws-lc-rs", "ring"].contains(&dependency.name.as_str()), "{name} needs {}", dependency.name);
            if ["jsonwebtoken", "rcgen", "rustls", "tokio-rustls"].contains(&dependency.name.as_str()) {
                let on = dependency.features.iter().find(|feature| backends.contains(&feature.as_str()));
                assert_eq!(on, None, "{name} turns on a backend of {}", dependency.name);
                assert!(!dependency.uses_default_features, "{name} takes the defaults of {}", dependency.name);
            }
        }
    }
}
