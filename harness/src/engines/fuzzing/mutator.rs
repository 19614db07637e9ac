//! Structural moves over the text of cases. Every output is the text of a case that means something in this world.

use gatecrash_model::{
    Attempting, Blueprint, Case, Draw as _, Mutation, Over, Scene, Stance, Step, TokenOf, draw_case, draw_sequence,
    rehearse, vocabulary,
};

use super::{dice::Dice, parameters};
use crate::attacks::casefile::Surface;
use crate::attacks::casefile::{parse_case, write_case};

/// The most mutations that a mutant has.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{fuzzing::{MOST_MUTATIONS, Mutator, Surface}, input::parse_case, model::Scene};
/// let mutator = Mutator::new(Surface::Case, &world.blueprint(), vec![Scene::Usual]);
/// let mut text = String::new();
/// for seed in 0..50 {
///     text = mutator.mutate(text.as_bytes(), seed, 4096);
///     assert!(parse_case("mutant", &text)?.mutations().count() <= MOST_MUTATIONS);
/// }
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub const MOST_MUTATIONS: usize = 6;

/// How often a move is drawn again when what it makes means nothing.
const DRAWS: usize = 24;

/// The most steps that a mutant has.
const MOST_STEPS: usize = 6;

/// Changes cases of one surface.
#[derive(Clone, Debug)]
pub struct Mutator {
    surface: Surface,
    blueprint: Blueprint,
    words: Vec<Mutation>,
    scenes: Vec<Scene>,
}

