//! `cargo gatecrash`: the command line for the reference server and every gate of the gallery.

use std::process::ExitCode;

use gatecrash::cli::{Shelf, main as run};

fn main() -> ExitCode {
    match gatecrash_gallery::exhibits() {
        Ok(exhibits) => run(Shelf { exhibits, command: "cargo gatecrash".into() }),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
