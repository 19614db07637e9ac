//! `completions`: what a shell completes.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Failure, arguments::Arguments, out};

#[derive(Args)]
pub(super) struct CompletionsOptions {
    /// The shell; its name in $SHELL when left out
    shell: Option<Shell>,
}

/// Writes completions for `cargo-gatecrash`.
pub(super) fn completions(options: &CompletionsOptions) -> Result<u8, Failure> {
    let shell = options.shell.or_else(Shell::from_env);
    let shell = shell.ok_or_else(|| {
        Failure::Usage("$SHELL names no known shell; name one: bash, elvish, fish, powershell, or zsh".into())
    })?;
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cargo-gatecrash", &mut text);
    out::write(format_args!("{}", String::from_utf8_lossy(&text)));
    Ok(0)
}
