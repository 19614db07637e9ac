//! What the oracle remembers of a sequence: the clock, the changes, and what was attempted. It judges every step over that.

use crate::{
    Attempt, Attempting, Blueprint, Case, Change, CredentialSeen, EarlyData, ExpiryEnds, Framing, Lifted, Member,
    OneTime, Over, Person, Promptness, Rule, Stage, Stance, Step, TokenOf, TokenSeen, Unresolvable, Value, Verdict,
    judge_lifted,
    resolve::{Before, resolve_after},
};

/// How many changes that may or may not be heeded yet are told apart; beyond that all of them are, or none.
const TOLD_APART: usize = 4;

/// A sequence as far as it has come.
#[derive(Clone, Debug)]
pub struct State {
    start: Blueprint,
    present: Blueprint,
    happened: Vec<Happened>,
    past: Vec<Past>,
}

#[derive(Clone, Debug)]
struct Happened {
    number: usize,
    at: i64,
    change: Change,
}

/// An attempt that was made.
#[derive(Clone, Debug)]
struct Past {
    resolved: Resolved,
    done: Done,
}

/// An attempt of a sequence, resolved where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The number of its step.
    pub number: usize,
    /// What is sent.
    pub attempt: Attempt,
    /// What a reader of the bytes must see.
    pub expected: Lifted,
    /// The step whose token it carries, and the world in which that was issued.
    pub issued: Issued,
    over: Over,
    /// Who asked, and on which route, how often.
    asked: (Stance, String, u32),
    /// The step with which its connection began.
    opened: usize,
    /// When that was.
    opened_at: i64,
}

/// Where a token comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// The step that it was issued for.
    pub number: usize,
    /// The world then.
    pub blueprint: Blueprint,
}

/// What came of an attempt, as far as later ones depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// How often it was let in.
    pub entered: u32,
    /// How often its credentials were refused.
    pub refused: u32,
    /// Whether it came as early data, and the server took that.
    pub early: bool,
}

impl State {
    /// A sequence that has not begun.
    pub fn new(start: Blueprint) -> Self {
        Self { present: start.clone(), start, happened: Vec::new(), past: Vec::new() }
    }

    /// The world with every change in effect.
    pub fn present(&self) -> &Blueprint {
        &self.present
    }

    /// Seconds since the sequence began.
    pub fn elapsed(&self) -> i64 {
        self.present.now - self.start.now
    }

    /// Notes a change.
    ///
    /// # Errors
    ///
    /// The policy promises nothing of it, or it means nothing here.
    pub fn change(&mut self, number: usize, change: &Change) -> Result<(), Unresolvable> {
        match self.start.policy.changes.of(change) {
            None | Some(Promptness::Never) => {
                return Err(not_applicable(&format!("the policy promises nothing of `{}`", change.name())));
            }
            Some(_) => {}
        }
        match change {
            Change::Revoke(_) if !self.start.policy.certificates.revocation => {
                return Err(not_applicable("the policy promises no revocation of certificates"));
            }
            Change::Revoke(Person::Eve) => return Err(not_applicable("nobody here revokes Eve's certificate")),
            Change::RevokeToken(of) => {
                self.token_of(*of)?;
            }
            Change::RetireKey { issuer, key } => {
                let known = self.present.published(*issuer);
                let named = crate::KeyName::Token(*issuer, *key);
                if !known.iter().any(|known| known.key == named) {
                    return Err(not_applicable("the issuer publishes no such key"));
                }
            }
            Change::PublishKey { issuer, .. } if self.present.issuer_url(*issuer).is_none() => {
                return Err(not_applicable("the policy has no such issuer"));
            }
            _ => {}
        }
        self.happened.push(Happened { number, at: self.elapsed(), change: *change });
        self.present.change(change);
        Ok(())
    }

