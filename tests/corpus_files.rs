//! The corpus as files: lint, seed, add, merge, migrate, push and pull, as a person runs them.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use gatecrash::corpus::{self, name_of, parse_entry};

use crate::{binary::cargo_gatecrash, support::exhibit};

fn gatecrash(folder: &Path, arguments: &[&str]) -> Output {
    cargo_gatecrash().args(arguments).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn ok(folder: &Path, arguments: &[&str]) -> String {
    let output = gatecrash(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
    said(&output)
}

const CASE: &str = "format = 3\n\n[[steps]]\nroute = \"GET /v1/whoami\"\nstance = { complete = \"alice\" }\nmutations = [{ drop-claim = \"aud\" }]\n";

#[test]
fn what_is_embedded_and_what_stands_in_the_folder_is_clean() {
    let exhibit = exhibit("reference");
    let embedded = corpus::lint(None, &exhibit).unwrap();
    assert_eq!(embedded.faults, [""; 0]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    let files = corpus::lint(Some(&folder), &exhibit).unwrap();
    assert_eq!(files.faults, [""; 0]);
    assert_eq!(files.counts[..2], embedded.counts[..2]);
    assert!(files.counts[1] >= 4, "{:?}", files.counts);
}

#[test]
fn lint_tells_each_fault() {
    let about = |expect: &str, rules: &str| {
        format!(
            "[about]\ntitle = \"t\"\ncause = \"Breach: x\"\ndate = \"2026-09-21\"\nexpect = \"{expect}\"\nrules = [{rules}]\n"
        )
    };
    let case = |about: &str, mutations: &str| {
        let step = CASE.replace("format = 3\n", "").replace("{ drop-claim = \"aud\" }", mutations);
        format!("format = 3\n{about}{step}")
    };
    let audience = about("refuse", "\"audience\"");
    let drop = "{ drop-claim = \"aud\" }";
    for (name, text, fault) in [
        ("r/no-toml.toml", "format".to_string(), "r/no-toml.toml:1:"),
        ("r/version.toml", CASE.replace("format = 3", "format = 7"), "format = 7; this version reads format = 1 to 3"),
        ("r/verdict.toml", case(&about("admit", ""), drop), "claims admit [], is refuse [audience]"),
        ("r/rules.toml", case(&about("refuse", "\"issuer\""), drop), "claims refuse [issuer], is refuse [audience]"),
        (
            "r/effect.toml",
            case(&audience, "{ drop-claim = \"aud\" }, { drop-claim = \"nobody\" }"),
            "there is nothing to leave out",
        ),
        ("r/route.toml", CASE.replace("/v1/whoami", "/v1/nowhere"), "means nothing under this policy"),
        (
            "claims/case",
            CASE.replace("{ drop-claim = \"aud\" }", "\"unsigned\""),
            "changes what target `claims` leaves alone",
        ),
        ("case/no-case", "\u{7}".to_string(), "case/no-case"),
        ("raw_tls/empty", String::new(), "is empty"),
        (
            "raw_tls/000000000000000000000000000000000000000000000000",
            "x".to_string(),
            "is not what its name is the hash of",
        ),
        ("origins/0123/somebody", "x".to_string(), "there is no such input"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        let output = gatecrash(folder.path(), &["corpus", "lint", "."]);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", said(&output));
        assert!(said(&output).contains(fault), "{name}: {}", said(&output));
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.toml", "b.toml"] {
        std::fs::write(folder.path().join(name), CASE).unwrap();
    }
    let output = gatecrash(folder.path(), &["corpus", "lint", "."]);
    assert!(said(&output).contains("b.toml: is the same as ./a.toml"), "{}", said(&output));
}

#[test]
fn a_crash_becomes_a_regression_by_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let crash = folder.path().join("fuzz/artifacts/claims/crash-1");
    std::fs::create_dir_all(crash.parent().unwrap()).unwrap();
    // More than the finding needs.
    let text = CASE.replace(
        "{ drop-claim = \"aud\" }",
        "{ drop-claim = \"aud\" }, { add-header = { name = \"x-request-id\", value = \"1\" } }",
    );
    std::fs::write(&crash, text).unwrap();
    let gate = "audience-not-required";
    let crash = "fuzz/artifacts/claims/crash-1";
    let told = said(&gatecrash(folder.path(), &["replay", "--gate", gate, crash]));
    assert!(told.contains("Breach"), "{told}");
    let told = ok(folder.path(), &["corpus", "add", crash, "--gate", gate, "--title", "A token for anybody"]);
    assert!(told.contains("corpus/regressions/a-token-for-anybody.toml"), "{told}");
    let file = folder.path().join("corpus/regressions/a-token-for-anybody.toml");
    let entry = parse_entry("regression", &std::fs::read_to_string(&file).unwrap()).unwrap();
    let about = entry.about.unwrap();
    assert_eq!((about.title.as_str(), about.expect.as_str()), ("A token for anybody", "refuse"));
    assert!(about.cause.starts_with("Breach: GET /v1/whoami ran"), "{}", about.cause);
    let corpus::What::Case(case) = entry.what else { panic!("a case") };
    assert_eq!(case.mutations().count(), 1);
    ok(folder.path(), &["corpus", "lint", "corpus/regressions"]);
    // The next `cargo test` of a gate replays it: the flawed one fails, its twin passes.
    let (flawed, regressions) = (exhibit(gate), folder.path().join("corpus/regressions"));
    let mine = |target| {
        let failures = gatecrash::regression_failures(target, &regressions);
        failures.into_iter().filter(|it| it.contains("a-token-for-anybody")).count()
    };
    assert!(mine(&flawed.target) > 0);
    assert_eq!(mine(flawed.twin.as_ref().unwrap()), 0);
    // It is not written over, and what shows nothing is told.
    let again = gatecrash(folder.path(), &["corpus", "add", crash, "--gate", gate, "--title", "A token for anybody"]);
    assert!(again.status.code() == Some(2) && said(&again).contains("is there already"), "{}", said(&again));
    let nothing = gatecrash(folder.path(), &["corpus", "add", crash, "--title", "nothing"]);
    assert!(nothing.status.code() == Some(2) && said(&nothing).contains("shows nothing on gate `reference`"));
}

#[test]
fn crash_files_of_every_target_replay() {
    let folder = tempfile::tempdir().unwrap();
    ok(folder.path(), &["corpus", "seed", "--controls", "--out", "seeds"]);
    for &surface in gatecrash::fuzzing::Surface::ALL {
        let seed =
            std::fs::read_dir(folder.path().join("seeds").join(surface.name())).unwrap().next().unwrap().unwrap();
        let crash = folder.path().join(format!("fuzz/artifacts/{surface}/crash-0"));
        std::fs::create_dir_all(crash.parent().unwrap()).unwrap();
        std::fs::copy(seed.path(), &crash).unwrap();
        let told = ok(folder.path(), &["replay", &crash.display().to_string()]);
        assert!(told.contains("permitted") && told.contains("outcome      agree"), "{surface}: {told}");
    }
    std::fs::write(folder.path().join("bytes"), [255, 0]).unwrap();
    let told = gatecrash(folder.path(), &["replay", "bytes"]);
    assert!(told.status.code() == Some(2) && said(&told).contains("--target"), "{}", said(&told));
}

#[test]
fn merged_corpora_keep_what_differs_and_who_had_it() {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    put("ann/claims/one", CASE);
    // The same behavior, longer.
    put("ben/claims/two", &format!("# longer\n{CASE}"));
    put("ben/claims/three", &CASE.replace("aud", "iss"));
    put("ben/claims/broken", "no case");
    let told = ok(folder.path(), &["corpus", "merge", "ann", "ben", "--out", "all"]);
    assert!(told.contains("2 written") && told.contains("is no input of its target"), "{told}");
    let kept = folder.path().join("all/claims").join(name_of(CASE.as_bytes()));
    assert!(kept.is_file());
    for contributor in ["ann", "ben"] {
        assert!(folder.path().join("all/origins").join(name_of(CASE.as_bytes())).join(contributor).is_file());
    }
    // Merging again changes nothing, in any order.
    let told = ok(folder.path(), &["corpus", "merge", "ben", "ann", "--out", "all"]);
    assert!(told.contains("0 written"), "{told}");
    ok(folder.path(), &["corpus", "lint", "all"]);
    let told = ok(folder.path(), &["corpus", "stats", "all"]);
    assert!(told.contains("claims") && told.contains("age"), "{told}");
}

#[test]
fn every_past_version_decodes_and_migrates_and_nothing_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let mut versions = 0;
    for version in 1..=gatecrash::input::CASE_FORMAT {
        let text = std::fs::read_to_string(fixtures.join(format!("{version}.toml"))).unwrap();
        assert!(text.contains(&format!("format = {version}\n")));
        parse_entry("fixture", &text).unwrap();
        std::fs::write(folder.path().join(format!("{version}.toml")), text).unwrap();
        versions += 1;
    }
    let told = ok(folder.path(), &["corpus", "migrate", "."]);
    assert!(told.contains(&format!("{} migrated, 1 current, 0 broken", versions - 1)), "{told}");
    let old = std::fs::read_to_string(folder.path().join("1.toml.format-1")).unwrap();
    let new = std::fs::read_to_string(folder.path().join("1.toml")).unwrap();
    assert!(new.contains("format = 3"));
    assert_eq!(parse_entry("old", &old).unwrap(), parse_entry("new", &new).unwrap());
    std::fs::write(folder.path().join("9.toml"), CASE.replace("format = 3", "format = 9")).unwrap();
    let told = gatecrash(folder.path(), &["corpus", "migrate", "."]);
    assert_eq!(told.status.code(), Some(2));
    assert!(said(&told).contains("9.toml: format = 9; this version reads format = 1 to 3"), "{}", said(&told));
}

/// Two writers and a reader at one store.
fn share(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut all = std::collections::BTreeSet::new();
    for (writer, first) in [("ann", 0), ("ben", 30)] {
        for i in first..first + 60 {
            let input = format!("input {i}");
            let file = folder.path().join(writer).join("raw_tls").join(format!("{i}"));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &input).unwrap();
            corpus::record_origin(&folder.path().join(writer), &name_of(input.as_bytes()), writer).unwrap();
            all.insert(name_of(input.as_bytes()));
        }
    }
    let push = |writer: &str| {
        cargo_gatecrash().args(["corpus", "push", url, "--dir", writer]).current_dir(folder.path()).spawn().unwrap()
    };
    let writers = [push("ann"), push("ben"), push("ann")];
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let told = ok(folder.path(), &["corpus", "pull", url, "--dir", "all"]);
    // 90 inputs, and 120 notes of who had them.
    assert!(told.contains("210 fetched"), "{told}");
    let names = std::fs::read_dir(folder.path().join("all/raw_tls")).unwrap();
    let names: std::collections::BTreeSet<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, all);
    // Interrupted: what is missing is fetched again, and only that.
    std::fs::remove_file(folder.path().join("all/raw_tls").join(all.first().unwrap())).unwrap();
    let told = ok(folder.path(), &["corpus", "pull", url, "--dir", "all"]);
    assert!(told.contains("1 fetched, 209 here already"), "{told}");
    let told = ok(folder.path(), &["corpus", "push", url, "--dir", "all"]);
    assert!(told.contains("0 given"), "{told}");
    ok(folder.path(), &["corpus", "lint", "all"]);
}

