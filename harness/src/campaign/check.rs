//! The one function that everything calls: catalogue, random cases, replay, suite, gallery. It takes a gate without a name.

mod alert;
mod cause;
mod challenge;
mod compare;
mod finding;
mod leak;
mod obeyed;
mod reach;
mod remedy;
pub(crate) mod sequence;
mod shrink;
mod stability;
mod subject;

use gatecrash_model::{
    Attempt, Blueprint, Case, Lifted, Step, Unresolvable, Verdict, judge_lifted, leniencies, resolve,
};

pub(crate) use alert::said as alert_said;
pub use cause::{Cause, TakenUp};
pub(crate) use compare::faults;
pub use finding::{Disagreement, DocumentSays, Finding, FindingKind, Identity};
pub(crate) use finding::{SEPARATOR, raw_fingerprint};
pub(crate) use leak::leaks;
pub use reach::Reach;
pub(crate) use remedy::of_certificate;
pub(crate) use sequence::AFTER_PANIC;
pub use sequence::Happened;
pub use shrink::shrink;
pub(crate) use stability::check_twin;
pub use stability::{check_stable, twin, without_inert};
pub use subject::RouteClass;

use crate::{
    gate::{Depth, Gate, Observation},
    profile::{self, Phase},
    world::forge::{self, Wire},
    world::{World, mirror},
};

/// How thoroughly to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckOptions {
    /// How deep attempts go.
    pub depth: Depth,
    /// Whether the forged bytes are lifted and compared with the attempt first.
    pub mirror: bool,
    /// Makes the unique strings of the attempt unique.
    pub serial: u64,
}

/// What came of one attempt.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Permitted and done agree.
    Agree,
    /// They do not; every disagreement is listed.
    Disagree(Vec<Disagreement>),
    /// The harness caught itself: this says nothing about the gate.
    HarnessFault(String),
}

/// One attempt, made and compared.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// What the standards permit.
    pub verdict: Verdict,
    /// What the gate did.
    pub observation: Observation,
    /// What came of it.
    pub outcome: Outcome,
    /// What of a sequence really happened; `None` of a single attempt. Then the rest is about the attempt that disagrees, or
    /// about the last.
    pub happened: Option<Happened>,
}

impl Checked {
    fn of(verdict: Verdict, observation: Observation, list: Vec<Disagreement>) -> Self {
        let outcome = if list.is_empty() { Outcome::Agree } else { Outcome::Disagree(list) };
        Self { verdict, observation, outcome, happened: None }
    }
}

/// The depths at which a case is attempted on a gate: of several steps, which share a connection, that one alone.
pub(crate) fn depths(case: &Case, gate: &Gate) -> Vec<Depth> {
    if case.steps.len() > 1 { vec![Depth::Connection] } else { gate.depths() }
}

/// Resolves, forges, attempts, judges and compares one case. Of several steps each is judged over what came before it.
///
/// `Err` when the case means nothing here; that is no statement about gate or harness.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gatecrash::BoxError> {
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{Depth, campaign::check::{CheckOptions, Outcome, check}, model::{Case, Stance}};
/// # use gatecrash::example::gate;
/// let gate = gate(&world)?;
/// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
/// let options = CheckOptions { depth: Depth::Service, mirror: true, serial: 0 };
/// let checked = check(&gate, &world, &case, options).await.map_err(|error| error.to_string())?;
/// assert!(checked.verdict.must_refuse());
/// assert!(matches!(checked.outcome, Outcome::Disagree(_)), "the gate lets in whoever has a certificate");
/// # Ok(())
/// # }
/// ```
pub async fn check(gate: &Gate, world: &World, case: &Case, options: CheckOptions) -> Result<Checked, Unresolvable> {
    check_through(gate, world, case, options, |wire| wire).await
}

