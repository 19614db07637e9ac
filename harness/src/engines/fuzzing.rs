//! What a fuzz target needs, and nothing of libFuzzer: surfaces, mutators, the raw oracle, and a crash that tells its story.
//!
//! An input of a structured target is the text of a case; of a raw target, bytes.

mod certificates;
mod depths;
mod dice;
mod dictionary;
mod macros;
mod mutator;
mod parameters;
mod raw;
mod reached;
mod records;
mod seeds;
mod session;
mod story;
mod token;

use std::sync::Arc;

use gatecrash_model::{Case, Draw as _, Scene};

pub use crate::attacks::casefile::Surface;
pub use dice::Dice;
pub use dictionary::dictionary;
pub use mutator::{MOST_MUTATIONS, Mutator};
pub use reached::Reached;
pub use seeds::{Seeds, seeds};
pub use session::{FEEDBACK_VARIABLE, Session};
pub use story::{Story, TargetInput};

use depths::one_in;
use raw::RawOracle;

use crate::{
    attacks::casefile::parse_case,
    attacks::catalogue::Catalogue,
    campaign::check::{CheckOptions, Checked, Disagreement, Finding, Outcome, check},
    campaign::specimen::Exhibit,
    campaign::{CampaignError, Raw, Target, WorkerEnv, led, smallest_sequence},
    gate::{Observation, panics},
    world::crypto::{self, Crypto},
    world::forge::ForgeError,
};

/// Changes the first octets of a slice in place, given how many and how many there may be; how many there are then.
pub type Engine = fn(&mut [u8], usize, usize) -> usize;

/// The environment variable that names the gate under fuzz.
pub const GATE_VARIABLE: &str = "GATECRASH_GATE";
/// Overrides the surface of a fuzz binary, so that one binary can run every target.
pub const TARGET_VARIABLE: &str = "GATECRASH_TARGET";

/// Set to `real`, the environment variable that has cases made with real cryptography alone; by default it is ideal, where
/// the gate takes that up. Raw targets are real, but for the one that is there to forge ideal signatures.
pub const CRYPTO_VARIABLE: &str = "GATECRASH_CRYPTO";

/// The seed of every fuzzed world, so that an artefact means the same everywhere; `replay` has it for a default.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// use gatecrash::{WorldOptions, campaign::{Target, replay}, fuzzing::SEED};
/// // The world in which a fuzzer found something, to look at it once more.
/// let target = Target { world: WorldOptions { seed: SEED, ..target.world.clone() }, ..target };
/// # let case = gatecrash::model::Case::one(gatecrash::model::Stance::NoToken, "GET /v1/whoami", vec![]);
/// assert!(!replay(&target, &case)?.is_empty());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub const SEED: u64 = 1;

/// Of inputs that agree, one in so many is read back from its bytes.
const MIRRORED: u32 = 8;

/// Why a fuzz target cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FuzzError {
    /// Gate or world cannot be built.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// The honest bytes of a raw target cannot be forged.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The policy admits nobody with a token, so that raw targets have nothing honest to start from.
    #[error("the policy has no route on which Alice is admitted with a token; raw targets need one")]
    NobodyAdmitted,
    /// [`TARGET_VARIABLE`] names an unknown target.
    #[error("{TARGET_VARIABLE} names `{name}`, which is no target; there are {known}")]
    UnknownTarget {
        /// The name.
        name: String,
        /// What there is.
        known: String,
    },
    /// The environment names a gate that there is not.
    #[error("{GATE_VARIABLE} names `{name}`, which is no gate; there are {known}")]
    UnknownGate {
        /// The name.
        name: String,
        /// What there is.
        known: String,
    },
}

/// A gate that stands ready for one thread's inputs.
pub struct Fuzzer {
    surface: Surface,
    target: Target,
    subject: story::Teller,
    env: WorkerEnv,
    mutator: Mutator,
    raw: Option<RawOracle>,
    reached: Reached,
    serial: u64,
    real: bool,
}

/// One raw input, attempted and compared.
pub struct RawReplay {
    /// What the input is, in words.
    pub words: String,
    /// What is permitted.
    pub verdict: gatecrash_model::Verdict,
    /// What the gate did.
    pub observation: Observation,
    /// Where they part.
    pub disagreements: Vec<Disagreement>,
}