#[test]
fn two_writers_share_a_folder() {
    let store = tempfile::tempdir().unwrap();
    share(&format!("file://{}/corpus", store.path().display()));
}

/// An S3-compatible server at `AWS_ENDPOINT` with the bucket that `GATECRASH_S3` names, as `fuzz/s3.sh` starts one.
#[test]
#[ignore = "needs a bucket: `fuzz/s3.sh` starts a server and runs this test"]
fn two_writers_share_a_bucket() {
    let url = std::env::var("GATECRASH_S3").expect("GATECRASH_S3 must name a bucket");
    share(&format!("{url}/{}", std::process::id()));
}

/// Writes an input under the name of its content, or under that of another.
fn object(folder: &Path, target: &str, input: &str, named: &str) -> PathBuf {
    let file = folder.join(target).join(name_of(named.as_bytes()));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, input).unwrap();
    file
}

#[test]
fn what_is_corrupt_is_skipped_and_told_and_the_rest_goes_on() {
    let (store, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = format!("file://{}", store.path().display());
    // A full disk leaves empty files under names of hashes.
    let (ours, broken) = (folder.path().join("ours"), name_of(b"half"));
    object(&ours, "raw_tls", "whole", "whole");
    object(&ours, "raw_tls", "", "half");
    let output = gatecrash(folder.path(), &["corpus", "push", &url, "--dir", "ours"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains(&broken), "{}", said(&output));
    assert!(store.path().join("raw_tls").join(name_of(b"whole")).is_file());
    assert!(!store.path().join("raw_tls").join(&broken).exists());
    // One broken object in the store does not keep the others from being fetched.
    object(store.path(), "raw_tls", "other", "half");
    let output = gatecrash(folder.path(), &["corpus", "pull", &url, "--dir", "all"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("not what its name is the hash of; skipped"), "{}", said(&output));
    assert!(folder.path().join("all/raw_tls").join(name_of(b"whole")).is_file());
    assert!(!folder.path().join("all/raw_tls").join(&broken).exists());
    // What is broken here is fetched again.
    object(store.path(), "raw_tls", "half", "half");
    let file = object(&folder.path().join("all"), "raw_tls", "", "half");
    ok(folder.path(), &["corpus", "pull", &url, "--dir", "all"]);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "half");
    object(&ours, "raw_token", "", "a.b.c");
    let output = gatecrash(folder.path(), &["corpus", "merge", "ours", "--out", "merged"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains(&name_of(b"a.b.c")), "{}", said(&output));
}

#[test]
fn a_full_disk_leaves_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    // No file may hold an octet, as on a disk without room.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" --demo corpus seed --target case --controls --out seeds";
    let seed = || {
        let mut command = std::process::Command::new("bash");
        command.args(["-c", script]).arg(crate::binary::binary()).current_dir(folder.path()).output().unwrap()
    };
    let small = folder.path().join("seeds/case").join(name_of(b"small"));
    std::fs::create_dir_all(small.parent().unwrap()).unwrap();
    std::fs::write(&small, "small").unwrap();
    let done = seed();
    let mut left = 0;
    for entry in std::fs::read_dir(folder.path().join("seeds/case")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name_of(&std::fs::read(&path).unwrap()), name, "{done:?}");
        left += 1;
    }
    assert!(left >= 1, "{done:?}");
    // What an earlier version left half is written anew.
    ok(folder.path(), &["corpus", "seed", "--target", "case", "--controls", "--out", "seeds"]);
    let any = std::fs::read_dir(folder.path().join("seeds/case")).unwrap().map(|it| it.unwrap().path());
    let any = any.filter(|path| *path != small).min().unwrap();
    std::fs::write(&any, "").unwrap();
    ok(folder.path(), &["corpus", "seed", "--target", "case", "--controls", "--out", "seeds"]);
    assert!(!std::fs::read(&any).unwrap().is_empty());
}

#[test]
fn a_source_that_is_missing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let output = gatecrash(folder.path(), &["corpus", "pull", "file:///no/such/folder", "--dir", "all"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("/no/such/folder"), "{}", said(&output));
    let output = gatecrash(folder.path(), &["corpus", "push", "nowhere", "--dir", "all"]);
    assert!(output.status.code() == Some(2) && said(&output).contains("is no address of a store"), "{}", said(&output));
}