impl Mutator {
    /// A mutator for `surface` in the world of `blueprint`. The first of `scenes` is the usual one.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::{fuzzing::{Mutator, Surface}, model::Scene};
    /// let all = Mutator::new(Surface::Case, &world.blueprint(), vec![Scene::Usual]);
    /// let claims = Mutator::new(Surface::Claims, &world.blueprint(), vec![Scene::Usual]);
    /// assert!(claims.words().len() < all.words().len());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn new(surface: Surface, blueprint: &Blueprint, scenes: Vec<Scene>) -> Self {
        let words = vocabulary(blueprint).into_iter().filter(|word| surface.allows(word)).collect();
        Self { surface, blueprint: blueprint.clone(), words, scenes }
    }

    /// The mutations that the surface allows.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::{fuzzing::{Mutator, Surface}, model::Scene};
    /// let mutator = Mutator::new(Surface::Claims, &world.blueprint(), vec![Scene::Usual]);
    /// assert!(mutator.words().iter().all(|word| Surface::Claims.allows(word)));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn words(&self) -> &[Mutation] {
        &self.words
    }

    /// Another case near the one in `data`, as text of at most `room` octets where that can be.
    ///
    /// Where `data` is no case, a fresh one is drawn.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::{fuzzing::{Mutator, Surface}, model::Scene};
    /// let mutator = Mutator::new(Surface::Claims, &world.blueprint(), vec![Scene::Usual]);
    /// assert_eq!(mutator.mutate(b"no case", 7, 4096), mutator.mutate(b"nor this", 7, 4096));
    /// assert_ne!(mutator.mutate(b"no case", 7, 4096), mutator.mutate(b"no case", 8, 4096));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn mutate(&self, data: &[u8], seed: u32, room: usize) -> String {
        let mut dice = Dice::new(u64::from(seed));
        let known = self.read(data);
        self.first_sound(&mut dice, room, |dice| match &known {
            Some(case) => self.changed(case, dice),
            None => self.fresh(dice),
        })
    }

    /// A case with something of both: stance, route and scene of either, mutations of both.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::{fuzzing::{Mutator, Surface}, input::{parse_case, write_case}, model::{Case, Stance, Scene}};
    /// let mutator = Mutator::new(Surface::Case, &world.blueprint(), vec![Scene::Usual]);
    /// let text = |stance| write_case(&Case::one(stance, "GET /v1/whoami", vec![]));
    /// let crossed = mutator.cross(text(Stance::NoToken).as_bytes(), text(Stance::ExpiredToken).as_bytes(), 7, 4096);
    /// let stance = parse_case("crossed", &crossed)?.first().map(|step| step.stance);
    /// assert!([Some(Stance::NoToken), Some(Stance::ExpiredToken)].contains(&stance));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn cross(&self, one: &[u8], other: &[u8], seed: u32, room: usize) -> String {
        let mut dice = Dice::new(u64::from(seed) ^ 0x5EED_0000_0000);
        let (one, other) = (self.read(one), self.read(other));
        self.first_sound(&mut dice, room, |dice| {
            let drawn = || self.fresh(&mut dice.clone());
            let (one, other) = (one.clone().unwrap_or_else(drawn), other.clone().unwrap_or_else(drawn));
            spliced(&one, &other, dice)
        })
    }

    fn read(&self, data: &[u8]) -> Option<Case> {
        let case = parse_case("input", std::str::from_utf8(data).ok()?).ok()?;
        self.surface.allows_case(&case).then_some(case)
    }

    /// The text of the first case that means something and fits; else the shortest honest one.
    fn first_sound(&self, dice: &mut Dice, room: usize, mut draw: impl FnMut(&mut Dice) -> Case) -> String {
        for _ in 0..DRAWS {
            let mut case = draw(dice);
            bound(&mut case);
            if !self.mended(&mut case) {
                continue;
            }
            let text = write_case(&case);
            if text.len() <= room {
                return text;
            }
        }
        let route = self.blueprint.policy.routes.first().map(gatecrash_model::Route::id).unwrap_or_default();
        write_case(&Case::one(Stance::Complete(gatecrash_model::Person::Alice), route, Vec::new()))
    }

    /// Whether the case means something, once what no longer applies to its stance and route is dropped.
    fn mended(&self, case: &mut Case) -> bool {
        if !self.means_something(case) {
            let scene = case.scene;
            for step in case.attempts_mut() {
                let (stance, route) = (step.stance, step.route.clone());
                let alone = |mutation: &Mutation| {
                    let alone = Case::one(stance, route.clone(), vec![mutation.clone()]);
                    self.means_something(&Case { scene, ..alone })
                };
                step.mutations.retain(alone);
            }
        }
        self.means_something(case)
    }

    fn means_something(&self, case: &Case) -> bool {
        self.surface.allows_case(case) && rehearse(case, &self.blueprint).is_ok()
    }

    fn fresh(&self, dice: &mut Dice) -> Case {
        if self.surface == Surface::Sequence
            && let Some(case) = draw_sequence(dice, &self.words, &self.blueprint)
        {
            return case;
        }
        draw_case(dice, &self.words, &self.blueprint)
    }

    /// One to three moves.
    fn changed(&self, case: &Case, dice: &mut Dice) -> Case {
        let mut case = case.clone();
        // Whoever is refused for several reasons hides what each alone would show: one mutant in four begins anew.
        if dice.below(4) == 0 {
            case.attempts_mut().for_each(|step| step.mutations.clear());
        }
        for _ in 0..[1, 1, 1, 2, 2, 3][dice.below(6)] {
            self.one_move(&mut case, dice);
        }
        case
    }

    fn one_move(&self, case: &mut Case, dice: &mut Dice) {
        let other = self.fresh(dice);
        let Some(donor) = other.first().cloned() else { return };
        if dice.below(16) == 0 && self.surface == Surface::Case {
            case.scene = dice.pick(&self.scenes).copied().unwrap_or_default();
            return;
        }
        if self.surface == Surface::Sequence && dice.below(2) == 0 {
            return sequence_move(case, &other, dice);
        }
        // Fewer steps, or another order of them, where there are several.
        if case.steps.len() > 1 && dice.below(8) == 0 {
            match dice.below(2) {
                0 => case.steps.rotate_left(1),
                _ => {
                    if let Some(smaller) = case.without_step(dice.below(case.steps.len())) {
                        *case = smaller;
                    }
                }
            }
            return;
        }
        let place = dice.below(case.attempts().count());
        let Some(step) = case.attempts_mut().nth(place) else { return };
        let at = dice.below(step.mutations.len());
        let known = step.mutations.get(at).cloned();
        match (dice.below(10), known) {
            (0, _) => step.stance = donor.stance,
            (1, _) => step.route = donor.route,
            // Another case's mutations are taken over.
            (2, _) => donor.mutations.into_iter().for_each(|mutation| put(step, mutation)),
            (3, Some(_)) => {
                step.mutations.remove(at);
            }
            (4, Some(_)) => {
                if let Some(word) = dice.pick(&self.words) {
                    step.mutations[at] = word.clone();
                }
            }
            // The same kind of change at another place.
            (5, Some(known)) => {
                let same = |word: &&Mutation| word.kind() == known.kind() && **word != known;
                let words: Vec<&Mutation> = self.words.iter().filter(same).collect();
                if let Some(word) = dice.pick(&words) {
                    step.mutations[at] = (*word).clone();
                }
            }
            (6 | 7, Some(known)) => {
                if let Some(moved) = parameters::moved(&known, &self.words, dice) {
                    step.mutations[at] = moved;
                }
            }
            _ => {
                if let Some(word) = dice.pick(&self.words) {
                    put(step, word.clone());
                }
            }
        }
    }
}

