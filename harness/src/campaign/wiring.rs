//! Why an honest request was refused: what the gate said, what it would have let in, and what to change. It never speaks of security.

use gatecrash_model::{Case, Mutation, SlotStage, resolve, vocabulary};

use super::{CampaignError, Miswiring, WorkerEnv};
use crate::{
    campaign::check::{CheckOptions, Checked, check},
    gate::{Answer, Depth, Evidence, Gate, Handshake, Observation},
    world::crypto::Crypto,
    world::{Clock, World, WorldOptions, forge},
};

/// The most of an answer's content that is quoted, octets.
const QUOTED: usize = 200;

/// Adds what to change to a refused control, after making it again on a gate of its own.
pub(super) fn explain(env: &mut WorkerEnv, miswiring: &mut Miswiring) -> Result<(), CampaignError> {
    let options = env.options().clone();
    let scene = miswiring.case.scene;
    let (runtime, world, gate) = env.fresh(scene, Crypto::Real)?;
    let depth = if gate.depths().contains(&Depth::Service) { Depth::Service } else { Depth::Connection };
    let subject = Refused { world, gate: &gate, case: &miswiring.case, depth };
    let advice = runtime.block_on(subject.advice(options));
    if let Some(advice) = advice {
        miswiring.advice = Some(advice);
    }
    Ok(())
}

struct Refused<'a> {
    world: &'a World,
    gate: &'a Gate,
    case: &'a Case,
    depth: Depth,
}

