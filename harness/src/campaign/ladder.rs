//! The ladder: what a route looks at at all. Each rung is a request that no route may serve; the lowest that gets in is the cause.

use std::collections::{BTreeMap, BTreeSet};

use gatecrash_model::{
    Attempting, Case, Mutation, PayloadForm, Person, Rule, Scene, SignatureForm, Stage, Stance, Value,
};

use super::{
    CampaignError, WorkerEnv,
    over_time::{by_history, settle},
};
use crate::{
    campaign::check::{Cause, CheckOptions, Checked, Finding, FindingKind, Outcome, check, depths, of_certificate},
    world::crypto::Crypto,
};

/// What is asked of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rung {
    /// A certificate alone.
    NoToken,
    /// Three segments of nonsense.
    Garbage,
    /// A token whose signature is noise.
    Noise,
    /// A claim that is plainly wrong.
    Claim(&'static str),
}

/// What each route let in.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    let_in: BTreeMap<String, BTreeSet<Rung>>,
}

impl Ladder {
    /// Asks every route that wants a token.
    pub(super) fn climb(env: &mut WorkerEnv) -> Result<Self, CampaignError> {
        let routes: Vec<String> = env
            .policy()
            .routes
            .iter()
            .filter(|route| !route.token_optional())
            .map(gatecrash_model::Route::id)
            .collect();
        let (runtime, world, gate) = env.fresh(Scene::Usual, Crypto::Real)?;
        let mut ladder = Self::default();
        let mut serial = u64::MAX / 16;
        for route in routes {
            let let_in = ladder.let_in.entry(route.clone()).or_default();
            for (rung, stance, mutations) in rungs() {
                let case = Case::one(stance, route.clone(), mutations);
                let Some(depth) = depths(&case, &gate).into_iter().next() else { continue };
                serial += 1;
                let checked =
                    runtime.block_on(check(&gate, world, &case, CheckOptions { depth, mirror: false, serial }));
                // What cannot be said here is no rung.
                if checked.is_ok_and(|checked| got_in(&checked)) {
                    let_in.insert(rung);
                }
            }
        }
        Ok(ladder)
    }

    fn has(&self, route: &str, rung: Rung) -> bool {
        self.let_in.get(route).is_some_and(|rungs| rungs.contains(&rung))
    }

    fn holds(&self, route: &str, cause: &Cause) -> bool {
        match cause {
            Cause::NoGuard => self.has(route, Rung::NoToken) && self.has(route, Rung::Garbage),
            Cause::TokenUnread => !self.has(route, Rung::NoToken) && self.has(route, Rung::Garbage),
            Cause::SignatureUnchecked => !self.has(route, Rung::Garbage) && self.has(route, Rung::Noise),
            Cause::ClaimUnchecked(claim) => self
                .let_in
                .get(route)
                .into_iter()
                .flatten()
                .any(|rung| matches!(rung, Rung::Claim(known) if known == claim)),
            _ => false,
        }
    }

    /// Tells each finding its cause, and the routes that have the same one.
    pub(super) fn explain(&self, findings: &mut [Finding]) {
        for finding in findings.iter_mut() {
            finding.cause = self.cause(finding);
        }
        settle(findings);
        let mut routes: BTreeMap<Cause, BTreeSet<String>> = BTreeMap::new();
        for finding in findings.iter() {
            if let Some(step) = finding.case.judged() {
                routes.entry(finding.cause.clone()).or_default().insert(step.route.clone());
            }
        }
        for (cause, routes) in &mut routes {
            routes.extend(self.let_in.keys().filter(|route| self.holds(route, cause)).cloned());
        }
        for finding in findings {
            let own = finding.case.judged().map(|step| step.route.clone());
            let others = routes.get(&finding.cause).into_iter().flatten().filter(|route| Some(*route) != own.as_ref());
            finding.routes = own.iter().chain(others).cloned().collect();
        }
    }

