//! The command line of this repository, as a process.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// `cargo gatecrash` as the alias of this repository calls it: for the embedded gates.
pub(crate) fn cargo_gatecrash() -> Command {
    let mut command = Command::new(binary());
    command.arg("--demo");
    command
}

/// `cargo-gatecrash`, built when a test first asks for it, in the profile and the target folder of the test itself.
///
/// It is built as `cargo gatecrash` builds it: with the features of all default members, so that nothing is compiled twice.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // This test runs from `target/<profile>/deps`.
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut build = vec!["build", "--quiet", "--bin", "cargo-gatecrash"];
        if profile.ends_with("release") {
            build.push("--release");
        }
        if cfg!(feature = "cloud") {
            build.extend(["--package", "cargo-gatecrash", "--features", "cloud"]);
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let done = Command::new(env!("CARGO")).args(build).current_dir(&root).status().unwrap();
        assert!(done.success());
        profile.join("cargo-gatecrash")
    })
}