    /// What a step attempts, after what came before it.
    ///
    /// # Errors
    ///
    /// The step means nothing here.
    pub fn resolve(&self, number: usize, step: &Attempting) -> Result<Resolved, Unresolvable> {
        let connection = step.over.step().map(|of| self.past(of)).transpose()?;
        if let (Over::Stream(of), Some(past)) = (step.over, connection) {
            return self.listens(number, step, of, past);
        }
        let token = match step.token {
            TokenOf::New => None,
            TokenOf::SameAs(of) => Some(self.token_of(of)?),
        };
        if step.times > 1 && (step.over != Over::Fresh || step.token != TokenOf::New) {
            return Err(not_applicable("what is repeated has connections and tokens of its own"));
        }
        let over_http2 = connection.is_some_and(|of| of.resolved.attempt.request.protocol.is_http2());
        let same_connection = match step.over {
            Over::Kept(_) => true,
            Over::Beside(_) => over_http2,
            Over::Early(_) | Over::Fresh | Over::Resumed(_) | Over::Stream(_) => false,
        };
        // Over HTTP/1.1 another client is under way at the same time, on a connection of its own.
        let apart = matches!(step.over, Over::Beside(_)) && !over_http2;
        let before = Before {
            connection: connection.filter(|_| !apart).map(|of| &of.resolved.attempt),
            same_connection,
            token: token.map(|of| &of.resolved.attempt),
        };
        let attempt = resolve_after(step, &before, &self.present)?;
        let issued = match token {
            Some(of) => of.resolved.issued.clone(),
            None => Issued { number, blueprint: self.present.clone() },
        };
        let mut expected = attempt.expected(&issued.blueprint);
        age_token(&mut expected, self.present.now - issued.blueprint.now);
        let (opened, opened_at) = match connection.filter(|_| same_connection) {
            Some(of) => (of.resolved.opened, of.resolved.opened_at),
            None => (number, self.elapsed()),
        };
        let asked = (step.stance, step.route.clone(), step.times);
        Ok(Resolved { number, attempt, expected, issued, over: step.over, asked, opened, opened_at })
    }

    /// Nothing is asked anew: the credentials are those of the step whose answer goes on.
    fn listens(&self, number: usize, step: &Attempting, of: usize, past: &Past) -> Result<Resolved, Unresolvable> {
        if self.start.policy.changes.streams_end.is_none() {
            return Err(not_applicable("the policy promises nothing of streams under way"));
        }
        let route = self.start.route(&step.route).ok_or_else(|| Unresolvable::UnknownRoute(step.route.clone()))?;
        if !route.is_endless() {
            return Err(not_applicable("the answer of the route has an end"));
        }
        let Resolved { over: before, asked, .. } = &past.resolved;
        let same = *asked == (step.stance, step.route.clone(), 1) && step.mutations.is_empty();
        if !same || step.times > 1 || matches!(step.token, TokenOf::SameAs(token) if token != of) {
            return Err(not_applicable("on an open stream nobody asks for anything else"));
        }
        // One that was kept has had other answers; one that is listened to already is that very stream.
        if !matches!(before, Over::Fresh | Over::Resumed(_)) {
            return Err(not_applicable("that step has no stream of its own"));
        }
        let mut resolved = past.resolved.clone();
        resolved.expected = resolved.attempt.expected(&resolved.issued.blueprint);
        age_token(&mut resolved.expected, self.present.now - resolved.issued.blueprint.now);
        Ok(Resolved { number, over: step.over, ..resolved })
    }

    /// What is permitted in answer to an attempt that stands here.
    pub fn judge(&self, resolved: &Resolved) -> Verdict {
        let mut verdict: Option<Verdict> = None;
        for view in self.views(resolved) {
            for (age, earlier) in self.ages(resolved) {
                let mut lifted = resolved.expected.clone();
                age_token(&mut lifted, -earlier);
                age_chain(&mut lifted, age);
                let judged = judge_lifted(&lifted, &view);
                verdict = Some(match verdict {
                    None => judged,
                    Some(known) => known.or(judged),
                });
            }
        }
        let mut verdict = verdict.unwrap_or_default();
        self.judge_token(resolved, &mut verdict);
        // Nobody can be refused in a handshake that is over, and who resumes may be looked at after it.
        if resolved.over != Over::Fresh && verdict.latest == Some(Stage::Handshake) {
            verdict.latest = Some(Stage::Token);
        }
        verdict
    }

