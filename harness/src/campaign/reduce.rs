//! From disagreements to findings: each is confirmed, made smaller, and told once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use gatecrash_model::{Case, Policy, Rule, Scene, Verdict, judge, resolve};

use super::{CampaignError, WorkerEnv, history};
use crate::{
    campaign::check::{
        CheckOptions, Checked, Disagreement, Finding, FindingKind, Identity, Outcome, RouteClass, SEPARATOR, shrink,
    },
    gate::Depth,
    world::{World, crypto::Crypto},
};

/// What tells disagreements apart before they are shrunk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RawKey {
    kind: FindingKind,
    rules: BTreeSet<Rule>,
    subject: String,
    class: RouteClass,
}

impl RawKey {
    pub(crate) fn new(found: &Disagreement, case: &Case, policy: &Policy) -> Self {
        let Identity { kind, subject, class, .. } = Identity::of(found.kind, case, &found.seen, &found.rules, policy);
        Self { kind, rules: found.rules.clone(), subject, class }
    }

    /// Whether a finding on a route that is tried first shows the same: then shrinking would end there.
    fn is_shown_by(&self, finding: &Finding) -> bool {
        self.kind == finding.kind && self.rules == finding.rules && self.subject == finding.subject
    }

    /// Whether it only adds to what a finding shows.
    fn combines(&self, finding: &Finding) -> bool {
        let parts: BTreeSet<&str> = self.subject.split(SEPARATOR).collect();
        self.kind == finding.kind
            && finding.rules.is_subset(&self.rules)
            && finding.subject.split(SEPARATOR).all(|part| parts.contains(part))
    }
}

/// A disagreement as first seen, before shrinking.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) index: u64,
    /// How long after the first attempt.
    pub(crate) after: Duration,
    pub(crate) case: Case,
    pub(crate) kind: FindingKind,
    pub(crate) seen: String,
    pub(crate) depth: Depth,
    /// Whether it is of a random case or of a pair, which mostly combine what the catalogue shows.
    pub(crate) drawn: bool,
    /// What came before it on the same gate, the latest last.
    pub(crate) before: Vec<Arc<Case>>,
}

/// The findings, and which of them each disagreement became.
pub(crate) struct Reduced {
    pub(crate) findings: Vec<Finding>,
    pub(crate) prints: BTreeMap<RawKey, String>,
}

/// How many disagreements of drawn cases are shrunk; what is beyond adds combinations only.
const SHRUNK: usize = 400;

/// The case without the changes that its verdict does not hang on.
pub(super) fn culprits(case: &Case, verdict: &Verdict, world: &World) -> Case {
    let mut bare = case.clone();
    if !case.is_single() || !verdict.must_refuse() {
        return bare;
    }
    let blueprint = world.present();
    let mut at = 0;
    while bare.judged().is_some_and(|step| at < step.mutations.len()) {
        let mut smaller = bare.clone();
        if let Some(step) = smaller.judged_mut() {
            step.mutations.remove(at);
        }
        let attempt = smaller.judged().and_then(|step| resolve(step, &blueprint).ok());
        let same = attempt.is_some_and(|attempt| judge(&attempt, &blueprint).refusals == verdict.refusals);
        if same {
            bare = smaller;
        } else {
            at += 1;
        }
    }
    bare
}

