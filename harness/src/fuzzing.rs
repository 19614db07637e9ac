//! What a fuzz target needs: an input is the text of a case, and mutating it changes the case, not the letters.

use gatecrash_model::{Blueprint, Case, Mutation, draw_case, resolve, vocabulary};
use tokio::runtime::Runtime;

use crate::{
    campaign::{CampaignError, Target},
    check::{CheckOptions, Outcome, check},
    gate::Gate,
    input::{parse_case, write_case},
    world::{Clock, World},
};

/// A gate that stands ready for one thread's inputs.
pub struct Fuzzed {
    runtime: Runtime,
    world: World,
    gate: Gate,
    words: Vec<Mutation>,
    serial: std::cell::Cell<u64>,
}

impl Fuzzed {
    /// Builds world and gate.
    pub fn new(target: &Target) -> Result<Self, CampaignError> {
        let world = World::new(target.policy.clone(), target.world.clone())?;
        let paused = world.clock() == Clock::Frozen;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(paused).build()?;
        let gate = runtime.block_on((target.factory)(&world)).map_err(CampaignError::Gate)?;
        let words = vocabulary(world.first_blueprint());
        Ok(Self { runtime, world, gate, words, serial: 0.into() })
    }

    /// Attempts the case in `text`, at every depth; `Ok(false)` when it is no case, or means nothing here.
    ///
    /// `Err` holds the finding in words, or what the harness caught itself at.
    pub fn attempt(&self, text: &str) -> Result<bool, String> {
        let Ok(case) = parse_case("input", text) else { return Ok(false) };
        if case.scene != self.world.first_blueprint().scene {
            return Ok(false);
        }
        for depth in self.gate.depths() {
            self.serial.set(self.serial.get() + 1);
            let options = CheckOptions { depth, mirror: true, serial: self.serial.get() };
            let Ok(checked) = self.runtime.block_on(check(&self.gate, &self.world, &case, options)) else {
                return Ok(false);
            };
            let words = gatecrash_model::describe(&case);
            match checked.outcome {
                Outcome::Agree => {}
                Outcome::Disagree(list) => {
                    let seen: Vec<String> = list.iter().map(|it| format!("{}: {}", it.kind.name(), it.seen)).collect();
                    return Err(format!("{words}: {}", seen.join("; ")));
                }
                Outcome::HarnessFault(fault) => return Err(format!("{words}: HarnessFault: {fault}")),
            }
        }
        Ok(true)
    }

    /// Another case near the one in `data`, as text; where that is no case, a fresh one.
    pub fn mutate(&self, data: &[u8], seed: u32) -> String {
        let mut state = u64::from(seed).wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut below = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % bound.max(1) as u64) as usize
        };
        let blueprint = self.world.first_blueprint();
        let known = std::str::from_utf8(data).ok().and_then(|text| parse_case("input", text).ok());
        // Most changes of a case mean something; what does not is drawn again.
        for _ in 0..8 {
            let case = match &known {
                Some(case) => changed(case, &mut below, &self.words, blueprint),
                None => draw_case(&mut below, &self.words, blueprint),
            };
            if case.steps.first().is_some_and(|step| resolve(step, blueprint).is_ok()) {
                return write_case(&case);
            }
        }
        write_case(&draw_case(&mut below, &self.words, blueprint))
    }
}

/// One change: a mutation less, more or other, another stance, another route.
fn changed(case: &Case, below: &mut dyn FnMut(usize) -> usize, words: &[Mutation], blueprint: &Blueprint) -> Case {
    let mut case = case.clone();
    let mut draw = |bound: usize| below(bound);
    let fresh = draw_case(&mut draw, words, blueprint);
    let (Some(step), Some(other)) = (case.steps.first_mut(), fresh.steps.into_iter().next()) else { return case };
    let count = step.mutations.len();
    match draw(6) {
        0 => step.stance = other.stance,
        1 => step.route = other.route,
        2 if count > 0 => {
            step.mutations.remove(draw(count));
        }
        3 if count > 0 => {
            let at = draw(count);
            if let Some(word) = words.get(draw(words.len())) {
                step.mutations[at] = word.clone();
            }
        }
        _ => step.mutations.extend(words.get(draw(words.len())).cloned()),
    }
    case
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        audience = "https://api.example.test"
        trust-domain = "example.test"
        issuers = [{ url = "https://issuer.example.test" }]
        routes = [{ method = "GET", path = "/v1/whoami" }]
    "#;

    #[test]
    fn mutants_are_cases() {
        let target = Target {
            factory: crate::factory::boxed(|_| Box::pin(async { Ok(Gate::serve(|_io| async {})) })),
            policy: crate::input::parse_policy("gate.toml", POLICY).unwrap(),
            world: Default::default(),
        };
        let fuzzed = Fuzzed::new(&target).unwrap();
        let mut text = String::new();
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..300 {
            text = fuzzed.mutate(text.as_bytes(), seed);
            let case = parse_case("mutant", &text).unwrap();
            seen.extend(case.mutations().map(Mutation::kind));
        }
        assert!(seen.len() > 15, "{seen:?}");
        assert!(fuzzed.attempt("no case").is_ok_and(|kept| !kept));
    }
}
