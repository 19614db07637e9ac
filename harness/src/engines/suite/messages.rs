//! What the tests of a suite say when they fail: no more than somebody reads, and where the rest lies.

use std::{
    fmt::Write as _,
    io::{Write as _, stderr},
    path::Path,
    time::Duration,
};

#[cfg(feature = "openapi")]
use crate::attacks::openapi::{Difference, Document, Side};
use crate::{
    campaign::{Campaign, CampaignError},
    report::{self, Notes, Subject, View},
};

/// How many findings are told in full, and how many lines follow.
const IN_FULL: usize = 3;
const LINES: usize = 30;

/// One line: what was attempted, with which seed.
pub(super) fn summary(name: &str, campaign: &Campaign, subject: &Subject) -> String {
    let tally = &campaign.tally;
    let seconds = campaign.elapsed.as_secs_f64();
    format!("gatecrash {name}: {} attempts in {seconds:.1} s, seed {}", tally.attempts, subject.seed)
}

/// Warns of routes that the policy does not name, past what the test harness keeps of tests that pass.
pub(super) fn undeclared(campaign: &Campaign, policy: &Path) {
    let routes: Vec<&str> = campaign.tally.undeclared.iter().map(String::as_str).collect();
    if !routes.is_empty() {
        let (routes, policy) = (routes.join(", "), policy.display());
        let _ = writeln!(stderr(), "gatecrash: warning: not attacked, because {policy} does not name it: {routes}");
    }
}

/// An attempt that takes longer than this, in a debug build, is one whose cryptography is not optimized.
const SLOW: Duration = Duration::from_millis(20);

/// Says what makes a slow suite fast, past what the test harness keeps of tests that pass.
pub(super) fn slow(campaign: &Campaign) {
    let each =
        campaign.elapsed.checked_div(u32::try_from(campaign.tally.attempts).unwrap_or(u32::MAX)).unwrap_or_default();
    if cfg!(debug_assertions) && each > SLOW {
        let _ = writeln!(
            stderr(),
            "gatecrash: note: an attempt takes {} ms. Where dependencies are optimized it takes about a quarter of that; in \
             Cargo.toml:\n\n    [profile.dev.package.\"*\"]\n    opt-level = 2\n",
            each.as_millis()
        );
    }
}

/// `Err` when an honest request was refused: which, what the gate said, and what to change.
pub(super) fn wired(campaign: &Campaign) -> Result<(), String> {
    let Some(first) = campaign.miswirings.first() else { return Ok(()) };
    let mut text = String::from("Mis-wired: honest requests were refused, so nothing is said about security.\n\n");
    let _ = writeln!(text, "{}", report::wrapped("   control  ", &gatecrash_model::describe(&first.case)));
    let _ = writeln!(text, "{}", report::wrapped("   seen     ", &first.answered));
    if let Some(advice) = &first.advice {
        let _ = writeln!(text, "{}", report::wrapped("   change   ", advice));
    }
    let [made, admitted] = campaign.tally.controls;
    let mut counted = format!("{admitted} of {made} controls were admitted.");
    let mut others: Vec<&str> =
        campaign.miswirings[1..].iter().filter_map(|it| Some(it.case.judged()?.route.as_str())).collect();
    others.sort_unstable();
    others.dedup();
    if !others.is_empty() {
        let _ = write!(counted, " Refused, too: {}.", others.join(", "));
    }
    let _ = write!(text, "\n{}", report::wrapped("", &counted));
    Err(text)
}

/// `Err` with the most severe findings in full, a line for each other one, and where the full report lies.
pub(super) fn verdict(name: &str, campaign: &Campaign, subject: &Subject, notes: &Notes) -> Result<(), String> {
    if notes.status(campaign) == 0 {
        return Ok(());
    }
    if !campaign.harness_faults.is_empty() {
        let faults: Vec<&str> = campaign.harness_faults.iter().take(IN_FULL).map(String::as_str).collect();
        let count = campaign.harness_faults.len();
        return Err(format!("{count} harness fault(s): the harness caught itself.\n{}", faults.join("\n")));
    }
    let [groups, _] = notes.causes(campaign);
    if !notes.accepted.faults.is_empty() {
        return Err(notes.accepted.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
    if groups.is_empty() {
        wired(campaign)?;
        let (throttled, attempts) = (campaign.tally.throttled, campaign.tally.attempts);
        return Err(format!(
            "{throttled} of {attempts} attempts were answered by a rate limiter, so that too little was tested; raise the limit for \
             the test."
        ));
    }
    let (count, causes) = (groups.iter().map(|group| 1 + group.below.len()).sum(), groups.len());
    let mut text = format!("{}\n{}\n", counted(count, causes), summary(name, campaign, subject));
    for (i, group) in groups.iter().take(IN_FULL).enumerate() {
        let _ = write!(text, "\n{}. {}", i + 1, report::finding(group.root, &campaign.catalogue, subject));
        if !group.below.is_empty() {
            let _ = writeln!(text, "   related    {} more with the same cause", group.below.len());
        }
    }
    if groups.len() > IN_FULL {
        text.push('\n');
    }
    for (i, group) in groups.iter().enumerate().skip(IN_FULL).take(LINES) {
        let _ = writeln!(text, "{}", report::one_line(i + 1, group, &campaign.catalogue));
    }
    if groups.len() > IN_FULL + LINES {
        let _ = writeln!(text, "and {} more causes", groups.len() - IN_FULL - LINES);
    }
    let _ = match save(name, campaign, subject, notes) {
        Ok(file) => write!(text, "\nEverything in full: {}", file.display()),
        Err(error) => write!(text, "\nThe full report could not be written: {error}"),
    };
    Err(text)
}

fn counted(findings: usize, causes: usize) -> String {
    let s = |count: usize| if count == 1 { "" } else { "s" };
    format!("{findings} finding{} of {causes} cause{}, the most severe first:", s(findings), s(causes))
}

/// Writes the cases of all findings, and the report.
fn save(name: &str, campaign: &Campaign, subject: &Subject, notes: &Notes) -> Result<std::path::PathBuf, String> {
    let file = subject.folder.join(format!("{}-{name}.txt", subject.gate));
    let text = report::screen_as(campaign, subject, View { all: true, exercised: true }, notes);
    std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

/// `Err` where document and policy differ in more than advice: each with file and line.
#[cfg(feature = "openapi")]
pub(super) fn agreed(document: &Document, found: &[Difference], policy: &Path) -> Result<(), String> {
    let place = |file: &str, line: Option<usize>| line.map(|line| format!("{file}:{line}"));
    let policy = policy.display().to_string();
    let told = found.iter().filter(|difference| difference.side != Side::PolicyAsksMore).map(|difference| {
        let places = [place(&document.file, difference.document_line), place(&policy, difference.policy_line)];
        let places: Vec<String> = places.into_iter().flatten().collect();
        let places = if places.is_empty() { policy.clone() } else { places.join(", ") };
        format!("{places}: {difference}")
    });
    let told: Vec<String> = told.collect();
    match told.is_empty() {
        true => Ok(()),
        false => Err(format!("The document and the policy differ:\n{}", told.join("\n"))),
    }
}

/// Why there is no gate to test.
pub(super) fn not_built(error: &CampaignError) -> String {
    format!(
        "Mis-wired: {error}.\n\nThe factory is called with a world of forged keys, on a thread of its own with a tokio runtime. Nothing was attempted, \
         and nothing is said about security."
    )
}