impl Fuzzer {
    /// Builds world and gate. The world's seed is [`SEED`].
    ///
    /// `gate` and `command` are for the story: the gate's name, and the command line before its subcommand.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::fuzzing::{Fuzzer, Surface};
    /// let fuzzer = Fuzzer::new(Surface::Claims, &exhibit, "cargo run --example gatecrash --", false)?;
    /// assert_eq!(fuzzer.surface(), Surface::Claims);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn new(surface: Surface, exhibit: &Exhibit, command: &str, named: bool) -> Result<Self, FuzzError> {
        let mut target = exhibit.target.clone();
        target.world.seed = SEED;
        let mut env = WorkerEnv::new(&target)?;
        let usual = target.world.scene;
        let (raw, mutator) = {
            let (_, world, _) = env.fresh(usual, surface.crypto())?;
            let raw = match surface.is_raw() {
                true => Some(RawOracle::new(surface, world)?.ok_or(FuzzError::NobodyAdmitted)?),
                false => None,
            };
            (raw, Mutator::new(surface, world.first_blueprint(), scenes()))
        };
        let subject = story::Teller::new(surface, exhibit, command, named);
        let real = std::env::var(CRYPTO_VARIABLE).is_ok_and(|value| value == "real");
        let reached = Reached::new(surface);
        if surface.is_token() {
            env.keep_connections();
        }
        Ok(Self { surface, target, subject, env, mutator, raw, reached, serial: 0, real })
    }

    /// A fuzzer of a target that has no name, for replaying.
    pub(crate) fn of_target(surface: Surface, target: &Target) -> Result<Self, FuzzError> {
        Self::new(surface, &Exhibit::own(target.clone()), "", false)
    }

    /// The gate that [`GATE_VARIABLE`] names, or the first, ready to be fuzzed on `surface`, or on the one that
    /// [`TARGET_VARIABLE`] names; panics of its threads are heard.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::fuzzing::{Fuzzer, Surface};
    /// // Without `GATECRASH_GATE` in the environment, the first one.
    /// let fuzzer = Fuzzer::of_environment(Surface::Claims, &[exhibit], "cargo run --example gatecrash --");
    /// assert!(fuzzer.is_ok());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn of_environment(surface: Surface, exhibits: &[Exhibit], command: &str) -> Result<Self, FuzzError> {
        panics::listen_everywhere();
        let surface = match std::env::var(TARGET_VARIABLE) {
            Err(_) => surface,
            Ok(name) => Surface::named(&name).ok_or_else(|| {
                let known = Surface::ALL.iter().copied().map(Surface::name).collect::<Vec<_>>().join(", ");
                FuzzError::UnknownTarget { name, known }
            })?,
        };
        let wanted = std::env::var(GATE_VARIABLE).unwrap_or_default();
        let found = exhibits.iter().find(|exhibit| exhibit.name == wanted || wanted.is_empty());
        let known = || exhibits.iter().map(|exhibit| exhibit.name.as_str()).collect::<Vec<_>>().join(", ");
        let exhibit = found.ok_or_else(|| FuzzError::UnknownGate { name: wanted.clone(), known: known() })?;
        Self::new(surface, exhibit, command, exhibits.len() > 1)
    }

    /// The surface.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// # use gatecrash::fuzzing::{Fuzzer, Surface};
    /// let fuzzer = Fuzzer::new(Surface::Chain, &exhibit, "", false)?;
    /// assert_eq!(fuzzer.surface(), Surface::Chain);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn surface(&self) -> Surface {
        self.surface
    }

    /// Attempts an input at every depth of the gate. `Ok(false)` when it is none of the surface's, or means nothing here.
    ///
    /// `Err` holds the finding, or what the harness caught itself at.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::{fuzzing::{Fuzzer, Surface}, input::write_case, model::{Case, Person, Stance}};
    /// let mut fuzzer = Fuzzer::new(Surface::Case, &exhibit, "cargo run --example gatecrash --", false)?;
    /// let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]);
    /// assert!(matches!(fuzzer.attempt(write_case(&honest).as_bytes()), Ok(true)));
    /// assert!(matches!(fuzzer.attempt(b"no case"), Ok(false)));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn attempt(&mut self, input: &[u8]) -> Result<bool, Box<Story>> {
        let kept = match self.surface.is_raw() {
            true => self.attempt_raw(input),
            false => self.attempt_case(input),
        };
        if let Ok(false) = kept {
            self.reached.reject();
        }
        kept
    }

    fn attempt_case(&mut self, input: &[u8]) -> Result<bool, Box<Story>> {
        let text = std::str::from_utf8(input).ok();
        let Some(case) = text.and_then(|text| parse_case("input", text).ok()) else { return Ok(false) };
        if !self.surface.allows_case(&case) {
            return Ok(false);
        }
        if case.changes().next().is_some() {
            return self.attempt_sequence(&case);
        }
        let crypto = self.crypto(&case);
        let Ok(Some((runtime, world, gate))) = self.env.of(case.scene, crypto) else { return Ok(false) };
        // Nothing is told before it was mirrored; what agrees is mirrored one time in so many.
        let mirror = one_in(MIRRORED, input);
        let mut seen = None;
        let mut best = None;
        for depth in self.surface.depths(gate, input, Some(&case)) {
            self.serial += 1;
            let options = CheckOptions { depth, mirror, serial: self.serial };
            let Ok(checked) = runtime.block_on(check(gate, world, &case, options)) else { return Ok(false) };
            let mut outcome = checked.outcome.clone();
            if matches!(outcome, Outcome::Disagree(_)) && !mirror {
                self.serial += 1;
                let options = CheckOptions { depth, mirror: true, serial: self.serial };
                let again = runtime.block_on(check(gate, world, &case, options)).ok().map(|checked| checked.outcome);
                outcome = again.filter(|again| matches!(again, Outcome::HarnessFault(_))).unwrap_or(outcome);
            }
            if !matches!(outcome, Outcome::Agree) {
                seen = Some((depth, outcome));
                break;
            }
            best = Some(self.reached.depth(&checked.observation, world.policy()).max(best.unwrap_or(0)));
            self.reached.reason(&checked.observation);
        }
        if let Some((depth, Outcome::Disagree(list))) = &seen {
            return Err(self.tell(&case, *depth, list));
        }
        // Nothing can be told of what came before where it cannot be noted.
        let _ = self.env.note(crypto, Arc::new(case.clone()));
        self.env.retire(case.scene);
        match seen {
            None => {
                self.reached.count(best.unwrap_or(0));
                Ok(true)
            }
            Some((_, Outcome::HarnessFault(fault))) => Err(self.subject.harness_fault(&case, &fault)),
            Some((_, Outcome::Agree | Outcome::Disagree(_))) => Ok(true),
        }
    }

    /// Makes a sequence in which the world changes, on a gate of its own.
    fn attempt_sequence(&mut self, case: &Case) -> Result<bool, Box<Story>> {
        let Ok((runtime, world, gate)) = self.env.fresh(case.scene, Crypto::Real) else { return Ok(false) };
        self.serial += 1;
        let options = CheckOptions { depth: crate::gate::Depth::Connection, mirror: true, serial: self.serial };
        let Ok(checked) = runtime.block_on(check(&gate, world, case, options)) else { return Ok(false) };
        self.reached.count(self.reached.depth(&checked.observation, world.policy()));
        match &checked.outcome {
            Outcome::Agree => Ok(true),
            Outcome::Disagree(list) => Err(self.tell(case, options.depth, list)),
            Outcome::HarnessFault(fault) => Err(self.subject.harness_fault(case, fault)),
        }
    }

    fn attempt_raw(&mut self, input: &[u8]) -> Result<bool, Box<Story>> {
        let Some(raw) = &self.raw else { return Ok(false) };
        let Some(attempt) = raw.attempt(input) else { return Ok(false) };
        let scene = self.target.world.scene;
        let Ok(Some((runtime, world, gate))) = self.env.of(scene, self.surface.crypto()) else { return Ok(false) };
        let mut best = 0;
        for depth in self.surface.depths(gate, input, None).into_iter().filter(|depth| attempt.goes(*depth)) {
            let checked = runtime.block_on(attempt.check(gate, world, depth));
            if let Some(disagreement) = checked.disagreements.iter().min_by_key(|it| it.kind) {
                let again = |input: &[u8]| {
                    let attempt = raw.attempt(input)?;
                    let checked = runtime.block_on(attempt.check(gate, world, depth));
                    let same = checked.disagreements.into_iter().find(|it| it.kind == disagreement.kind)?;
                    Some((attempt.verdict, same))
                };
                return Err(self.subject.raw(input, &attempt.verdict, disagreement, again));
            }
            best = best.max(self.reached.depth(&checked.observation, world.policy()));
            self.reached.reason(&checked.observation);
        }
        self.reached.count(best);
        self.env.retire(scene);
        Ok(true)
    }

    /// Ideal cryptography, where the case has a form in it and nobody wants the real one; findings are confirmed with that.
    fn crypto(&self, case: &Case) -> Crypto {
        if self.real || !crypto::has_ideal_form(case) { Crypto::Real } else { Crypto::Ideal }
    }

    /// Shrinks on a fresh gate, then tells.
    fn tell(&mut self, case: &Case, depth: crate::gate::Depth, list: &[Disagreement]) -> Box<Story> {
        let mut kinds: Vec<_> = list.iter().map(|it| it.kind).collect();
        kinds.sort();
        let options = CheckOptions { depth, mirror: true, serial: u64::MAX / 2 };
        for kind in kinds {
            let smallest = if case.is_single() {
                let Ok((runtime, world, gate)) = self.env.fresh(case.scene, Crypto::Real) else { continue };
                runtime.block_on(crate::campaign::check::shrink(&gate, world, case, kind, options))
            } else {
                smallest_sequence(&mut self.env, case, kind, options).ok().flatten()
            };
            if let Some((case, checked)) = smallest {
                let Outcome::Disagree(list) = &checked.outcome else { continue };
                let Some(it) = list.iter().find(|it| it.kind == kind) else { continue };
                return self.subject.finding(Finding::of(case, &checked, it, &self.target.policy, depth));
            }
        }
        // It hangs on what came before.
        let before = self.env.before(case.scene, self.crypto(case)).unwrap_or_default();
        for it in list {
            let (kind, seen, before) = (it.kind, it.seen.clone(), before.clone());
            let raw = Raw {
                index: self.serial,
                after: std::time::Duration::ZERO,
                case: case.clone(),
                kind,
                seen,
                depth,
                drawn: true,
                before,
            };
            if let Ok(Some((case, checked, kind))) = led(&mut self.env, &raw, options)
                && let Outcome::Disagree(list) = &checked.outcome
                && let Some(it) = list.iter().find(|it| it.kind == kind)
            {
                return self.subject.finding(Finding::of(case, &checked, it, &self.target.policy, depth));
            }
        }
        let seen: Vec<String> = list.iter().map(|it| format!("{}: {}", it.kind.name(), it.seen)).collect();
        self.subject
            .harness_fault(case, &format!("does not reproduce, alone or after what came before: {}", seen.join("; ")))
    }

    /// Changes the first `size` octets of `data` in place; the new size, at most `most`.
    ///
    /// Cases are changed by structure. Tokens, certificates and TLS records are taken apart, so that `engine`, which changes octets as
    /// this function does, changes what they hold; other bytes are the engine's alone.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::{fuzzing::{Fuzzer, Surface}, input::parse_case};
    /// # fn engine(data: &mut [u8], size: usize, _most: usize) -> usize {
    /// #     data[..size].reverse();
    /// #     size
    /// # }
    /// let fuzzer = Fuzzer::new(Surface::Case, &exhibit, "", false)?;
    /// let mut data = [0; 4096];
    /// let size = fuzzer.mutate(&mut data, 0, 4096, 7, engine);
    /// // Where there was no case, a fresh one is drawn.
    /// assert!(parse_case("mutant", std::str::from_utf8(&data[..size])?).is_ok());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn mutate(&self, data: &mut [u8], size: usize, most: usize, seed: u32, engine: Engine) -> usize {
        let room = most.min(data.len());
        let mut dice = Dice::new(u64::from(seed));
        let made = match self.surface {
            Surface::RawCertificate => certificates::mutate(&data[..size], room, &mut dice, engine),
            Surface::RawTls => records::mutate(&data[..size], room, &mut dice, engine),
            Surface::IdealToken | Surface::RawToken => token::mutate(&data[..size], room, &mut dice, engine),
            surface if surface.is_raw() => None,
            _ => {
                let text = self.mutator.mutate(&data[..size], seed, room).into_bytes();
                // What does not fit is left as it was.
                if text.len() > room {
                    return size.min(room);
                }
                Some(text)
            }
        };
        match made {
            None => engine(data, size, room),
            Some(made) => {
                data[..made.len()].copy_from_slice(&made);
                made.len()
            }
        }
    }

    /// Something of both, of at most `room` octets: of cases a case, of bytes a beginning and an end.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::fuzzing::{Fuzzer, Surface};
    /// let fuzzer = Fuzzer::new(Surface::RawHttp, &exhibit, "", false)?;
    /// let made = fuzzer.cross(b"GET / HTTP/1.1\r\n", b"PUT / HTTP/1.0\r\n", 7, 20);
    /// assert!(made.len() <= 20);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn cross(&self, one: &[u8], other: &[u8], seed: u32, room: usize) -> Vec<u8> {
        let mut made = match self.surface {
            surface if !surface.is_raw() => self.mutator.cross(one, other, seed, room).into_bytes(),
            Surface::RawCertificate => certificates::cross(one, other, &mut Dice::new(u64::from(seed))),
            surface => {
                let mut dice = Dice::new(u64::from(seed));
                let hello = (surface == Surface::RawTls).then(|| records::cross(one, other, &mut dice)).flatten();
                if let Some(mut made) = hello {
                    made.truncate(room);
                    return made;
                }
                let (at, from) = (dice.below(one.len() + 1), dice.below(other.len() + 1));
                [&one[..at], &other[from..]].concat()
            }
        };
        made.truncate(room);
        made
    }

    /// Replays a raw input on this gate, at every depth. `None` when it is no input of the surface.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::fuzzing::{Fuzzer, Surface};
    /// let mut fuzzer = Fuzzer::new(Surface::RawToken, &exhibit, "", false)?;
    /// let replays = fuzzer.replay_raw(b"no token at all").ok_or("bytes are a token")?;
    /// assert!(replays.iter().all(|replay| replay.verdict.must_refuse() && !replay.disagreements.is_empty()));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn replay_raw(&mut self, input: &[u8]) -> Option<Vec<RawReplay>> {
        let raw = self.raw.as_ref()?;
        let attempt = raw.attempt(input)?;
        let (runtime, world, gate) = self.env.fresh(self.target.world.scene, self.surface.crypto()).ok()?;
        let depths = gate.depths().into_iter().filter(|depth| attempt.goes(*depth));
        let replays = depths.map(|depth| {
            let checked = runtime.block_on(attempt.check(&gate, world, depth));
            RawReplay {
                words: raw::words(self.surface, input),
                verdict: attempt.verdict.clone(),
                observation: checked.observation,
                disagreements: checked.disagreements,
            }
        });
        Some(replays.collect())
    }

    /// What is permitted in answer to a raw input; `None` when it is none of the surface's.
    pub(crate) fn raw_verdict(&self, input: &[u8]) -> Option<gatecrash_model::Verdict> {
        Some(self.raw.as_ref()?.attempt(input)?.verdict)
    }

    /// How deep an input gets: 0 nothing, 1 handshake, 2 token, 3 handler. `None` when it is none of the surface's.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::fuzzing::{Fuzzer, Surface};
    /// let mut fuzzer = Fuzzer::new(Surface::RawToken, &exhibit, "", false)?;
    /// // The gate runs its handler for whoever has a certificate.
    /// assert_eq!(fuzzer.depth(b"no token at all"), Some(3));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn depth(&mut self, input: &[u8]) -> Option<usize> {
        let observations = self.observe(input)?;
        let policy = &self.target.policy;
        observations.iter().map(|(_, _, observation)| self.reached.depth(observation, policy)).max()
    }

    /// What an input does, in a line: outcome, depth, rules and how the gate answered. Alike is what has the same line.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::fuzzing::{Fuzzer, Surface};
    /// let mut fuzzer = Fuzzer::new(Surface::RawToken, &exhibit, "", false)?;
    /// // One of them is enough for a corpus.
    /// assert_eq!(fuzzer.behavior(b"no token at all"), fuzzer.behavior(b"no token either"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn behavior(&mut self, input: &[u8]) -> Option<String> {
        let observations = self.observe(input)?;
        let policy = &self.target.policy;
        let lines = observations.iter().map(|(outcome, verdict, observation)| {
            let rules: Vec<&str> = verdict.refusals.iter().map(|rule| rule.name()).collect();
            let status = observation.answer.as_ref().map(|answer| answer.status);
            let depth = self.reached.depth(observation, policy);
            let route = observation.seen.hits.first().map(|hit| hit.route.as_str()).unwrap_or_default();
            format!("{outcome} {depth} {} {status:?} {route} {:?}", rules.join(","), observation.handshake)
        });
        Some(lines.collect::<Vec<_>>().join("; "))
    }

    /// Attempts an input at every depth: kinds of disagreement, verdict and observation of each.
    fn observe(&mut self, input: &[u8]) -> Option<Vec<(String, gatecrash_model::Verdict, Observation)>> {
        let kinds = |list: &[Disagreement]| list.iter().map(|it| it.kind.name()).collect::<Vec<_>>().join("+");
        if self.surface.is_raw() {
            let replays = self.replay_raw(input)?.into_iter();
            return Some(replays.map(|it| (kinds(&it.disagreements), it.verdict, it.observation)).collect());
        }
        let case = parse_case("input", std::str::from_utf8(input).ok()?).ok()?;
        if !self.surface.allows_case(&case) {
            return None;
        }
        let (runtime, world, gate) = self.env.of(case.scene, Crypto::Real).ok()??;
        let mut seen = Vec::new();
        for depth in crate::campaign::check::depths(&case, gate) {
            self.serial += 1;
            let options = CheckOptions { depth, mirror: false, serial: self.serial };
            let checked = runtime.block_on(check(gate, world, &case, options)).ok()?;
            let outcome = match &checked.outcome {
                Outcome::Disagree(list) => kinds(list),
                _ => String::new(),
            };
            seen.push((outcome, checked.verdict, checked.observation));
        }
        self.env.retire(case.scene);
        Some(seen)
    }

    /// Replays a case on a fresh gate, at every depth.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::{fuzzing::{Fuzzer, Surface}, model::{Case, Stance}};
    /// let fuzzer = Fuzzer::new(Surface::Case, &exhibit, "", false)?;
    /// for checked in fuzzer.replay_case(&Case::one(Stance::NoToken, "GET /v1/whoami", vec![]))? {
    ///     assert!(checked.verdict.must_refuse());
    /// }
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn replay_case(&self, case: &Case) -> Result<Vec<Checked>, CampaignError> {
        crate::campaign::replay(&self.target, case)
    }

    /// What the inputs reached so far.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::fuzzing::{Fuzzer, Surface};
    /// let mut fuzzer = Fuzzer::new(Surface::Case, &exhibit, "", false)?;
    /// assert!(matches!(fuzzer.attempt(b"no case"), Ok(false)));
    /// assert_eq!(fuzzer.reached().rejected, 1);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn reached(&self) -> &Reached {
        &self.reached
    }

    fn raw_seeds(&mut self) -> Vec<Vec<u8>> {
        let (Some(raw), Ok((_, world, _))) =
            (&self.raw, self.env.fresh(self.target.world.scene, self.surface.crypto()))
        else {
            return Vec::new();
        };
        raw.seeds(world)
    }
}

/// Every scene that the catalogue is played in, the usual one first.
fn scenes() -> Vec<Scene> {
    let mut scenes = vec![Scene::Usual];
    let attacks = Catalogue::embedded().map(|catalogue| catalogue.attacks).unwrap_or_default();
    for attack in attacks {
        if !scenes.contains(&attack.scene) {
            scenes.push(attack.scene);
        }
    }
    scenes
}
