//! One thread of a campaign: its own world, its own gate, every so-many-th case.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use gatecrash_model::{Case, Mutation, Rule, describe};

use super::{
    CampaignError, Miswiring, Plan, Progress, Raw, RawKey, Shown, Source, Tally, plan::Origin, reduce, tally::least,
    worker_env::WorkerEnv,
};
use crate::{
    campaign::check::{
        CheckOptions, Checked, Disagreement, FindingKind, Outcome, alert_said, check, check_twin,
        sequence::rehearse as rehearse_on, twin,
    },
    gate::{Depth, Handshake},
    profile::{self, Profile},
    world::crypto::{Crypto, Layers},
    world::{Hit, World},
};

/// How many different disagreements of drawn cases a thread remembers.
const MOST: usize = 1_000;

#[derive(Default)]
pub(super) struct Done {
    pub(super) tally: Tally,
    pub(super) raws: BTreeMap<RawKey, Raw>,
    /// What the attempts of each attack of the catalogue showed.
    pub(super) variants: BTreeMap<usize, BTreeSet<RawKey>>,
    pub(super) miswirings: Vec<Miswiring>,
    pub(super) harness_faults: BTreeMap<u64, String>,
    pub(super) shown: Vec<Shown>,
    /// The first index of this thread that was not run.
    pub(super) next: u64,
    /// The ideal layers that the gate takes up; `None` where they were not wanted.
    pub(super) ideal: Option<Layers>,
    pub(super) profile: Profile,
    keep: bool,
    /// Disagreements of which it is not noted yet what came before.
    unled: Vec<RawKey>,
    start: Option<Instant>,
}

pub(super) fn run(
    env: &mut WorkerEnv,
    plan: &Plan,
    first: u64,
    stride: u64,
    deadline: Option<Instant>,
    progress: &Progress,
) -> Result<Done, CampaignError> {
    let mut done = Done::of(env, plan)?;
    done.start = Some(Instant::now());
    let mut index = first;
    if plan.measures() {
        profile::start();
    }
    while !plan.ends_before(index) && progress.interrupted().is_none() {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break;
        }
        done.planned(env, plan, index, progress)?;
        index += stride;
    }
    done.next = index;
    if plan.wants_ideal() {
        done.ideal = Some(env.ideal_layers()?);
    }
    for (index, control) in plan.last(first, stride).filter(|_| progress.interrupted().is_none()) {
        let options = CheckOptions { depth: Depth::Connection, mirror: true, serial: index };
        let at = (index, Crypto::Real);
        done.attempt(env, at, (Origin::Control, control), None, options, progress)?;
    }
    done.profile = profile::finish();
    Ok(done)
}

/// Makes up for cases that had no meaning here, where so many attempts were asked for: with those that come after them,
/// so that the same attempts are made whatever the number of threads.
pub(super) fn make_up(
    env: &mut WorkerEnv,
    plan: &Plan,
    workers: &mut Vec<Done>,
    progress: &Progress,
) -> Result<(), CampaignError> {
    /// So many cases without a meaning in a row have none in the end.
    const PATIENCE: u64 = 1000;
    let made: u64 = workers.iter().map(|done| done.tally.attempts).sum();
    let Some((count, missing)) = plan.exact().map(|count| (count, count.saturating_sub(made))) else { return Ok(()) };
    if missing == 0 {
        return Ok(());
    }
    let start = workers.first().and_then(|done| done.start);
    let mut done = Done { next: u64::MAX, start, ..Done::of(env, plan)? };
    let (mut index, mut without) = (count, 0);
    while done.tally.attempts < missing && without < PATIENCE && progress.interrupted().is_none() {
        let before = done.tally.attempts;
        done.planned(env, plan, index, progress)?;
        without = if done.tally.attempts == before { without + 1 } else { 0 };
        index += 1;
    }
    // The ideal layers are those that the threads found.
    done.ideal = workers.last().and_then(|done| done.ideal);
    workers.push(done);
    Ok(())
}

impl Done {
    /// Nothing done yet; every route of the policy is known.
    fn of(env: &mut WorkerEnv, plan: &Plan) -> Result<Self, CampaignError> {
        let mut done = Done { keep: plan.keeps(), ..Done::default() };
        if let Some((_, world, gate)) = env.of(env.options().scene, Crypto::Real)? {
            let known: BTreeSet<String> = world.policy().routes.iter().map(gatecrash_model::Route::id).collect();
            let strange = gate.known_routes().iter().filter(|route| !known.contains(*route));
            done.tally.undeclared = strange.cloned().collect();
            done.tally.evidence = known.into_iter().map(|route| (route, [0; 3])).collect();
        }
        Ok(done)
    }

