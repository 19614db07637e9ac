//! The strategies for property tests draw what they say, shrink to one cause, and leave a file.

use std::collections::BTreeSet;

use gatecrash::{
    campaign::Session,
    corpus::{self, catalogue::Catalogue},
    model::{Blueprint, Case, SlotStage, resolve},
    strategy,
};
use proptest::{
    strategy::{Strategy, ValueTree as _},
    test_runner::{Config, TestRunner},
};

use crate::support::{blueprint, campaign_of, exhibit};

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
    let means = |case: &Case, blueprint: &Blueprint| resolve(case.attempts().next().unwrap(), blueprint).is_ok();
    let of_chain = drawn(strategy::chain(blueprint()));
    assert!(stages(&of_chain).iter().all(|stage| matches!(stage, SlotStage::Chain | SlotStage::Key)));
    let of_token = drawn(strategy::token(blueprint()));
    assert!(stages(&of_token).len() > 3 && !stages(&of_token).contains(&SlotStage::Chain));
    let any = drawn(strategy::case(blueprint()));
    assert!(stages(&any).contains(&SlotStage::Chain) && stages(&any).contains(&SlotStage::Claims));
    assert!(any.iter().chain(&of_token).chain(&of_chain).all(|case| means(case, &blueprint())));
    // Attacks are those of the catalogue, from a stance and on a route that each is for, and many of them.
    let attacks = drawn(strategy::attack(blueprint()));
    let known: BTreeSet<String> =
        Catalogue::embedded().unwrap().attacks.iter().map(|attack| format!("{:?}", attack.mutations)).collect();
    // Attacks of several steps are drawn as they are.
    let single = attacks.iter().filter(|case| case.is_single());
    let changes: BTreeSet<String> = single.map(|case| format!("{:?}", case.mutations().collect::<Vec<_>>())).collect();
    assert!(changes.is_subset(&known), "{:?}", changes.difference(&known).next());
    assert!(changes.len() > 60 && attacks.iter().all(|case| means(case, &blueprint())), "{}", changes.len());
}

#[test]
fn a_failing_property_leaves_the_smallest_case() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token.toml");
    let session = Session::start(exhibit("signature-ignored").target).unwrap();
    let config = Config { cases: 2_000, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, proptest::test_runner::TestRng::deterministic_rng(Default::default()));
    let failed = runner.run(&strategy::token(blueprint()), |case| strategy::holds(&session, &case, &file)).unwrap_err();
    assert!(failed.to_string().contains("GATECRASH_REPLAY="), "{failed}");
    let text = std::fs::read_to_string(&file).unwrap();
    let corpus::What::Case(case) = corpus::parse_entry("token.toml", &text).unwrap().what else { panic!("a case") };
    assert_eq!(case.mutations().count(), 1, "{text}");
    assert!(stages(&[case]).iter().all(|stage| *stage != SlotStage::Chain), "{text}");
}

#[test]
fn a_campaign_as_a_value() {
    let target = exhibit("audience-not-required").target;
    let planned = gatecrash::campaign(target.factory, target.policy)
        .with(|options| *options = campaign_of(0, 6500))
        .on_threads(1);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = runtime.block_on(planned.run()).unwrap();
    assert!(!report.is_clean());
    assert!(report.to_string().contains("aud-missing"), "{report}");
}
