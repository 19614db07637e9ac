//! Runs controls, catalogue and random cases against a gate, across threads, deterministically for a seed and a count.

pub mod check;
mod completion;
#[cfg(feature = "openapi")]
mod document;
mod exercised;
mod history;
mod ladder;
mod order;
mod over_time;
mod pairs;
mod plan;
mod reduce;
mod session;
pub(crate) mod specimen;
mod tally;
mod wiring;
mod worker;
mod worker_env;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gatecrash_model::{Case, FailOn, Policy, Rule, Unresolvable};

pub use completion::{Completion, Interruption, Unasked};
#[cfg(feature = "openapi")]
pub(crate) use document::says;
#[cfg(feature = "openapi")]
pub use document::{hold_to_document, replay_with_document};
pub use exercised::{Exercised, Reach, Source, table};
pub use order::Pass;
pub(crate) use plan::controls;
pub use plan::{Origin, Plan};
pub use session::Session;
pub use tally::{Miswiring, Sequences, Tally};

pub(crate) use self::history::{led, smallest_sequence};
pub(crate) use self::reduce::{Raw, RawKey, Reduced};
pub(crate) use self::worker_env::WorkerEnv;
/// Where the time of a campaign goes.
pub mod profile {
    pub use crate::profile::*;
}

use crate::{
    attacks::catalogue::{Artefact, Catalogue, CatalogueError},
    campaign::check::{CheckOptions, Checked, Finding, FindingKind, Outcome, check, check_stable},
    error::BoxError,
    gate::Depth,
    gate::factory::Factory,
    profile::Profile,
    world::crypto::{self, Crypto, Layers},
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
#[non_exhaustive]
pub enum Bound {
    /// After so many attempts.
    Attempts(u64),
    /// When the catalogue is done, however long it takes; no random cases.
    Catalogue,
    /// After so much time, whether the catalogue is done or not.
    Time(Duration),
}

/// How deep to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Depths {
    /// Both in turn, where the gate has both.
    #[default]
    Both,
    /// One only.
    Only(Depth),
}

/// Which cryptography attempts are made with. Findings are always confirmed with the real one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CryptoMode {
    /// The real one for controls, catalogue and one attempt in seventeen; else the ideal one, where the gate takes it up.
    Both,
    /// The ideal one, where the gate takes it up and the case has a form in it.
    Ideal,
    /// The real one.
    #[default]
    Real,
}

/// How much of a campaign are sequences: cases of several steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SequenceShare {
    /// Those of the catalogue, and a share of the random cases.
    #[default]
    Mixed,
    /// None.
    None,
    /// Every random case is one.
    Only,
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
    /// What is changed by the attacks to keep to; all when `None`.
    pub artefact: Option<Artefact>,
    /// Whether each attack is made once from each of its stances, on one route and at one depth in turn, in place of every
    /// route at every depth; a stance alone is tried on every route.
    pub sample_routes: bool,
    /// Of how many attempts one is made again with inert changes; 0 for none.
    pub twin_every: u64,
    /// Every pair of attacks from this index on, in place of catalogue and random cases.
    pub pairs: Option<u64>,
    /// Whether [`Campaign::shown`] keeps every disagreement of the catalogue.
    pub keep: bool,
    /// Whether disagreements are confirmed, shrunk and become findings; else the campaign has none.
    pub shrink: bool,
    /// Which cryptography attempts are made with.
    pub crypto: CryptoMode,
    /// Whether it is measured where the time goes.
    pub profile: bool,
    /// Whether a share of attempts is made once more on a connection that another one came over, and clients that were
    /// accepted at service depth make further requests without another handshake.
    pub reuse: bool,
    /// Whether every finding fails the run, leniencies included, whatever the policy says.
    pub strict: bool,
    /// How much of it are sequences.
    pub sequences: SequenceShare,
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
            artefact: None,
            sample_routes: false,
            twin_every: 16,
            pairs: None,
            keep: false,
            shrink: true,
            crypto: CryptoMode::Real,
            profile: false,
            reuse: false,
            strict: false,
            sequences: SequenceShare::default(),
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
    /// The gate's factory panicked.
    #[error("the gate cannot be built: its factory panicked: {0}")]
    Panicked(String),
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
#[non_exhaustive]
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
    /// Whether the campaign did what it set out to do.
    pub completion: Completion,
    /// What came of the pairs, where they were run.
    pub pairs: Option<PairsDone>,
    /// For every attack of the catalogue whose own attempts did not end as permitted: the fingerprints of what they showed.
    pub variants: BTreeMap<usize, BTreeSet<String>>,
    /// Every disagreement of the catalogue as first seen, in order, where they were kept.
    pub shown: Vec<Shown>,
    /// The ideal layers that the gate takes up; `None` where they were not wanted.
    pub ideal: Option<Layers>,
    /// Where the time of all threads went, where that was measured.
    pub profile: Option<Profile>,
    /// The lowest severity that fails a run; `None` where every finding does but advice.
    pub fail_on: Option<FailOn>,
    /// How much of an OpenAPI document was held against behavior, where there is one.
    pub documented: Option<Documented>,
}

