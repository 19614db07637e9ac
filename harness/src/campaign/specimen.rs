//! Gates on show: named, with what they break, so that the harness can be held to account.
//!
//! Name and broken rules stay on this side: [`check`](crate::campaign::check::check) sees a [`Gate`](crate::gate::Gate) alone.

mod kill_rank;
mod killers;

use std::{collections::BTreeSet, sync::Arc};

use gatecrash_model::Rule;
use serde::Serialize;

pub use killers::{Killers, killers, killing_set};

use crate::{
    attacks::input::{InputError, parse_policy},
    campaign::check::{Finding, FindingKind},
    campaign::{self, Bound, Campaign, CampaignError, CampaignOptions, CryptoMode, Depths, Progress, Target},
    gate::Depth,
    gate::factory::Factory,
    world::WorldOptions,
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
    /// Why one attack of the catalogue cannot show the flaw, such as that it takes two; `None` where one can.
    pub needs: Option<Needs>,
    /// The gate.
    pub target: Target,
    /// The same gate without the flaw.
    pub twin: Option<Target>,
}

/// What it takes to show a flaw that no single attack shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Needs {
    /// Two attacks at once: the flaw hides behind a check that one of them passes by.
    Pair,
    /// More than one step: the gate remembers.
    Steps,
    /// The attacks of several steps; `tests/sequences.rs` holds it, not the matrix of single attacks.
    Sequences,
}

impl Exhibit {
    /// Name of the one gate of somebody's program.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// assert_eq!(exhibit.name, gatecrash::__internals::exhibit::Exhibit::OWN);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub const OWN: &str = "gate";

    /// The one gate of somebody's program, with a policy in text; `file` is named in errors.
    ///
    /// ```
    /// # use gatecrash::example::gate;
    /// use gatecrash::{WorldOptions, __internals::exhibit::Exhibit};
    /// let policy = r#"
    ///     audience = "https://api.example.test"
    ///     trust-domain = "example.test"
    ///     issuers = [{ url = "https://issuer.example.test" }]
    ///     routes = [{ method = "GET", path = "/v1/whoami" }]
    /// "#;
    /// let exhibit = Exhibit::single(gatecrash::factory!(gate), "gate.toml", policy, WorldOptions::default())?;
    /// assert_eq!(exhibit.target.policy.audience, "https://api.example.test");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn single(factory: Factory, file: &str, policy: &str, world: WorldOptions) -> Result<Self, InputError> {
        let policy = parse_policy(file, policy)?;
        Ok(Self::own(Target { factory, policy, world }))
    }

    /// The one gate of somebody's program.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// assert!(!exhibit.is_flawed());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn own(target: Target) -> Self {
        Self {
            name: Self::OWN.into(),
            what: "the gate of this program".into(),
            breaks: BTreeSet::new(),
            shows: BTreeSet::new(),
            needs: None,
            target,
            twin: None,
        }
    }

    /// Whether the gate is meant to have a flaw.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::{__internals::exhibit::Exhibit, model::Rule};
    /// let flawed = Exhibit { breaks: [Rule::Audience].into(), ..exhibit };
    /// assert!(flawed.is_flawed());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn is_flawed(&self) -> bool {
        !self.breaks.is_empty() || !self.shows.is_empty()
    }

    /// Whether a finding of this kind, where these rules are violated, shows the declared flaw and no other.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::{campaign::check::FindingKind, __internals::exhibit::Exhibit, model::Rule};
    /// let flawed = Exhibit { breaks: [Rule::Audience].into(), ..exhibit };
    /// assert!(flawed.declares(FindingKind::Breach, &[Rule::Audience].into()));
    /// assert!(!flawed.declares(FindingKind::Breach, &[Rule::Audience, Rule::Expiry].into()));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn declares(&self, kind: FindingKind, rules: &BTreeSet<Rule>) -> bool {
        self.shows.contains(&kind) || (!rules.is_empty() && rules.is_subset(&self.breaks))
    }
}

