//! `known`: writes and migrates files of accepted findings.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Failure, Gates, out::say_line};
use crate::{
    attacks::input::{self, InputError},
    campaign::{self, Bound, CampaignOptions},
    report::{self, Known, KnownFinding},
};

#[derive(Args)]
pub(super) struct KnownOptions {
    #[command(subcommand)]
    command: KnownCommand,
}

#[derive(Subcommand)]
enum KnownCommand {
    /// Accept one finding: write its entry
    Add(AddOptions),
    /// Rewrite a file of an older format: attack the gate, and write one entry for each subject that an old entry covered
    Migrate(MigrateOptions),
}

#[derive(Args)]
struct AddOptions {
    /// The case file that a report names, or a fingerprint that it prints
    #[arg(value_name = "FILE|FINGERPRINT")]
    finding: String,
    /// Why the finding is accepted
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who decided that
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// The last day on which it is accepted, such as 2027-01-31 [default: 90 days from today]
    #[arg(long, value_name = "DAY")]
    expires: Option<String>,
    /// The file to write to
    #[arg(long, value_name = "FILE", default_value = "known.toml")]
    known: PathBuf,
}

#[derive(Args)]
struct MigrateOptions {
    /// The file of accepted findings
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which gate; `gates` lists them
    #[arg(long, value_name = "NAME")]
    gate: Option<String>,
    /// Policy file in place of the gate's own
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How many attempts; the whole catalogue when left out
    #[arg(long, value_name = "N")]
    attempts: Option<u64>,
    /// Seed of the keys
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) fn known(gates: &dyn Fn() -> Result<Gates, Failure>, options: &KnownOptions) -> Result<u8, Failure> {
    match &options.command {
        KnownCommand::Add(options) => add(options),
        KnownCommand::Migrate(options) => migrate(&gates()?, options),
    }
}

fn add(options: &AddOptions) -> Result<u8, Failure> {
    let (fingerprint, what) = named(&options.finding)?;
    let expires = options.expires.clone().unwrap_or_else(|| report::in_days(90).to_string());
    let (reason, owner) = (options.reason.clone(), options.owner.clone());
    let entry = KnownFinding { fingerprint: fingerprint.clone(), reason, owner, expires };
    let name = options.known.display().to_string();
    let before = match options.known.exists() {
        true => input::text(&options.known)?,
        false => format!("format = {}\n", report::KNOWN_FORMAT),
    };
    Known::parse(&name, &before)?;
    let text = format!("{before}\n{}", entry.written(what.as_deref()));
    // What is written is read first, so that a file that works keeps working.
    Known::parse(&name, &text)?;
    write(&options.known, &text)?;
    say_line!("{name}: {fingerprint} is accepted until {}", entry.expires);
    Ok(0)
}

/// The fingerprint that a file or a fingerprint stands for, and the case in words where there is a file.
fn named(finding: &str) -> Result<(String, Option<String>), Failure> {
    let is_print = |text: &str| text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let path = Path::new(finding);
    if is_print(finding) && !path.exists() {
        let end = format!("-{finding}.toml");
        let saved = std::fs::read_dir(FOLDER).into_iter().flatten().filter_map(Result::ok);
        let mut saved = saved.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(&end));
        let what = saved.next().and_then(|path| input::text(&path).ok()).and_then(|text| words(&text));
        return Ok((finding.into(), what));
    }
    let text = input::text(path)?;
    crate::attacks::casefile::parse_case(finding, &text)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    match stem.rsplit('-').next().filter(|print| is_print(print)) {
        Some(print) => Ok((print.into(), words(&text))),
        None => {
            let fault = "its name does not end in a fingerprint; name the file that a report names, or the fingerprint";
            Err(InputError::of(finding, fault).into())
        }
    }
}

/// Where runs save the cases of their findings.
const FOLDER: &str = "target/gatecrash";

/// The first comment of a saved case: what it does.
fn words(text: &str) -> Option<String> {
    text.lines().next()?.strip_prefix("# ").map(String::from)
}

fn migrate(gates: &Gates, options: &MigrateOptions) -> Result<u8, Failure> {
    let name = options.file.display().to_string();
    let old = Known::parse_format_1(&name, &input::text(&options.file)?)?;
    let exhibit = gates.find(options.gate.as_deref())?;
    let mut target = exhibit.target.clone();
    target.world.seed = options.seed;
    if let Some(file) = &options.policy {
        target.policy = input::policy(file)?;
    }
    let bound = options.attempts.map_or(Bound::Catalogue, Bound::Attempts);
    let campaign = campaign::run(
        &target,
        CampaignOptions { bound, random: options.attempts.is_some(), ..CampaignOptions::default() },
        &std::sync::Arc::default(),
    )?;
    let mut text = format!("format = {}\n", report::KNOWN_FORMAT);
    let (mut written, mut missing) = (0, 0);
    for entry in &old.entries {
        let covered = campaign.findings.iter().filter(|finding| finding.fingerprint_of_format_1() == entry.fingerprint);
        let entries: Vec<String> = covered
            .map(|finding| {
                let new = KnownFinding { fingerprint: finding.fingerprint.clone(), ..entry.clone() };
                new.written(Some(&finding.explanation()))
            })
            .collect();
        if entries.is_empty() {
            missing += 1;
            let lines = entry.written(Some("not found by the migration"));
            text.push('\n');
            lines.lines().for_each(|line| text.push_str(&format!("# {line}\n")));
        }
        written += entries.len();
        entries.iter().for_each(|entry| text.push_str(&format!("\n{entry}")));
    }
    Known::parse(&name, &text)?;
    write(&options.file, &text)?;
    say_line!("{name}: {} entries became {written}, one for each subject that was found", old.entries.len());
    if missing > 0 {
        say_line!("{missing} were not found, and stand in comments: look at each, and take it out or run for longer");
    }
    Ok(u8::from(missing > 0))
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| InputError::of(file.display().to_string(), error.to_string()).into())
}