/// How much of an OpenAPI document was held against behavior.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Documented {
    /// The file.
    pub file: String,
    /// Routes whose honest request was admitted, so that something can be said of them.
    pub routes: u64,
    /// Attempts that it took; they are not among those of the campaign.
    pub attempts: u64,
}

/// How far a campaign of pairs came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairsDone {
    /// How many pairs there are.
    pub total: u64,
    /// Pairs that write one slot twice: passed over, and not among the total.
    pub conflicting: u64,
    /// Pairs that have no route in common: passed over, and not among the total.
    pub apart: u64,
    /// The first index that was run.
    pub from: u64,
    /// Where to go on; `None` when the last was run.
    pub next: Option<u64>,
}

/// A disagreement of the catalogue as first seen, neither shrunk nor confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub index: u64,
    /// Index of the attack in the catalogue.
    pub attack: usize,
    /// What kind of finding it would be.
    pub kind: FindingKind,
    /// The rules that the case violates.
    pub rules: BTreeSet<Rule>,
}

/// Progress of a running campaign.
#[derive(Debug, Default)]
pub struct Progress {
    /// Attempts made so far.
    pub attempts: AtomicU64,
    /// Disagreements seen so far.
    pub disagreements: AtomicU64,
    /// How many attempts there will be, where that is known; else 0.
    pub total: AtomicU64,
    /// The exit status of what ends the campaign; 0 while nothing does.
    interrupted: AtomicU8,
}

/// Runs a campaign.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// use std::sync::{Arc, atomic::Ordering};
/// use gatecrash::campaign::{self, Bound, CampaignOptions, Progress};
///
/// let progress = Arc::new(Progress::default());
/// let options = CampaignOptions { bound: Bound::Attempts(50), ..CampaignOptions::default() };
/// let campaign = campaign::run(&target, options, &progress)?;
/// assert_eq!(progress.attempts.load(Ordering::Relaxed), campaign.tally.attempts);
/// assert!(!campaign.findings.is_empty(), "the gate looks at no token");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn run(target: &Target, options: CampaignOptions, progress: &Arc<Progress>) -> Result<Campaign, CampaignError> {
    let world = World::new(target.policy.clone(), target.world.clone())?;
    let prepared = Prepared::new(&world, options)?;
    progress.total.store(prepared.plan.total().unwrap_or(0), Ordering::Relaxed);
    let jobs = options.jobs.max(1);
    let workers: Vec<_> = (0..jobs)
        .map(|id| {
            let (target, plan, progress) = (target.clone(), prepared.plan.clone(), progress.clone());
            let deadline = prepared.deadline;
            std::thread::spawn(move || {
                let mut env = WorkerEnv::new(&target)?;
                if options.reuse {
                    env.keep_connections();
                }
                worker::run(&mut env, &plan, id as u64, jobs as u64, deadline, &progress)
            })
        })
        .collect();
    let done = workers.into_iter().map(|worker| worker.join().map_err(|_| CampaignError::Thread)?);
    let mut done = done.collect::<Result<Vec<_>, _>>()?;
    let mut env = WorkerEnv::new(target)?;
    worker::make_up(&mut env, &prepared.plan, &mut done, progress)?;
    let elapsed = prepared.start.elapsed();
    finish(prepared, done, (elapsed, progress.interrupted()), &mut env)
}