impl Refused<'_> {
    /// What was said, then what to change; `None` when the gate lets the case in after all.
    async fn advice(&self, options: WorldOptions) -> Option<String> {
        let checked = self.checked(self.case, 0).await?;
        let observation = &checked.observation;
        let said = said(observation);
        let change = match self.told_otherwise(&checked) {
            Some(told) => told,
            None if self.admitted(observation) => return None,
            None => match self.by_clock(options).await {
                Some(by_clock) => by_clock,
                None => match self.by_evidence(observation) {
                    Some(change) => change,
                    None => self.by_probe(observation).await,
                },
            },
        };
        Some(format!("{said}{change}"))
    }

    async fn checked(&self, case: &Case, serial: u64) -> Option<Checked> {
        let options = CheckOptions { depth: self.depth, mirror: false, serial: u64::MAX / 8 + serial };
        check(self.gate, self.world, case, options).await.ok()
    }

    fn admitted(&self, observation: &Observation) -> bool {
        observation.entered(self.world.policy())
    }

    /// The witness was told something that means nothing in this world.
    fn told_otherwise(&self, checked: &Checked) -> Option<String> {
        let policy = self.world.policy();
        let route = &self.case.first()?.route;
        let hit = checked.observation.seen.hits.first()?;
        if !policy.routes.iter().any(|known| known.id() == hit.route) {
            return Some(format!(
                "The witness was told that `{}` ran, which gate.toml does not name; spell the route as there: `{route}`.",
                hit.route
            ));
        }
        let expected = &checked.verdict.admissions.first()?.principal;
        let principal = hit.principal.as_ref().filter(|principal| !self.world.knows(principal))?;
        Some(format!(
            "The witness was told that `{principal}` was let in, who is nobody of this world; name the principal as the token's \
             `sub` does: `{expected}`."
        ))
    }

    /// Whether the gate reads the other clock: the same request of the other present is let in.
    async fn by_clock(&self, options: WorldOptions) -> Option<String> {
        let (clock, change) = match self.world.clock() {
            Clock::Frozen => (
                Clock::System,
                "The gate lets the same request in when it is of this very moment: it reads the system clock, and the world's \
                 stands still. Write `world = gatecrash::WorldOptions::system_clock()` beside the policy, or read `World::now`.",
            ),
            Clock::System => (
                Clock::Frozen,
                "The gate lets the same request in when it is of the frozen present: it reads a clock of its own, and the \
                 world the system's. Leave out `Clock::System`, or read the system clock.",
            ),
        };
        let other = World::new(self.world.policy().clone(), WorldOptions { clock, ..options }).ok()?;
        let blueprint = other.blueprint();
        let attempt = resolve(self.case.first()?, &blueprint).ok()?;
        let wire = forge::forge(&attempt, &blueprint, other.keyring(), other.mint(), u64::MAX / 8).ok()?;
        let observation = self.gate.attempt(&wire, self.world, self.depth).await;
        self.admitted(&observation).then(|| change.into())
    }

    /// What the answer itself says.
    fn by_evidence(&self, observation: &Observation) -> Option<String> {
        if !observation.panics.is_empty() {
            return Some("Mend the panic, or what it is built with; a panic on an honest request is no answer.".into());
        }
        if observation.hang {
            return Some(
                "The gate waits for something that does not come, such as a lock, a database or a name server; or its \
                 budget is too small: `Gate::budget`."
                    .into(),
            );
        }
        let Some(answer) = &observation.answer else { return Some(self.without_answer(observation)) };
        let route = self.case.first().map(|step| step.route.clone()).unwrap_or_default();
        let change = match answer.status {
            status if status < 300 && observation.evidence == Evidence::Hit => format!(
                "It answered success, and told the witness nothing: where the effect runs, call \
                 `world.witness().hit(\"{route}\", principal, object)`. A gate that cannot be instrumented is built with \
                 `.evidence(Evidence::Status)`."
            ),
            300..400 => "An honest request is sent elsewhere. Name the final path in gate.toml, or mend what it asks for; where a \
                 redirect means *refused*, list its status under `answers.refused`."
                .into(),
            404 | 405 => format!(
                "The router knows no `{route}`, or hides it from who may see it. Compare path and method with gate.toml, with \
                 every prefix that `nest` adds."
            ),
            400 | 411 | 415 | 422 => "The handler wants another request. Give the route of gate.toml `body`, `content-type` \
                 or `example`, so that the honest request is complete."
                .into(),
            421 => "The gate answers for another host: requests name `gate.gatecrash.test`, which `World::server_chain` is for. \
                 Configure that name, or write `[http] authority = \"any\"` where a proxy looks after it."
                .into(),
            429 | 503 => "A limit was reached before anything was attempted. Raise the rate limit for the test, or name its \
                 status under `answers.throttled`."
                .into(),
            500.. => "The gate failed on an honest request: build it with everything that its handlers need.".into(),
            _ if !self.gate.hands_over_certificates() => {
                "The service never sees the client's certificate: say how it learns of it with \
                 `Gate::peer_certificates`."
                    .into()
            }
            _ => return None,
        };
        Some(change)
    }

    fn without_answer(&self, observation: &Observation) -> String {
        let reason = match &observation.handshake {
            Handshake::Refused(reason) => reason.as_str(),
            _ => "",
        };
        let about = |words: &[&str]| words.iter().any(|word| reason.to_ascii_lowercase().contains(word));
        if about(&["http/2"]) {
            "It does not offer `h2`. Set `alpn_protocols`, or write `[http] versions = [\"1.1\"]`.".into()
        } else if about(&["expired", "not valid yet", "notvalidyet"]) {
            "It takes the honest certificate for one of another time: TLS verifies by the system clock. Give its verifier the \
             world's time, or the world `Clock::System`."
                .into()
        } else if about(&["revo", "crl"]) {
            "It finds no CRL for the honest certificate: give it every one of `world.crls()`.".into()
        } else if reason.is_empty() {
            "It ended without an alert: its accept loop gives up before or after the handshake. Serve the stream until it is \
             closed, with `world.server_chain()` and `world.server_key()`, and trust `world.client_anchors()`."
                .into()
        } else {
            "Its TLS does not take the honest certificate: trust `world.client_anchors()`, enforce `world.crls()`, and serve \
             `world.server_chain()` with `world.server_key()`."
                .into()
        }
    }

    /// Single changes of header and claims with which the gate would let the request in; else what there is to compare.
    async fn by_probe(&self, observation: &Observation) -> String {
        let of_token = |mutation: &Mutation| {
            matches!(mutation.slot().stage, SlotStage::Header | SlotStage::Claims | SlotStage::Binding)
        };
        let words: Vec<Mutation> = vocabulary(&self.world.blueprint()).into_iter().filter(of_token).collect();
        for (serial, word) in (1..).zip(words) {
            let mut case = self.case.clone();
            let Some(step) = case.first_mut() else { continue };
            step.mutations.push(word.clone());
            if let Some(checked) = self.checked(&case, serial).await
                && self.admitted(&checked.observation)
            {
                return format!(
                    "The gate lets the same request in when {word}. Either it is built with another expectation than gate.toml \
                     says, or gate.toml promises more than the gate does."
                );
            }
        }
        let policy = self.world.policy();
        let issuers: Vec<&str> = policy.issuers.iter().map(|issuer| issuer.url.as_str()).collect();
        let who = observation.answer.as_ref().map_or(0, |answer| answer.status);
        let rights = if who == 403 { " It knows who asks and denies it: compare scopes and owners, too." } else { "" };
        format!(
            "No single change of the token helps. Build the gate with the world's values: audience `{}`, issuer {}, keys \
             `world.jwks(…)`, algorithms {}.{rights}",
            policy.audience,
            issuers.iter().map(|url| format!("`{url}`")).collect::<Vec<_>>().join(" and "),
            policy.tokens.algorithms.join(", "),
        )
    }
}

/// What the gate said of itself: the challenge, the content, the log; each where there is one.
fn said(observation: &Observation) -> String {
    let mut parts = Vec::new();
    let field = |answer: &Answer, wanted: &str| {
        answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.clone())
    };
    if let Some(answer) = &observation.answer {
        for name in ["www-authenticate", "location"] {
            parts.extend(field(answer, name).map(|value| format!("{name}: {value}")));
        }
        let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(QUOTED)]);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() && !text.contains(char::REPLACEMENT_CHARACTER) {
            parts.push(format!("content: {text}"));
        }
    }
    parts.extend(observation.seen.causes.iter().map(|(cause, _)| format!("audited: {cause}")));
    parts.extend(
        observation.seen.logs.lines().filter(|line| !line.is_empty()).take(3).map(|line| format!("log: {line}")),
    );
    match parts.is_empty() {
        true => String::new(),
        false => format!("It said: {}. ", parts.join("; ")),
    }
}
