//! From disagreements to findings: each is confirmed, made smaller, and told once.

use std::{collections::BTreeMap, sync::Arc};

use gatecrash_model::{Case, Scene};

use super::{CampaignError, WorkerEnv, history};
use crate::{
    campaign::check::{CheckOptions, Checked, Finding, FindingKind, Outcome, shrink},
    gate::Depth,
    world::crypto::Crypto,
};

/// A disagreement as first seen, before shrinking.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) index: u64,
    pub(crate) case: Case,
    pub(crate) kind: FindingKind,
    pub(crate) seen: String,
    pub(crate) depth: Depth,
    /// What came before it on the same gate, the latest last.
    pub(crate) before: Vec<Arc<Case>>,
}

/// How many raw disagreements are shrunk; each has a rule set of its own, so what is beyond adds combinations only.
const SHRUNK: usize = 400;

/// Confirms each disagreement on a fresh gate, shrinks it, and keeps the earliest of each fingerprint.
pub(super) fn reduce(
    env: &mut WorkerEnv,
    mut raws: Vec<Raw>,
    harness_faults: &mut BTreeMap<u64, String>,
) -> Result<Vec<Finding>, CampaignError> {
    // Few mutations first, so that single causes are known before their combinations.
    raws.sort_by_key(|raw| (raw.case.mutations().count(), raw.index));
    raws.truncate(SHRUNK);
    let mut findings: Vec<Finding> = Vec::new();
    let mut leads = history::Leads::default();
    for raw in raws {
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
        let finding = Finding::of(case, &checked, disagreement, env.policy(), raw.depth);
        if !findings.iter().any(|known| known.fingerprint == finding.fingerprint) {
            findings.push(Finding { attempt: raw.index, ..finding });
        }
    }
    findings.sort_by_key(|finding| (finding.kind, finding.rules.len(), finding.attempt));
    Ok(findings)
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
