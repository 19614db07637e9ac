//! The flags.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{
    completions::CompletionsOptions,
    corpus::{CorpusOptions, surface},
    init::InitOptions,
    known::KnownOptions,
    policy::PolicyOptions,
};
use crate::{
    attacks::casefile::Surface,
    campaign::{CryptoMode, Depths, SequenceShare},
    gate::Depth,
};

/// Can anything unauthorized get through? Forges access attempts against a gate and compares what it did with what
/// the standards permit.
#[derive(Parser)]
#[command(name = "gatecrash", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Attack a gate: controls, the sharpest attacks, the whole catalogue, then random cases (the default command)
    Run(RunOptions),
    /// The catalogue as a table, or one attack or family explained
    Attacks(AttacksOptions),
    /// Write shell completions to the terminal
    Completions(CompletionsOptions),
    /// Keep a corpus in order: lint, seed, add, merge, min, stats, migrate, push, pull, dict
    Corpus(CorpusOptions),
    /// Write what a repository needs to test its own gate; never over a file
    Init(InitOptions),
    /// Accept a finding, or migrate a file of accepted findings
    Known(KnownOptions),
    /// What a policy promises in words, and what it leaves out; or write one to begin with
    Policy(PolicyOptions),
    /// Replay corpus, regression or crash files of any target against a gate, explained
    Replay(ReplayOptions),
    /// The kill matrix: every flawed gate and its safe twin
    Gallery(GalleryOptions),
    /// What gates there are
    Gates(GatesOptions),
    /// Put a gate on a socket of this machine, for other tools: certificates, keys, tokens and OpenAPI in a folder
    Serve(ServeOptions),
}

const COMMANDS: [&str; 12] = [
    "run",
    "attacks",
    "completions",
    "corpus",
    "init",
    "known",
    "policy",
    "replay",
    "gallery",
    "gates",
    "serve",
    "help",
];

/// Puts `run` where no subcommand stands.
pub(super) fn with_default_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let first = arguments.get(1).and_then(|argument| argument.to_str()).unwrap_or("--");
    let general = ["-h", "--help", "-V", "--version"];
    let flag = arguments.len() == 1 || (first.starts_with('-') && !general.contains(&first));
    if flag && !COMMANDS.contains(&first) {
        arguments.insert(1, "run".into());
    }
    arguments
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum SequencesArgument {
    Mixed,
    None,
    Only,
}

