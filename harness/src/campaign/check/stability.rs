//! What must change nothing changes nothing: an attempt and its inert twin are seen to be treated alike.

use gatecrash_model::{Case, Mutation, Rule, Unresolvable, Verdict, is_inert};

use super::{CheckOptions, Checked, Disagreement, FindingKind, Outcome, check};
use crate::{
    gate::{Gate, Handshake, Observation},
    world::{Clock, Hit, World},
};

/// A case with inert changes added to its first step.
///
/// ```
/// use gatecrash::{campaign::check::{twin, without_inert}, model::{Case, Stance, inert_changes}};
/// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
/// let twin = twin(&case, &inert_changes()[0]);
/// assert_eq!(twin.mutations().count(), 1);
/// assert_eq!(without_inert(&twin), Some(case));
/// ```
pub fn twin(case: &Case, changes: &[Mutation]) -> Case {
    let mut twin = case.clone();
    if let Some(step) = twin.first_mut() {
        step.mutations.extend_from_slice(changes);
    }
    twin
}

/// The case without its inert changes; `None` when it has none.
///
/// ```
/// use gatecrash::{campaign::check::without_inert, model::{Case, Mutation, Stance}};
/// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![Mutation::Unsigned]);
/// assert_eq!(without_inert(&case), None);
/// ```
pub fn without_inert(case: &Case) -> Option<Case> {
    let mut bare = case.clone();
    for step in bare.attempts_mut() {
        step.mutations.retain(|mutation| !is_inert(mutation));
    }
    (bare != *case).then_some(bare)
}

/// Makes the attempt of `twin`, and compares it with what came of the same attempt without the inert changes.
///
/// Beside what [`check`] finds on the twin itself, a difference where both agree with the standards is an
/// [`FindingKind::Unstable`]. Two verdicts are a fault of the oracle.
pub(crate) async fn check_twin(
    gate: &Gate,
    world: &World,
    bare: &Checked,
    twin: &Case,
    options: CheckOptions,
) -> Result<Checked, Unresolvable> {
    let mut checked = check(gate, world, twin, options).await?;
    let throttled = |checked: &Checked| checked.observation.throttled(world.policy());
    let settled = |checked: &Checked| matches!(checked.outcome, Outcome::Agree) && !throttled(checked);
    // Between the two the clock went on, and the boundary is where either is right.
    if [bare, &checked].iter().any(|checked| is_up_to_the_clock(world, &checked.verdict)) {
        return Ok(checked);
    }
    if checked.verdict != bare.verdict {
        checked.outcome = Outcome::HarnessFault("inert changes changed the verdict".into());
    } else if settled(bare) && settled(&checked) {
        let (before, after) = (class(&bare.observation), class(&checked.observation));
        if before != after {
            let seen = format!("without the inert change the gate {}; with it, it {}", words(&before), words(&after));
            let rules = checked.verdict.refusals.clone();
            checked.outcome = Outcome::Disagree(vec![Disagreement { kind: FindingKind::Unstable, seen, rules }]);
        }
    }
    Ok(checked)
}

/// Makes the attempt of a case with inert changes, and compares it with what comes of the same case without them.
///
/// Beside what [`check`] finds on the case itself, a difference where both agree with the standards is an
/// [`FindingKind::Unstable`]. Two verdicts are a fault of the oracle. `Ok(None)` when the case holds no inert change.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gatecrash::BoxError> {
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{Depth, campaign::check::{CheckOptions, Outcome, check_stable, twin}};
/// use gatecrash::model::{Case, Person, Stance, inert_changes};
/// # use gatecrash::example::gate;
/// let gate = gate(&world)?;
/// let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]);
/// let case = twin(&honest, &inert_changes()[0]);
/// let options = CheckOptions { depth: Depth::Service, mirror: true, serial: 0 };
/// let checked = check_stable(&gate, &world, &case, options).await.map_err(|error| error.to_string())?;
/// assert!(matches!(checked.ok_or("a field that says nothing")?.outcome, Outcome::Agree));
/// # Ok(())
/// # }
/// ```
pub async fn check_stable(
    gate: &Gate,
    world: &World,
    case: &Case,
    options: CheckOptions,
) -> Result<Option<Checked>, Unresolvable> {
    let Some(bare) = without_inert(case) else { return Ok(None) };
    let bare = check(gate, world, &bare, options).await?;
    let options = CheckOptions { serial: options.serial.wrapping_add(1), ..options };
    check_twin(gate, world, &bare, case, options).await.map(Some)
}

/// Whether the moment of judging decides: a boundary of time lies within the drift of the system clock.
fn is_up_to_the_clock(world: &World, verdict: &Verdict) -> bool {
    let of_time = [Rule::CertificateValidity, Rule::Expiry, Rule::IssuedAt, Rule::NotBefore];
    world.clock() == Clock::System
        && !verdict.must_refuse()
        && of_time.iter().any(|rule| verdict.refusals.contains(rule))
}

/// What of an observation must not hang on inert changes: how the handshake ended, the status, what ran.
#[derive(PartialEq)]
struct Class<'a> {
    handshake: &'static str,
    status: Option<u16>,
    hits: &'a [Hit],
}

fn class(observation: &Observation) -> Class<'_> {
    let handshake = match observation.handshake {
        Handshake::Accepted => "accepted the handshake",
        Handshake::None => "spoke in the clear",
        Handshake::Refused(_) | Handshake::Silent => "refused the handshake",
    };
    let status = observation.answer.as_ref().map(|answer| answer.status);
    Class { handshake, status, hits: &observation.seen.hits }
}

fn words(class: &Class<'_>) -> String {
    let ran = class.hits.first().map_or(String::new(), |hit| format!(" and ran {}", hit.route));
    match class.status {
        Some(status) => format!("answered {status}{ran}"),
        None => format!("{}{ran}", class.handshake),
    }
}
