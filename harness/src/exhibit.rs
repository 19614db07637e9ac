//! Gates on show: named, with what they break, so that the harness can be held to account.
//!
//! Name and broken rules stay on this side: [`check`](crate::check::check) sees a [`Gate`](crate::Gate) alone.

use std::{collections::BTreeSet, sync::Arc};

use gatecrash_model::Rule;
use serde::Serialize;

use crate::{
    campaign::{self, Bound, Campaign, CampaignError, CampaignOptions, Depths, Progress, Target},
    check::{Finding, FindingKind},
    factory::Factory,
    gate::Depth,
};

/// A gate with a name.
#[derive(Clone)]
pub struct Exhibit {
    /// Kebab-case name.
    pub name: String,
    /// What it is, in a clause.
    pub what: String,
    /// The rules that it breaks; empty for a gate that is meant to be sound, or whose flaw is of no rule.
    pub breaks: BTreeSet<Rule>,
    /// The kinds of finding that show its flaw whatever rule is violated, such as a leak.
    pub shows: BTreeSet<FindingKind>,
    /// The gate.
    pub target: Target,
    /// The same gate without the flaw.
    pub twin: Option<Target>,
}

impl Exhibit {
    /// Whether the gate is meant to have a flaw.
    pub fn is_flawed(&self) -> bool {
        !self.breaks.is_empty() || !self.shows.is_empty()
    }

    /// Whether a finding of this kind, where these rules are violated, shows the declared flaw and no other.
    pub fn declares(&self, kind: FindingKind, rules: &BTreeSet<Rule>) -> bool {
        self.shows.contains(&kind) || (!rules.is_empty() && rules.is_subset(&self.breaks))
    }
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

/// Runs the catalogue against gates and their twins; a twin that several gates share is run once.
#[derive(Default)]
pub struct Matrix {
    /// Twins that were run: how they are built, and what was found on them, in words.
    twins: Vec<(Factory, Vec<String>)>,
}

impl Matrix {
    /// One row. `Err` when gate or twin cannot be built.
    pub fn row(&mut self, exhibit: &Exhibit, seed: u64, jobs: usize) -> Result<Kill, CampaignError> {
        let twin_findings = match &exhibit.twin {
            None => None,
            Some(twin) => match self.twins.iter().find(|(factory, _)| Arc::ptr_eq(factory, &twin.factory)) {
                Some((_, findings)) => Some(findings.clone()),
                None => {
                    let findings = unclean(&run(twin, seed, jobs)?);
                    self.twins.push((twin.factory.clone(), findings.clone()));
                    Some(findings)
                }
            },
        };
        let done = run(&exhibit.target, seed, jobs)?;
        Ok(kill(exhibit, &done, twin_findings))
    }
}

/// The whole catalogue, once, at service depth where there is one.
fn run(target: &Target, seed: u64, jobs: usize) -> Result<Campaign, CampaignError> {
    let mut target = target.clone();
    target.world.seed = seed;
    let bound = Bound::Time(std::time::Duration::ZERO);
    let depths = Depths::Only(Depth::Service);
    let options = CampaignOptions { bound, depths, jobs, random: false, mirror_catalogue: false, ..Default::default() };
    campaign::run(&target, options, &Arc::new(Progress::default()))
}

fn words(finding: &Finding) -> String {
    format!("{}: {}: {}", finding.kind.name(), finding.explanation(), finding.seen)
}

/// Everything that a sound gate does not have.
fn unclean(campaign: &Campaign) -> Vec<String> {
    let findings = campaign.findings.iter().map(words);
    let miswired = campaign.miswirings.iter().map(|it| format!("mis-wired: {}", it.answered));
    findings.chain(miswired).chain(campaign.harness_faults.iter().cloned()).collect()
}

fn kill(exhibit: &Exhibit, done: &Campaign, twin_findings: Option<Vec<String>>) -> Kill {
    // Found with nothing violated but what the gate declares to break.
    let declared = |finding: &&Finding| exhibit.declares(finding.kind, &finding.rules);
    let first = done.findings.iter().filter(declared).map(|finding| finding.attempt + 1).min();
    let mut findings: Vec<String> = done.findings.iter().filter(declared).map(words).collect();
    findings.extend(done.findings.iter().filter(|finding| !declared(finding)).map(words));
    findings.extend(done.miswirings.iter().take(1).map(|it| format!("mis-wired: {}", it.answered)));
    findings.extend(done.harness_faults.iter().take(1).cloned());
    Kill {
        gate: exhibit.name.clone(),
        breaks: exhibit.breaks.iter().map(|rule| rule.name()).collect(),
        killed: first.is_some(),
        attempts_to_kill: first,
        findings,
        twin: twin_findings.as_ref().map(|_| format!("{}-safe", exhibit.name)),
        twin_clean: twin_findings.as_ref().map(Vec::is_empty),
        twin_findings: twin_findings.unwrap_or_default(),
    }
}
