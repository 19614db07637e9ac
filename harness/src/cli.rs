//! The command line, for one gate or for many.

mod arguments;
mod artefact;
mod attacks;
mod completions;
mod corpus;
mod gallery;
mod init;
mod known;
mod openapi;
mod out;
mod policy;
mod replay;
mod run;
mod serve;
mod signals;

pub use signals::outlive_interrupts;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::Parser as _;

use crate::{
    attacks::input::{self, InputError},
    campaign::specimen::Exhibit,
    campaign::{CampaignError, Target},
    error::nearest,
    gate::factory::Factory,
    world::WorldOptions,
};
use arguments::{Arguments, Command, with_default_command};

/// What the command line offers: gates, the first of them the default, and how it is called itself.
#[derive(Clone)]
pub struct Gates {
    /// The gates.
    pub exhibits: Vec<Exhibit>,
    /// The command line before its subcommand, such as `cargo gatecrash`.
    pub command: String,
    /// The file that the policy of the gates stands in: findings point at its lines.
    pub policy: Option<PathBuf>,
}

/// Where `serve` listens unless it is told otherwise, by the name that the server's certificate holds.
const SERVED: &str = "https://localhost:8443";

/// Why a command ended without doing its work: set-up or usage.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
    #[error("{0}")]
    Usage(String),
}

/// Runs the command line; the exit status is 0 clean, 1 findings, 2 set-up or usage error, 3 harness fault.
///
/// ```no_run
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
/// use gatecrash::cli::{Gates, main};
/// let gates = Gates { exhibits: vec![exhibit], command: "cargo gatecrash".into(), policy: None };
/// let status = main(gates);
/// # drop(status);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn main(gates: Gates) -> ExitCode {
    let gates = || Ok(gates.clone());
    run(std::env::args_os().collect(), &Surroundings { gates: &gates, gallery: &gates })
}

/// Where the command line finds its gates. They are asked for by commands that need them, and by no other.
pub struct Surroundings<'a> {
    /// The gates to attack.
    pub gates: &'a dyn Fn() -> Result<Gates, Elsewhere>,
    /// The flawed gates of the kill matrix.
    pub gallery: &'a dyn Fn() -> Result<Gates, Elsewhere>,
}

/// Why there are no gates here.
#[derive(Debug, thiserror::Error)]
pub enum Elsewhere {
    /// Another program was called, and did what was asked for.
    #[error("done by another program")]
    Done(ExitCode),
    /// There is nothing to attack.
    #[error("{0}")]
    Failed(String),
}

/// Runs the command line with these arguments, the program's name first. Exit status as of [`main`].
pub fn run(arguments: Vec<OsString>, surroundings: &Surroundings<'_>) -> ExitCode {
    let arguments = Arguments::parse_from(with_default_command(arguments));
    let gates = || (surroundings.gates)().map_err(Failure::from);
    let done = match arguments.command {
        Command::Attacks(options) => attacks::attacks(&options),
        Command::Completions(options) => completions::completions(&options),
        Command::Corpus(options) => corpus::corpus(&gates, &options),
        Command::Gallery(options) => {
            (surroundings.gallery)().map_err(Failure::from).and_then(|gates| gallery::gallery(&gates, &options))
        }
        Command::Gates(options) => gates().and_then(|gates| gallery::gates(&gates, &options)),
        Command::Init(options) => init::init(&options),
        Command::Known(options) => known::known(&gates, &options),
        Command::Policy(options) => policy::policy(&options),
        Command::Replay(options) => gates().and_then(|gates| replay::replay(&gates, &options)),
        Command::Run(options) => gates().and_then(|gates| run::run(&gates, &options)),
        Command::Serve(options) => gates().and_then(|gates| serve::serve(&gates, &options)),
    };
    match done {
        Ok(status) => ExitCode::from(status),
        Err(Failure::Elsewhere(Elsewhere::Done(status))) => status,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}

/// The command line of [`main!`](crate::main!): one gate, its policy in a file.
///
/// ```no_run
/// # use gatecrash::example::gate;
/// use gatecrash::{WorldOptions, cli::single, factory};
/// // The same as `gatecrash::main!`, where the policy lies elsewhere.
/// let status = single(factory!(gate), "/etc/gate.toml".into(), WorldOptions::default(), "cargo gatecrash");
/// # drop(status);
/// ```
pub fn single(factory: Factory, policy: PathBuf, world: WorldOptions, command: &str) -> ExitCode {
    let read = match input::policy(&policy) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let exhibit = Exhibit {
        name: "gate".into(),
        what: "the gate of this program".into(),
        breaks: Default::default(),
        shows: Default::default(),
        needs: None,
        target: Target { factory, policy: read, world },
        twin: None,
    };
    main(Gates { exhibits: vec![exhibit], command: command.into(), policy: Some(policy) })
}

/// Prints a value with its members in the order of the documented shape.
fn print_json(value: &impl serde::Serialize) {
    // The shapes hold strings, numbers, lists and maps of them: JSON can hold each.
    out::say_line!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
}

impl Gates {
    /// The gate called `name`, or the first. `Err` lists what there is.
    fn find(&self, name: Option<&str>) -> Result<&Exhibit, Failure> {
        let found = match name {
            None => self.exhibits.first(),
            Some(name) => self.exhibits.iter().find(|exhibit| exhibit.name == name),
        };
        found.ok_or_else(|| {
            let name = name.unwrap_or_default();
            let near = nearest(name, self.exhibits.iter().map(|exhibit| exhibit.name.as_str()));
            let near = near.map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or("`gates` lists what there is".into());
            Failure::Usage(format!("there is no gate `{name}`; {help}"))
        })
    }
}
