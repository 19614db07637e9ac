//! What stands in `fuzz/`, `.github/` and `.clusterfuzzlite/` names what there is, and says what the code says.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use gatecrash::{World, WorldOptions, fuzzing::Surface};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn names() -> BTreeSet<String> {
    Surface::ALL.iter().map(|surface| surface.name().to_string()).collect()
}

#[test]
fn every_target_is_thin_and_named_by_its_surface() {
    let manifest = read("fuzz/Cargo.toml");
    let bins = manifest.lines().filter_map(|line| line.strip_prefix("name = \""));
    let bins: BTreeSet<String> =
        bins.map(|name| name.trim_end_matches('"').to_string()).filter(|name| name != "gatecrash-fuzz").collect();
    assert_eq!(bins, names());
    for &surface in Surface::ALL {
        let text = read(&format!("fuzz/fuzz_targets/{surface}.rs"));
        assert!(text.lines().count() <= 15, "{surface}");
        assert!(text.starts_with("//! ") && text.lines().nth(1).unwrap().starts_with("//! "), "{surface}");
        assert!(text.contains(&format!("target = {surface:?}")), "{surface}");
    }
    assert_eq!(std::fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap().count(), names().len());
}

#[test]
fn the_table_of_targets_is_the_codes() {
    let text = read("fuzz/README.md");
    let rows: Vec<&str> =
        text.lines().filter(|line| line.starts_with("| `")).take_while(|it| it.matches('|').count() == 4).collect();
    let expected: Vec<String> = Surface::ALL
        .iter()
        .map(|surface| format!("| `{surface}` | {} | {} |", surface.mutates(), surface.holds()))
        .collect();
    assert_eq!(rows[..expected.len()], expected.iter().map(String::as_str).collect::<Vec<_>>()[..]);
}

#[test]
fn dictionaries_are_what_the_command_line_writes_and_give_no_answer_away() {
    let world = World::new(gatecrash_gallery::policy().unwrap(), WorldOptions::default()).unwrap();
    let mut written = BTreeSet::new();
    for &surface in Surface::ALL {
        let text = gatecrash::fuzzing::dictionary(surface, &world);
        assert_eq!(text.is_some(), surface.is_raw());
        if let Some(text) = text {
            assert_eq!(text, read(&format!("fuzz/dictionaries/{surface}.dict")), "run `cargo gatecrash corpus dict`");
            written.insert(text);
        }
    }
    // What a flawed gate compares with, and no standard names.
    let registered = ["authorization", "bearer", "Bearer ", "cookie", "true"];
    let policy = read("tests/gallery/gate.toml");
    let mut triggers = 0;
    for file in std::fs::read_dir(root().join("tests/gallery/src/gates")).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let compared = source.lines().filter(|line| {
            ["header(", "headers.get(", "Some(\"", "strip_prefix(", "== \"", "starts_with("]
                .iter()
                .any(|it| line.contains(it))
        });
        for literal in compared.flat_map(|line| line.split('"').skip(1).step_by(2)) {
            if literal.len() < 4 || registered.contains(&literal) || policy.contains(&format!("\"{literal}\"")) {
                continue;
            }
            triggers += 1;
            for text in &written {
                assert!(!text.contains(&format!("\"{literal}\"")), "{literal}");
            }
        }
    }
    assert!(triggers > 5, "{triggers}");
}

