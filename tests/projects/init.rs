//! `init` in a project of somebody's: what it writes compiles and holds, and no file is written over.

use std::{path::Path, process::Command};

use gatecrash::{__internals::exhibit::Exhibit, WorldOptions, campaign::Target, corpus, factory, input};

use crate::{binary::cargo_gatecrash, published::cargo};

const MANIFEST: &str = "[package]\nname = \"bank\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dev-dependencies]\ngatecrash = \"0.1.0\"\n\n[profile.dev.package.\"*\"]\nopt-level = 2\n";

fn init(folder: &Path) -> String {
    let done = cargo_gatecrash().args(["init", "--dir", "."]).current_dir(folder).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), "//! A bank.\n").unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), MANIFEST).unwrap();
    folder
}

fn compiles(folder: &Path, arguments: &[&str]) {
    let done = cargo(folder, arguments).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    let warned = String::from_utf8_lossy(&done.stderr).contains("warning: unused");
    assert!(!warned, "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn what_it_writes_compiles_and_holds() {
    let folder = project();
    let told = init(folder.path());
    assert!(told.contains("9 files written"), "{told}");
    compiles(folder.path(), &["check", "--quiet", "--tests", "--examples"]);
    compiles(&folder.path().join("fuzz"), &["check", "--quiet", "--bins"]);
    // Cargo starts it in place of the compiler.
    let compiler = Command::new(folder.path().join("fuzz/rustc")).args(["echo", "--crate-name", "gatecrash"]).output();
    assert_eq!(compiler.unwrap().stdout, b"--crate-name gatecrash\n");
    let policy = input::policy(&folder.path().join("gate.toml")).unwrap();
    fn gate(_: &gatecrash::World) -> gatecrash::Gate {
        gatecrash::Gate::serve(|_io| async {})
    }
    let target = Target { factory: factory!(gate), policy, world: WorldOptions::default() };
    let exhibit = Exhibit::own(target);
    assert_eq!(corpus::lint(None, &exhibit).unwrap().faults, [""; 0]);
}

#[test]
fn no_file_is_written_over() {
    let folder = project();
    std::fs::write(folder.path().join("gate.toml"), "mine").unwrap();
    let told = init(folder.path());
    assert!(told.contains("kept     gate.toml") && told.contains("8 files written"), "{told}");
    assert_eq!(std::fs::read_to_string(folder.path().join("gate.toml")).unwrap(), "mine");
    assert_eq!(std::fs::read_to_string(folder.path().join("Cargo.toml")).unwrap(), MANIFEST);
    assert!(init(folder.path()).contains("0 files written"));
}

#[test]
fn a_folder_without_a_package_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let done = cargo_gatecrash().arg("init").current_dir(folder.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("Cargo.toml"));
}