    /// What is permitted in answer to the same attempt, if nothing had come before it.
    pub fn judge_alone(&self, resolved: &Resolved) -> Verdict {
        let mut verdict = judge_lifted(&resolved.attempt.expected(&self.start), &self.start);
        if resolved.over != Over::Fresh && verdict.latest == Some(Stage::Handshake) {
            verdict.latest = Some(Stage::Token);
        }
        verdict
    }

    /// Notes what came of an attempt.
    pub fn record(&mut self, resolved: Resolved, done: Done) {
        match self.past.iter_mut().find(|past| past.resolved.number == resolved.number) {
            Some(known) => {
                known.done.entered += done.entered;
                known.done.refused += done.refused;
                known.done.early |= done.early;
            }
            None => self.past.push(Past { resolved, done }),
        }
    }

    /// Whether anybody ought to have been slowed down by now.
    pub fn throttles(&self) -> bool {
        let refused: u32 = self.past.iter().map(|past| past.done.refused).sum();
        self.start.policy.changes.throttle.is_some_and(|throttle| refused >= throttle.after)
    }

    fn past(&self, number: usize) -> Result<&Past, Unresolvable> {
        let found = self.past.iter().find(|past| past.resolved.number == number);
        found.ok_or_else(|| not_applicable(&format!("step {number} is no attempt that came before")))
    }

    fn token_of(&self, number: usize) -> Result<&Past, Unresolvable> {
        let past = self.past(number)?;
        let held = past.resolved.attempt.token.is_some();
        if held { Ok(past) } else { Err(not_applicable(&format!("step {number} carries no token"))) }
    }

    /// The worlds that the gate may go by: with every change that it must have heeded, and with or without each of the others.
    fn views(&self, resolved: &Resolved) -> Vec<Blueprint> {
        let open = self.happened.iter().filter(|it| !self.must_be_heeded(it, resolved));
        let open: Vec<usize> = open.map(|it| it.number).collect();
        let choices = if open.len() > TOLD_APART { 2 } else { 1 << open.len() };
        let views = (0..choices).map(|choice: usize| {
            let heeded = |it: &&Happened| match open.iter().position(|number| *number == it.number) {
                None => true,
                Some(_) if open.len() > TOLD_APART => choice == 1,
                Some(at) => choice & 1 << at != 0,
            };
            let mut view = self.start.clone();
            self.happened.iter().filter(heeded).for_each(|it| view.change(&it.change));
            view.now = self.present.now;
            view
        });
        views.collect()
    }

    /// For how long a stream may go on after its credentials have lapsed; `None` where nothing is listened to.
    fn stream_ends(&self, resolved: &Resolved) -> Option<i64> {
        matches!(resolved.over, Over::Stream(_)).then(|| i64::from(self.start.policy.changes.streams_end.unwrap_or(0)))
    }

    fn must_be_heeded(&self, happened: &Happened, resolved: &Resolved) -> bool {
        let restarted = self.happened.iter().any(|it| it.change == Change::Restart && it.number > happened.number);
        let bound = self.stream_ends(resolved).filter(|_| !matches!(happened.change, Change::KeysFail(_)));
        if let Some(seconds) = bound {
            return restarted || seconds == 0 || self.elapsed() - happened.at > seconds;
        }
        let heeded = match (&happened.change, self.start.policy.changes.of(&happened.change)) {
            // Whoever cannot fetch keys may go on with those that he has, or accept nothing.
            (Change::KeysFail(_), _) => return false,
            (_, Some(Promptness::NextRequest)) => true,
            (_, Some(Promptness::NextConnection)) => happened.number < resolved.opened,
            (_, Some(Promptness::Within(seconds))) => self.elapsed() - happened.at > i64::from(seconds),
            (_, Some(Promptness::Never) | None) => false,
        };
        heeded || restarted
    }