fn yaml(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn workflows() -> Vec<(String, Value)> {
    let files = std::fs::read_dir(root().join(".github/workflows")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut workflows: Vec<(String, Value)> =
        files.into_iter().map(|file| (file.display().to_string(), yaml(&file))).collect();
    workflows.push(("init".into(), serde_saphyr::from_str(&workflow_of_init()).unwrap()));
    workflows
}

/// As `init` writes it for a library.
fn workflow_of_init() -> String {
    ["workflow.yml", "workflow-fuzz.yml"].map(|part| read(&format!("harness/src/cli/init/{part}"))).concat()
}

/// It uploads SARIF to code scanning, writes the job summary, caches, and has no right to post anything else.
#[test]
fn the_workflow_of_init_reports_and_posts_nothing_else() {
    let workflow: Value = serde_saphyr::from_str(&workflow_of_init()).unwrap();
    assert_eq!(workflow["jobs"].as_object().unwrap().keys().collect::<Vec<_>>(), ["attack", "fuzz"]);
    let rights = &workflow["jobs"]["attack"]["permissions"];
    assert_eq!(*rights, serde_json::json!({ "contents": "read", "security-events": "write" }));
    let used: Vec<String> =
        steps(&workflow).iter().filter_map(|step| Some(step["uses"].as_str()?.to_string())).collect();
    for action in ["actions/cache@", "github/codeql-action/upload-sarif@"] {
        assert!(used.iter().any(|used| used.starts_with(action)), "{action}: {used:?}");
    }
    let runs: Vec<String> =
        steps(&workflow).iter().filter_map(|step| Some(step["run"].as_str()?.to_string())).collect();
    assert!(runs.iter().any(|run| run.ends_with(">> \"$GITHUB_STEP_SUMMARY\"")), "{runs:?}");
    assert!(!runs.iter().any(|run| run.contains("curl") || run.contains("gh ")), "{runs:?}");
}

fn steps(workflow: &Value) -> Vec<Value> {
    let jobs = workflow["jobs"].as_object().unwrap();
    jobs.values().flat_map(|job| job["steps"].as_array().unwrap().clone()).collect()
}

#[test]
fn workflows_pin_what_they_use_and_ask_for_little() {
    let workflows = workflows();
    assert!(workflows.len() >= 9, "{}", workflows.len());
    for (file, workflow) in &workflows {
        assert_eq!(workflow["permissions"], serde_json::json!({ "contents": "read" }), "{file}");
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            assert!(job["timeout-minutes"].as_u64().is_some_and(|minutes| minutes <= 120), "{file}: {name}");
            let allowed = ["contents", "issues", "security-events"];
            let asked = job["permissions"].as_object().into_iter().flat_map(|map| map.keys());
            asked.for_each(|scope| assert!(allowed.contains(&scope.as_str()), "{file}: {name}: {scope}"));
        }
        for used in steps(workflow).iter().filter_map(|step| step["uses"].as_str()) {
            let (_, pin) = used.split_once('@').unwrap_or_else(|| panic!("{file}: {used}"));
            assert!(pin.len() == 40 && pin.bytes().all(|letter| letter.is_ascii_hexdigit()), "{file}: {used}");
        }
    }
}

#[test]
fn workflows_name_existing_targets_and_commands() {
    let mut seen = 0;
    for (file, workflow) in workflows() {
        for job in workflow["jobs"].as_object().unwrap().values() {
            if let Some(targets) = job["strategy"]["matrix"]["target"].as_array() {
                let targets: BTreeSet<String> = targets.iter().map(|it| it.as_str().unwrap().to_string()).collect();
                assert_eq!(targets, names(), "{file}");
                seen += 1;
            }
        }
        for run in steps(&workflow).iter().filter_map(|step| step["run"].as_str()) {
            for line in run.lines().map(str::trim) {
                let words: Vec<&str> = line.split_whitespace().collect();
                match words[..] {
                    ["bash", script, ..] => {
                        seen += 1;
                        assert!(root().join(script).is_file(), "{file}: {script}");
                        // What follows the others is a folder.
                        let takes_targets = ["fuzz/coverage.sh", "fuzz/run.sh", "fuzz/smoke.sh"].contains(&script);
                        for target in words
                            .iter()
                            .skip(if takes_targets { 2 } else { words.len() })
                            .take_while(|word| !word.contains(['|', '>']))
                            .filter(|word| word.chars().all(|it| it.is_ascii_lowercase() || it == '_'))
                        {
                            assert!(names().contains(*target), "{file}: {line}");
                        }
                    }
                    ["cargo", "gatecrash", ref rest @ ..]
                    | [
                        "cargo",
                        "run",
                        "--release",
                        "--features",
                        "gatecrash/cli",
                        "--example",
                        "gatecrash",
                        "--",
                        ref rest @ ..,
                    ] => {
                        seen += 1;
                        understood(&file, rest);
                    }
                    ["cargo", "test", "-p", package, ..] => assert_eq!(package, "gatecrash-tests", "{file}"),
                    ["cargo", "fuzz", "run", "-s", "none", target, ..] => assert!(names().contains(target), "{file}"),
                    _ => {}
                }
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

/// The command line takes these words; what is computed by the workflow stands for a target.
fn understood(file: &str, words: &[&str]) {
    let text = words.join(" ").replace("${{ matrix.target }}", "case");
    let words: Vec<String> = text.split(' ').map(|word| word.replace("fuzz/corpus/case", "fuzz/corpus")).collect();
    let subcommand = match words.first().map(String::as_str) {
        Some("corpus") => words[..2].to_vec(),
        Some(word) if !word.starts_with('-') => vec![word.to_string()],
        _ => vec!["run".to_string()],
    };
    let help = crate::binary::cargo_gatecrash().args(&subcommand).arg("--help").output().unwrap();
    assert!(help.status.success(), "{file}: {text}");
    let help = String::from_utf8(help.stdout).unwrap();
    for flag in words.iter().filter(|word| word.starts_with("--")) {
        assert!(help.contains(flag.as_str()), "{file}: {text}: {flag}");
    }
}

#[test]
fn the_engines_files_are_there() {
    let lite = yaml(&root().join(".clusterfuzzlite/project.yaml"));
    assert_eq!(lite["language"], "rust");
    let oss = yaml(&root().join("fuzz/oss-fuzz/project.yaml"));
    for key in ["homepage", "language", "main_repo", "primary_contact", "sanitizers", "fuzzing_engines"] {
        assert!(!oss[key].is_null(), "{key}");
    }
    for folder in [".clusterfuzzlite", "fuzz/oss-fuzz"] {
        assert!(read(&format!("{folder}/Dockerfile")).contains("oss-fuzz-base/base-builder-rust"));
        assert!(read(&format!("{folder}/build.sh")).contains("fuzz/clusterfuzz-build.sh"));
    }
    let build = read("fuzz/clusterfuzz-build.sh");
    for line in ["timeout = 25", "rss_limit_mb = 2560", "_seed_corpus.zip", "dict = $target.dict"] {
        assert!(build.contains(line), "{line}");
    }
}

#[test]
fn the_profiles_stand_in_the_root_and_never_abort() {
    assert!(!read("fuzz/Cargo.toml").contains("[profile"));
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml", "harness/src/cli/init/fuzz.toml.txt"] {
        assert!(!read(manifest).contains("\"abort\""), "{manifest}");
    }
}

/// A user's project gets the same compiler that leaves the counters out of the harness, and all else alone.
#[test]
fn only_the_harness_is_compiled_without_counters() {
    assert_eq!(read("fuzz/rustc"), read("harness/src/cli/init/rustc.sh"));
    let counters = ["-Cpasses=sancov-module", "-Cllvm-args=-sanitizer-coverage-level=4", "-Copt-level=3"];
    let told = |name: &str| {
        let arguments = ["echo", "--crate-name", name].into_iter().chain(counters);
        let done = Command::new(root().join("fuzz/rustc")).args(arguments).output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    assert_eq!(told("gatecrash"), "--crate-name gatecrash -Copt-level=3\n");
    let whole = format!("--crate-name reference_server {}\n", counters.join(" "));
    assert_eq!(told("reference_server"), whole);
    for script in ["fuzz/binary.sh", "fuzz/clusterfuzz-build.sh", "fuzz/run.sh"] {
        assert!(read(script).contains("export RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc"), "{script}");
    }
}
