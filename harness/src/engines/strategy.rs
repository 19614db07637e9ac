//! Proptest strategies over cases, and a check that saves the smallest failing case as a corpus file: a file survives changes of
//! the types, a seed does not.
//!
//! ```no_run
//! use gatecrash::{WorldOptions, World, campaign::{Session, Target}, input, strategy};
//! use proptest::prelude::*;
//! # fn gate(_: &World) -> gatecrash::Gate { gatecrash::Gate::serve(|_io| async {}) }
//! let policy = input::policy("gate.toml".as_ref()).unwrap();
//! let world = World::new(policy.clone(), WorldOptions::default()).unwrap();
//! let target = Target { factory: gatecrash::factory!(gate), policy, world: WorldOptions::default() };
//! let session = Session::start(target).unwrap();
//! proptest!(|(case in strategy::token(world.blueprint()))| {
//!     strategy::holds(&session, &case, "target/gatecrash/token.toml".as_ref())?;
//! });
//! ```

use std::path::Path;

use gatecrash_model::{Blueprint, Case, Mutation, Person, SlotStage, Stance, draw_sequence, resolve, vocabulary};
use proptest::{
    collection::vec,
    sample::select,
    strategy::{Just, Strategy, Union},
    test_runner::TestCaseError,
};

use crate::attacks::casefile;
use crate::{
    attacks::casefile::write_case, attacks::catalogue::Catalogue, campaign::Session, campaign::check::Outcome,
};

/// The most changes of one case.
const MOST: usize = 3;

/// Any case: somebody on some route, with up to three changes of anything.
///
/// It shrinks towards Alice's honest request on the first route: changes go first, then who is asking, then where.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::strategy;
/// use proptest::prelude::*;
/// proptest!(ProptestConfig::with_cases(8), |(case in strategy::case(world.blueprint()))| {
///     prop_assert!(case.mutations().count() <= 3);
/// });
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn case(blueprint: Blueprint) -> impl Strategy<Value = Case> {
    cases(blueprint, |_| true)
}

/// Cases that change the token alone: header, claims, binding, signature, text.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{model::SlotStage, strategy};
/// use proptest::prelude::*;
/// proptest!(ProptestConfig::with_cases(8), |(case in strategy::token(world.blueprint()))| {
///     prop_assert!(case.mutations().all(|it| it.slot().stage != SlotStage::Chain));
/// });
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn token(blueprint: Blueprint) -> impl Strategy<Value = Case> {
    use SlotStage::{Binding, Claims, Header, Seal, Tamper, Text};
    cases(blueprint, |mutation| matches!(mutation.slot().stage, Binding | Claims | Header | Seal | Tamper | Text))
}

/// Cases that change the certificate chain alone, and the key that speaks for it.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{model::SlotStage, strategy};
/// use proptest::prelude::*;
/// proptest!(ProptestConfig::with_cases(8), |(case in strategy::chain(world.blueprint()))| {
///     prop_assert!(case.mutations().all(|it| matches!(it.slot().stage, SlotStage::Chain | SlotStage::Key)));
/// });
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn chain(blueprint: Blueprint) -> impl Strategy<Value = Case> {
    cases(blueprint, |mutation| matches!(mutation.slot().stage, SlotStage::Chain | SlotStage::Key))
}

/// Cases of the catalogue, as they stand; they shrink towards the first attack.
///
/// # Panics
///
/// When no attack of the embedded catalogue means anything under the blueprint's policy.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::strategy;
/// use proptest::prelude::*;
/// proptest!(ProptestConfig::with_cases(8), |(case in strategy::attack(world.blueprint()))| {
///     prop_assert_eq!(case.steps.len(), 1);
/// });
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn attack(blueprint: Blueprint) -> impl Strategy<Value = Case> {
    let catalogue = Catalogue::embedded();
    let cases = catalogue.map(|catalogue| catalogue.cases(&blueprint)).unwrap_or_default();
    let cases: Vec<Case> = cases.into_iter().map(|entry| entry.case).collect();
    assert!(!cases.is_empty(), "no attack means anything under this policy");
    select(cases)
}

