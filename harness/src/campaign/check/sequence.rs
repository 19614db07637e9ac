//! Several steps: each attempt is judged over what came before it, each change is told to the gate, and somebody whom it does
//! not concern must be served as ever.

use std::collections::{BTreeMap, BTreeSet};

use gatecrash_model::{
    Attempting, Case, Change, Done, Framing, Over, Person, Resolved, Stance, State, Step, TokenOf, Unresolvable,
    Verdict,
};

use super::{CheckOptions, Checked, Disagreement, FindingKind, Outcome, compare, forge_in, leak, mirror};
use crate::{
    gate::{Applied, Gate, Heard, How, Made, Observation, Request, Sequence, Streamed},
    world::World,
    world::forge::Wire,
};

/// What of a sequence really happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Happened {
    /// Attempts made.
    pub attempts: u64,
    /// Sessions offered to be resumed.
    pub offered: u64,
    /// Sessions that the gate resumed.
    pub resumed: u64,
    /// Requests on a connection that was kept.
    pub reused: u64,
    /// Requests under way at the same time as another one.
    pub together: u64,
    /// Requests whose early data the gate took.
    pub early: u64,
    /// Changes that the gate was told of, but for the clock.
    pub reloaded: u64,
    /// Times that the clock moved on.
    pub waited: u64,
    /// Attempts with the token of an earlier one.
    pub repeated: u64,
    /// Streams that were listened to after they had begun.
    pub streamed: u64,
}

impl Happened {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.offered += other.offered;
        self.resumed += other.resumed;
        self.reused += other.reused;
        self.together += other.together;
        self.early += other.early;
        self.reloaded += other.reloaded;
        self.waited += other.waited;
        self.repeated += other.repeated;
        self.streamed += other.streamed;
    }

    /// Whether nothing happened that one attempt alone would not show.
    pub fn is_idle(&self) -> bool {
        let tied = self.offered + self.reused + self.together + self.reloaded + self.waited + self.repeated;
        let tied = tied + self.streamed;
        tied == 0 && self.attempts < 2
    }

    fn note(&mut self, how: How) {
        match how {
            How::Closed | How::Fresh => {}
            How::Early => (self.offered, self.early) = (self.offered + 1, self.early + 1),
            How::Refused | How::Ticketless => self.offered += 1,
            How::Resumed => (self.offered, self.resumed) = (self.offered + 1, self.resumed + 1),
            How::Reused => self.reused += 1,
            How::Together => self.together += 1,
        }
    }
}

/// Puts the world back, whatever happens.
struct Restored<'a>(&'a World);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        self.0.reset();
    }
}

/// Makes the steps of a case one after the other.
///
/// `Err` when they mean nothing here, or when the gate cannot be told of a change.
pub(super) async fn check_sequence(
    gate: &Gate,
    world: &World,
    case: &Case,
    options: CheckOptions,
) -> Result<Checked, Unresolvable> {
    world.reset();
    rehearse(gate, world, case)?;
    let restored = Restored(world);
    let mut run = Run {
        gate,
        world,
        case,
        options,
        state: State::new(world.present().into_owned()),
        client: gate.sequence(world),
        tokens: BTreeMap::new(),
        happened: Happened::default(),
        panicked: false,
        found: None,
        last: None,
    };
    let made = run.make().await;
    run.client.end().await;
    drop(restored);
    made?;
    let (found, happened) = (run.found, run.happened);
    let last = run.last.ok_or_else(|| not_applicable("the case attempts nothing"))?;
    let mut checked = found.unwrap_or(last);
    checked.happened = Some(happened);
    Ok(checked)
}

/// Whether the steps mean something, without a gate: nothing is attempted before that is known.
pub(crate) fn rehearse(gate: &Gate, world: &World, case: &Case) -> Result<(), Unresolvable> {
    let deaf = case.changes().find(|change| !gate.hears(change, world));
    if let Some(change) = deaf {
        return Err(not_applicable(&format!("the gate cannot be told of `{}`", change.name())));
    }
    gatecrash_model::rehearse(case, &world.present()).map(|_| ())
}

