//! Runs controls, catalogue and random cases against a gate, across threads, deterministically for a seed and a count.

mod ground;
mod plan;
mod tally;
mod worker;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gatecrash_model::{Case, Policy, Rule, Unresolvable};

pub use plan::Plan;
pub use tally::{Miswiring, Tally};

use self::ground::Ground;
use crate::{
    catalogue::{Catalogue, CatalogueError},
    check::{CheckOptions, Finding, FindingKind, Outcome, check, fingerprint, shrink},
    factory::{BoxError, Factory},
    gate::Depth,
    world::{World, WorldError, WorldOptions},
};

/// What to attack, and how the world around it is made.
#[derive(Clone)]
pub struct Target {
    /// Builds the gate.
    pub factory: Factory,
    /// What the gate promises.
    pub policy: Policy,
    /// How to build the world.
    pub world: WorldOptions,
}

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// After so many attempts.
    Attempts(u64),
    /// After so much time; the catalogue is always finished.
    Time(Duration),
}

/// How deep to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depths {
    /// Both in turn, where the gate has both.
    #[default]
    Both,
    /// One only.
    Only(Depth),
}

/// How to run a campaign.
#[derive(Clone, Copy, Debug)]
pub struct CampaignOptions {
    /// When to stop.
    pub bound: Bound,
    /// How deep to go.
    pub depths: Depths,
    /// How many threads.
    pub jobs: usize,
    /// Of how many random attempts one is lifted and compared before it is made.
    pub mirror_every: u64,
    /// Whether every attempt of the catalogue is lifted on its first pass.
    pub mirror_catalogue: bool,
    /// Whether random cases follow the catalogue.
    pub random: bool,
    /// Section of the catalogue to keep to, such as `C`; all when `None`.
    pub section: Option<char>,
}

impl Default for CampaignOptions {
    fn default() -> Self {
        Self {
            bound: Bound::Time(Duration::from_secs(30)),
            depths: Depths::Both,
            jobs: 2,
            mirror_every: 16,
            mirror_catalogue: true,
            random: true,
            section: None,
        }
    }
}

/// Why a campaign could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CampaignError {
    /// The embedded catalogue cannot be read.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The gate's factory failed.
    #[error("the gate cannot be built: {0}")]
    Gate(BoxError),
    /// The case means nothing to this gate's policy.
    #[error("the case means nothing here: {0}")]
    Meaningless(Unresolvable),
    /// The runtime cannot be built.
    #[error("the runtime cannot be built: {0}")]
    Runtime(#[from] std::io::Error),
    /// A thread of the campaign died.
    #[error("a thread of the campaign died")]
    Thread,
    /// The world cannot be built.
    #[error(transparent)]
    World(#[from] WorldError),
}

/// What a campaign found.
#[derive(Debug)]
pub struct Campaign {
    /// Counts of everything.
    pub tally: Tally,
    /// Findings, one for each fingerprint, the most severe kind first.
    pub findings: Vec<Finding>,
    /// Controls that were refused: the wiring is to be mended, nothing is said about security.
    pub miswirings: Vec<Miswiring>,
    /// The harness caught itself.
    pub harness_faults: Vec<String>,
    /// Wall-clock time of the attempts.
    pub elapsed: Duration,
    /// The catalogue that was run.
    pub catalogue: Catalogue,
}

/// Progress of a running campaign.
#[derive(Debug, Default)]
pub struct Progress {
    /// Attempts made so far.
    pub attempts: AtomicU64,
    /// Disagreements seen so far.
    pub disagreements: AtomicU64,
}

/// A disagreement as first seen, before shrinking.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) index: u64,
    pub(crate) case: Case,
    pub(crate) kind: FindingKind,
    pub(crate) seen: String,
    pub(crate) depth: Depth,
}

