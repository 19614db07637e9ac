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
        ("cargo-gatecrash", &["gatecrash", "gatecrash-gallery"][..]),
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

/// The rooms of each crate, from the ground up. A room is a module; the longest name that fits is the room of a path.
const ROOMS: [(&str, &[&str]); 1] = [(
    "harness/src",
    &[
        "error",
        "cache",
        "profile",
        "world::der",
        "world::http2",
        "world::crypto",
        "world::keys",
        "world::forge",
        "world",
        "world::jsonwebtoken",
        "world::mirror",
        "attacks",
        "attacks::input",
        "attacks::casefile",
        "attacks::openapi",
        "attacks::catalogue",
        "attacks::mappings",
        "attacks::policy_gaps",
        "gate::tls",
        "gate",
        "gate::factory",
        "gate::loopback",
        "campaign::check",
        "campaign",
        "campaign::specimen",
        "report",
        "engines",
        "engines::fuzzing",
        "engines::corpus",
        "engines::strategy",
        "engines::suite",
        "engines::builder",
        "cli",
        "entry",
        "example",
    ],
)];

/// The paths that a file names from the root of its crate, groups spelled out; comments aside.
fn paths_from_the_root(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace("$crate::", "");
    let mut paths = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        if code[..start].ends_with("in ") {
            continue;
        }
        spell_out(&code[start + "crate::".len()..], "", &mut paths);
    }
    paths
}

/// One path or group at the beginning of `text`. Returns the length of what was read.
fn spell_out(text: &str, before: &str, paths: &mut Vec<String>) -> usize {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let path = format!("{before}{}", &text[..end]);
    if !text[end..].starts_with('{') {
        paths.push(path.trim_end_matches("::self").trim_end_matches("::").to_string());
        return end;
    }
    let mut at = end + 1;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
        if text[at..].starts_with('}') || at >= text.len() {
            return at + 1;
        }
        let read = spell_out(&text[at..], &path, paths);
        at += read;
        // An alias.
        let rest = &text[at..];
        if rest.starts_with(" as ") {
            at += rest.find([',', '}']).unwrap_or(rest.len());
        } else if read == 0 {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
}

fn room_of(rooms: &[&str], path: &str) -> Option<usize> {
    let inside = |room: &str| path == room || path.strip_prefix(room).is_some_and(|rest| rest.starts_with("::"));
    let found = rooms.iter().enumerate().filter(|(_, room)| inside(room));
    found.max_by_key(|(_, room)| room.len()).map(|(index, _)| index)
}

#[test]
fn groups_are_spelled_out() {
    let text = "use crate::{a::{b::C, self}, d as e};\n// crate::no\nfn f(_: crate::g::H) {}\npub(in crate::x) y";
    assert_eq!(paths_from_the_root(text), ["a::b::C", "a", "d", "g::H"]);
}

#[test]
fn no_room_imports_one_above_it() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut up = Vec::new();
    for (source, rooms) in ROOMS {
        let mut seen = BTreeSet::new();
        for file in crate::support::files(&root.join(source), "rs") {
            let name = file.strip_prefix(root.join(source)).unwrap().with_extension("").display().to_string();
            let name = name.replace('/', "::");
            if name == "lib" {
                continue;
            }
            let room = room_of(rooms, &name).unwrap_or_else(|| panic!("{source}: `{name}` is in no room"));
            seen.insert(room);
            for path in paths_from_the_root(&std::fs::read_to_string(&file).unwrap()) {
                let needs =
                    room_of(rooms, &path).unwrap_or_else(|| panic!("{source}: {name} uses `{path}`, of no room"));
                if needs > room {
                    up.push(format!("{source}: {name} (in {}) imports {path}", rooms[room]));
                }
            }
        }
        let unused: Vec<&str> =
            rooms.iter().enumerate().filter(|(index, _)| !seen.contains(index)).map(|(_, room)| *room).collect();
        assert_eq!(unused, [""; 0], "rooms of {source} without a file");
    }
    assert_eq!(up, [""; 0]);
}

/// What a user finds on the front page of the library. Everything else is inside one of these, or hidden.
#[test]
fn the_library_has_ten_public_modules() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../harness/src/lib.rs")).unwrap();
    let (mut modules, mut hidden) = (Vec::new(), false);
    for line in text.lines() {
        match line.strip_prefix("pub mod ").and_then(|rest| rest.split([';', ' ']).next()) {
            Some(name) if !hidden => modules.push(name),
            _ => {}
        }
        hidden = line == "#[doc(hidden)]";
    }
    // Modules of other rooms and crates that are shown here by name.
    for shown in ["pub use engines::strategy;", "    fuzzing,", "pub use gatecrash_model as model;"] {
        assert!(text.contains(shown), "{shown}");
    }
    modules.extend(["strategy", "fuzzing", "model"]);
    modules.sort_unstable();
    let wanted = ["campaign", "corpus", "crypto", "fuzzing", "gate", "input", "model", "report", "strategy", "world"];
    assert_eq!(modules, wanted);
}

/// A dependency that is pinned to one version, or to a release candidate, cannot stand beside a crate that asks for another.
#[test]
fn no_dependency_of_a_published_crate_is_pinned() {
    let (mut versions, mut faults) = (0, Vec::new());
    for package in metadata().packages.iter().filter(|package| package.publish.is_none()) {
        for dependency in package.dependencies.iter().filter(|it| it.kind == DependencyKind::Normal) {
            versions += 1;
            let wanted = dependency.req.to_string();
            if !wanted.starts_with('^') || wanted.contains([',', '-']) {
                faults.push(format!("{}: {} {wanted}", package.name, dependency.name));
            }
        }
    }
    assert!(versions > 40, "{versions}");
    assert_eq!(faults, [""; 0]);
}
