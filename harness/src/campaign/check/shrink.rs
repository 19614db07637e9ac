//! Makes a case smaller while it shows the same kind of finding: fewer mutations, then a plainer stance, then an earlier route.

use gatecrash_model::{Case, Mutation, Person, Stance, Step};

use super::{CheckOptions, Checked, FindingKind, Outcome, check, check_stable};
use crate::{gate::Gate, world::World};

/// The smallest case found that still shows `kind`, with its check. `None` when the case does not show it at all.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gatecrash::BoxError> {
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{Depth, campaign::check::{CheckOptions, FindingKind, shrink}, model::{Case, Mutation, Stance}};
/// # use gatecrash::example::gate;
/// let gate = gate(&world)?;
/// let of_nobody = vec![Mutation::DropClaim("aud".into()), Mutation::DropClaim("sub".into())];
/// let case = Case::one(Stance::ExpiredToken, "GET /v1/whoami", of_nobody);
/// let options = CheckOptions { depth: Depth::Service, mirror: true, serial: 0 };
/// let (smallest, _) = shrink(&gate, &world, &case, FindingKind::Breach, options).await.ok_or("no breach")?;
/// assert!(smallest.mutations().count() <= 1);
/// # Ok(())
/// # }
/// ```
pub async fn shrink(
    gate: &Gate,
    world: &World,
    case: &Case,
    kind: FindingKind,
    options: CheckOptions,
) -> Option<(Case, Checked)> {
    let mut options = CheckOptions { mirror: true, ..options };
    let mut best = (case.clone(), shows(gate, world, case, kind, options).await?);
    // A smaller case that violates other rules would be another finding.
    let same_cause = |smaller: &Checked, of: &Checked| smaller.verdict.refusals.is_subset(&of.verdict.refusals);
    loop {
        let mut smaller = None;
        for candidate in candidates(&best.0, world) {
            options.serial = options.serial.wrapping_add(1);
            if let Some(checked) = shows(gate, world, &candidate, kind, options).await
                && same_cause(&checked, &best.1)
            {
                smaller = Some((candidate, checked));
                break;
            }
        }
        match smaller {
            Some(found) => best = found,
            None => return Some(best),
        }
    }
}

async fn shows(gate: &Gate, world: &World, case: &Case, kind: FindingKind, options: CheckOptions) -> Option<Checked> {
    let checked = match kind {
        FindingKind::Unstable => check_stable(gate, world, case, options).await.ok()??,
        _ => check(gate, world, case, options).await.ok()?,
    };
    match &checked.outcome {
        Outcome::Disagree(list) if list.iter().any(|disagreement| disagreement.kind == kind) => Some(checked),
        _ => None,
    }
}

/// Of several steps: each change of each step left out.
fn fewer_changes(case: &Case) -> Vec<Case> {
    let places = case.attempts().enumerate().flat_map(|(at, step)| (0..step.mutations.len()).map(move |i| (at, i)));
    let without = |(at, i): (usize, usize)| {
        let mut smaller = case.clone();
        if let Some(step) = smaller.attempts_mut().nth(at) {
            step.mutations.remove(i);
        }
        smaller
    };
    places.map(without).collect()
}

/// Every case that is one move smaller, the boldest first.
fn candidates(case: &Case, world: &World) -> Vec<Case> {
    let [Step::Attempt(step)] = &case.steps[..] else { return fewer_changes(case) };
    let with = |stance: Stance, route: &str, mutations: Vec<Mutation>| {
        let mut smaller = Case::one(stance, route, mutations);
        smaller.scene = case.scene;
        smaller
    };
    let mut list = Vec::new();
    for i in 0..step.mutations.len() {
        let mut fewer = step.mutations.clone();
        fewer.remove(i);
        list.push(with(step.stance, &step.route, fewer));
    }
    let plain = Stance::Complete(Person::Alice);
    if step.stance != plain {
        list.push(with(plain, &step.route, step.mutations.clone()));
        if let Stance::StolenToken(person) = step.stance
            && person != Person::Alice
        {
            list.push(with(Stance::StolenToken(Person::Alice), &step.route, step.mutations.clone()));
        }
    }
    let routes = world.policy().routes.iter().map(gatecrash_model::Route::id);
    list.extend(
        routes.take_while(|route| *route != step.route).map(|route| with(step.stance, &route, step.mutations.clone())),
    );
    list
}
