//! The project that the command is called in: its gate is an example that `gatecrash::main!` makes.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};
use gatecrash::cli::{Elsewhere, Gates};

/// Name of the example with a project's gate; `init` writes it.
const EXAMPLE: &str = "gatecrash";

/// Why there is no gate to run.
#[derive(Debug, thiserror::Error)]
enum NoGate {
    #[error("{error}\n{HELP}")]
    Metadata { error: String },
    #[error("{manifest}: package `{package}` has no example `{EXAMPLE}`, which would hold its gate\n{HELP}")]
    NoExample { manifest: PathBuf, package: String },
    #[error("{manifest}: no package of this workspace has an example `{EXAMPLE}`, which would hold its gate\n{HELP}")]
    NoExampleInWorkspace { manifest: PathBuf },
    #[error(
        "{manifest}: several packages have an example `{EXAMPLE}`: {packages}; call the command in the folder of one"
    )]
    Several { manifest: PathBuf, packages: String },
    #[error("cargo does not start: {0}")]
    Cargo(std::io::Error),
}

const HELP: &str = "`cargo gatecrash init` writes what a project needs; `cargo gatecrash --demo` attacks the embedded reference server";

/// Hands the arguments to the gate of the project, and ends as it ends.
pub(crate) fn delegate(arguments: &[OsString]) -> Result<Gates, Elsewhere> {
    let status = run(arguments).map_err(|error| Elsewhere::Failed(error.to_string()))?;
    Err(Elsewhere::Done(status))
}

fn run(arguments: &[OsString]) -> Result<ExitCode, NoGate> {
    let package = package()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--features", "gatecrash/cli", "--example", EXAMPLE]);
    command.arg("--manifest-path").arg(&package.manifest_path).arg("--").args(arguments);
    // On Ctrl-C the gate's campaign ends with its report, which is waited for.
    gatecrash::cli::outlive_interrupts().map_err(NoGate::Cargo)?;
    let status = command.status().map_err(NoGate::Cargo)?;
    // Ended by a signal: 128 and its number, as shells say it.
    #[cfg(unix)]
    let by_signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let by_signal: Option<i32> = None;
    let code = status.code().or(by_signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(2);
    // Cargo ends with 101 where the example does not compile, which it has said.
    Ok(ExitCode::from(if code == 101 { 2 } else { code }))
}

/// The package whose gate is meant: the one that the command is called in, or the only one of its workspace that has a gate.
fn package() -> Result<Package, NoGate> {
    let metadata = MetadataCommand::new().no_deps().exec();
    let metadata = metadata.map_err(|error| NoGate::Metadata { error: told(&error) })?;
    let here = std::env::current_dir().unwrap_or_default();
    let manifest = metadata.workspace_root.join("Cargo.toml").into_std_path_buf();
    if let Some(package) = around(&metadata, &here) {
        if has_gate(package) {
            return Ok(package.clone());
        }
        if metadata.packages.len() == 1 {
            let manifest = package.manifest_path.clone().into_std_path_buf();
            return Err(NoGate::NoExample { manifest, package: package.name.to_string() });
        }
    }
    let found: Vec<&Package> = metadata.packages.iter().filter(|package| has_gate(package)).collect();
    match found[..] {
        [] => Err(NoGate::NoExampleInWorkspace { manifest }),
        [package] => Ok(package.clone()),
        _ => {
            let packages: Vec<&str> = found.iter().map(|package| package.name.as_str()).collect();
            Err(NoGate::Several { manifest, packages: packages.join(", ") })
        }
    }
}

fn has_gate(package: &Package) -> bool {
    package.targets.iter().any(|target| target.name == EXAMPLE && target.kind.contains(&TargetKind::Example))
}

/// The package whose folder is the nearest one above.
fn around<'a>(metadata: &'a Metadata, folder: &Path) -> Option<&'a Package> {
    let above = metadata.packages.iter().filter_map(|package| {
        let parent = package.manifest_path.parent()?.as_std_path();
        folder.starts_with(parent).then_some((parent.components().count(), package))
    });
    above.max_by_key(|(depth, _)| *depth).map(|(_, package)| package)
}

/// What cargo said, without its own prefix.
fn told(error: &cargo_metadata::Error) -> String {
    let text = match error {
        cargo_metadata::Error::CargoMetadata { stderr } => stderr.clone(),
        other => other.to_string(),
    };
    text.trim().trim_start_matches("error: ").to_string()
}