/// Cases of several steps: what one attempt, or a change of the world, leaves behind for another.
///
/// ```
/// # let world = gatecrash::World::new(gatecrash::example::policy(), gatecrash::WorldOptions::default())?;
/// use gatecrash::strategy;
/// use proptest::prelude::*;
/// proptest!(|(case in strategy::sequence(world.blueprint()))| {
///     prop_assert!(gatecrash::model::rehearse(&case, &world.blueprint()).is_ok());
/// });
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn sequence(blueprint: Blueprint) -> impl Strategy<Value = Case> {
    let words = vocabulary(&blueprint);
    vec(proptest::num::u32::ANY, 160).prop_filter_map("a sequence that means nothing here", move |choices| {
        let mut choices = choices.into_iter();
        let mut below = |bound: usize| choices.next().map_or(0, |choice| choice as usize % bound.max(1));
        draw_sequence(&mut below, &words, &blueprint)
    })
}

fn cases(blueprint: Blueprint, wanted: impl Fn(&Mutation) -> bool) -> impl Strategy<Value = Case> {
    let words: Vec<Mutation> = vocabulary(&blueprint).into_iter().filter(|word| wanted(word)).collect();
    let routes: Vec<String> = blueprint.policy.routes.iter().map(gatecrash_model::Route::id).collect();
    let people = select(Person::INSIDERS.to_vec());
    let stances = Union::new([
        Just(Stance::Complete(Person::Alice)).boxed(),
        people.clone().prop_map(Stance::Complete).boxed(),
        select(vec![
            Stance::NoToken,
            Stance::NoCertificate,
            Stance::ExpiredToken,
            Stance::NarrowScope,
            Stance::OtherTenant,
            Stance::ForeignIssuer,
        ])
        .boxed(),
        people.prop_map(Stance::StolenToken).boxed(),
    ]);
    let drawn = (select(routes), stances, vec(select(words), 0..=MOST));
    drawn.prop_filter_map(
        "two changes of one place, or one that means nothing here",
        move |(route, stance, changes)| {
            let case = Case::one(stance, route, changes);
            case.first().is_some_and(|step| resolve(step, &blueprint).is_ok()).then_some(case)
        },
    )
}

/// Makes the attempt, at every depth that the gate has; `Err` when the gate and the standards disagree.
///
/// A failing case is written to `file`, over the one before: as proptest shrinks, the smallest remains. It replays with
/// `GATECRASH_REPLAY`, and becomes a regression in `corpus/regressions`. A case that means nothing under the policy is rejected.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// use gatecrash::{campaign::Session, model::{Case, Stance}, strategy::holds};
/// let session = Session::start(target)?;
/// let file = std::env::temp_dir().join("gatecrash-doc-holds.toml");
/// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
/// assert!(holds(&session, &case, &file).is_err(), "the gate lets in whoever has a certificate");
/// assert!(std::fs::read_to_string(&file)?.contains("no-token"));
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn holds(session: &Session, case: &Case, file: &Path) -> Result<(), TestCaseError> {
    let depths = session.replay(case).map_err(|error| TestCaseError::reject(error.to_string()))?;
    let mut seen = Vec::new();
    for checked in depths {
        match checked.outcome {
            Outcome::Agree => {}
            Outcome::Disagree(list) => {
                seen.extend(list.into_iter().map(|it| format!("{}: {}", it.kind.name(), it.seen)))
            }
            Outcome::HarnessFault(fault) => seen.push(format!("HarnessFault: {fault}")),
        }
    }
    if seen.is_empty() {
        return Ok(());
    }
    let words = gatecrash_model::describe(case);
    let saved = match casefile::write(file, format!("# {words}\n# {}\n{}", seen[0], write_case(case)).as_bytes()) {
        Ok(()) => format!("GATECRASH_REPLAY={} cargo test", file.display()),
        Err(error) => format!("the case could not be saved: {error}"),
    };
    Err(TestCaseError::fail(format!("{words}\n  {}\n  {saved}", seen.join("\n  "))))
}
