//! `cargo gatecrash` in somebody's project: it attacks that project's gate, and never the embedded one unasked.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::binary::binary;

/// As cargo calls it: its own name first.
fn called(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(binary()).arg("gatecrash").args(arguments).current_dir(folder).output().unwrap()
}

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    folder
}

const PACKAGE: &str = "[package]\nname = \"bank\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

fn error_of(done: &Output) -> String {
    assert_eq!(done.status.code(), Some(2), "{done:?}");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "");
    String::from_utf8_lossy(&done.stderr).into_owned()
}

#[test]
fn a_project_without_a_gate_is_told_so() {
    let folder = project(&[("Cargo.toml", PACKAGE), ("src/lib.rs", "")]);
    for arguments in [&[][..], &["run"], &["replay", "case.toml"], &["gates"], &["corpus", "stats"]] {
        let error = error_of(&called(folder.path(), arguments));
        assert!(error.contains("package `bank` has no example `gatecrash`"), "{arguments:?}: {error}");
        assert!(error.contains("cargo gatecrash init") && error.contains("--demo"), "{error}");
    }
}

#[test]
fn outside_of_a_project_there_is_no_gate() {
    let folder = tempfile::tempdir().unwrap();
    let error = error_of(&called(folder.path(), &["run"]));
    assert!(error.contains("Cargo.toml") && error.contains("--demo"), "{error}");
}

#[test]
fn commands_that_need_no_gate_need_no_project() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["attacks", "aud-missing"][..], &["completions", "bash"], &["policy", "init"], &["--help"]] {
        let done = called(folder.path(), arguments);
        assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn the_embedded_server_is_attacked_when_it_is_asked_for() {
    let folder = project(&[("Cargo.toml", PACKAGE), ("src/lib.rs", "")]);
    let done = called(folder.path(), &["gates", "--demo"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert!(String::from_utf8_lossy(&done.stdout).contains("audience-not-required"));
    let done = called(folder.path(), &["--demo", "run", "--attempts", "1"]);
    assert!(!String::from_utf8_lossy(&done.stderr).contains("no example"), "{done:?}");
}

/// Its gate is any program that bears the name, so that nothing is compiled here but that.
#[test]
fn the_gate_of_the_project_gets_the_arguments_and_gives_the_status() {
    let echo = "fn main() { println!(\"{:?}\", std::env::args().skip(1).collect::<Vec<_>>()); std::process::exit(3) }";
    // Something that has the name and the feature of the library.
    let folder = project(&[
        ("Cargo.toml", &format!("{PACKAGE}[dev-dependencies]\ngatecrash = {{ path = \"library\" }}\n")),
        ("src/lib.rs", ""),
        ("src/inner/mod.rs", ""),
        ("examples/gatecrash.rs", echo),
        ("library/Cargo.toml", &format!("{}[features]\ncli = []\n", PACKAGE.replace("bank", "gatecrash"))),
        ("library/src/lib.rs", ""),
    ]);
    let done = called(&folder.path().join("src/inner"), &["run", "--for", "5s"]);
    assert_eq!(done.status.code(), Some(3), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(String::from_utf8_lossy(&done.stdout), "[\"run\", \"--for\", \"5s\"]\n");
}

#[test]
fn of_several_gates_one_is_to_be_named() {
    let member = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let folder = project(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n"),
        ("one/Cargo.toml", &member("one")),
        ("one/src/lib.rs", ""),
        ("one/examples/gatecrash.rs", "fn main() {}"),
        ("two/Cargo.toml", &member("two")),
        ("two/src/lib.rs", ""),
        ("two/examples/gatecrash.rs", "fn main() {}"),
    ]);
    let error = error_of(&called(folder.path(), &["run"]));
    assert!(error.contains("one, two"), "{error}");
}