/// Whether the harness tells a flawed gate from its safe twin.
#[derive(Clone, Debug, Serialize)]
pub struct Kill {
    /// Name of the gate.
    pub gate: String,
    /// The rules that it declares to break.
    pub breaks: Vec<&'static str>,
    /// The kinds of finding that show its flaw whatever rule is violated.
    pub shows: Vec<&'static str>,
    /// What it takes to show the flaw, where no single attack shows it.
    pub needs: Option<Needs>,
    /// Whether some finding violates declared rules and no other.
    pub killed: bool,
    /// How many attempts come up to and with the first such case: the median of 20 shuffled orders of the catalogue. For a
    /// flaw that takes a pair, the attempts of pairs that it took.
    pub attempts_to_kill: Option<u64>,
    /// The smallest case that shows the flaw, in words.
    pub case: Option<String>,
    /// Its fingerprint.
    pub fingerprint: Option<String>,
    /// By random cases alone. Fitted: the same hands wrote the cases and the gates.
    pub random: Option<RandomKill>,
    /// The attacks of the catalogue that show the flaw by violating rules that the gate declares, and no other.
    pub killers: Vec<String>,
    /// The declared rules of which some attack shows that the gate breaks that one and no other.
    pub rules_shown: Vec<&'static str>,
    /// The findings, in words, shrunk.
    pub findings: Vec<String>,
    /// Name of the twin.
    pub twin: Option<String>,
    /// Whether nothing at all was found on the twin.
    pub twin_clean: Option<bool>,
    /// What was found on the twin, in words.
    pub twin_findings: Vec<String>,
}

/// How soon random cases alone show a flaw.
#[derive(Clone, Debug, Serialize)]
pub struct RandomKill {
    /// Median over the seeds; `null` when most of them did not show it within the cap.
    pub median_attempts: Option<u64>,
    /// How many seeds were tried.
    pub seeds: usize,
    /// How many of them showed it.
    pub killed: usize,
    /// The most attempts made with one seed.
    pub cap: u64,
    /// Always true: the same hands wrote the cases and the gates.
    pub fitted: bool,
}

/// What is measured of each gate.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Seed of the keys, and the first seed of random cases.
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
    /// Seeds of random cases; 0 for none.
    pub random_seeds: usize,
    /// The most attempts made with one seed.
    pub random_cap: u64,
    /// Each attack of the catalogue on one route alone, in place of on all that it is for.
    pub sample_routes: bool,
}

/// The most attempts of pairs on one gate.
const PAIRS: u64 = 120_000;

/// Runs the catalogue against gates and their twins; a twin that several gates share is run once.
#[derive(Default)]
pub struct Matrix {
    /// Twins that were run: how they are built, what beyond the catalogue, and what was found on them, in words.
    twins: Vec<(Factory, Option<Needs>, Vec<String>)>,
}

impl Matrix {
    /// One row. `Err` when gate or twin cannot be built.
    ///
    /// ```no_run
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::{__internals::exhibit::{Exhibit, Matrix, Measure}, model::Rule};
    /// let flawed = Exhibit { breaks: [Rule::Audience].into(), ..exhibit };
    /// let measure = Measure { seed: 1, jobs: 2, random_seeds: 0, random_cap: 0, sample_routes: true };
    /// let row = Matrix::default().row(&flawed, measure)?;
    /// assert!(row.killed);
    /// assert!(row.killers.contains(&"aud-missing".to_string()));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn row(&mut self, exhibit: &Exhibit, measure: Measure) -> Result<Kill, CampaignError> {
        let pairs = exhibit.needs == Some(Needs::Pair);
        let twin_findings = match &exhibit.twin {
            None => None,
            Some(twin) => {
                let known = self
                    .twins
                    .iter()
                    .find(|(factory, needs, _)| Arc::ptr_eq(factory, &twin.factory) && *needs == exhibit.needs);
                match known {
                    Some((_, _, findings)) => Some(findings.clone()),
                    None => {
                        let findings = findings_on(twin, exhibit.needs, measure)?;
                        self.twins.push((twin.factory.clone(), exhibit.needs, findings.clone()));
                        Some(findings)
                    }
                }
            }
        };
        let single = run(&exhibit.target, measure, None)?;
        let mut row = kill(exhibit, &single, twin_findings);
        if pairs && !row.killed {
            row = paired(exhibit, measure, row)?;
        }
        if exhibit.needs == Some(Needs::Steps) && !row.killed {
            row = kill(exhibit, &stepped(&exhibit.target, measure)?, row.twin.is_some().then_some(row.twin_findings));
        }
        if measure.random_seeds > 0 {
            row.random = Some(random(exhibit, measure)?);
        }
        Ok(row)
    }
}

