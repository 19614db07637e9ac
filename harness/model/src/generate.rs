//! Random cases, drawn from any source of choices: a seeded generator, a fuzzer's bytes, proptest.

use crate::{
    AnchorName, Blueprint, Case, Change, IssuerRole, KeyName, KeysFailure, Mutation, Over, Person, Scene, Slot,
    SlotStage, Stance, TokenKey, TokenOf, rehearse,
};

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

/// Draws a case of several steps; `None` where no draw means anything under the policy.
///
/// It begins with somebody who is let in. What follows comes over that connection, its session or its token, or changes the
/// world in a way of which the policy promises something.
///
/// ```
/// # use gatecrash_model::*;
/// # let blueprint = Blueprint::new(gatecrash_model::example::policy(), 1_790_000_000);
/// let mut last = 7_usize;
/// let mut below = |bound: usize| {
///     last = last.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493);
///     (last >> 33) % bound.max(1)
/// };
/// let case = draw_sequence(&mut below, &[], &blueprint).ok_or("something means something")?;
/// assert!(rehearse(&case, &blueprint).is_ok());
/// # Ok::<(), String>(())
/// ```
pub fn draw_sequence(draw: &mut dyn Draw, words: &[Mutation], blueprint: &Blueprint) -> Option<Case> {
    (0..8).find_map(|_| {
        let case = sequence(draw, words, blueprint)?;
        rehearse(&case, blueprint).is_ok().then_some(case)
    })
}

fn sequence(draw: &mut dyn Draw, words: &[Mutation], blueprint: &Blueprint) -> Option<Case> {
    let routes = &blueprint.policy.routes;
    let route = |draw: &mut dyn Draw| routes.get(draw.below(routes.len())).map(crate::Route::id);
    let people = Person::INSIDERS;
    let first = Stance::Complete(if draw.below(2) == 0 { Person::Alice } else { people[draw.below(people.len())] });
    let http2 = blueprint.policy.http.speaks("2") && draw.below(2) == 0;
    let version = || Mutation::Protocol(crate::Protocol::Http2(crate::Http2Form::Plain));
    let begins = if http2 { vec![version()] } else { Vec::new() };
    let home = route(draw)?;
    let mut case = Case::one(first, home.clone(), begins.clone());
    for _ in 0..1 + draw.below(3) {
        if draw.below(3) == 0 {
            case.steps.push(change(draw, blueprint, &case)?.into());
            continue;
        }
        let attempts: Vec<usize> =
            case.steps.iter().zip(1..).filter(|(step, _)| step.attempt().is_some()).map(|(_, number)| number).collect();
        let of = attempts[draw.below(attempts.len())];
        let stance = if draw.below(3) == 0 { draw_stance(draw) } else { first };
        let on = if draw.below(3) == 0 { route(draw)? } else { home.clone() };
        let over = match draw.below(8) {
            0 | 1 => Over::Fresh,
            2..=4 => Over::Kept(of),
            5 | 6 => Over::Resumed(of),
            _ if *attempts.last()? == case.steps.len() => Over::Beside(case.steps.len()),
            _ => Over::Kept(of),
        };
        let mut mutations = if matches!(over, Over::Fresh | Over::Resumed(_)) { begins.clone() } else { Vec::new() };
        let token = if draw.below(3) == 0 { TokenOf::SameAs(of) } else { TokenOf::New };
        if draw.below(3) == 0
            && let Some(word) = words.get(draw.below(words.len()))
            && mutations.iter().all(|known| known.slot() != word.slot())
        {
            mutations.push(word.clone());
        }
        case.steps.push(crate::Attempting::new(stance, on, mutations).over(over).token(token).into());
    }
    // A change that nobody comes after shows nothing.
    if case.steps.last()?.attempt().is_none() {
        let over = [Over::Fresh, Over::Kept(1), Over::Resumed(1)][draw.below(3)];
        let token = if draw.below(2) == 0 { TokenOf::SameAs(1) } else { TokenOf::New };
        let mutations = if matches!(over, Over::Kept(_)) { Vec::new() } else { begins };
        case.steps.push(crate::Attempting::new(first, home, mutations).over(over).token(token).into());
    }
    Some(case)
}

fn change(draw: &mut dyn Draw, blueprint: &Blueprint, case: &Case) -> Option<Change> {
    let holder = case.first()?.stance.holder()?;
    let issuer = [IssuerRole::Home, IssuerRole::Partner][draw.below(2)];
    let signing = [TokenKey::P256, TokenKey::Ed25519, TokenKey::Rsa];
    let change = match draw.below(9) {
        0 => Change::Wait([5, 61, 299, 301, 331, 3_600][draw.below(6)]),
        1 | 2 => Change::Revoke(if draw.below(3) == 0 { Person::Bob } else { holder }),
        3 => Change::RevokeToken(1),
        4 => Change::DropAnchor([AnchorName::Root, AnchorName::SecondRoot][draw.below(2)]),
        5 => Change::RetireKey { issuer, key: signing[draw.below(3)] },
        6 => {
            let under = (draw.below(2) == 0).then_some(TokenKey::P256);
            Change::PublishKey { issuer, key: TokenKey::Retired, under }
        }
        7 => Change::KeysFail(KeysFailure::ALL[draw.below(KeysFailure::ALL.len())]),
        _ => Change::Restart,
    };
    blueprint.policy.changes.of(&change).map(|_| change)
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
