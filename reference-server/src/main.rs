//! `gatecrash-reference`: serves by a configuration, checks one, or writes one for development.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gatecrash_reference::service::{RunError, check, run, write_deployment};

/// A resource server behind mutual TLS and JSON Web Tokens bound to the client certificate.
///
/// Exit status: 0 after a graceful end, 1 when the end cut connections off, 2 when something given cannot be used, 3 when
/// a part of the server died.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Arguments {
    /// Serve by this configuration until SIGTERM; SIGHUP takes up new files.
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Read a configuration and every file it names, without starting.
    Check {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Write keys, certificates, tokens and a configuration for development, and print what to try.
    Dev {
        /// The folder to write to; it is made when it is missing.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match (arguments.command, arguments.config) {
        (Some(Command::Check { config }), _) => match check(&config) {
            Ok(summary) => say(format_args!("{}: can be served: {summary}", config.display())),
            Err(error) => refuse(error),
        },
        (Some(Command::Dev { dir }), _) => match write_deployment(&dir) {
            Ok(text) => say(text),
            Err(error) => refuse(error),
        },
        (None, Some(config)) => serve(&config),
        // clap asks for one of them.
        (None, None) => ExitCode::from(2),
    }
}

fn serve(config: &std::path::Path) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(error),
    };
    match runtime.block_on(run(config)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error @ RunError::Part(_)) => {
            refuse(error);
            ExitCode::from(3)
        }
        Err(error) => refuse(error),
    }
}

fn say(text: impl Display) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(format_args!("standard output: {error}")),
    }
}

fn refuse(error: impl Display) -> ExitCode {
    // Nobody is left to hear of it when this fails.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::from(2)
}