/// The findings on a safe twin, in words; empty when the twin is clean. `needs` comes from the gate of that twin.
///
/// ```no_run
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let twin = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// use gatecrash::__internals::exhibit::{Measure, findings_on};
/// let measure = Measure { seed: 1, jobs: 2, random_seeds: 0, random_cap: 0, sample_routes: true };
/// assert_eq!(findings_on(&twin, None, measure)?, [""; 0]);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn findings_on(twin: &Target, needs: Option<Needs>, measure: Measure) -> Result<Vec<String>, CampaignError> {
    let mut findings = unclean(&run_clean(twin, measure, None)?);
    match needs {
        Some(Needs::Pair) => findings.extend(unclean(&run_clean(twin, measure, Some(PAIRS / 10))?)),
        Some(Needs::Steps) => findings.extend(unclean(&stepped(twin, measure)?)),
        Some(Needs::Sequences) | None => {}
    }
    Ok(findings)
}

/// Which attacks show the flaw of a gate, without its twin and without shrinking: [`Kill::killed`] says that some do.
///
/// ```no_run
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
/// use gatecrash::{__internals::exhibit::{Exhibit, Measure, quick}, model::Rule};
/// let flawed = Exhibit { breaks: [Rule::Audience].into(), ..exhibit };
/// let measure = Measure { seed: 1, jobs: 2, random_seeds: 0, random_cap: 0, sample_routes: true };
/// assert!(quick(&flawed, measure)?.killed);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn quick(exhibit: &Exhibit, measure: Measure) -> Result<Kill, CampaignError> {
    let done = campaign_of(&exhibit.target, measure, None, (CryptoMode::Real, false))?;
    let mut row = kill(exhibit, &done, None);
    row.killed = done.shown.iter().any(|shown| exhibit.declares(shown.kind, &shown.rules));
    let pairs = exhibit.needs == Some(Needs::Pair) && !row.killed;
    match exhibit.needs {
        Some(Needs::Steps) if !row.killed => Ok(kill(exhibit, &stepped(&exhibit.target, measure)?, None)),
        _ if pairs => paired(exhibit, measure, row),
        _ => Ok(row),
    }
}

/// The most attempts on kept connections on one gate.
const STEPS: u64 = 2_000;

/// Random cases, each once more on a kept connection.
fn stepped(target: &Target, measure: Measure) -> Result<Campaign, CampaignError> {
    let mut target = target.clone();
    target.world.seed = measure.seed;
    let options = CampaignOptions {
        bound: Bound::Attempts(STEPS),
        // The letter of no section: random cases alone.
        section: Some('-'),
        jobs: measure.jobs,
        reuse: true,
        ..CampaignOptions::default()
    };
    campaign::run(&target, options, &Arc::new(Progress::default()))
}

/// Pairs in growing slices, until one shows the flaw.
fn paired(exhibit: &Exhibit, measure: Measure, row: Kill) -> Result<Kill, CampaignError> {
    let mut most = 4_000;
    loop {
        let done = run(&exhibit.target, measure, Some(most))?;
        let again = kill(exhibit, &done, (row.twin.is_some()).then(|| row.twin_findings.clone()));
        if again.killed || most >= PAIRS || done.pairs.is_some_and(|pairs| pairs.next.is_none()) {
            return Ok(again);
        }
        most = (most * 4).min(PAIRS);
    }
}

/// With ideal cryptography, where there is a form in it: what is found is confirmed with the real one.
fn run(target: &Target, measure: Measure, pairs: Option<u64>) -> Result<Campaign, CampaignError> {
    campaign_of(target, measure, pairs, (CryptoMode::Ideal, true))
}

/// With the real cryptography alone: that nothing is found is confirmed by nothing else.
fn run_clean(twin: &Target, measure: Measure, pairs: Option<u64>) -> Result<Campaign, CampaignError> {
    campaign_of(twin, measure, pairs, (CryptoMode::Real, true))
}

