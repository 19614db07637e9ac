//! Every kind of finding is saved, and the printed command replays it from its file: the same kind, the same fingerprint.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use gatecrash::{
    campaign::{Session, check::FindingKind},
    input::parse_case,
};

use crate::{binary::cargo_gatecrash, support::exhibit};

/// The gallery's policy with one route, so that the whole catalogue takes seconds.
fn one_route(path: &str) -> String {
    let (head, routes) = gatecrash_gallery::POLICY.split_once("[[routes]]").unwrap();
    let one = routes.split("[[routes]]").find(|route| route.contains(&format!("\"{path}\""))).unwrap();
    format!("{head}[[routes]]{one}")
}

/// A document of that route, which asks for more or less than the reference server does.
fn whoami_with(security: &str) -> String {
    let schemes = "{ certificate: { type: mutualTLS }, token: { type: http, scheme: bearer } }";
    let get = format!("{{ security: [{{ {security} }}], responses: {{}} }}");
    format!("openapi: 3.1.0\npaths: {{ /v1/whoami: {{ get: {get} }} }}\ncomponents: {{ securitySchemes: {schemes} }}\n")
}

fn said(folder: &Path, arguments: &[&str], status: i32) -> String {
    let output = cargo_gatecrash().args(arguments).current_dir(folder).env("COLUMNS", "400").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}{error}");
    said
}

/// Findings of a run in full: kind and fingerprint, and the command that is printed below them.
fn findings(report: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut head = None;
    for line in report.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [number, kind, "·", _, "·", print] if number.ends_with('.') => {
                head = Some((kind.to_string(), print.to_string()));
            }
            ["replay", "cargo", "gatecrash", ..] => {
                let (kind, print) = head.take().unwrap();
                found.push((kind, print, line.trim().trim_start_matches("replay").trim().to_string()));
            }
            _ => {}
        }
    }
    found
}

/// Runs a gate and replays every kind of finding that it has by the printed command; the kinds.
fn replayed(gate: &str, flags: &[&str]) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    // An effect too early is one that the caller may not have.
    let path = if gate == "handler-first" { "/v1/transfers" } else { "/v1/whoami" };
    std::fs::write(folder.path().join("one.toml"), one_route(path)).unwrap();
    for (file, security) in
        [("asks-more.yaml", "certificate: [], token: [accounts:read]"), ("asks-less.yaml", "certificate: []")]
    {
        std::fs::write(folder.path().join(file), whoami_with(security)).unwrap();
    }
    let arguments = [&["run", "--gate", gate, "--policy", "one.toml", "--all"], flags].concat();
    let report = said(folder.path(), &arguments, 1);
    let mut kinds: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (kind, print, command) in findings(&report) {
        kinds.entry(kind).or_insert((print, command));
    }
    for (kind, (print, command)) in &kinds {
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(words[..3], ["cargo", "gatecrash", "replay"], "{command}");
        let told = said(folder.path(), &words[2..], 1);
        assert!(told.contains(&format!("{kind} · {print}")), "{gate}, {kind} {print}: {command}\n{told}");
    }
    kinds.into_keys().collect()
}

/// What each run shows. A kind that no row has fails the test below.
const RUNS: &[(&str, &[&str], &[FindingKind])] = &[
    (
        "token-first",
        &["--attempts", "4000"],
        &[FindingKind::Breach, FindingKind::LateRefusal, FindingKind::Unwitnessed],
    ),
    ("first-caller-kept", &["--reuse", "--attempts", "600"], &[FindingKind::Carryover]),
    ("handler-first", &["--attempts", "4000"], &[FindingKind::EarlyEffect]),
    ("first-of-several", &["--attempts", "4000", "--strict"], &[FindingKind::Leniency]),
    ("type-of-one-case", &["--attempts", "600"], &[FindingKind::FalseRefusal]),
    ("panics-on-surprise", &["--attempts", "4000"], &[FindingKind::Fault]),
    ("header-renames", &["--attempts", "4000"], &[FindingKind::Impersonation]),
    ("logs-the-token", &["--attempts", "300"], &[FindingKind::Leak]),
    ("refuses-in-a-language", &["--attempts", "300"], &[FindingKind::Unstable]),
    ("reference", &["--attempts", "300", "--openapi", "asks-more.yaml"], &[FindingKind::Undocumented]),
    ("reference", &["--attempts", "300", "--strict", "--openapi", "asks-less.yaml"], &[FindingKind::Overdocumented]),
];

#[test]
fn every_kind_of_finding_replays_from_its_file() {
    for (gate, flags, kinds) in RUNS {
        let shown = replayed(gate, flags);
        for kind in *kinds {
            assert!(shown.contains(kind.name()), "{gate} shows {shown:?}, not {}", kind.name());
        }
    }
    let known: BTreeSet<FindingKind> = RUNS.iter().flat_map(|(_, _, kinds)| kinds.iter().copied()).collect();
    assert_eq!(known, FindingKind::ALL.iter().copied().collect());
}

