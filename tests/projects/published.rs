//! Cargo in a project that knows nothing of this repository: it gets the crates as they are published.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The crates that are published, and what each is called in the folder of packages.
const CRATES: [&str; 4] = ["gatecrash-model", "gatecrash-corpus", "gatecrash-witness", "gatecrash"];

/// The folder in which every package lies unpacked. A file that did not change is not written again, so that it is not
/// compiled again.
fn packages() -> &'static Path {
    static PACKAGES: OnceLock<PathBuf> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let root = root();
        let mut package = Command::new(env!("CARGO"));
        package.args(["package", "--quiet", "--allow-dirty", "--no-verify"]).current_dir(&root);
        package.args(CRATES.map(|name| format!("--package={name}")));
        assert!(package.status().unwrap().success());
        let (fresh, kept) = (tempfile::tempdir().unwrap(), root.join("target/published"));
        for name in CRATES {
            let version = env!("CARGO_PKG_VERSION");
            let file = root.join(format!("target/package/{name}-{version}.crate"));
            let done = Command::new("tar").arg("-xzf").arg(file).arg("-C").arg(fresh.path()).status().unwrap();
            assert!(done.success());
            mirror(&fresh.path().join(format!("{name}-{version}")), &kept.join(name));
        }
        kept
    })
}

/// Makes `to` hold what `from` holds, and nothing else.
fn mirror(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(to).unwrap().flatten() {
        let gone = !from.join(entry.file_name()).exists();
        match entry.path().is_dir() {
            true if gone => fs::remove_dir_all(entry.path()).unwrap(),
            false if gone => fs::remove_file(entry.path()).unwrap(),
            _ => {}
        }
    }
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            mirror(&from, &to);
        } else if fs::read(&from).unwrap() != fs::read(&to).unwrap_or_default() {
            fs::write(&to, fs::read(&from).unwrap()).unwrap();
        }
    }
}

/// Cargo in a project outside the workspace. All of them share one target folder and the versions of the workspace.
pub(crate) fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let patches = CRATES.into_iter().flat_map(|name| {
        ["--config".into(), format!("patch.crates-io.{name}.path=\"{}\"", packages().join(name).display())]
    });
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).args(patches).current_dir(folder);
    command.env("CARGO_TARGET_DIR", root().join("target/projects")).env("CARGO_TERM_COLOR", "never");
    command
}
