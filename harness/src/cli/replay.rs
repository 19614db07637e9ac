//! `replay`: cases, regressions and crash files of every target, explained.

use gatecrash_model::{Case, Policy};

use super::{Failure, Gates, arguments::ReplayOptions, artefact};
use crate::cli::out::{say, say_line};
use crate::{
    attacks::casefile::{Surface, What},
    attacks::input::{self, InputError},
    attacks::openapi::Document,
    campaign::check::{Checked, Disagreement, Finding, Outcome, raw_fingerprint},
    campaign::specimen::Exhibit,
    campaign::{self, Target},
    engines::fuzzing::{Fuzzer, RawReplay},
    gate::{Depth, Observation},
    report::{self, Kit, wrapped},
};

pub(super) fn replay(gates: &Gates, options: &ReplayOptions) -> Result<u8, Failure> {
    let mut exhibit = gates.find(options.gate.as_deref())?.clone();
    exhibit.target.world.seed = options.seed;
    if let Some(file) = &options.policy {
        exhibit.target.policy = input::policy(file)?;
    }
    let document = options.openapi.as_deref().map(super::openapi::read).transpose()?;
    // Every file is read before the first is replayed.
    let entries = options.files.iter().map(|file| artefact::read(file, options.target));
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    let mut status = 0;
    for (file, entry) in options.files.iter().zip(&entries) {
        let shown = file.display().to_string();
        say_line!("{shown}");
        if let Some(about) = &entry.about {
            say_line!("{}", wrapped("  ", &format!("{} ({}, {})", about.title, about.cause, about.date)));
        }
        let done = match &entry.what {
            What::Case(case) => {
                say_line!("{}", wrapped("  ", &gatecrash_model::describe(case)));
                let done = replay_case(&exhibit.target, case, document.as_ref(), &shown, &exhibit.name)?;
                if options.bytes {
                    say!("{}", report::bytes(&exhibit.target, case).unwrap_or_default());
                }
                if let Some(folder) = &options.curl {
                    curl(&exhibit.target, case, folder)?;
                }
                done
            }
            What::Raw { target, bytes } => replay_raw(&exhibit, *target, bytes, &shown)?,
        };
        status = status.max(done);
        say_line!();
    }
    Ok(status)
}

fn replay_case(
    target: &Target,
    case: &Case,
    document: Option<&Document>,
    file: &str,
    gate: &str,
) -> Result<u8, Failure> {
    let replayed = match document {
        Some(document) => campaign::replay_with_document(target, document, case),
        None => campaign::replay(target, case),
    };
    let depths = replayed.map_err(|error| match error {
        campaign::CampaignError::Meaningless(why) => {
            Failure::Usage(format!("{file}: the case means nothing to gate `{gate}`: {why}"))
        }
        other => other.into(),
    })?;
    let policy = &target.policy;
    Ok(depths.iter().map(|checked| explain(case, checked, policy, document)).max().unwrap_or(0))
}

/// The command by which a stock client makes the attempt.
fn curl(target: &Target, case: &Case, folder: &std::path::Path) -> Result<(), Failure> {
    match Kit::new(target, case) {
        Some(kit) => {
            kit.write(folder).map_err(Failure::Usage)?;
            say_line!("  curl         {}", kit.command(folder, super::SERVED));
        }
        None => say_line!("  curl         no stock client makes this attempt"),
    }
    Ok(())
}

fn replay_raw(exhibit: &Exhibit, surface: Surface, bytes: &[u8], file: &str) -> Result<u8, Failure> {
    let mut fuzzer = Fuzzer::new(surface, exhibit, "", false)?;
    let replays = fuzzer.replay_raw(bytes);
    let replays = replays.ok_or_else(|| InputError::of(file, format!("is no input of target `{surface}`")))?;
    if let Some(first) = replays.first() {
        say_line!("{}", wrapped("  ", &first.words));
    }
    let mut status = 0;
    for RawReplay { verdict, observation, disagreements, .. } in &replays {
        told(verdict, observation);
        let print = |it: &Disagreement| raw_fingerprint(it.kind, &verdict.refusals, verdict.latest);
        status = status.max(parted(disagreements, print));
    }
    Ok(status)
}

fn explain(case: &Case, checked: &Checked, policy: &Policy, document: Option<&Document>) -> u8 {
    told(&checked.verdict, &checked.observation);
    let print = |it: &Disagreement| {
        let finding = Finding::of(case.clone(), checked, it, policy, Depth::Connection);
        let says = document.and_then(|document| campaign::says(document, it, case));
        says.map_or(finding.fingerprint.clone(), |says| finding.of_document(says).fingerprint)
    };
    match &checked.outcome {
        Outcome::Agree => parted(&[], print),
        Outcome::Disagree(list) => parted(list, print),
        Outcome::HarnessFault(fault) => {
            say_line!("{}", wrapped("  outcome      ", &format!("HarnessFault: {fault}")));
            3
        }
    }
}

/// What is permitted, and what was done.
fn told(verdict: &gatecrash_model::Verdict, observation: &Observation) {
    let depth = observation.depth.map_or("", |depth| depth.name());
    say_line!("{}", wrapped("  permitted    ", &report::permitted(verdict)));
    for rule in report::rules(verdict) {
        say_line!("{}", wrapped("  rule         ", &rule));
    }
    for (cause, _) in &observation.seen.causes {
        say_line!("{}", wrapped("  audited      ", cause));
    }
    match &observation.answer {
        Some(answer) => say_line!("  {depth:<13}answered {}", answer.status),
        None => {
            let what = format!("no answer; handshake: {:?}", observation.handshake);
            say_line!("{}", wrapped(&format!("  {depth:<13}"), &what));
        }
    }
}

/// Where they part, each with the fingerprint of its finding.
fn parted(list: &[Disagreement], print: impl Fn(&Disagreement) -> String) -> u8 {
    if list.is_empty() {
        say_line!("  outcome      agree");
    }
    for disagreement in list {
        let outcome = format!("{} · {}: {}", disagreement.kind.name(), print(disagreement), disagreement.seen);
        say_line!("{}", wrapped("  outcome      ", &outcome));
    }
    u8::from(!list.is_empty())
}