/// The whole catalogue once, or so many attempts of pairs, at service depth where there is one.
fn campaign_of(
    target: &Target,
    measure: Measure,
    pairs: Option<u64>,
    (crypto, shrink): (CryptoMode, bool),
) -> Result<Campaign, CampaignError> {
    let mut target = target.clone();
    target.world.seed = measure.seed;
    let bound = pairs.map_or(Bound::Catalogue, Bound::Attempts);
    let options = CampaignOptions {
        bound,
        depths: Depths::Only(Depth::Service),
        jobs: measure.jobs,
        mirror_catalogue: false,
        pairs: pairs.map(|_| 0),
        sample_routes: measure.sample_routes,
        keep: true,
        shrink,
        crypto,
        ..Default::default()
    };
    campaign::run(&target, options, &Arc::new(Progress::default()))
}

fn random(exhibit: &Exhibit, measure: Measure) -> Result<RandomKill, CampaignError> {
    let seeds: Vec<u64> = (measure.seed..).take(measure.random_seeds).collect();
    let mut found: Vec<Option<u64>> = Vec::new();
    for seeds in seeds.chunks(measure.jobs.max(1)) {
        let one = |seed: u64| {
            let mut target = exhibit.target.clone();
            target.world.seed = seed;
            campaign::random_attempts(&target, measure.random_cap, &|kind, rules| exhibit.declares(kind, rules))
        };
        let done: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = seeds.iter().map(|seed| scope.spawn(move || one(*seed))).collect();
            running.into_iter().map(|it| it.join().unwrap_or(Err(CampaignError::Thread))).collect()
        });
        for attempts in done {
            found.push(attempts?);
        }
    }
    let killed = found.iter().flatten().count();
    // One that was not shown counts as more than the cap.
    found.sort_by_key(|attempts| attempts.unwrap_or(u64::MAX));
    Ok(RandomKill {
        median_attempts: found.get(found.len() / 2).copied().flatten(),
        seeds: found.len(),
        killed,
        cap: measure.random_cap,
        fitted: true,
    })
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
    let smallest = done.findings.iter().filter(declared);
    let smallest = smallest.min_by_key(|finding| (finding.case.mutations().count(), finding.attempt));
    let shown = done.shown.iter().filter(|shown| exhibit.declares(shown.kind, &shown.rules));
    let shown: Vec<&campaign::Shown> = shown.collect();
    let first = kill_rank::median_attempts(done.tally.attempts, shown.iter().map(|shown| shown.index));
    // Of a flaw that every refusal shows, such as a leak, no attack is the killer. Who is admitted as somebody else, or refused
    // though honest, is shown by one attack and not by the next.
    let by_rule = shown.iter().filter(|shown| {
        let particular = matches!(shown.kind, FindingKind::FalseRefusal | FindingKind::Impersonation);
        let of_kind = particular && exhibit.shows.contains(&shown.kind);
        of_kind || (!shown.rules.is_empty() && shown.rules.is_subset(&exhibit.breaks))
    });
    let attacks: BTreeSet<usize> = by_rule.map(|shown| shown.attack).collect();
    let rules: BTreeSet<Rule> = shown
        .iter()
        .filter(|shown| shown.rules.len() == 1)
        .flat_map(|shown| shown.rules.iter().copied())
        .filter(|rule| exhibit.breaks.contains(rule))
        .collect();
    let mut findings: Vec<String> = done.findings.iter().filter(declared).map(words).collect();
    findings.extend(done.findings.iter().filter(|finding| !declared(finding)).map(words));
    findings.extend(done.miswirings.iter().take(1).map(|it| format!("mis-wired: {}", it.answered)));
    findings.extend(done.harness_faults.iter().take(1).cloned());
    Kill {
        gate: exhibit.name.clone(),
        breaks: exhibit.breaks.iter().map(|rule| rule.name()).collect(),
        shows: exhibit.shows.iter().map(|kind| kind.name()).collect(),
        needs: exhibit.needs,
        killed: smallest.is_some(),
        attempts_to_kill: smallest.and_then(|finding| first.or(Some(finding.attempt + 1))),
        case: smallest.map(Finding::explanation),
        fingerprint: smallest.map(|finding| finding.fingerprint.clone()),
        random: None,
        killers: attacks.iter().filter_map(|index| Some(done.catalogue.attacks.get(*index)?.id.clone())).collect(),
        rules_shown: rules.iter().map(|rule| rule.name()).collect(),
        findings,
        twin: twin_findings.as_ref().map(|_| format!("{}-safe", exhibit.name)),
        twin_clean: twin_findings.as_ref().map(Vec::is_empty),
        twin_findings: twin_findings.unwrap_or_default(),
    }
}