    /// Makes the attempt at `index`, and again on a kept connection where that is planned.
    fn planned(
        &mut self,
        env: &mut WorkerEnv,
        plan: &Plan,
        index: u64,
        progress: &Progress,
    ) -> Result<(), CampaignError> {
        let (origin, case, options) = plan.case(index);
        let crypto = plan.crypto(index, &case);
        let inert = plan.inert(index);
        self.attempt(env, (index, crypto), (origin, &case), inert, options, progress)?;
        if let Some(kept) = plan.kept(index, &case) {
            self.attempt_kept(env, (index, crypto), &kept, options, progress)?;
        }
        Ok(())
    }

    /// Makes one attempt and counts it.
    fn attempt(
        &mut self,
        env: &mut WorkerEnv,
        (index, crypto): (u64, Crypto),
        (origin, case): (Origin, &Case),
        inert: Option<&[Mutation]>,
        mut options: CheckOptions,
        progress: &Progress,
    ) -> Result<(), CampaignError> {
        if !case.is_single() {
            return self.sequence(env, index, (origin, case), options, progress);
        }
        let Some((runtime, world, gate)) = env.of(case.scene, crypto)? else {
            self.tally.skipped += 1;
            return Ok(());
        };
        if !gate.depths().contains(&options.depth) {
            options.depth = Depth::Connection;
        }
        match runtime.block_on(check(gate, world, case, options)) {
            Err(_) => self.tally.skipped += 1,
            Ok(checked) => {
                self.tally.ideal += u64::from(world.layers() != Layers::default());
                let mut found = self.record(index, (origin, case), &checked, options.mirror, world);
                // Where the attempt itself went wrong, its twin would only say so again.
                if let (Some(changes), Outcome::Agree) = (inert, &checked.outcome) {
                    let case = twin(case, changes);
                    options.serial = u64::MAX - index;
                    // Changes that conflict with those of the case make no twin.
                    if let Ok(again) = runtime.block_on(check_twin(gate, world, &checked, &case, options)) {
                        found += self.record_twin(index, (origin, &case), &again, world);
                    }
                }
                progress.step(found);
            }
        }
        self.lead(env, crypto, case)?;
        env.retire(case.scene);
        Ok(())
    }

    /// Notes what came before the disagreements of a case, and that it came before what follows.
    fn lead(&mut self, env: &mut WorkerEnv, crypto: Crypto, case: &Case) -> Result<(), CampaignError> {
        for key in std::mem::take(&mut self.unled) {
            let before = env.before(case.scene, crypto)?;
            if let Some(raw) = self.raws.get_mut(&key) {
                raw.before = before;
            }
        }
        env.note(crypto, Arc::new(case.clone()))
    }

    /// Makes the steps of a sequence; on a gate of its own where the world changes.
    fn sequence(
        &mut self,
        env: &mut WorkerEnv,
        index: u64,
        (origin, case): (Origin, &Case),
        options: CheckOptions,
        progress: &Progress,
    ) -> Result<(), CampaignError> {
        let crypto = Crypto::Real;
        let options = CheckOptions { depth: Depth::Connection, ..options };
        let promises = &env.policy().changes;
        // Where attempts count, only a gate that nothing else came to tells what they add up to.
        let counts = promises.throttle.is_some() || promises.one_time.is_some();
        let changes = case.changes().next().is_some() || counts;
        let Some((_, world, gate)) = env.of(case.scene, crypto)? else {
            self.tally.sequences.inapplicable("the gate does not start in this scene");
            return Ok(());
        };
        if let Err(why) = rehearse_on(gate, world, case) {
            self.tally.sequences.inapplicable(&why.to_string());
            return Ok(());
        }
        // What is made over a changed world has a gate that nothing else came to.
        let checked = if changes {
            let (runtime, world, gate) = env.fresh(case.scene, crypto)?;
            runtime.block_on(check(&gate, world, case, options))
        } else {
            let Some((runtime, world, gate)) = env.of(case.scene, crypto)? else { return Ok(()) };
            runtime.block_on(check(gate, world, case, options))
        };
        match checked {
            Err(why) => self.tally.sequences.inapplicable(&why.to_string()),
            Ok(checked) => {
                self.tally.sequences.count(&checked.happened.unwrap_or_default());
                let Some((_, world, _)) = env.of(case.scene, crypto)? else { return Ok(()) };
                let found = self.record(index, (origin, case), &checked, options.mirror, world);
                progress.step(found);
            }
        }
        if changes {
            self.unled.clear();
        } else {
            self.lead(env, crypto, case)?;
        }
        env.retire(case.scene);
        Ok(())
    }

