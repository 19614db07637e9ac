//! What does not reproduce alone is replayed with what preceded it on its gate, and brought down to the fewest steps.

use gatecrash_model::{Attempting, Case};

use super::{CampaignError, WorkerEnv, reduce::Raw};
use crate::{
    campaign::check::{CheckOptions, Checked, FindingKind, Outcome, check},
    world::crypto::Crypto,
};

/// How many attempts the search for the fewest may take.
const BUDGET: usize = 30_000;
/// How many steps a finding may have before it is told by repetition.
const FEW: usize = 4;
/// How many different attempts are tried for that.
const DIFFERENT: usize = 6;

/// What led to findings so far, and how many attempts it took to find that out.
#[derive(Default)]
pub(super) struct Leads {
    known: Vec<Vec<Case>>,
    spent: usize,
}

impl Leads {
    /// Whether something is known to lead to findings, and no more can be spent on what leads to others.
    pub(super) fn exhausted(&self) -> bool {
        !self.known.is_empty() && self.spent >= BUDGET
    }
}

/// A finding with what leads to it.
pub(super) struct Led {
    pub(super) case: Case,
    pub(super) checked: Checked,
    pub(super) kind: FindingKind,
}

/// Searches what preceded a disagreement for what it hangs on; `None` where it does not come up again with all of that.
pub(super) fn search(
    env: &mut WorkerEnv,
    leads: &mut Leads,
    raw: &Raw,
    options: CheckOptions,
) -> Result<Option<Led>, CampaignError> {
    let before: Vec<Case> = raw.before.iter().map(|case| Case::clone(case)).collect();
    let mut search = Search { env, raw, options, spent: leads.spent };
    // What led to one finding mostly leads to the others.
    for lead in &leads.known {
        if search.shows(lead)? {
            leads.spent = search.spent;
            return search.told(lead);
        }
    }
    // What is remembered is mostly recent.
    let mut length = 1;
    let mut found = None;
    while found.is_none() && length < before.len() * 2 && search.spent < BUDGET {
        let tail = before[before.len().saturating_sub(length)..].to_vec();
        found = search.shows(&tail)?.then_some(tail);
        length *= 2;
    }
    let Some(found) = found else {
        leads.spent = search.spent;
        return Ok(None);
    };
    // One refusal as often as it takes is told shorter than many that differ.
    let repeated = if found.len() > FEW { search.repeated(&found)? } else { None };
    let fewest = match repeated {
        Some(repeated) => repeated,
        None => search.fewest(found)?,
    };
    let told = search.told(&fewest)?;
    leads.spent = search.spent;
    leads.known.push(fewest);
    Ok(told)
}

/// What a disagreement that does not come up alone comes to, with what leads to it.
pub(crate) fn led(
    env: &mut WorkerEnv,
    raw: &Raw,
    options: CheckOptions,
) -> Result<Option<(Case, Checked, FindingKind)>, CampaignError> {
    let led = search(env, &mut Leads::default(), raw, options)?;
    Ok(led.map(|led| (led.case, led.checked, led.kind)))
}

struct Search<'a> {
    env: &'a mut WorkerEnv,
    raw: &'a Raw,
    options: CheckOptions,
    spent: usize,
}