/// [`check`], with the forged bytes passed through `warp`: the way to plant a bug into the forge.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gatecrash::BoxError> {
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{Depth, campaign::check::{CheckOptions, Outcome, check_through}, world::forge::Wire, model::{Case, Stance}};
/// # use gatecrash::example::gate;
/// let gate = gate(&world)?;
/// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
/// let options = CheckOptions { depth: Depth::Connection, mirror: true, serial: 0 };
/// let garbled = |wire: Wire| Wire { request: wire.request.to_ascii_uppercase(), ..wire };
/// let checked = check_through(&gate, &world, &case, options, garbled).await.map_err(|error| error.to_string())?;
/// assert!(matches!(checked.outcome, Outcome::HarnessFault(_)));
/// # Ok(())
/// # }
/// ```
pub async fn check_through(
    gate: &Gate,
    world: &World,
    case: &Case,
    options: CheckOptions,
    warp: impl Fn(Wire) -> Wire,
) -> Result<Checked, Unresolvable> {
    let step = match &case.steps[..] {
        [] => return Err(Unresolvable::NotApplicable("the case has no step".into())),
        [Step::Attempt(step)] if step.times == 1 => step,
        _ => return sequence::check_sequence(gate, world, case, options).await,
    };
    // A machine that stood still in the middle of an attempt says nothing about the gate.
    const TRIES: usize = 5;
    let mut tried = 0;
    loop {
        // One present for the whole attempt: the system clock does not wait.
        let blueprint = world.present();
        let attempt = resolve(step, &blueprint)?;
        let checked = judged(gate, world, &blueprint, &attempt, options, &warp).await?;
        tried += 1;
        let passed = world.present().now - blueprint.now;
        if passed.abs() < blueprint.drift.max(1) || matches!(checked.outcome, Outcome::Agree) || tried == TRIES {
            return Ok(checked);
        }
    }
}

/// Forges, attempts, judges and compares one attempt.
async fn judged(
    gate: &Gate,
    world: &World,
    blueprint: &Blueprint,
    attempt: &Attempt,
    options: CheckOptions,
    warp: impl Fn(Wire) -> Wire,
) -> Result<Checked, Unresolvable> {
    let (expected, verdict) = {
        let _spent = profile::spend(Phase::Judge);
        let expected = attempt.expected(blueprint);
        let verdict = judge_lifted(&expected, blueprint);
        (expected, verdict)
    };
    let wire = warp(forge_in(world, blueprint, attempt, options.serial)?);
    if options.mirror
        && let Some(fault) = mirror(&wire, attempt, &expected, world, blueprint)
    {
        let outcome = Outcome::HarnessFault(fault);
        return Ok(Checked { outcome, ..Checked::of(verdict, Observation::default(), Vec::new()) });
    }
    let observation = gate.attempt(&wire, world, options.depth).await;
    let _spent = profile::spend(Phase::Judge);
    let lenient = || leniencies(&verdict, attempt, blueprint);
    let mut disagreements = compare::compare(&verdict, &observation, world.policy(), &expected.method, lenient);
    disagreements.extend(leak::leaks(&verdict, &observation, &wire, world));
    disagreements.extend(obeyed::obeyed(&observation, &wire, world));
    Ok(Checked::of(verdict, observation, disagreements))
}

/// The forged bytes. What no writer can say is no attempt.
fn forge_in(world: &World, blueprint: &Blueprint, attempt: &Attempt, serial: u64) -> Result<Wire, Unresolvable> {
    let forged = forge::forge(attempt, blueprint, world.keyring(), world.mint(), serial);
    forged.map_err(|error| Unresolvable::NotApplicable(error.to_string()))
}

fn mirror(wire: &Wire, attempt: &Attempt, expected: &Lifted, world: &World, blueprint: &Blueprint) -> Option<String> {
    let _spent = profile::spend(Phase::Lift);
    let seen = mirror::lift(wire, attempt, world, blueprint.now);
    mirror::difference(expected, &seen)
}