/// The steps that come over the connection of another one.
fn keeps_open(case: &Case, number: usize) -> Vec<usize> {
    let steps = case.steps.iter().zip(1..);
    let kept = steps.filter(|(step, _)| step.attempt().is_some_and(|step| step.over == Over::Kept(number)));
    kept.map(|(_, number)| number).collect()
}

fn not_applicable(why: &str) -> Unresolvable {
    Unresolvable::NotApplicable(why.into())
}

struct Run<'a> {
    gate: &'a Gate,
    world: &'a World,
    case: &'a Case,
    options: CheckOptions,
    state: State,
    client: Sequence<'a>,
    /// The tokens that were sent, by the number of their step.
    tokens: BTreeMap<usize, String>,
    happened: Happened,
    /// Whether an attempt made the gate panic.
    panicked: bool,
    /// The first attempt that disagrees.
    found: Option<Checked>,
    last: Option<Checked>,
}

/// An attempt, ready to be made.
struct Ready {
    resolved: Resolved,
    wire: Wire,
    over: Over,
    keep: bool,
    stream: Option<Streamed>,
}

impl Run<'_> {
    async fn make(&mut self) -> Result<(), Unresolvable> {
        let mut at = 0;
        while let Some(step) = self.case.steps.get(at) {
            let number = at + 1;
            match step {
                Step::Change(change) => {
                    self.change(number, change).await?;
                    at += 1;
                }
                Step::Attempt(step) if matches!(step.over, Over::Stream(_)) => {
                    self.listen(number, step).await?;
                    at += 1;
                }
                Step::Attempt(first) => {
                    let beside = self.case.steps[number..].iter().map_while(Step::attempt);
                    let beside = beside.take_while(|step| step.over == Over::Beside(number)).cloned();
                    let group: Vec<Attempting> = std::iter::once(first.clone()).chain(beside).collect();
                    at += group.len();
                    for turn in 0..first.times {
                        self.attempt(number, &group, turn).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn change(&mut self, number: usize, change: &Change) -> Result<(), Unresolvable> {
        let token = match change {
            Change::RevokeToken(of) => self.tokens.get(of).map(String::as_str),
            _ => None,
        };
        self.world.change(change, token);
        match self.gate.change(change, self.world).await {
            Ok(Applied::Done) => {}
            Ok(Applied::NotSupported) => {
                return Err(not_applicable(&format!("the gate cannot be told of `{}`", change.name())));
            }
            // What cannot be read need not be taken up.
            Err(_) if matches!(change, Change::KeysFail(_)) => {}
            Err(error) => {
                return Err(not_applicable(&format!("the gate does not take up `{}`: {error}", change.name())));
            }
        }
        self.state.change(number, change)?;
        match change {
            Change::Wait(_) => self.happened.waited += 1,
            _ => self.happened.reloaded += 1,
        }
        self.control(number, change).await
    }

    /// Somebody whom the change does not concern is served as ever.
    async fn control(&mut self, number: usize, change: &Change) -> Result<(), Unresolvable> {
        if matches!(change, Change::Wait(_)) {
            return Ok(());
        }
        let routes = self.world.policy().routes.iter().map(gatecrash_model::Route::id);
        let people = [Person::Dora, Person::Bob, Person::Courier, Person::Alice, Person::Kass];
        let controls = routes.flat_map(|route| {
            people.map(|person| Attempting::new(Stance::Complete(person), route.clone(), Vec::new()))
        });
        // Whoever needs no token need not care for keys.
        let open = self.world.policy().routes.iter().filter(|route| route.token_optional());
        let open: Vec<Attempting> =
            open.map(|route| Attempting::new(Stance::NoToken, route.id(), Vec::new())).collect();
        let attempted: Vec<Person> = self.case.attempts().filter_map(|step| step.stance.holder()).collect();
        let of = CONTROLS + number;
        let unconcerned = |step: &Attempting| step.stance.holder().is_none_or(|holder| !attempted.contains(&holder));
        let admitted = controls.filter(unconcerned).chain(open);
        let admitted = admitted.filter_map(|step| {
            let resolved = self.state.resolve(of, &step).ok()?;
            self.state.judge(&resolved).must_admit().then_some((step, resolved))
        });
        let Some((step, resolved)) = admitted.into_iter().next() else { return Ok(()) };
        let Some(ready) = self.ready(of, &step, resolved, 0)? else { return Ok(()) };
        let made = self.client.attempt(&[request(&ready)]).await;
        let Some(Made { observation, .. }) = made.into_iter().next() else { return Ok(()) };
        self.client.settle().await;
        let verdict = self.state.judge(&ready.resolved);
        let method = &ready.resolved.expected.method;
        let mut list = compare::compare(&verdict, &observation, self.world.policy(), method, BTreeSet::new);
        for it in &mut list {
            it.seen = format!("after step {number}, {} of {}: {}", step.route, step.stance, it.seen);
        }
        self.keep(Checked::of(verdict, observation, list));
        Ok(())
    }

    fn serial(&self, number: usize, turn: u32) -> u64 {
        self.options.serial ^ (number as u64) << 48 ^ u64::from(turn) << 32
    }

    /// Forges an attempt, and reads it back; `None` when the harness caught itself.
    fn ready(
        &mut self,
        number: usize,
        step: &Attempting,
        resolved: Resolved,
        turn: u32,
    ) -> Result<Option<Ready>, Unresolvable> {
        let serial = self.serial(resolved.issued.number, turn);
        let wire = forge_in(self.world, &resolved.issued.blueprint, &resolved.attempt, serial)?;
        if let (TokenOf::SameAs(of), Some(token)) = (step.token, &wire.token)
            && step.mutations.iter().all(|mutation| !changes_token(mutation))
            && self.tokens.get(&of).is_some_and(|known| known != token)
        {
            self.fault(format!("step {number} has not the token of step {of}"));
            return Ok(None);
        }
        if self.options.mirror
            && let Some(fault) = mirror(&wire, &resolved.attempt, &resolved.expected, self.world, self.state.present())
        {
            self.fault(format!("step {number}: {fault}"));
            return Ok(None);
        }
        if let Some(token) = &wire.token {
            self.tokens.insert(number, token.clone());
        }
        let keep = !keeps_open(self.case, number).is_empty() || matches!(step.over, Over::Kept(_));
        if keep && wire.alpn.is_none() && wire.kept().is_none() {
            return Err(not_applicable("the connection ends with what is sent over it"));
        }
        let heard = self.case.attempts().any(|other| other.over == Over::Stream(number));
        let socket = resolved.attempt.request.framing == Framing::WebSocket;
        let stream = heard.then_some(if socket { Streamed::Socket } else { Streamed::Content });
        Ok(Some(Ready { resolved, wire, over: step.over, keep, stream }))
    }

    fn fault(&mut self, fault: String) {
        let checked = Checked {
            outcome: Outcome::HarnessFault(fault),
            ..Checked::of(Verdict::default(), Observation::default(), vec![])
        };
        self.keep(checked);
    }

    /// Listens to an answer that goes on. What still comes under credentials that would be refused is somebody's data.
    async fn listen(&mut self, number: usize, step: &Attempting) -> Result<(), Unresolvable> {
        let resolved = self.state.resolve(number, step)?;
        let verdict = self.state.judge(&resolved);
        let of = step.over.step().unwrap_or_default();
        self.happened.attempts += 1;
        let Some(Heard { observation, octets, over, lively }) = self.client.listen(of).await else {
            // It has ended by itself, or never began.
            self.state.record(resolved, Done::default());
            self.keep(Checked::of(verdict, Observation::default(), Vec::new()));
            return Ok(());
        };
        self.happened.streamed += u64::from(lively);
        let mut list = Vec::new();
        let rules = verdict.refusals.clone();
        compare::faults(&observation, self.world.policy(), &mut |kind, seen| {
            list.push(Disagreement { kind, seen, rules: rules.clone() });
        });
        // A last word before the end is none of the service's data.
        if verdict.must_refuse() && octets > 0 && !over {
            let seen = format!("the stream of step {of} is still open, and {octets} more octets came");
            list.push(Disagreement { kind: FindingKind::Breach, seen, rules: verdict.refusals.clone() });
        }
        self.state.record(resolved, Done::default());
        self.keep(Checked::of(verdict, observation, list));
        Ok(())
    }

    async fn attempt(&mut self, number: usize, group: &[Attempting], turn: u32) -> Result<(), Unresolvable> {
        let mut all = Vec::new();
        for (step, number) in group.iter().zip(number..) {
            let resolved = match step.over {
                // It is beside an attempt that has not been made yet.
                Over::Beside(_) => {
                    let mut state = self.state.clone();
                    all.iter().for_each(|ready: &Ready| state.record(ready.resolved.clone(), Done::default()));
                    state.resolve(number, step)?
                }
                _ => self.state.resolve(number, step)?,
            };
            let Some(ready) = self.ready(number, step, resolved, turn)? else { return Ok(()) };
            self.happened.repeated += u64::from(step.token != TokenOf::New);
            all.push(ready);
        }
        let requests: Vec<Request<'_>> = all.iter().map(request).collect();
        let made = self.client.attempt(&requests).await;
        self.client.settle().await;
        let late = self.world.witness().take();
        self.happened.attempts += made.len() as u64;
        let mut made = made;
        if let Some(last) = made.last_mut() {
            // What an attempt has set going belongs to it, however late it comes.
            last.observation.seen.hits.extend(late.hits);
            last.observation.seen.logs.push_str(&late.logs);
        }
        share_out(&all, &mut made, &self.state);
        for (ready, made) in all.into_iter().zip(made) {
            self.judge(ready, made, turn);
        }
        Ok(())
    }

    fn judge(&mut self, ready: Ready, Made { observation, how }: Made, turn: u32) {
        let policy = self.world.policy();
        self.happened.note(how);
        let early = how == How::Early;
        let (verdict, alone) = match early {
            true => (self.state.judge_early(&ready.resolved), self.state.judge_alone(&ready.resolved)),
            false => (self.state.judge(&ready.resolved), self.state.judge_alone(&ready.resolved)),
        };
        let lenient = || gatecrash_model::leniencies(&verdict, &ready.resolved.attempt, self.state.present());
        let method = &ready.resolved.expected.method;
        let mut list = compare::compare(&verdict, &observation, policy, method, lenient);
        list.extend(leak::leaks(&verdict, &observation, &ready.wire, self.world));
        list.extend(super::obeyed::obeyed(&observation, &ready.wire, self.world));
        if policy.changes.throttle.is_some() && verdict.must_admit() && observation.throttled(policy) {
            let seen = "the guesses of somebody else made a client wait whose credentials were never refused".into();
            list.push(Disagreement { kind: FindingKind::FalseRefusal, seen, rules: verdict.refusals.clone() });
        }
        // Whoever finds a connection closed has got no answer at all: that is no refusal.
        if how == How::Closed && !observation.entered(policy) {
            list.retain(|it| it.kind != FindingKind::FalseRefusal);
        }
        let number = ready.resolved.number;
        // The same would be permitted to it alone: then what came before has changed what the gate does.
        if (number > 1 || turn > 0) && verdict == alone {
            list.iter_mut().for_each(carried_over);
        }
        if self.panicked {
            let others = list.iter_mut().filter(|it| it.kind != FindingKind::Fault);
            others.for_each(|it| it.seen.push_str(AFTER_PANIC));
        }
        self.panicked |= !observation.panics.is_empty();
        let entered = observation.entered(policy);
        let spoke = observation.answer.is_some() || entered;
        let shows = ready.wire.token.is_some() && verdict.must_refuse() && spoke && !entered;
        let done = Done { entered: u32::from(entered), refused: u32::from(shows), early };
        self.state.record(ready.resolved, done);
        self.keep(Checked::of(verdict, observation, list));
    }

    /// Remembers what was checked: the first that disagrees, and the last. What goes wrong after a fault is worse than it.
    fn keep(&mut self, checked: Checked) {
        let fault_alone = |checked: &Checked| match &checked.outcome {
            Outcome::Disagree(list) => list.iter().all(|it| it.kind == FindingKind::Fault),
            Outcome::Agree | Outcome::HarnessFault(_) => false,
        };
        let worse = self.found.as_ref().is_none_or(|found| fault_alone(found) && !fault_alone(&checked));
        if worse && !matches!(checked.outcome, Outcome::Agree) {
            self.found = Some(checked.clone());
        }
        self.last = Some(checked);
    }
}

/// Controls have numbers of their own, beyond those of any step.
const CONTROLS: usize = 1 << 12;

fn request(ready: &Ready) -> Request<'_> {
    let Ready { resolved, wire, over, keep, stream } = ready;
    Request { number: resolved.number, wire, over: *over, keep: *keep, stream: *stream }
}

fn changes_token(mutation: &gatecrash_model::Mutation) -> bool {
    use gatecrash_model::SlotStage::{Binding, Claims, Header, Seal, Tamper, Text};
    matches!(mutation.slot().stage, Binding | Claims | Header | Seal | Tamper | Text)
}

/// What ran of several requests at once, by whose it is: that of the route, then of whoever it is permitted to.
fn share_out(all: &[Ready], made: &mut [Made], state: &State) {
    if all.len() < 2 {
        return;
    }
    let Some(last) = made.last_mut() else { return };
    let hits = std::mem::take(&mut last.observation.seen.hits);
    made.iter_mut().for_each(|made| made.observation.seen.hits.clear());
    let routes: Vec<String> = all.iter().map(|ready| route_of(&ready.resolved, state)).collect();
    let verdicts: Vec<Verdict> = all.iter().map(|ready| state.judge(&ready.resolved)).collect();
    // Nothing runs for a request that a limiter answers.
    let limited: Vec<bool> = made.iter().map(|made| made.observation.throttled(&state.present().policy)).collect();
    let mut places: Vec<usize> = (0..all.len()).collect();
    places.sort_by_key(|at| limited[*at]);
    for hit in hits {
        let of_route = |at: &usize| routes[*at] == hit.route;
        let permitted = |at: &usize| {
            verdicts[*at].admissions.iter().any(|it| {
                it.route == hit.route && hit.principal.as_ref().is_none_or(|principal| *principal == it.principal)
            })
        };
        let idle = |at: &usize| made[*at].observation.seen.hits.is_empty();
        let best = places.iter().find(|at| permitted(at) && idle(at));
        let best = best.or_else(|| places.iter().find(|at| of_route(at) && idle(at)));
        let best = best.or_else(|| places.iter().find(|at| of_route(at))).copied().unwrap_or(0);
        made[best].observation.seen.hits.push(hit);
    }
}

fn route_of(resolved: &Resolved, state: &State) -> String {
    let path = resolved.attempt.request.path.split('/').count();
    let routes = &state.present().policy.routes;
    let same = |route: &&gatecrash_model::Route| {
        let known = route.path.split('/');
        let fits = known
            .clone()
            .zip(resolved.attempt.request.path.split('/'))
            .all(|(known, asked)| known == asked || known.starts_with('{'));
        route.method == resolved.attempt.request.method && known.count() == path && fits
    };
    routes.iter().find(same).map(gatecrash_model::Route::id).unwrap_or_default()
}

/// The note on an attempt that came after a panic of the gate.
pub(crate) const AFTER_PANIC: &str = ", after a panic";

/// What would be one thing alone is another when it hangs on what came before.
fn carried_over(found: &mut Disagreement) {
    use FindingKind::{Breach, FalseRefusal, Impersonation, LateRefusal, Unwitnessed};
    if matches!(found.kind, Breach | FalseRefusal | Impersonation | LateRefusal | Unwitnessed) {
        found.seen = format!("{}, after what came before", found.seen);
        found.kind = FindingKind::Carryover;
    }
}
