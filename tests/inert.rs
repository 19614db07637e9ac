//! What must change nothing changes nothing: no verdict, and no answer of a sound gate; and a gate that minds is found out.

use gatecrash::{
    Clock, Depth, World, WorldOptions,
    campaign::{
        Target,
        check::{CheckOptions, FindingKind, Outcome, check_stable, twin, without_inert},
    },
    model::{
        Blueprint, Case, Mutation, Permutation, Person, Stance, Value, inert_changes, is_inert, judge, resolve,
        strategy::case,
    },
};
use proptest::prelude::*;

use crate::support::{blueprint, exhibit};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_verdict_changes(case in case(blueprint()), which in 0usize..64) {
        let changes = inert_changes();
        let twin = twin(&case, &changes[which % changes.len()]);
        let blueprint = Blueprint { scene: case.scene, ..blueprint() };
        let verdict = |case: &Case| resolve(&case.steps[0], &blueprint).map(|attempt| judge(&attempt, &blueprint));
        if let (Ok(before), Ok(after)) = (verdict(&case), verdict(&twin)) {
            prop_assert_eq!(before, after, "{}", gatecrash::model::describe(&twin));
        }
    }
}

#[test]
fn a_twin_can_be_taken_apart() {
    let bare = Case::one(Stance::NoToken, "GET /v1/whoami", vec![Mutation::Unsigned]);
    assert_eq!(without_inert(&bare), None);
    for changes in inert_changes() {
        assert!(changes.iter().all(is_inert));
        assert_eq!(without_inert(&twin(&bare, &changes)), Some(bare.clone()));
    }
}

/// A gate that answers its refusals in a language, or not at all: no rule is broken, and it is found out.
#[test]
fn a_gate_that_minds_is_found_out() {
    let attempt = |target: &Target, changes: &[Mutation]| {
        let world = World::new(target.policy.clone(), target.world.clone()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let gate = runtime.block_on((target.factory)(&world)).unwrap();
        let options = CheckOptions { depth: Depth::Connection, mirror: true, serial: 1 };
        let stolen = Case::one(Stance::StolenToken(Person::Bob), "GET /v1/whoami", Vec::new());
        runtime.block_on(check_stable(&gate, &world, &twin(&stolen, changes), options)).unwrap().unwrap().outcome
    };
    let moody = exhibit("refuses-in-a-language");
    let mut differ = 0;
    for changes in inert_changes() {
        if let Outcome::Disagree(list) = attempt(&moody.target, &changes) {
            assert!(list.iter().all(|it| it.kind == FindingKind::Unstable), "{list:?}");
            assert!(list[0].seen.contains("answered 401") && list[0].seen.contains("answered 406"), "{list:?}");
            differ += 1;
        }
        let sound = attempt(moody.twin.as_ref().unwrap(), &changes);
        assert!(matches!(sound, Outcome::Agree), "{sound:?}");
    }
    assert_eq!(differ, 2, "the language alone, and with another field");
}

/// Where the system clock may pass a boundary between an attempt and its twin, a difference says nothing.
#[test]
fn the_clock_may_go_on_between_twins() {
    let moody = exhibit("refuses-in-a-language").target;
    let language = inert_changes();
    let expired = Mutation::SetClaim { name: "exp".into(), value: Value::Seconds(-31) };
    let case = Case::one(Stance::Complete(Person::Bob), "GET /v1/whoami", vec![expired]);
    let unstable = |clock: Clock| {
        let options = WorldOptions { clock, ..moody.world.clone() };
        let world = World::new(moody.policy.clone(), options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let gate = runtime.block_on((moody.factory)(&world)).unwrap();
        let options = CheckOptions { depth: Depth::Connection, mirror: true, serial: 1 };
        let outcomes = language.iter().filter_map(|changes| {
            runtime.block_on(check_stable(&gate, &world, &twin(&case, changes), options)).unwrap()
        });
        outcomes.filter(|checked| matches!(checked.outcome, Outcome::Disagree(_))).count()
    };
    assert!(unstable(Clock::Frozen) > 0, "the gate minds");
    assert_eq!(unstable(Clock::System), 0);
}

/// A value that ends early and goes on with members of its own is no value, and members that stand twice have an order.
#[test]
fn members_inside_of_a_value_have_an_order() {
    let spilt = Mutation::SetClaim { name: "note".into(), value: Value::Json(r#"1,"e\u0078p":1"#.into()) };
    let order = Mutation::Permute(Permutation::Claims);
    let step = |mutations| Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", mutations).steps.remove(0);
    assert!(resolve(&step(vec![spilt.clone()]), &blueprint()).is_ok());
    assert!(resolve(&step(vec![order.clone()]), &blueprint()).is_ok());
    assert!(resolve(&step(vec![spilt, order]), &blueprint()).is_err());
}