    /// Makes one attempt more, on a fresh connection and on a kept one.
    fn attempt_kept(
        &mut self,
        env: &mut WorkerEnv,
        (index, crypto): (u64, Crypto),
        case: &Case,
        options: CheckOptions,
        progress: &Progress,
    ) -> Result<(), CampaignError> {
        let Some((runtime, world, gate)) = env.of(case.scene, crypto)? else { return Ok(()) };
        let options = CheckOptions { mirror: false, serial: u64::MAX / 8 + index, ..options };
        // What cannot share a connection is no attempt.
        if let Ok(checked) = runtime.block_on(check(gate, world, case, options)) {
            self.tally.kept += 1;
            if let Outcome::Disagree(list) = &checked.outcome {
                let carried: Vec<_> = list.iter().filter(|it| it.kind == FindingKind::Carryover).cloned().collect();
                self.keep_raws(index, (None, case), &checked, &carried, world);
                progress.step(carried.len());
            }
        }
        env.retire(case.scene);
        Ok(())
    }

    /// Counts an attempt that was made again with inert changes; how many disagreements it had.
    fn record_twin(&mut self, index: u64, (origin, case): (Origin, &Case), checked: &Checked, world: &World) -> usize {
        let entered = checked.observation.entered(world.policy());
        self.tally.twins[0] += 1;
        self.tally.exercised.entry(Source::Twin).or_default().count(checked, entered);
        match &checked.outcome {
            Outcome::Agree => 0,
            Outcome::HarnessFault(fault) => {
                self.harness_faults.insert(index, format!("{}: {fault}", describe(case)));
                0
            }
            Outcome::Disagree(list) => {
                self.tally.twins[1] += u64::from(list.iter().any(|it| it.kind == FindingKind::Unstable));
                self.keep_shown(index, origin, list);
                self.keep_raws(index, (Some(origin), case), checked, list, world);
                list.len()
            }
        }
    }

    fn keep_shown(&mut self, index: u64, origin: Origin, list: &[Disagreement]) {
        if let (Origin::Catalogue(attack), true) = (origin, self.keep) {
            let shown = |it: &Disagreement| Shown { index, attack, kind: it.kind, rules: it.rules.clone() };
            self.shown.extend(list.iter().map(shown));
        }
    }

    fn keep_raws(
        &mut self,
        index: u64,
        (origin, case): (Option<Origin>, &Case),
        checked: &Checked,
        list: &[Disagreement],
        world: &World,
    ) {
        let drawn = matches!(origin, Some(Origin::Pair | Origin::Random));
        let bare = if drawn { reduce::culprits(case, &checked.verdict, world) } else { case.clone() };
        for disagreement in list {
            let key = RawKey::new(disagreement, &bare, world.policy());
            if let Some(Origin::Catalogue(attack)) = origin {
                self.variants.entry(attack).or_default().insert(key.clone());
            }
            if self.raws.contains_key(&key) || (drawn && self.raws.len() >= MOST) {
                continue;
            }
            let depth = checked.observation.depth.unwrap_or(Depth::Connection);
            let (kind, seen) = (disagreement.kind, disagreement.seen.clone());
            let after = self.start.map_or(Duration::ZERO, |start| start.elapsed());
            self.unled.push(key.clone());
            self.raws
                .insert(key, Raw { index, after, case: case.clone(), kind, seen, depth, drawn, before: Vec::new() });
        }
    }