impl SequencesArgument {
    pub(super) fn share(self) -> SequenceShare {
        match self {
            SequencesArgument::Mixed => SequenceShare::Mixed,
            SequencesArgument::None => SequenceShare::None,
            SequencesArgument::Only => SequenceShare::Only,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Json,
    Text,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum DepthOption {
    /// Both in turn
    Both,
    /// Bytes through the gate's own HTTP stack
    Connection,
    /// A real handshake, then the request handed to the service
    Service,
}

impl DepthOption {
    pub(super) fn depths(self) -> Depths {
        match self {
            DepthOption::Both => Depths::Both,
            DepthOption::Connection => Depths::Only(Depth::Connection),
            DepthOption::Service => Depths::Only(Depth::Service),
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum CryptoOption {
    /// Real for controls, catalogue and a fixed share of the rest, else ideal
    Both,
    /// Signatures that cost a hash and that nobody can forge, wherever the gate takes them up
    Ideal,
    /// The algorithms that the standards name
    Real,
}

impl CryptoOption {
    pub(super) fn mode(self) -> CryptoMode {
        match self {
            CryptoOption::Both => CryptoMode::Both,
            CryptoOption::Ideal => CryptoMode::Ideal,
            CryptoOption::Real => CryptoMode::Real,
        }
    }
}

#[derive(Args)]
pub(super) struct RunOptions {
    /// Which gate; `gates` lists them
    #[arg(long, value_name = "NAME")]
    pub(super) gate: Option<String>,
    /// Policy file in place of the gate's own
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// OpenAPI document to hold both the gate and the policy to: JSON or YAML
    #[arg(long, value_name = "FILE")]
    pub(super) openapi: Option<PathBuf>,
    /// How long, such as 30s, 10m or 500ms; the report says what was not asked by then [default: 30s; with --pairs: all of them]
    #[arg(long = "for", value_name = "TIME", value_parser = duration, conflicts_with = "attempts")]
    pub(super) time: Option<Duration>,
    /// How many attempts, in place of a time; then a run repeats exactly
    #[arg(long, value_name = "N")]
    pub(super) attempts: Option<u64>,
    /// Exit with 2 when the run ended before everything in the catalogue was tried
    #[arg(long)]
    pub(super) require_complete: bool,
    /// Seed of keys and random cases
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// How deep into the gate's stack
    #[arg(long, value_enum, default_value = "both")]
    pub(super) depth: DepthOption,
    /// Which cryptography; findings are always confirmed with the real one
    #[arg(long, value_enum, default_value = "both")]
    pub(super) crypto: CryptoOption,
    /// Every pair of attacks on the same stance, in place of catalogue and random cases
    #[arg(long)]
    pub(super) pairs: bool,
    /// With --pairs: the index to go on from
    #[arg(long, value_name = "INDEX", requires = "pairs", default_value_t = 0)]
    pub(super) from: u64,
    /// Threads; all cores when left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Tell every finding in full
    #[arg(long)]
    pub(super) all: bool,
    /// The exercised table: for each family how attempts ended, and how deep they got
    #[arg(long)]
    pub(super) exercised: bool,
    /// Make every attempt that can be once more, on a connection that an honest request came over, or the other way round
    #[arg(long)]
    pub(super) reuse: bool,
    /// Fail the run for every finding, leniencies included: genuine credentials in a form that servers should reject
    #[arg(long)]
    pub(super) strict: bool,
    /// Cases of several steps: those of the catalogue and a share of the random ones, none, or all of the random ones
    #[arg(long, value_enum, default_value = "mixed")]
    pub(super) sequences: SequencesArgument,
    /// Where the time went: mint, sign, handshake, http, gate, judge, lift
    #[arg(long)]
    pub(super) profile: bool,
    /// For people or for machines
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
    /// Folder for the report as text, HTML, SARIF, JUnit XML, JSON and Markdown, with files for curl
    #[arg(long, value_name = "DIR")]
    pub(super) report: Option<PathBuf>,
    /// Findings that are accepted: fingerprint, reason, owner, expires
    #[arg(long, value_name = "FILE")]
    pub(super) known: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct AttacksOptions {
    /// Id of an attack or a family
    pub(super) id: Option<String>,
    /// What is covered of a standard: asvs, nist, pci, soc2
    #[arg(long, value_name = "STANDARD", conflicts_with = "id")]
    pub(super) mapping: Option<String>,
    /// For people or for machines
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
}

#[derive(Args)]
pub(super) struct ReplayOptions {
    /// Case, regression or crash files
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// The target of a raw crash file, where its folder does not say
    #[arg(long, value_name = "NAME", value_parser = surface)]
    pub(super) target: Option<Surface>,
    /// Which gate; `gates` lists them
    #[arg(long, value_name = "NAME")]
    pub(super) gate: Option<String>,
    /// Policy file in place of the gate's own
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// OpenAPI document to hold the gate to: JSON or YAML
    #[arg(long, value_name = "FILE")]
    pub(super) openapi: Option<PathBuf>,
    /// Seed of the keys
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// What is sent, as octets: the chain in PEM, the token, the request
    #[arg(long)]
    pub(super) bytes: bool,
    /// Write certificates, key and fields into a folder, and the command by which curl makes the attempt on a served gate
    #[arg(long, value_name = "DIR")]
    pub(super) curl: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct GalleryOptions {
    /// One gate only
    #[arg(long, value_name = "NAME")]
    pub(super) gate: Option<String>,
    /// Random cases alone as well, 5 seeds of up to 100 000 attempts for each gate: minutes to hours, by the survivors
    #[arg(long)]
    pub(super) full: bool,
    /// Which attacks of the catalogue kill, which alone do, and which are idle, in place of the rows
    #[arg(long, conflicts_with = "gate")]
    pub(super) killers: bool,
    /// How soon a default run shows each flaw, and what its report says first, in place of the rows
    #[arg(long, conflicts_with_all = ["full", "killers"])]
    pub(super) first: bool,
    /// Seed of the keys
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// For people or for machines
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
}

#[derive(Args)]
pub(super) struct GatesOptions {
    /// For people or for machines
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
}

#[derive(Args)]
pub(super) struct ServeOptions {
    /// Which gate; `gates` lists them
    #[arg(long, value_name = "NAME")]
    pub(super) gate: Option<String>,
    /// Loopback address and port; port 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    pub(super) listen: SocketAddr,
    /// Folder for certificates, keys, tokens and the OpenAPI document
    #[arg(long, value_name = "DIR", default_value = "target/gatecrash/serve")]
    pub(super) dir: PathBuf,
    /// Speak plain HTTP, and present a certificate to the gate: for tools that cannot present one
    #[arg(long)]
    pub(super) plain: bool,
    /// With --plain: whose certificate
    #[arg(long = "as", value_name = "PERSON", default_value = "alice", requires = "plain")]
    pub(super) person: String,
    /// Seed of the keys
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

/// A time with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write a number with a unit, such as 30s, 10m, 1h or 500ms");
    let at = text.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    // A century, beyond which the clock's arithmetic may end.
    let bound = 100 * 365 * 24 * 3_600_000;
    milliseconds.filter(|time| *time <= bound).map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["30", "s", "-1s", "1d", "", "99999999999999999999s", "9999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn run_is_the_default() {
        let with = |words: &[&str]| with_default_command(words.iter().map(OsString::from).collect());
        assert_eq!(with(&["gatecrash"]), ["gatecrash", "run"]);
        assert_eq!(with(&["gatecrash", "--for", "1s"]), ["gatecrash", "run", "--for", "1s"]);
        assert_eq!(with(&["gatecrash", "--help"]), ["gatecrash", "--help"]);
        assert_eq!(with(&["gatecrash", "gates"]), ["gatecrash", "gates"]);
    }
}
