//! From disagreements to findings: each is confirmed, made smaller, and told once.

use std::collections::BTreeMap;

use gatecrash_model::{Case, Scene};

use super::{CampaignError, WorkerEnv};
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
    for raw in raws {
        let options = CheckOptions { depth: raw.depth, mirror: true, serial: u64::MAX / 2 + raw.index };
        let Some((case, checked)) = smallest(env, &raw, options)? else {
            let words = gatecrash_model::describe(&raw.case);
            let fault = format!("{} does not reproduce alone: {words}: {}", raw.kind.name(), raw.seen);
            harness_faults.insert(raw.index, fault);
            continue;
        };
        let Outcome::Disagree(list) = &checked.outcome else { continue };
        let Some(disagreement) = list.iter().find(|disagreement| disagreement.kind == raw.kind) else { continue };
        let finding = Finding::of(case, &checked, disagreement, env.policy(), raw.depth);
        if !findings.iter().any(|known| known.fingerprint == finding.fingerprint) {
            findings.push(Finding { attempt: raw.index, ..finding });
        }
    }
    findings.sort_by_key(|finding| (finding.kind, finding.rules.len(), finding.attempt));
    Ok(findings)
}

/// The smallest case that shows the same kind of finding: in the usual scene, where that is enough.
fn smallest(env: &mut WorkerEnv, raw: &Raw, options: CheckOptions) -> Result<Option<(Case, Checked)>, CampaignError> {
    if raw.case.scene != Scene::Usual {
        let usual = Case { scene: Scene::Usual, ..raw.case.clone() };
        let (runtime, world, gate) = env.fresh(Scene::Usual, Crypto::Real)?;
        if let Some(found) = runtime.block_on(shrink(&gate, world, &usual, raw.kind, options)) {
            return Ok(Some(found));
        }
    }
    let (runtime, world, gate) = env.fresh(raw.case.scene, Crypto::Real)?;
    Ok(runtime.block_on(shrink(&gate, world, &raw.case, raw.kind, options)))
}
