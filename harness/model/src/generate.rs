//! Random cases, drawn from any source of choices: a seeded generator, a fuzzer's bytes, proptest.

use crate::{Blueprint, Case, KeyName, Mutation, Person, Scene, Slot, SlotStage, Stance, TokenKey};

/// A source of choices.
///
/// ```
/// use gatecrash_model::Draw;
/// // Whatever chooses: here a counter.
/// let mut next = 0;
/// let mut counter = |bound: usize| {
///     next += 1;
///     next % bound
/// };
/// assert_eq!((counter.below(3), counter.below(3), counter.below(3)), (1, 2, 0));
/// ```
pub trait Draw {
    /// A number below `bound`, which is at least 1.
    ///
    /// ```
    /// use gatecrash_model::Draw;
    /// let mut first = |_bound: usize| 0;
    /// assert_eq!(first.below(6), 0);
    /// ```
    fn below(&mut self, bound: usize) -> usize;
}

impl<F: FnMut(usize) -> usize> Draw for F {
    fn below(&mut self, bound: usize) -> usize {
        self(bound)
    }
}

/// Draws a case: a stance, a route, and up to three mutations out of `words`, never two on one slot.
///
/// About one in eight cases has no mutation, and one in sixteen a scene of its own. What cannot matter is drawn less: a
/// change of the token on a route that asks for none, and a change of the request by somebody who lacks nothing.
///
/// ```
/// # use gatecrash_model::*;
/// # let policy = gatecrash_model::example::policy();
/// # let blueprint = Blueprint::new(policy, 1_790_000_000);
/// use gatecrash_model::{draw_case, vocabulary};
/// let (words, mut state) = (vocabulary(&blueprint), 7_usize);
/// let mut draw = |bound: usize| {
///     state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
///     (state >> 33) % bound
/// };
/// let case = draw_case(&mut draw, &words, &blueprint);
/// assert!(case.mutations().all(|change| words.contains(change)));
/// ```
pub fn draw_case(draw: &mut dyn Draw, words: &[Mutation], blueprint: &Blueprint) -> Case {
    let mut stance = draw_stance(draw);
    let routes = &blueprint.policy.routes;
    let route = routes.get(draw.below(routes.len().max(1)));
    let open = route.is_some_and(crate::Route::token_optional) && draw.below(32) > 0;
    let route = route.map(crate::Route::id).unwrap_or_default();
    let wanted = [0, 1, 1, 1, 1, 2, 2, 3][draw.below(8)];
    let mut mutations: Vec<Mutation> = Vec::new();
    for _ in 0..wanted {
        let Some(word) = words.get(draw.below(words.len().max(1))) else { break };
        let fits = !(open && of_token(&word.slot()));
        if fits && mutations.iter().all(|known| known.slot() != word.slot()) {
            mutations.push(word.clone());
        }
    }
    let asks = mutations.iter().any(|it| matches!(it.slot().stage, SlotStage::Connection | SlotStage::Request));
    if asks && matches!(stance, Stance::Complete(_)) && draw.below(4) > 0 {
        stance = draw_lack(draw);
    }
    // Nor does it matter there what a token lacks.
    if open && !matches!(stance, Stance::Complete(_) | Stance::NoCertificate | Stance::NoToken) {
        stance = [Stance::NoCertificate, Stance::NoToken][draw.below(2)];
    }
    let mut case = Case::one(stance, route, mutations);
    if draw.below(16) == 1 {
        case.scene = Scene::ALL[draw.below(Scene::ALL.len())];
    }
    // A key that no issuer publishes in the usual scene says more where one does.
    let published = case.mutations().find_map(published_in);
    if let Some(scene) = published
        && draw.below(2) == 1
    {
        case.scene = scene;
    }
    case
}

/// The scene in which the key that signs stands in the home issuer's JWK Set, or for more than it is meant for.
fn published_in(mutation: &Mutation) -> Option<Scene> {
    let Mutation::SignWith { key: KeyName::Token(_, key), .. } = mutation else { return None };
    match key {
        TokenKey::Encryption => Some(Scene::KeyOperations),
        TokenKey::Retired => Some(Scene::KeyOtherAlgorithm),
        TokenKey::Rsa1024 => Some(Scene::KeyWeak),
        TokenKey::SmallOrder => Some(Scene::KeySmallOrder),
        _ => None,
    }
}

/// Whether a slot is one of the token.
fn of_token(slot: &Slot) -> bool {
    use SlotStage::*;
    matches!(slot.stage, Binding | Claims | Header | Seal | Tamper | Text) || slot.name == "authorization"
}

fn draw_stance(draw: &mut dyn Draw) -> Stance {
    let people = Person::INSIDERS;
    match draw.below(16) {
        0..=7 => draw_lack(draw),
        8..=10 => Stance::Complete(people[draw.below(people.len())]),
        _ => Stance::Complete(Person::Alice),
    }
}

/// Somebody who lacks something.
fn draw_lack(draw: &mut dyn Draw) -> Stance {
    let people = Person::INSIDERS;
    match draw.below(8) {
        0 => Stance::ExpiredToken,
        1 => Stance::ForeignIssuer,
        2 => Stance::NarrowScope,
        3 => Stance::NoCertificate,
        4 => Stance::NoToken,
        5 => Stance::OtherTenant,
        6 => Stance::StolenToken(Person::Alice),
        _ => Stance::StolenToken(people[draw.below(people.len())]),
    }
}

#[cfg(feature = "arbitrary")]
impl Draw for arbitrary::Unstructured<'_> {
    fn below(&mut self, bound: usize) -> usize {
        self.choose_index(bound.max(1)).unwrap_or(0)
    }
}

/// Proptest strategies over the same vocabulary.
#[cfg(feature = "proptest")]
pub mod strategy {
    use proptest::prelude::*;

    use super::draw_case;
    use crate::{Blueprint, Case, vocabulary};

    /// Cases of this world. They shrink towards Alice's complete request without mutations.
    pub fn case(blueprint: Blueprint) -> impl Strategy<Value = Case> {
        let words = vocabulary(&blueprint);
        proptest::collection::vec(any::<u32>(), 12).prop_map(move |choices| {
            let mut choices = choices.into_iter();
            let mut below = |bound: usize| choices.next().map_or(0, |choice| choice as usize % bound);
            draw_case(&mut below, &words, &blueprint)
        })
    }
}
