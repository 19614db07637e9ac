//! Gates on show: named, with what they break, so that the harness can be held to account.
//!
//! Name and broken rules stay on this side: [`check`](crate::check::check) sees a [`Gate`](crate::Gate) alone.

use std::{collections::BTreeSet, sync::Arc};

use gatecrash_model::Rule;
use serde::Serialize;

use crate::{
    campaign::{self, Bound, CampaignError, CampaignOptions, Depths, Progress, Target},
    check::Finding,
    gate::Depth,
};

/// A gate with a name.
#[derive(Clone)]
pub struct Exhibit {
    /// Kebab-case name.
    pub name: String,
    /// What it is, in a clause.
    pub what: String,
    /// The rules that it breaks; empty for a gate that is meant to be sound.
    pub breaks: BTreeSet<Rule>,
    /// The gate.
    pub target: Target,
    /// The same gate without the flaw.
    pub twin: Option<Target>,
}

/// Whether the catalogue tells a flawed gate from its safe twin.
#[derive(Clone, Debug, Serialize)]
pub struct Kill {
    /// Name of the gate.
    pub gate: String,
    /// The rules that it declares to break.
    pub breaks: Vec<&'static str>,
    /// Whether some finding violates declared rules and no other.
    pub killed: bool,
    /// How many attempts came up to and with the first such finding.
    pub attempts_to_kill: Option<u64>,
    /// The findings, in words, shrunk.
    pub findings: Vec<String>,
    /// Name of the twin.
    pub twin: Option<String>,
    /// Whether nothing at all was found on the twin.
    pub twin_clean: Option<bool>,
    /// What was found on the twin, in words.
    pub twin_findings: Vec<String>,
}

/// Runs the catalogue against a gate and its twin.
///
/// `Err` when either cannot be built or refuses its controls.
pub fn kill(exhibit: &Exhibit, seed: u64, jobs: usize) -> Result<Kill, CampaignError> {
    let run = |target: &Target| {
        let mut target = target.clone();
        target.world.seed = seed;
        let bound = Bound::Time(std::time::Duration::ZERO);
        let depths = Depths::Only(Depth::Service);
        let options =
            CampaignOptions { bound, depths, jobs, random: false, mirror_catalogue: false, ..Default::default() };
        campaign::run(&target, options, &Arc::new(Progress::default()))
    };
    let words = |finding: &Finding| format!("{}: {}: {}", finding.kind.name(), finding.explanation(), finding.seen);
    let done = run(&exhibit.target)?;
    // Found with nothing violated but what the gate declares to break.
    let declared = |finding: &&Finding| !finding.rules.is_empty() && finding.rules.is_subset(&exhibit.breaks);
    let first = done.findings.iter().filter(declared).map(|finding| finding.attempt + 1).min();
    let twin = exhibit.twin.as_ref().map(run).transpose()?;
    let unclean = |twin: &campaign::Campaign| {
        let findings = twin.findings.iter().map(words);
        let miswired = twin.miswirings.iter().map(|it| format!("mis-wired: {}", it.answered));
        findings.chain(miswired).chain(twin.harness_faults.iter().cloned()).collect::<Vec<String>>()
    };
    let mut findings: Vec<String> = done.findings.iter().filter(declared).map(words).collect();
    findings.extend(done.findings.iter().filter(|finding| !declared(finding)).map(words));
    findings.extend(done.miswirings.iter().take(1).map(|it| format!("mis-wired: {}", it.answered)));
    findings.extend(done.harness_faults.iter().take(1).cloned());
    Ok(Kill {
        gate: exhibit.name.clone(),
        breaks: exhibit.breaks.iter().map(|rule| rule.name()).collect(),
        killed: first.is_some(),
        attempts_to_kill: first,
        findings,
        twin: twin.as_ref().map(|_| format!("{}-safe", exhibit.name)),
        twin_clean: twin.as_ref().map(|twin| unclean(twin).is_empty()),
        twin_findings: twin.as_ref().map(unclean).unwrap_or_default(),
    })
}