/// Runs a campaign on this thread, in worlds and against gates that are there.
fn run_on(env: &mut WorkerEnv, options: CampaignOptions, progress: &Progress) -> Result<Campaign, CampaignError> {
    let prepared = Prepared::new(env.world()?, options)?;
    progress.total.store(prepared.plan.total().unwrap_or(0), Ordering::Relaxed);
    let mut done = vec![worker::run(env, &prepared.plan, 0, 1, prepared.deadline, progress)?];
    worker::make_up(env, &prepared.plan, &mut done, progress)?;
    let elapsed = prepared.start.elapsed();
    finish(prepared, done, (elapsed, progress.interrupted()), env)
}

/// What is known before the first attempt.
struct Prepared {
    catalogue: Catalogue,
    plan: Arc<Plan>,
    start: Instant,
    deadline: Option<Instant>,
    shrink: bool,
    fail_on: Option<FailOn>,
}

impl Prepared {
    fn new(world: &World, options: CampaignOptions) -> Result<Self, CampaignError> {
        let catalogue = Catalogue::embedded()?;
        let plan = Arc::new(Plan::new(world, &catalogue, options));
        let start = Instant::now();
        let deadline = match options.bound {
            Bound::Attempts(_) | Bound::Catalogue => None,
            // A time beyond all clocks is no bound.
            Bound::Time(time) => start.checked_add(time),
        };
        let fail_on = if options.strict { Some(FailOn::Low) } else { world.policy().fail_on };
        Ok(Self { catalogue, plan, start, deadline, shrink: options.shrink, fail_on })
    }
}

/// Adds up what the threads did, confirms and shrinks what disagrees, and finds out why honest requests were refused.
fn finish(
    prepared: Prepared,
    workers: Vec<worker::Done>,
    (elapsed, interrupted): (Duration, Option<Interruption>),
    env: &mut WorkerEnv,
) -> Result<Campaign, CampaignError> {
    let mut tally = Tally::default();
    let mut raws: BTreeMap<RawKey, Raw> = BTreeMap::new();
    let mut variants: BTreeMap<usize, BTreeSet<RawKey>> = BTreeMap::new();
    let mut miswirings: Vec<Miswiring> = Vec::new();
    let mut harness_faults: BTreeMap<u64, String> = BTreeMap::new();
    let mut shown: Vec<Shown> = Vec::new();
    let mut next = u64::MAX;
    let (mut ideal, mut profile) = (None, prepared.plan.measures().then(Profile::default));
    for done in workers {
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
        shown.extend(done.shown);
        for (attack, keys) in done.variants {
            variants.entry(attack).or_default().extend(keys);
        }
        next = next.min(done.next);
        ideal = done.ideal;
        if let Some(sum) = &mut profile {
            sum.add(&done.profile);
        }
        harness_faults.extend(done.harness_faults);
    }
    miswirings.sort_by_key(|miswiring| miswiring.index);
    miswirings.dedup_by(|a, b| a.case == b.case);
    if let Some(first) = miswirings.first_mut() {
        wiring::explain(env, first)?;
    }
    shown.sort_by_key(|shown| shown.index);
    let raws = if prepared.shrink { raws.into_iter().collect() } else { Vec::new() };
    let Reduced { mut findings, prints } = reduce::reduce(env, raws, &mut harness_faults)?;
    if !findings.is_empty() {
        ladder::Ladder::climb(env)?.explain(&mut findings);
    }
    let told = |keys: BTreeSet<RawKey>| keys.iter().filter_map(|key| prints.get(key).cloned()).collect();
    let variants = variants.into_iter().map(|(attack, keys)| (attack, told(keys))).collect();
    let completion = Completion::of(&prepared.plan, next, &tally, interrupted);
    Ok(Campaign {
        tally,
        findings,
        miswirings,
        harness_faults: harness_faults.into_values().collect(),
        elapsed,
        completion,
        pairs: prepared.plan.pairs_done(next),
        catalogue: prepared.catalogue,
        shown,
        variants,
        ideal,
        profile,
        fail_on: prepared.fail_on,
        documented: None,
    })
}

