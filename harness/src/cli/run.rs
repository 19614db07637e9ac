//! `run`: a campaign with live progress, then one screen.

use crate::cli::out::say;
use std::{
    io::IsTerminal as _,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Failure, Gates,
    arguments::{Format, RunOptions},
    openapi,
};
use crate::{
    attacks::{input, policy_gaps},
    campaign::{self, Bound, Campaign, CampaignError, CampaignOptions, Progress, Target},
    report::{self, Accepted, Known, Material, Notes, Report, Subject, View},
};

pub(super) fn run(gates: &Gates, options: &RunOptions) -> Result<u8, Failure> {
    let exhibit = gates.find(options.gate.as_deref())?;
    // A broken file is told before the work, not after it.
    let known = options.known.as_deref().map(Known::read).transpose()?;
    let mut target = exhibit.target.clone();
    target.world.seed = options.seed;
    if let Some(file) = &options.policy {
        target.policy = input::policy(file)?;
    }
    let documented = match &options.openapi {
        Some(document) => {
            let file = options.policy.as_deref().or(gates.policy.as_deref());
            Some(openapi::Compared::new(document, &target.policy, file)?)
        }
        None => None,
    };
    // What the pairs need is bounded by themselves.
    let usual = if options.pairs { 100 * 365 * 24 * 3600 } else { 30 };
    let time = options.time.unwrap_or(Duration::from_secs(usual));
    let bound = options.attempts.map_or(Bound::Time(time), Bound::Attempts);
    let pairs = options.pairs.then_some(options.from);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = options.jobs.map_or(cores, usize::from);
    let (depths, crypto) = (options.depth.depths(), options.crypto.mode());
    let campaign_options = CampaignOptions {
        bound,
        depths,
        jobs,
        pairs,
        crypto,
        profile: options.profile,
        reuse: options.reuse,
        strict: options.strict,
        sequences: options.sequences.share(),
        ..CampaignOptions::default()
    };
    let mut campaign = with_progress(&target, campaign_options)?;
    if let Some(compared) = &documented {
        campaign::hold_to_document(&target, compared.document(), &mut campaign)?;
    }
    if let Some(pairs) = campaign.pairs.filter(|pairs| pairs.from >= pairs.total.max(1)) {
        let last = pairs.total.saturating_sub(1);
        return Err(Failure::Usage(format!("--from {}: the pairs are numbered from 0 to {last}", pairs.from)));
    }
    let subject = Subject {
        gate: exhibit.name.clone(),
        seed: options.seed,
        jobs,
        command: gates.command.clone(),
        named: gates.exhibits.len() > 1,
        folder: PathBuf::from("target/gatecrash"),
        policy: options.policy.clone(),
    };
    subject.save(&campaign.findings).map_err(Failure::Usage)?;
    let mut notes = Notes {
        require_complete: options.require_complete,
        left_out: policy_gaps::gaps_of(&target.policy, &campaign.catalogue),
        absent: target.policy.changes.absent(),
        accepted: known.map_or_else(Accepted::default, |known| known.apply(&campaign.findings, report::today())),
        ..Notes::default()
    };
    if let Some(folder) = &options.report {
        notes.curl = report::kits(&campaign.findings, &target, folder, super::SERVED).map_err(Failure::Usage)?;
    }
    let view = View { all: options.all, exercised: options.exercised };
    let text = report::screen_as(&campaign, &subject, view, &notes);
    let told = || {
        let policy_file = options.policy.as_deref().or(gates.policy.as_deref());
        let (campaign, subject, target, notes) = (&campaign, &subject, &target, &notes);
        Report::new(&Material { campaign, subject, target, policy_file, notes })
    };
    if let Some(folder) = &options.report {
        told().write(folder, &text).map_err(Failure::Usage)?;
    }
    match options.format {
        Format::Json => super::print_json(&told()),
        Format::Text => {
            say!("{text}");
            if let Some(folder) = &options.report {
                say!("\nThe report lies in {}: report.html for people, and five more formats.\n", folder.display());
            }
        }
    }
    let status = match notes.exit_status(&campaign) {
        // Too little was tested to say anything.
        0 if !campaign.tally.attacked() => 2,
        status => status,
    };
    let fails = documented.as_ref().is_some_and(openapi::Compared::fails);
    match (documented, options.format) {
        (Some(documented), Format::Text) => say!("{documented}"),
        // Standard output holds the report alone.
        (Some(documented), Format::Json) => eprint!("{documented}"),
        (None, _) => return Ok(status),
    }
    Ok(if status == 0 { u8::from(fails) } else { status })
}

/// Runs a campaign; on a terminal, a line tells how far it is.
fn with_progress(target: &Target, options: CampaignOptions) -> Result<Campaign, CampaignError> {
    let progress = Arc::new(Progress::default());
    super::signals::watch(&progress)?;
    if !std::io::stderr().is_terminal() {
        return campaign::run(target, options, &progress);
    }
    let total = match options.bound {
        Bound::Attempts(count) => count,
        Bound::Catalogue => 1,
        Bound::Time(time) => time.as_millis().try_into().unwrap_or(u64::MAX),
    };
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
        bar.set_style(style);
    }
    let running = {
        let (target, progress) = (target.clone(), progress.clone());
        std::thread::spawn(move || campaign::run(&target, options, &progress))
    };
    while !running.is_finished() {
        let attempts = progress.attempts.load(Ordering::Relaxed);
        let elapsed = bar.elapsed();
        let known = progress.total.load(Ordering::Relaxed);
        let millis = elapsed.as_millis().try_into().unwrap_or(u64::MAX);
        match options.bound {
            // Whichever of time and pairs ends first.
            Bound::Time(_) if known > 0 && attempts * (total / 1000) > known * (millis / 1000) => {
                bar.set_length(known);
                bar.set_position(attempts);
            }
            Bound::Time(_) => {
                bar.set_length(total);
                bar.set_position(millis.min(total));
            }
            Bound::Attempts(_) => bar.set_position(attempts),
            Bound::Catalogue => {
                bar.set_length(known);
                bar.set_position(attempts);
            }
        }
        let rate = attempts as f64 / elapsed.as_secs_f64().max(0.001);
        let disagreements = progress.disagreements.load(Ordering::Relaxed);
        bar.set_message(format!("{attempts} attempts, {rate:.0}/s, {disagreements} disagreements"));
        std::thread::sleep(Duration::from_millis(100));
    }
    bar.finish_and_clear();
    running.join().map_err(|_| CampaignError::Thread)?
}