    fn cause(&self, finding: &Finding) -> Cause {
        let rules = &finding.rules;
        if finding.cause == Cause::Instruction {
            return Cause::Instruction;
        }
        if let Some(cause) = by_what_happened(finding) {
            return cause;
        }
        let admits = matches!(
            finding.kind,
            FindingKind::Breach
                | FindingKind::Impersonation
                | FindingKind::LateRefusal
                | FindingKind::Leniency
                | FindingKind::Unwitnessed
        );
        let of_token =
            rules.iter().any(|rule| matches!(rule.stage(), Stage::Token | Stage::Authorization) && !rule.of_protocol());
        // Where nothing stands before the handler, the answer that tells too much is the handler's.
        let unguarded = |step: &&Attempting| {
            finding.kind == FindingKind::Leak && of_token && self.holds(&step.route, &Cause::NoGuard)
        };
        if finding.case.judged().filter(unguarded).is_some() {
            return Cause::NoGuard;
        }
        let Some(step) = finding.case.judged().filter(|_| admits) else { return Cause::of(finding.kind, rules) };
        for cause in [Cause::NoGuard, Cause::TokenUnread] {
            if of_token && self.holds(&step.route, &cause) {
                return cause;
            }
        }
        let sealed = |rule: &Rule| {
            matches!(
                rule,
                Rule::AlgorithmAllowed | Rule::AlgorithmOfKey | Rule::KeyId | Rule::KeyStrength | Rule::Signature
            )
        };
        if rules.iter().any(sealed) && self.holds(&step.route, &Cause::SignatureUnchecked) {
            return Cause::SignatureUnchecked;
        }
        let claims = rules.iter().filter(|_| rules.len() == 1).filter_map(|rule| Cause::claim_of(*rule));
        let mut unchecked = claims.filter(|claim| self.has(&step.route, Rung::Claim(claim)));
        match unchecked.next() {
            Some(claim) => Cause::ClaimUnchecked(claim.into()),
            None => Cause::of(finding.kind, rules),
        }
    }
}

/// The cause that a finding shows by itself.
fn by_what_happened(finding: &Finding) -> Option<Cause> {
    let observation = &finding.observation;
    if let Some(cause) = by_history(finding) {
        return Some(cause);
    }
    match finding.kind {
        FindingKind::Carryover => Some(Cause::Remembered),
        FindingKind::EarlyEffect => Some(Cause::EffectFirst),
        FindingKind::LateRefusal if observation.continued => Some(Cause::BodyFirst),
        FindingKind::LateRefusal
            if finding.rules.iter().any(|rule| of_certificate(*rule))
                && (observation.answer.is_some() || observation.seen.look_ups > 0) =>
        {
            Some(Cause::CertificateAfterToken)
        }
        _ => None,
    }
}

fn got_in(checked: &Checked) -> bool {
    let breach = |kind: FindingKind| matches!(kind, FindingKind::Breach | FindingKind::Unwitnessed);
    match &checked.outcome {
        // An effect that is refused afterwards has a kind of its own.
        Outcome::Disagree(list) => list.iter().any(|disagreement| breach(disagreement.kind)),
        Outcome::Agree | Outcome::HarnessFault(_) => false,
    }
}

/// From nothing upwards.
fn rungs() -> Vec<(Rung, Stance, Vec<Mutation>)> {
    let alice = Stance::Complete(Person::Alice);
    let nonsense = || PayloadForm::Text("nonsense".into());
    let set = |name: &str, value: Value| Mutation::SetClaim { name: name.into(), value };
    let text = |text: &str| Value::Json(format!("\"{text}\""));
    let claim = |name: &'static str, value: Value| (Rung::Claim(name), alice, vec![set(name, value)]);
    let without = |name: &'static str| (Rung::Claim(name), alice, vec![Mutation::DropClaim(name.into())]);
    const DAY: i64 = 86_400;
    vec![
        (Rung::NoToken, Stance::NoToken, vec![]),
        (
            Rung::Garbage,
            alice,
            vec![
                Mutation::JoseHeader(nonsense()),
                Mutation::Payload(nonsense()),
                Mutation::SignatureOctets(SignatureForm::Noise),
            ],
        ),
        (Rung::Noise, alice, vec![Mutation::SignatureOctets(SignatureForm::Noise)]),
        claim("aud", text("https://another.example")),
        claim("iss", text("https://issuer.another.example")),
        claim("exp", Value::Seconds(-DAY)),
        claim("nbf", Value::Seconds(DAY)),
        claim("iat", Value::Seconds(DAY)),
        claim("sub", text("somebody else")),
        without("jti"),
        without("client_id"),
        (Rung::Claim("cnf"), Stance::StolenToken(Person::Alice), vec![]),
        (Rung::Claim("scope"), Stance::NarrowScope, vec![]),
    ]
}