/// Replays one case on a fresh gate, at every depth that the gate has.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// use gatecrash::{campaign::{self, check::Outcome}, model::{Case, Stance}};
/// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
/// // The gate lets in whoever has a certificate.
/// for checked in campaign::replay(&target, &case)? {
///     assert!(matches!(checked.outcome, Outcome::Disagree(_)));
/// }
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn replay(target: &Target, case: &Case) -> Result<Vec<Checked>, CampaignError> {
    replay_on(&mut WorkerEnv::new(target)?, case)
}

fn replay_on(env: &mut WorkerEnv, case: &Case) -> Result<Vec<Checked>, CampaignError> {
    let (runtime, world, gate) = env.fresh(case.scene, Crypto::Real)?;
    let mut done = Vec::new();
    for depth in check::depths(case, &gate) {
        let options = CheckOptions { depth, mirror: true, serial: u64::MAX };
        let mut checked = runtime.block_on(check(&gate, world, case, options)).map_err(CampaignError::Meaningless)?;
        if let (Outcome::Agree, Ok(Some(compared))) =
            (&checked.outcome, runtime.block_on(check_stable(&gate, world, case, options)))
        {
            checked = compared;
        }
        done.push(checked);
    }
    Ok(done)
}

/// How many random attempts come up to and with the first disagreement that is `wanted`; `None` within `cap`.
///
/// The cases are drawn as in the random part of a campaign, but for its controls and its catalogue.
pub(crate) fn random_attempts(
    target: &Target,
    cap: u64,
    wanted: &dyn Fn(FindingKind, &BTreeSet<Rule>) -> bool,
) -> Result<Option<u64>, CampaignError> {
    let catalogue = Catalogue::embedded()?;
    let world = World::new(target.policy.clone(), target.world.clone())?;
    let plan = Plan::new(&world, &catalogue, CampaignOptions::default());
    let mut env = WorkerEnv::new(target)?;
    for index in 0..cap {
        let case = plan.random(index);
        let mut shown = |crypto: Crypto| -> Result<bool, CampaignError> {
            let Some((runtime, world, gate)) = env.of(case.scene, crypto)? else { return Ok(false) };
            let depth = if gate.depths().contains(&Depth::Service) { Depth::Service } else { Depth::Connection };
            let options = CheckOptions { depth, mirror: false, serial: index };
            let checked = runtime.block_on(check(gate, world, &case, options));
            env.retire(case.scene);
            Ok(checked.is_ok_and(|checked| match &checked.outcome {
                Outcome::Disagree(list) => list.iter().any(|it| wanted(it.kind, &it.rules)),
                _ => false,
            }))
        };
        // What ideal cryptography shows counts where the real one shows it, too.
        if (!crypto::has_ideal_form(&case) || shown(Crypto::Ideal)?) && shown(Crypto::Real)? {
            return Ok(Some(index + 1));
        }
    }
    Ok(None)
}

/// The order of a campaign, without a gate: what would be attempted.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// use gatecrash::campaign::{self, CampaignOptions, Origin};
/// let plan = campaign::plan(&target, CampaignOptions::default())?;
/// let (origin, case, _) = plan.case(0);
/// assert_eq!(origin, Origin::Control);
/// assert_eq!(case.mutations().count(), 0);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn plan(target: &Target, options: CampaignOptions) -> Result<Plan, CampaignError> {
    let world = World::new(target.policy.clone(), target.world.clone())?;
    Ok(Plan::new(&world, &Catalogue::embedded()?, options))
}

impl Progress {
    pub(crate) fn step(&self, disagreements: usize) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        if disagreements > 0 {
            self.disagreements.fetch_add(disagreements as u64, Ordering::Relaxed);
        }
    }
}