/// Runs a campaign.
pub fn run(target: &Target, options: CampaignOptions, progress: &Arc<Progress>) -> Result<Campaign, CampaignError> {
    let catalogue = Catalogue::embedded()?;
    let world = World::new(target.policy.clone(), target.world.clone())?;
    let plan = Arc::new(Plan::new(&world, &catalogue, options));
    let start = Instant::now();
    let deadline = match options.bound {
        Bound::Attempts(_) => None,
        Bound::Time(time) => Some(start + time),
    };
    let jobs = options.jobs.max(1);
    let workers: Vec<_> = (0..jobs)
        .map(|id| {
            let (target, plan, progress) = (target.clone(), plan.clone(), progress.clone());
            std::thread::spawn(move || worker::run(&target, &plan, id as u64, jobs as u64, deadline, &progress))
        })
        .collect();
    let mut tally = Tally::default();
    let mut raws: BTreeMap<(FindingKind, Vec<Rule>), Raw> = BTreeMap::new();
    let mut miswirings: Vec<Miswiring> = Vec::new();
    let mut harness_faults: BTreeMap<u64, String> = BTreeMap::new();
    for worker in workers {
        let done = worker.join().map_err(|_| CampaignError::Thread)??;
        tally.add(&done.tally);
        for (key, raw) in done.raws {
            match raws.get(&key) {
                Some(known) if known.index <= raw.index => {}
                _ => {
                    raws.insert(key, raw);
                }
            }
        }
        miswirings.extend(done.miswirings);
        harness_faults.extend(done.harness_faults);
    }
    let elapsed = start.elapsed();
    miswirings.sort_by_key(|miswiring| miswiring.index);
    miswirings.dedup_by(|a, b| a.case == b.case);
    let findings = reduce(target, raws.into_values().collect(), &mut harness_faults)?;
    Ok(Campaign {
        tally,
        findings,
        miswirings,
        harness_faults: harness_faults.into_values().collect(),
        elapsed,
        catalogue,
    })
}

/// How many raw disagreements are shrunk; each has a rule set of its own, so what is beyond adds combinations only.
const SHRUNK: usize = 400;

/// Confirms each disagreement on a fresh gate, shrinks it, and keeps the earliest of each fingerprint.
fn reduce(
    target: &Target,
    mut raws: Vec<Raw>,
    harness_faults: &mut BTreeMap<u64, String>,
) -> Result<Vec<Finding>, CampaignError> {
    // Few mutations first, so that single causes are known before their combinations.
    raws.sort_by_key(|raw| (raw.case.mutations().count(), raw.index));
    raws.truncate(SHRUNK);
    let mut ground = Ground::new(target)?;
    let mut findings: Vec<Finding> = Vec::new();
    for raw in raws {
        let (runtime, world, gate) = ground.fresh(raw.case.scene)?;
        let options = CheckOptions { depth: raw.depth, mirror: true, serial: u64::MAX / 2 + raw.index };
        let Some((case, checked)) = runtime.block_on(shrink(&gate, world, &raw.case, raw.kind, options)) else {
            let words = gatecrash_model::describe(&raw.case);
            let fault = format!("{} does not reproduce alone: {words}: {}", raw.kind.name(), raw.seen);
            harness_faults.insert(raw.index, fault);
            continue;
        };
        let Outcome::Disagree(list) = &checked.outcome else { continue };
        let Some(disagreement) = list.iter().find(|disagreement| disagreement.kind == raw.kind) else { continue };
        let rules = checked.verdict.refusals.clone();
        let scoped = case
            .steps
            .first()
            .and_then(|step| world.first_blueprint().route(&step.route))
            .is_some_and(|route| !route.scopes.is_empty());
        let fingerprint = fingerprint(raw.kind, &rules, checked.verdict.latest, scoped);
        if findings.iter().any(|known| known.fingerprint == fingerprint) {
            continue;
        }
        findings.push(Finding {
            kind: raw.kind,
            fingerprint,
            case,
            rules,
            depth: checked.observation.depth.unwrap_or(raw.depth),
            seen: disagreement.seen.clone(),
            verdict: checked.verdict.clone(),
            observation: checked.observation.clone(),
            attempt: raw.index,
        });
    }
    findings.sort_by_key(|finding| (finding.kind, finding.rules.len(), finding.attempt));
    Ok(findings)
}

/// Replays one case on a fresh gate, at every depth that the gate has.
pub fn replay(target: &Target, case: &Case) -> Result<Vec<crate::check::Checked>, CampaignError> {
    let mut ground = Ground::new(target)?;
    let (runtime, world, gate) = ground.fresh(case.scene)?;
    let mut done = Vec::new();
    for depth in gate.depths() {
        let options = CheckOptions { depth, mirror: true, serial: u64::MAX };
        done.push(runtime.block_on(check(&gate, world, case, options)).map_err(CampaignError::Meaningless)?);
    }
    Ok(done)
}

impl Progress {
    pub(crate) fn step(&self, disagreements: usize) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        if disagreements > 0 {
            self.disagreements.fetch_add(disagreements as u64, Ordering::Relaxed);
        }
    }
}
