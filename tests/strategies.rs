//! The strategies for property tests draw what they say, shrink to one cause, and leave a file.

use gatecrash::{
    campaign::Session,
    corpus,
    model::{Blueprint, Case, SlotStage, resolve},
    strategy,
};
use proptest::{
    strategy::{Strategy, ValueTree as _},
    test_runner::{Config, TestRunner},
};

use crate::support::{blueprint, exhibit};

fn drawn<S: Strategy<Value = Case>>(strategy: S) -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    (0..200).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn stages(cases: &[Case]) -> Vec<SlotStage> {
    let mut stages: Vec<SlotStage> = cases.iter().flat_map(Case::mutations).map(|it| it.slot().stage).collect();
    stages.sort();
    stages.dedup();
    stages
}

#[test]
fn each_draws_its_own_and_all_of_it_means_something() {
    let means = |case: &Case, blueprint: &Blueprint| resolve(&case.steps[0], blueprint).is_ok();
    let of_chain = drawn(strategy::chain(blueprint()));
    assert!(stages(&of_chain).iter().all(|stage| matches!(stage, SlotStage::Chain | SlotStage::Key)));
    let of_token = drawn(strategy::token(blueprint()));
    assert!(stages(&of_token).len() > 3 && !stages(&of_token).contains(&SlotStage::Chain));
    let any = drawn(strategy::case(blueprint()));
    assert!(stages(&any).contains(&SlotStage::Chain) && stages(&any).contains(&SlotStage::Claims));
    assert!(any.iter().chain(&of_token).chain(&of_chain).all(|case| means(case, &blueprint())));
    assert!(drawn(strategy::attack(blueprint())).len() == 200);
}

#[test]
fn a_failing_property_leaves_the_smallest_case() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token.toml");
    let session = Session::start(exhibit("audience-not-required").target).unwrap();
    let config = Config { cases: 20_000, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, proptest::test_runner::TestRng::deterministic_rng(Default::default()));
    let failed = runner.run(&strategy::token(blueprint()), |case| strategy::holds(&session, &case, &file)).unwrap_err();
    assert!(failed.to_string().contains("GATECRASH_REPLAY="), "{failed}");
    let text = std::fs::read_to_string(&file).unwrap();
    let corpus::What::Case(case) = corpus::parse_entry("token.toml", &text).unwrap().what else { panic!("a case") };
    assert_eq!(case.mutations().count(), 1, "{text}");
    assert!(text.contains("drop-claim = "), "{text}");
}

#[test]
fn a_campaign_as_a_value() {
    let target = exhibit("audience-not-required").target;
    let planned = gatecrash::campaign(target.factory, target.policy).for_attempts(6500).on_threads(1);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = runtime.block_on(planned.run()).unwrap();
    assert!(!report.is_clean());
    assert!(report.to_string().contains("aud-missing"), "{report}");
}