    /// Counts one checked attempt; how many disagreements it had.
    fn record(
        &mut self,
        index: u64,
        (origin, case): (Origin, &Case),
        checked: &Checked,
        mirrored: bool,
        world: &World,
    ) -> usize {
        let policy = world.policy();
        let tally = &mut self.tally;
        tally.attempts += 1;
        tally.mirrored += u64::from(mirrored);
        let verdict = &checked.verdict;
        let share = match (verdict.must_admit(), verdict.must_refuse()) {
            (true, _) => 0,
            (_, true) => 1,
            _ => 2,
        };
        tally.verdicts[share] += 1;
        let observation = &checked.observation;
        let hit = observation.entered(policy);
        let throttled = observation.throttled(policy);
        tally.throttled += u64::from(throttled);
        let answered = observation.answer.is_some();
        tally.reached[0] += u64::from(answered || observation.handshake == Handshake::Accepted);
        tally.reached[1] += u64::from(answered);
        tally.reached[2] += u64::from(hit);
        tally.exercised.entry(origin.source()).or_default().count(checked, hit);
        if let Some(step) = case.judged() {
            *tally.stances.entry(step.stance.name()).or_default() += 1;
            tally.mutations.extend(step.mutations.iter().map(|mutation| mutation.kind()));
        }
        if let Some(depth) = observation.depth {
            *tally.depths.entry(depth.name()).or_default() += 1;
        }
        for hit in &observation.seen.hits {
            *tally.admitted.entry(hit.route.clone()).or_default() += 1;
        }
        if verdict.must_refuse() && !hit {
            for rule in &verdict.refusals {
                *tally.refused.entry(*rule).or_default() += 1;
            }
        }
        if let Origin::Catalogue(attack) = origin {
            *tally.attacks.entry(attack).or_default() += 1;
        }
        // What HTTP or TLS refuses by itself never comes to whoever audits.
        // Of an HTTP/2 request for no host that is the reset of the stream, which leaves no answer.
        let reset = observation.answer.is_none() && verdict.refusals.contains(&Rule::HostField);
        let by_protocol = reset || verdict.refusals.iter().any(|rule| rule.of_protocol());
        // Of requests at the same time nobody can tell whose refusal was audited.
        let together = case.attempts().any(|step| matches!(step.over, gatecrash_model::Over::Beside(_)));
        tally.silent += u64::from(!hit && !by_protocol && !together && observation.seen.causes.is_empty());
        // Of a second request that is none, nobody has anything to audit.
        let second = verdict.second.as_ref().filter(|second| !second.hidden).map(|second| &second.rules);
        let known: BTreeSet<Rule> = verdict.refusals.iter().chain(second.into_iter().flatten()).copied().collect();
        let violated = || verdict.refusals.iter().map(|rule| rule.name()).collect::<Vec<_>>().join(", ");
        for (cause, rules) in observation.seen.causes.iter().filter(|_| !together) {
            tally.causes[0] += 1;
            if rules.iter().any(|rule| known.contains(rule)) {
                tally.causes[1] += 1;
            } else {
                let known = format!("{cause}, where it violates {}", violated());
                least(&mut tally.wrong_causes, known, describe(case));
            }
        }
        if let (Some(alert), false) = (observation.alert, verdict.refusals.is_empty())
            && let Some((name, true_of_it)) = alert_said(alert, &verdict.refusals)
        {
            tally.alerts[0] += 1;
            tally.alerts[1] += u64::from(true_of_it);
            if !true_of_it {
                let known = format!("{name}, where it violates {}", violated());
                least(&mut tally.wrong_alerts, known, describe(case));
            }
        }
        // A control that tells of nobody in this world, or of no route, says nothing about whom it let in.
        let nobody = |hit: &Hit| hit.principal.as_ref().is_some_and(|principal| !world.knows(principal));
        // The evidence has a row for every route of the policy.
        let undeclared = |hit: &&Hit| !tally.evidence.contains_key(&hit.route);
        let of_no_route: Vec<String> =
            observation.seen.hits.iter().filter(undeclared).map(|hit| hit.route.clone()).collect();
        let untrue = || !of_no_route.is_empty() || observation.seen.hits.iter().any(nobody);
        let refused_control = origin == Origin::Control && verdict.must_admit() && !throttled && (!hit || untrue());
        tally.undeclared.extend(of_no_route);
        if origin == Origin::Control {
            tally.controls[0] += 1;
            if let Some(counts) = case.judged().and_then(|step| tally.evidence.get_mut(&step.route)) {
                let witnessed = !observation.seen.hits.is_empty();
                counts[0] += 1;
                counts[1] += u64::from(!refused_control && witnessed);
                counts[2] += u64::from(!refused_control && hit && !witnessed);
            }
            tally.controls[1] += u64::from(!refused_control && !throttled);
        }
        match &checked.outcome {
            Outcome::Agree => 0,
            Outcome::HarnessFault(fault) => {
                self.harness_faults.insert(index, format!("{}: {fault}", describe(case)));
                0
            }
            Outcome::Disagree(list) => {
                if refused_control {
                    let answered =
                        list.iter().map(|disagreement| disagreement.seen.clone()).collect::<Vec<_>>().join("; ");
                    self.miswirings.push(Miswiring { index, case: case.clone(), answered, advice: None });
                    return 0;
                }
                self.keep_shown(index, origin, list);
                self.keep_raws(index, (Some(origin), case), checked, list, world);
                list.len()
            }
        }
    }
}