/// A run under another seed says so in the command that replays it.
#[test]
fn the_printed_command_names_policy_and_seed() {
    let subject = gatecrash::report::Subject {
        seed: 7,
        policy: Some("other.toml".into()),
        ..crate::support::subject("token-first")
    };
    let campaign = crate::support::run(
        &exhibit("no-header-passes").target,
        gatecrash::campaign::CampaignOptions {
            bound: gatecrash::campaign::Bound::Attempts(800),
            sample_routes: true,
            ..Default::default()
        },
    );
    let command = subject.replay(campaign.findings.first().unwrap());
    assert!(
        command.starts_with("cargo gatecrash replay --gate token-first --policy other.toml --seed 7 "),
        "{command}"
    );
}

const TWO_STEPS: &str = r#"format = 2

[[steps]]
route = "GET /v1/accounts/{id}"
stance = { complete = "alice" }

[[steps]]
route = "GET /v1/whoami"
stance = { complete = "alice" }
mutations = [{ set-header = { name = "alg", value = { json = '"EdDSA"' } } }]
"#;

/// Replay, bytes, curl, lint, add, merge, regressions: none of them asks for one step.
#[test]
fn every_reader_takes_several_steps() {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    put("two.toml", TWO_STEPS);
    let gate = ["--gate", "first-caller-kept"];
    let told = said(folder.path(), &["replay", gate[0], gate[1], "two.toml", "--bytes", "--curl", "kit"], 1);
    assert!(told.contains("Carryover · "), "{told}");
    for step in ["# step 1", "# step 2", "GET /v1/accounts/alice-1 HTTP/1.1", "GET /v1/whoami HTTP/1.1", " --next "] {
        assert!(told.contains(step), "{step}: {told}");
    }
    assert!(!told.contains("connection: close"), "steps share a connection: {told}");
    for file in ["kit/step-1/chain.pem", "kit/step-2/fields.txt"] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
    let told = said(folder.path(), &["corpus", "lint", "two.toml"], 0);
    assert!(told.contains("1 cases and regressions"), "{told}");
    // A fault is found in any step.
    put("first.toml", &TWO_STEPS.replace("/v1/accounts/{id}", "/v1/nowhere"));
    let told = said(folder.path(), &["corpus", "lint", "first.toml"], 1);
    assert!(told.contains("means nothing under this policy"), "{told}");
    let add = ["corpus", "add", "two.toml", "--title", "The first caller stays", gate[0], gate[1]];
    let told = said(folder.path(), &add, 0);
    let file = "corpus/regressions/the-first-caller-stays.toml";
    assert!(told.contains(file), "{told}");
    let kept = std::fs::read_to_string(folder.path().join(file)).unwrap();
    assert_eq!(parse_case(file, &kept).unwrap().steps.len(), 2);
    said(folder.path(), &["corpus", "lint", "corpus/regressions"], 0);
    put("ann/case/two", TWO_STEPS);
    let told = said(folder.path(), &["corpus", "merge", "ann", "--out", "all"], 0);
    assert!(told.contains("1 written"), "{told}");
    // `cargo test` of the gate fails, of its twin passes.
    let flawed = exhibit("first-caller-kept");
    let back = |target| {
        let failures = gatecrash::regression_failures(target, &folder.path().join("corpus/regressions"));
        failures.into_iter().filter(|failure| failure.contains("the-first-caller-stays")).count()
    };
    assert!(back(&flawed.target) > 0);
    assert_eq!(back(flawed.twin.as_ref().unwrap()), 0);
    // One file in a session, as `GATECRASH_REPLAY` reads it.
    let session = Session::start(flawed.target).unwrap();
    assert_eq!(session.replay(&parse_case("two", TWO_STEPS).unwrap()).unwrap().len(), 1);
}

/// The structured fuzz target attempts and changes them, and every mutant of several steps means something in each step.
#[test]
fn fuzzing_takes_several_steps() {
    use gatecrash::fuzzing::{Fuzzer, Surface};
    let mut fuzzer = Fuzzer::new(Surface::Case, &exhibit("reference"), "", false).unwrap();
    assert!(matches!(fuzzer.attempt(TWO_STEPS.as_bytes()), Ok(true)));
    let mut lengths = BTreeSet::new();
    for seed in 0..200 {
        let mut data = vec![0; 8192];
        data[..TWO_STEPS.len()].copy_from_slice(TWO_STEPS.as_bytes());
        let size = fuzzer.mutate(&mut data, TWO_STEPS.len(), 8192, seed, |_, size, _| size);
        let case = parse_case("mutant", std::str::from_utf8(&data[..size]).unwrap()).unwrap();
        let blueprint = crate::support::blueprint();
        let sound = |step| gatecrash::model::resolve(step, &blueprint).is_ok();
        assert!(case.steps.iter().all(sound), "{case:?}");
        lengths.insert(case.steps.len());
    }
    assert_eq!(lengths, BTreeSet::from([1, 2]));
    let mut planted = Fuzzer::new(Surface::Case, &exhibit("first-caller-kept"), "", false).unwrap();
    let story = planted.attempt(TWO_STEPS.as_bytes()).unwrap_err();
    assert_eq!(story.kind, Some(FindingKind::Carryover));
}