/// Confirms each disagreement on a fresh gate, shrinks it, and keeps one finding of each identity.
pub(super) fn reduce(
    env: &mut WorkerEnv,
    mut raws: Vec<(RawKey, Raw)>,
    harness_faults: &mut BTreeMap<u64, String>,
) -> Result<Reduced, CampaignError> {
    let routes: Vec<String> = env.policy().routes.iter().map(gatecrash_model::Route::id).collect();
    let place = |case: &Case| {
        let route = case.judged().map_or("", |step| step.route.as_str());
        routes.iter().position(|known| known == route).unwrap_or(routes.len())
    };
    // Few mutations first, so that single causes are known before their combinations.
    raws.sort_by_key(|(_, raw)| (raw.drawn, raw.case.mutations().count(), place(&raw.case), raw.index));
    let mut findings: Vec<Finding> = Vec::new();
    let mut leads = history::Leads::default();
    let mut prints: BTreeMap<RawKey, String> = BTreeMap::new();
    let mut drawn = 0;
    for (key, raw) in raws {
        let first = place(&raw.case);
        let same = |known: &&mut Finding| key.is_shown_by(known) && place(&known.case) <= first;
        if let Some(known) = findings.iter_mut().find(same) {
            known.seen_at(raw.index, raw.after);
            prints.insert(key, known.fingerprint.clone());
            continue;
        }
        if raw.drawn {
            drawn += 1;
            if drawn > SHRUNK || findings.iter().any(|known| key.combines(known)) {
                continue;
            }
        }
        let options = CheckOptions { depth: raw.depth, mirror: true, serial: u64::MAX / 2 + raw.index };
        let (case, checked, kind) = match smallest(env, &raw, options)? {
            Some(found) => found,
            // It hangs on what came before.
            None if leads.exhausted() => continue,
            None => match history::search(env, &mut leads, &raw, options)? {
                Some(led) => (led.case, led.checked, led.kind),
                None => {
                    let words = gatecrash_model::describe(&raw.case);
                    let kind = raw.kind.name();
                    let fault =
                        format!("{kind} does not reproduce, alone or after what came before: {words}: {}", raw.seen);
                    harness_faults.insert(raw.index, fault);
                    continue;
                }
            },
        };
        let Outcome::Disagree(list) = &checked.outcome else { continue };
        let Some(disagreement) = list.iter().find(|disagreement| disagreement.kind == kind) else { continue };
        let mut finding = Finding::of(case, &checked, disagreement, env.policy(), raw.depth);
        (finding.attempt, finding.after) = (raw.index, raw.after);
        prints.insert(key, finding.fingerprint.clone());
        match findings.iter_mut().find(|known| known.fingerprint == finding.fingerprint) {
            Some(known) => known.or(finding),
            None => findings.push(finding),
        }
    }
    findings.sort_by_key(|finding| (finding.kind, finding.rules.len(), finding.attempt));
    Ok(Reduced { findings, prints })
}

/// The smallest case that shows the same kind of finding: in the usual scene, where that is enough.
fn smallest(
    env: &mut WorkerEnv,
    raw: &Raw,
    options: CheckOptions,
) -> Result<Option<(Case, Checked, FindingKind)>, CampaignError> {
    if !raw.case.is_single() {
        return smallest_sequence(env, raw, options);
    }
    let told = |(case, checked)| (case, checked, raw.kind);
    if raw.case.scene != Scene::Usual {
        let usual = Case { scene: Scene::Usual, ..raw.case.clone() };
        let (runtime, world, gate) = env.fresh(Scene::Usual, Crypto::Real)?;
        if let Some(found) = runtime.block_on(shrink(&gate, world, &usual, raw.kind, options)) {
            return Ok(Some(told(found)));
        }
    }
    let (runtime, world, gate) = env.fresh(raw.case.scene, Crypto::Real)?;
    Ok(runtime.block_on(shrink(&gate, world, &raw.case, raw.kind, options)).map(told))
}

/// Of several steps: one of the attempts alone, where that goes wrong by itself; else the fewest steps.
fn smallest_sequence(
    env: &mut WorkerEnv,
    raw: &Raw,
    options: CheckOptions,
) -> Result<Option<(Case, Checked, FindingKind)>, CampaignError> {
    use FindingKind::{
        Breach, Carryover, EarlyEffect, FalseRefusal, Impersonation, LateRefusal, Leniency, Unwitnessed,
    };
    let alone = match raw.kind {
        Carryover => vec![Breach, EarlyEffect, Impersonation, Leniency, Unwitnessed, LateRefusal, FalseRefusal],
        kind => vec![kind],
    };
    for step in raw.case.attempts() {
        let single =
            Case { scene: raw.case.scene, ..Case::one(step.stance, step.route.clone(), step.mutations.clone()) };
        for kind in &alone {
            let (runtime, world, gate) = env.fresh(single.scene, Crypto::Real)?;
            if let Some((case, checked)) = runtime.block_on(shrink(&gate, world, &single, *kind, options)) {
                return Ok(Some((case, checked, *kind)));
            }
        }
    }
    let found = history::smallest_sequence(env, &raw.case, raw.kind, options)?;
    Ok(found.map(|(case, checked)| (case, checked, raw.kind)))
}
