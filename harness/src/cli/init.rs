//! `init`: what a repository needs to test its own gate. It never writes over a file.

use crate::attacks::casefile;
use crate::cli::out::say_line;
use std::path::{Path, PathBuf};

use clap::Args;

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

/// What is written, and where.
const FILES: [(&str, &str); 8] = [
    ("gate.toml", POLICY),
    ("tests/gate.rs", include_str!("init/gate.rs.txt")),
    ("examples/gatecrash.rs", include_str!("init/example.rs.txt")),
    ("fuzz/Cargo.toml", include_str!("init/fuzz.toml.txt")),
    ("fuzz/fuzz_targets/case.rs", include_str!("init/case.rs.txt")),
    (COMPILER, include_str!("init/rustc.sh")),
    ("fuzz/.gitignore", "/artifacts\n/corpus\n/coverage\n/target\n"),
    (".github/workflows/gatecrash.yml", include_str!("init/workflow.yml")),
];

pub(super) fn init(options: &InitOptions) -> Result<u8, Failure> {
    let manifest = options.dir.join("Cargo.toml");
    let text = String::from_utf8_lossy(&casefile::read(&manifest)?).into_owned();
    let shown = manifest.display().to_string();
    let name = package(&shown, &text)?;
    let mut written = 0;
    for (path, contents) in FILES {
        let file = options.dir.join(path);
        if file.exists() {
            say_line!("kept     {path}  (there already)");
            continue;
        }
        let contents = contents.replace("PACKAGE", &name).replace("VERSION", env!("CARGO_PKG_VERSION"));
        write(&file, &contents)?;
        if path == COMPILER {
            allow_to_run(&file)?;
        }
        say_line!("wrote    {path}");
        written += 1;
    }
    say_line!("\n{written} files written. What is left to you:");
    say_line!("  1. Add to {shown}, if they are not there:\n");
    say_line!("     [dev-dependencies]");
    say_line!("     gatecrash = \"{}\"\n", env!("CARGO_PKG_VERSION"));
    say_line!("     [profile.dev.package.\"*\"]      # debug builds of cryptography are slow");
    say_line!("     opt-level = 2\n");
    say_line!("  2. Write down in gate.toml what your service promises; `gatecrash policy check` says it in words.");
    say_line!("  3. Build your service in `gate` of tests/gate.rs.");
    say_line!(
        "\nThen: cargo test --test gate; cargo run --release --features gatecrash/cli --example gatecrash; cargo fuzz run -s none case"
    );
    Ok(0)
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
fn package(file: &str, text: &str) -> Result<String, InputError> {
    let table: toml::Table = crate::attacks::input::parse(file, text)?;
    let name = table.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    name.map(String::from).ok_or_else(|| InputError::of(file, "describes no package; run it in the folder of one"))
}