    /// The ages that the certificates may count as having: that of now, and that of the handshake where an open connection
    /// may outlive them. Beside each, how much younger than now the token may count as being.
    fn ages(&self, resolved: &Resolved) -> Vec<(i64, i64)> {
        let now = self.elapsed();
        if let Some(seconds) = self.stream_ends(resolved) {
            let earlier = seconds.min(now - resolved.opened_at);
            return if earlier == 0 { vec![(now, 0)] } else { vec![(now - earlier, earlier), (now, 0)] };
        }
        let opened = match (resolved.over, self.start.policy.changes.expiry_ends) {
            (Over::Fresh | Over::Stream(_), _) | (_, Some(ExpiryEnds::Request)) => now,
            (Over::Kept(_) | Over::Beside(_), Some(ExpiryEnds::Within(seconds))) => {
                resolved.opened_at.max(now - i64::from(seconds))
            }
            (Over::Kept(_) | Over::Beside(_), _) => resolved.opened_at,
            (Over::Early(_) | Over::Resumed(_), Some(ExpiryEnds::Connection | ExpiryEnds::Within(_))) => now,
            (Over::Early(of) | Over::Resumed(of), None) => self.past(of).map_or(now, |past| past.resolved.opened_at),
        };
        if opened == now { vec![(now, 0)] } else { vec![(opened, 0), (now, 0)] }
    }

    /// What hangs on this very token, and on how often somebody was refused.
    fn judge_token(&self, resolved: &Resolved, verdict: &mut Verdict) {
        let changes = &self.start.policy.changes;
        let route = self
            .start
            .policy
            .routes
            .iter()
            .find(|route| verdict.admissions.iter().any(|admission| admission.route == route.id()));
        let needs_token = route.is_none_or(|route| !route.token_optional());
        let shows_token = matches!(resolved.expected.credential, CredentialSeen::Token(_));
        if needs_token && shows_token {
            let of = resolved.issued.number;
            let revoked = |it: &&Happened| it.change == Change::RevokeToken(of);
            match self.happened.iter().find(revoked) {
                Some(it) if self.must_be_heeded(it, resolved) => verdict.forbid(Rule::TokenRevocation),
                Some(_) => verdict.discourage(Rule::TokenRevocation),
                None => {}
            }
            if let Some(one_time) = changes.one_time.filter(|_| !matches!(resolved.over, Over::Stream(_))) {
                let spent = |past: &&Past| past.resolved.issued.number == of && past.done.entered > 0;
                let last = self.past.iter().filter(spent).map(|past| past.resolved.number).max();
                let forgotten = |number: usize| {
                    one_time == OneTime::UntilRestart
                        && self.happened.iter().any(|it| it.change == Change::Restart && it.number > number)
                };
                match last {
                    Some(number) if forgotten(number) => verdict.discourage(Rule::OneTime),
                    Some(_) => verdict.forbid(Rule::OneTime),
                    None => {}
                }
            }
        }
        if let Some(throttle) = changes.throttle.filter(|_| !matches!(resolved.over, Over::Stream(_))) {
            let holder = resolved.expected.chain.as_ref().and_then(|chain| chain.certificates.first());
            let same = |past: &&Past| {
                past.resolved.expected.chain.as_ref().and_then(|chain| chain.certificates.first()) == holder
            };
            let mine: Vec<&Past> = self.past.iter().filter(same).collect();
            let refused: u32 = mine.iter().map(|past| past.done.refused).sum();
            let last = mine.iter().filter(|past| past.done.refused > 0).map(|past| past.resolved.opened_at).max();
            let waits = last.is_some_and(|last| self.elapsed() - last < i64::from(throttle.wait));
            if holder.is_some() && refused >= throttle.after && waits {
                verdict.forbid(Rule::Throttle);
            } else if holder.is_some() && refused > 0 {
                // Nobody says that a gate may not be stricter than it promises.
                verdict.discourage(Rule::Throttle);
            }
        }
        if matches!(resolved.over, Over::Early(_)) && changes.early_data == Some(EarlyData::Refused) {
            verdict.discourage(Rule::EarlyData);
        }
    }

    /// What is permitted to an attempt of which it is known by now that the server took its early data.
    pub fn judge_early(&self, resolved: &Resolved) -> Verdict {
        let mut verdict = self.judge(resolved);
        if self.start.policy.changes.early_data == Some(EarlyData::Refused) {
            verdict.forbid(Rule::EarlyData);
        }
        verdict
    }
}

