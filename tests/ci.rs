//! The table of what is held where is the scripts' own, so that nothing falls between them.

use std::{collections::BTreeSet, path::Path};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The steps of the table in CONTRIBUTING.md that are held there.
fn told(place: &str) -> Vec<String> {
    let text = read("CONTRIBUTING.md");
    let rows = text.lines().skip_while(|line| !line.starts_with("| step | where |")).skip(2);
    let rows =
        rows.take_while(|line| line.starts_with('|')).map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    rows.filter(|row| row[2].split(';').next() == Some(place)).map(|row| row[1].to_string()).collect()
}

#[test]
fn the_gate_is_what_the_table_says() {
    let text = read(".ci/run");
    let steps = text.lines().filter_map(|line| line.strip_prefix("step \"")?.strip_suffix('"'));
    let steps: Vec<&str> = steps.filter(|name| *name != "tools").collect();
    assert_eq!(steps, told("gate"));
}

#[test]
fn the_night_is_what_the_table_says_and_what_the_workflow_runs() {
    let text = read(".ci/nightly");
    let listed = text.lines().find_map(|line| line.strip_prefix("steps=(")?.strip_suffix(')')).unwrap();
    let listed: Vec<&str> = listed.split(' ').collect();
    assert_eq!(listed, told("night"));
    let functions = text.lines().filter_map(|line| line.strip_prefix("night_")?.split_once("()"));
    let functions: BTreeSet<&str> = functions.map(|(name, _)| name).collect();
    assert_eq!(functions, listed.iter().copied().collect());
    let workflow = read(".github/workflows/nightly.yml");
    for step in listed {
        assert!(workflow.contains(&format!("          - {step}\n")), "{step}");
    }
}

/// The gate runs some steps of the night when a change touches their subject; each of them exists.
#[test]
fn the_gate_brings_forward_steps_of_the_night() {
    let night = told("night");
    let text = read(".ci/run");
    let forward: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("then bash .ci/nightly ")?.1.strip_suffix("; fi")).collect();
    assert_eq!(forward, ["verdicts", "fuzz-stable"]);
    assert!(forward.iter().all(|step| night.contains(&step.to_string())), "{night:?}");
}
