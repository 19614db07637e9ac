//! `init`: what a repository needs to test its own gate. It asks nothing, and never writes over a file; to the manifest it adds
//! what is not there.

mod detect;
mod source;
mod texts;

use crate::attacks::casefile;
use crate::cli::out::say_line;
use std::path::{Path, PathBuf};

use clap::Args;

use self::{
    detect::{Detected, detect},
    texts::SCHEMAS,
};
use super::Failure;
use crate::attacks::input::InputError;

#[derive(Args)]
pub(super) struct InitOptions {
    /// Root of the repository: the folder of its Cargo.toml
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) dir: PathBuf,
}

/// A policy to begin with.
pub(super) const POLICY: &str = include_str!("init/gate.toml");

/// A program, and not a text: cargo is to start it in place of the compiler.
const COMPILER: &str = "fuzz/rustc";

/// What a project gets, and where.
fn files(detected: &Detected, package: &str) -> Vec<(&'static str, String)> {
    let plain = |text: &str| text.replace("PACKAGE", package).replace("VERSION", env!("CARGO_PKG_VERSION"));
    let known = detected.is_known();
    let schema = |name: &str, text: &str| format!("#:schema {SCHEMAS}/{name}.schema.json\n{text}");
    let mut files = vec![
        ("gate.toml", if known { detected.policy() } else { schema("gate", POLICY) }),
        ("known.toml", schema("known", KNOWN)),
        ("tests/gate.rs", if known { detected.gate(package) } else { plain(include_str!("init/gate.rs.txt")) }),
        ("examples/gatecrash.rs", include_str!("init/example.rs.txt").into()),
    ];
    files.extend(detected.environment().map(|text| (".cargo/config.toml", text)));
    // A fuzz target is a package of its own, which a binary cannot be a dependency of.
    if detected.library {
        files.push(("fuzz/Cargo.toml", plain(include_str!("init/fuzz.toml.txt"))));
        files.push(("fuzz/fuzz_targets/case.rs", include_str!("init/case.rs.txt").into()));
        files.push((COMPILER, include_str!("init/rustc.sh").into()));
        files.push(("fuzz/.gitignore", "/artifacts\n/corpus\n/coverage\n/target\n".into()));
    }
    let fuzz = include_str!("init/workflow-fuzz.yml");
    let workflow = include_str!("init/workflow.yml");
    files.push((".github/workflows/gatecrash.yml", [workflow, if detected.library { fuzz } else { "" }].concat()));
    files
}

/// A file of accepted findings to begin with, of [`KNOWN_FORMAT`](crate::report::KNOWN_FORMAT).
const KNOWN: &str = "# Findings that somebody accepts, until a day: fingerprint, reason, owner, expires.\nformat = 2\n";

pub(super) fn init(options: &InitOptions) -> Result<u8, Failure> {
    let manifest = options.dir.join("Cargo.toml");
    let text = String::from_utf8_lossy(&casefile::read(&manifest)?).into_owned();
    let shown = manifest.display().to_string();
    let table: toml::Table = crate::attacks::input::parse(&shown, &text)?;
    let name = package(&shown, &table)?;
    let detected = detect(&options.dir, &table);
    let mut written = 0;
    let mut to_do = Vec::new();
    for (path, contents) in files(&detected, &name) {
        let file = options.dir.join(path);
        if file.exists() {
            say_line!("kept     {path}  (there already)");
            if path == ".cargo/config.toml" && !casefile::read(&file)?.ends_with(contents.as_bytes()) {
                let lines: Vec<&str> = contents.lines().skip(1).collect();
                to_do.push(format!(".cargo/config.toml: add {}", lines.join(" ")));
            }
            continue;
        }
        write(&file, &contents)?;
        if path == COMPILER {
            allow_to_run(&file)?;
        }
        say_line!("wrote    {path}");
        written += 1;
    }
    let added = additions(&table);
    if !added.is_empty() {
        append(&manifest, &text, &added)?;
        say_line!("added    {} to Cargo.toml", added.iter().map(|(what, _)| *what).collect::<Vec<_>>().join(" and "));
    }
    to_do.extend(if detected.is_known() { detected.to_do() } else { general() });
    say_line!("\n{written} files written. Left to you:");
    for (index, line) in to_do.iter().enumerate() {
        say_line!("  {}. {line}", index + 1);
    }
    say_line!("\nThen: cargo test --test gate");
    say_line!("      cargo gatecrash --for 60s");
    Ok(0)
}

/// What is left to somebody whose service was not recognized.
fn general() -> Vec<String> {
    vec![
        "gate.toml: write down what your service promises; `cargo gatecrash policy check` says it in words.".into(),
        "tests/gate.rs: build your service in `gate`.".into(),
    ]
}

/// What the manifest lacks: a name, and the text.
fn additions(manifest: &toml::Table) -> Vec<(&'static str, String)> {
    let has = |path: &[&str]| {
        let mut names = path.iter();
        let first = names.next().and_then(|name| manifest.get(*name));
        names.try_fold(first, |value, name| Some(value?.get(*name))).flatten().is_some()
    };
    let mut added = Vec::new();
    if !has(&["dev-dependencies", "gatecrash"]) {
        added.push(("gatecrash", format!("gatecrash = \"{}\"\n", env!("CARGO_PKG_VERSION"))));
    }
    // Debug builds of cryptography are slow. A member of a workspace has no profile of its own.
    let root = has(&["workspace"]) || manifest.get("package").is_some_and(|package| package.get("workspace").is_none());
    if root && !has(&["profile", "dev", "package"]) {
        added.push((
            "optimized dependencies",
            "\n# Debug builds of cryptography are slow.\n[profile.dev.package.\"*\"]\nopt-level = 2\n".into(),
        ));
    }
    added
}

/// Adds to a manifest, and changes nothing that is there.
fn append(file: &Path, text: &str, added: &[(&str, String)]) -> Result<(), InputError> {
    const TABLE: &str = "[dev-dependencies]\n";
    let mut text = text.to_string();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    for (what, more) in added {
        match text.find(TABLE) {
            Some(at) if *what == "gatecrash" => text.insert_str(at + TABLE.len(), more),
            None if *what == "gatecrash" => text.push_str(&format!("\n{TABLE}{more}")),
            _ => text.push_str(more),
        }
    }
    let fault = |error: std::io::Error| InputError::of(file.display().to_string(), error.to_string());
    std::fs::write(file, text).map_err(fault)
}

/// Creates a file that is not there; whoever was faster wins.
pub(super) fn write(file: &Path, contents: &str) -> Result<(), InputError> {
    let fault = |error: std::io::Error| InputError::of(file.display().to_string(), error.to_string());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::create_dir_all(folder.unwrap_or(Path::new("."))).map_err(fault)?;
    let mut new = std::fs::File::create_new(file).map_err(fault)?;
    std::io::Write::write_all(&mut new, contents.as_bytes()).map_err(fault)
}

#[cfg(unix)]
fn allow_to_run(file: &Path) -> Result<(), InputError> {
    use std::os::unix::fs::PermissionsExt as _;
    let fault = |error: std::io::Error| InputError::of(file.display().to_string(), error.to_string());
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).map_err(fault)
}

#[cfg(not(unix))]
fn allow_to_run(_: &Path) -> Result<(), InputError> {
    Ok(())
}

/// The name of the package that a manifest describes.
fn package(file: &str, table: &toml::Table) -> Result<String, InputError> {
    let name = table.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    name.map(String::from).ok_or_else(|| InputError::of(file, "describes no package; run it in the folder of one"))
}

#[cfg(test)]
mod tests;
