//! `cargo gatecrash`: the command line for the reference server and every gate of the gallery.

use std::process::ExitCode;

use gatecrash::cli::{Gates, main as run};

fn main() -> ExitCode {
    match gatecrash_gallery::exhibits() {
        Ok(exhibits) => {
            let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/gate.toml").into();
            run(Gates { exhibits, command: "cargo gatecrash".into(), policy: Some(policy) })
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