/// Adds a mutation in place of one that writes the same slot.
/// One move over the steps of a case: one less, one more of another case, another connection, another token.
fn sequence_move(case: &mut Case, other: &Case, dice: &mut Dice) {
    let at = dice.below(case.steps.len());
    match dice.below(4) {
        0 => {
            if let Some(smaller) = case.without_step(at) {
                *case = smaller;
            }
        }
        1 if case.steps.len() < MOST_STEPS => {
            if let Some(step) = dice.pick(&other.steps) {
                case.steps.push(step.clone());
            }
        }
        2 => {
            let of = 1 + dice.below(at.max(1));
            if let Some(step) = case.steps.get_mut(at).and_then(Step::attempt_mut) {
                step.over = [Over::Fresh, Over::Kept(of), Over::Resumed(of), Over::Beside(of)][dice.below(4)];
            }
        }
        _ => {
            let of = 1 + dice.below(at.max(1));
            if let Some(step) = case.steps.get_mut(at).and_then(Step::attempt_mut) {
                step.token = [TokenOf::New, TokenOf::SameAs(of)][dice.below(2)];
            }
        }
    }
}

fn put(step: &mut Attempting, mutation: Mutation) {
    let slot = mutation.slot();
    match step.mutations.iter_mut().find(|known| known.slot() == slot) {
        Some(known) => *known = mutation,
        None => step.mutations.push(mutation),
    }
}

/// The first mutations are dropped, so that a mutant stays bounded and what was added last stays.
fn bound(case: &mut Case) {
    for step in case.attempts_mut() {
        let beyond = step.mutations.len().saturating_sub(MOST_MUTATIONS);
        step.mutations.drain(..beyond);
    }
}

fn spliced(one: &Case, other: &Case, dice: &mut Dice) -> Case {
    let mut case = one.clone();
    let (Some(step), Some(donor)) = (case.judged_mut(), other.judged()) else { return case };
    if dice.below(2) == 0 {
        step.stance = donor.stance;
    }
    if dice.below(2) == 0 {
        step.route.clone_from(&donor.route);
    }
    step.mutations.retain(|_| dice.below(4) > 0);
    for mutation in &donor.mutations {
        if dice.below(4) > 0 {
            put(step, mutation.clone());
        }
    }
    if dice.below(4) == 0 {
        case.scene = other.scene;
    }
    case
}
