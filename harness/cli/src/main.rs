//! `cargo gatecrash`: the command line in any project. It attacks the project's own gate, and the embedded one only with `--demo`.

mod project;

use std::{ffi::OsString, process::ExitCode};

use gatecrash::cli::{Elsewhere, Gates, Surroundings, run};

/// Attacks the embedded reference server in place of the project's own gate.
const DEMO: &str = "--demo";

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    // Cargo calls `cargo-gatecrash gatecrash …`.
    let by_cargo = arguments.get(1).is_some_and(|argument| argument == "gatecrash");
    if by_cargo {
        arguments.remove(1);
    }
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let demo = arguments[..end].iter().any(|argument| argument == DEMO);
    if demo {
        arguments.retain(|argument| argument != DEMO);
    }
    let handed_on = arguments.clone();
    let surroundings = Surroundings {
        gates: &|| if demo { embedded(by_cargo) } else { project::delegate(&handed_on[1..]) },
        gallery: &|| embedded(by_cargo),
    };
    run(arguments, &surroundings)
}

#[cfg(feature = "demo")]
fn embedded(by_cargo: bool) -> Result<Gates, Elsewhere> {
    let exhibits = gatecrash_gallery::exhibits().map_err(|error| Elsewhere::Failed(error.to_string()))?;
    // The alias of this repository has the flag in it.
    let command = if by_cargo { format!("cargo gatecrash {DEMO}") } else { "cargo gatecrash".into() };
    Ok(Gates { exhibits, command, policy: Some(gatecrash_gallery::POLICY_FILE.into()) })
}

#[cfg(not(feature = "demo"))]
fn embedded(_: bool) -> Result<Gates, Elsewhere> {
    Err(Elsewhere::Failed(
        "this program was built without its feature `demo`, which embeds the reference server".into(),
    ))
}