/// A case without a gate: every attempt of it with its verdict, where each before it is treated as it must be.
///
/// # Errors
///
/// The case means nothing here.
///
/// ```
/// # use gatecrash_model::*;
/// # let blueprint = Blueprint::new(gatecrash_model::example::policy(), 1_790_000_000);
/// let mut case = Case::one(Stance::Complete(Person::Alice), "GET /v1/orders/{id}", vec![]);
/// case.steps.push(Attempting::new(Stance::Complete(Person::Bob), "GET /v1/orders/{id}", vec![]).over(Over::Kept(1)).into());
/// let judged = rehearse(&case, &blueprint).map_err(|error| error.to_string())?;
/// // Bob's token over Alice's connection.
/// assert!(judged[0].1.must_admit() && judged[1].1.must_refuse());
/// # Ok::<(), String>(())
/// ```
pub fn rehearse(case: &Case, blueprint: &Blueprint) -> Result<Vec<(Resolved, Verdict)>, Unresolvable> {
    let mut state = State::new(Blueprint { scene: case.scene, ..blueprint.clone() });
    let mut judged = Vec::new();
    for (step, number) in case.steps.iter().zip(1..) {
        let step = match step {
            Step::Change(change) => {
                state.change(number, change)?;
                continue;
            }
            Step::Attempt(step) => step,
        };
        if let Over::Beside(of) = step.over
            && !stands_beside(case, number, of)
        {
            return Err(not_applicable("what is at the same time stands right behind, one after the other"));
        }
        let resolved = state.resolve(number, step)?;
        if is_kept(case, number) && is_listened_to(case, number) {
            return Err(not_applicable("an answer without an end occupies its connection"));
        }
        if is_kept(case, number) && resolved.attempt.request.framing != Framing::Plain {
            return Err(not_applicable("the connection ends with what was sent over it"));
        }
        let verdict = state.judge(&resolved);
        let guesses = u32::from(verdict.must_refuse() && resolved.attempt.token.is_some());
        let done = Done { entered: u32::from(verdict.must_admit()), refused: guesses * step.times, early: false };
        state.record(resolved.clone(), done);
        judged.push((resolved, verdict));
    }
    if judged.is_empty() { Err(not_applicable("the case attempts nothing")) } else { Ok(judged) }
}

/// Whether every step between the two is beside the first one as well.
fn stands_beside(case: &Case, number: usize, of: usize) -> bool {
    let between = case.steps.get(of..number.saturating_sub(1)).unwrap_or_default();
    let first = of.checked_sub(1).and_then(|at| case.steps.get(at)).and_then(Step::attempt);
    let leads = first.is_some_and(|step| !matches!(step.over, Over::Beside(_)) && step.times == 1);
    leads && between.iter().all(|step| step.attempt().is_some_and(|step| step.over == Over::Beside(of)))
}

/// Whether another step comes over the connection of this one.
fn is_kept(case: &Case, number: usize) -> bool {
    case.attempts().any(|step| step.over == Over::Kept(number))
}

/// Whether another step listens to the answer of this one.
fn is_listened_to(case: &Case, number: usize) -> bool {
    case.attempts().any(|step| step.over == Over::Stream(number))
}

fn not_applicable(why: &str) -> Unresolvable {
    Unresolvable::NotApplicable(why.into())
}

/// Dates of a token count from now, and it was issued some seconds ago.
fn age_token(lifted: &mut Lifted, seconds: i64) {
    let CredentialSeen::Token(TokenSeen::Read { header, claims, .. }) = &mut lifted.credential else { return };
    let members = header.iter_mut().chain(claims).flatten();
    members.for_each(|Member { value, .. }| {
        if let Value::Seconds(offset) = value {
            *offset -= seconds;
        }
    });
}

/// Dates of certificates count from the beginning.
fn age_chain(lifted: &mut Lifted, seconds: i64) {
    let presented = lifted.forwarded.as_mut().and_then(|seen| seen.presented.as_mut());
    for certificate in lifted.chain.iter_mut().chain(presented).flat_map(|chain| &mut chain.certificates) {
        certificate.not_before = certificate.not_before.saturating_sub(seconds);
        certificate.not_after = certificate.not_after.saturating_sub(seconds);
    }
}
