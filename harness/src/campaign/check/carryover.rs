//! Several steps on one connection: what came before must change nothing. The last step is made on a fresh connection and
//! on one that is kept from the steps before it.

use gatecrash_model::{Attempt, Case, Unresolvable, resolve};

use super::{CheckOptions, Checked, Disagreement, FindingKind, Outcome, forge_in, judged, mirror};
use crate::{
    gate::{Depth, Gate, Observation},
    world::World,
    world::forge::ClientKey,
};

/// Attempts the last step of a case twice, and compares: the one on a fresh connection with what is permitted, the other
/// one with it.
///
/// `Err` when the steps cannot share a connection, or mean nothing here.
pub(super) async fn check_steps(
    gate: &Gate,
    world: &World,
    case: &Case,
    options: CheckOptions,
) -> Result<Checked, Unresolvable> {
    let blueprint = world.present();
    let attempts = case.steps.iter().map(|step| resolve(step, &blueprint));
    let attempts = attempts.collect::<Result<Vec<Attempt>, _>>()?;
    let apart = || Unresolvable::NotApplicable("the steps cannot share a connection".into());
    let (last, before) = attempts.split_last().ok_or_else(apart)?;
    let fresh = CheckOptions { depth: Depth::Connection, ..options };
    let mut checked = judged(gate, world, &blueprint, last, fresh, |wire| wire).await?;
    if matches!(checked.outcome, Outcome::HarnessFault(_)) {
        return Ok(checked);
    }
    // A token is used once: the same step has another one on the kept connection.
    let wires =
        attempts.iter().zip(1..).map(|(attempt, at)| forge_in(world, &blueprint, attempt, options.serial ^ (at << 48)));
    let wires = wires.collect::<Result<Vec<_>, _>>()?;
    let (wire, earlier) = wires.split_last().ok_or_else(apart)?;
    let kept = earlier.iter().map(|wire| wire.kept().filter(|it| ClientKey::from(it) == ClientKey::from(&wires[0])));
    let kept: Vec<_> = kept.collect::<Option<_>>().ok_or_else(apart)?;
    if before.is_empty() || ClientKey::from(wire) != ClientKey::from(&wires[0]) || wire.kept().is_none() {
        return Err(apart());
    }
    if options.mirror {
        let fault = attempts
            .iter()
            .zip(&wires)
            .find_map(|(attempt, wire)| mirror(wire, attempt, &attempt.expected(&blueprint), world, &blueprint));
        if let Some(fault) = fault {
            return Ok(Checked { outcome: Outcome::HarnessFault(fault), ..checked });
        }
    }
    let observation = gate.attempt_kept(&kept, wire, world).await;
    // Who closes after a refusal has answered nothing otherwise.
    if observation.answer.is_some()
        && let Some(seen) = difference(&checked.observation, &observation)
    {
        let found = Disagreement { kind: FindingKind::Carryover, seen, rules: checked.verdict.refusals.clone() };
        match &mut checked.outcome {
            Outcome::Disagree(list) => list.push(found),
            outcome => *outcome = Outcome::Disagree(vec![found]),
        }
        checked.observation = observation;
    }
    Ok(checked)
}

/// How the two differ in what ran, and as whom, or in the answer.
fn difference(fresh: &Observation, kept: &Observation) -> Option<String> {
    let status = |it: &Observation| it.answer.as_ref().map(|answer| answer.status);
    if fresh.seen.hits == kept.seen.hits && status(fresh) == status(kept) {
        return None;
    }
    let told = |it: &Observation| {
        let ran = it.seen.hits.iter().map(|hit| match &hit.principal {
            Some(principal) => format!("{} ran as {principal}", hit.route),
            None => format!("{} ran", hit.route),
        });
        let ran: Vec<String> = ran.collect();
        let answered = status(it).map_or("no answer".into(), |status| format!("answered {status}"));
        if ran.is_empty() { answered } else { format!("{}, {answered}", ran.join(", ")) }
    };
    Some(format!("on a fresh connection: {}; on the kept one: {}", told(fresh), told(kept)))
}