impl Search<'_> {
    /// Whether the disagreement comes up after these, on a gate of its own.
    fn shows(&mut self, before: &[Case]) -> Result<bool, CampaignError> {
        self.spent += before.len() + 1;
        let (runtime, world, gate) = self.env.fresh(self.raw.case.scene, Crypto::Real)?;
        let mut options = CheckOptions { mirror: false, ..self.options };
        Ok(runtime.block_on(async {
            for case in before {
                options.serial = options.serial.wrapping_add(1);
                // What means nothing is passed over, as it was the first time.
                let _ = check(&gate, world, case, options).await;
            }
            options.serial = options.serial.wrapping_add(1);
            match check(&gate, world, &self.raw.case, options).await {
                Ok(Checked { outcome: Outcome::Disagree(list), .. }) => list.iter().any(|it| it.kind == self.raw.kind),
                _ => false,
            }
        }))
    }

    /// The fewest of these that it takes, by leaving out ever smaller parts.
    fn fewest(&mut self, mut kept: Vec<Case>) -> Result<Vec<Case>, CampaignError> {
        let mut part = kept.len().div_ceil(2);
        while part > 0 && kept.len() > 1 && self.spent < BUDGET {
            let mut at = 0;
            let mut smaller = false;
            while at < kept.len() && kept.len() > 1 && self.spent < BUDGET {
                let mut without = kept.clone();
                without.drain(at..(at + part).min(kept.len()));
                if self.shows(&without)? {
                    (kept, smaller) = (without, true);
                } else {
                    at += part;
                }
            }
            part = if part == 1 && !smaller { 0 } else { part.div_ceil(2).min(if part == 1 { 1 } else { part - 1 }) };
        }
        Ok(kept)
    }

    /// One attempt of many, as often as it takes, where that does as well.
    fn repeated(&mut self, kept: &[Case]) -> Result<Option<Vec<Case>>, CampaignError> {
        let mut tried: Vec<Attempting> = Vec::new();
        let most = kept.iter().flat_map(Case::attempts).map(|step| step.times).sum::<u32>().saturating_mul(2);
        for step in kept.iter().rev().flat_map(Case::attempts) {
            let alone = Attempting::new(step.stance, step.route.clone(), step.mutations.clone());
            if tried.contains(&alone) || tried.len() >= DIFFERENT {
                continue;
            }
            tried.push(alone.clone());
            let scene = self.raw.case.scene;
            let times = |times: u32| vec![Case { scene, steps: vec![Attempting { times, ..alone.clone() }.into()] }];
            if !self.shows(&times(most))? {
                continue;
            }
            // The smallest number that does.
            let (mut low, mut high) = (0, most);
            while low + 1 < high {
                let middle = low + (high - low) / 2;
                if self.shows(&times(middle))? {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            return Ok(Some(times(high)));
        }
        Ok(None)
    }

    /// What it comes to as one case of several steps, each on a connection of its own.
    fn told(&mut self, before: &[Case]) -> Result<Option<Led>, CampaignError> {
        let Some((first, rest)) = before.split_first() else { return Ok(None) };
        let whole = rest.iter().fold(first.clone(), Case::followed_by).followed_by(&self.raw.case);
        let kinds = [FindingKind::Carryover, self.raw.kind];
        for kind in kinds {
            if let Some((case, checked)) = smallest_sequence(self.env, &whole, kind, self.options)? {
                return Ok(Some(Led { case, checked, kind }));
            }
        }
        Ok(None)
    }
}

/// The smallest sequence that still shows a finding of this kind: every attempt to make it smaller has a gate of its own.
pub(crate) fn smallest_sequence(
    env: &mut WorkerEnv,
    case: &Case,
    kind: FindingKind,
    options: CheckOptions,
) -> Result<Option<(Case, Checked)>, CampaignError> {
    let Some(mut checked) = sequence_shows(env, case, kind, options)? else { return Ok(None) };
    let mut best = case.clone();
    'smaller: loop {
        for candidate in smaller(&best) {
            if let Some(found) = sequence_shows(env, &candidate, kind, options)?
                && found.verdict.refusals.is_subset(&checked.verdict.refusals)
            {
                (best, checked) = (candidate, found);
                continue 'smaller;
            }
        }
        return Ok(Some((best, checked)));
    }
}

fn sequence_shows(
    env: &mut WorkerEnv,
    case: &Case,
    kind: FindingKind,
    options: CheckOptions,
) -> Result<Option<Checked>, CampaignError> {
    let (runtime, world, gate) = env.fresh(case.scene, Crypto::Real)?;
    let checked = runtime.block_on(check(&gate, world, case, CheckOptions { mirror: true, ..options }));
    Ok(checked.ok().filter(|checked| match &checked.outcome {
        Outcome::Disagree(list) => list.iter().any(|it| it.kind == kind),
        _ => false,
    }))
}

/// Every sequence that is one move smaller: fewer steps, fewer repetitions, fewer changes of an attempt.
fn smaller(case: &Case) -> Vec<Case> {
    let mut list: Vec<Case> = Vec::new();
    if case.steps.len() > 1 {
        list.extend((0..case.steps.len()).filter_map(|at| case.without_step(at)));
    }
    let attempts = case.attempts().count();
    for at in 0..attempts {
        let changed = |change: &dyn Fn(&mut gatecrash_model::Attempting)| {
            let mut smaller = case.clone();
            smaller.attempts_mut().nth(at).map(change)?;
            (smaller != *case).then_some(smaller)
        };
        list.extend(changed(&|step| step.times = (step.times / 2).max(1)));
        list.extend(changed(&|step| step.times = step.times.saturating_sub(1).max(1)));
        let mutations = case.attempts().nth(at).map_or(0, |step| step.mutations.len());
        for which in 0..mutations {
            list.extend(changed(&|step| {
                step.mutations.remove(which);
            }));
        }
        list.extend(changed(&|step| step.over = gatecrash_model::Over::Fresh));
        list.extend(changed(&|step| step.token = gatecrash_model::TokenOf::New));
    }
    list.retain(|smaller| smaller.attempts().next().is_some());
    list
}
