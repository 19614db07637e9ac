//! Pairs of attacks: all of them, in an order that the seed determines, to be gone on with from anywhere.

use gatecrash::{
    campaign::{Bound, CampaignOptions, Depths, Origin, check::FindingKind, plan},
    gate::Depth,
};

use crate::support::{exhibit, run};

fn options(from: u64, attempts: u64) -> CampaignOptions {
    CampaignOptions {
        bound: Bound::Attempts(attempts),
        depths: Depths::Only(Depth::Service),
        pairs: Some(from),
        twin_every: 0,
        ..CampaignOptions::default()
    }
}

#[test]
fn a_run_can_be_gone_on_with() {
    let target = exhibit("reference").target;
    let whole = plan(&target, options(0, 0)).unwrap();
    let rest = plan(&target, options(1000, 0)).unwrap();
    let controls = whole.fixed();
    assert!(controls > 0);
    for at in 0..500 {
        let (origin, case, _) = whole.case(controls + 1000 + at);
        assert_eq!(origin, Origin::Pair);
        assert_eq!(case.steps.len(), 1);
        assert_eq!(case, rest.case(controls + at).1);
    }
    let first = run(&target, CampaignOptions { jobs: 1, ..options(0, controls + 40) });
    let pairs = first.pairs.unwrap();
    assert_eq!((pairs.from, pairs.next), (0, Some(40)));
    assert!(pairs.total > 50_000 && pairs.conflicting > 1000, "{pairs:?}");
    assert_eq!(first.findings.len(), 0, "{:?}", first.findings);
    assert_eq!(first.harness_faults, [""; 0]);
}

#[test]
fn a_seed_is_an_order() {
    let mut target = exhibit("reference").target;
    let cases = |target: &gatecrash::campaign::Target| {
        let plan = plan(target, options(0, 0)).unwrap();
        (plan.fixed()..plan.fixed() + 50).map(|index| plan.case(index).1).collect::<Vec<_>>()
    };
    let first = cases(&target);
    assert_eq!(first, cases(&target));
    target.world.seed = 2;
    assert_ne!(first, cases(&target));
}

/// A flaw behind another check: no attack of the catalogue shows it, pairs do, and it is told with both its changes.
#[test]
fn a_pair_shows_what_no_attack_does() {
    let exhibit = exhibit("dateless-for-several-audiences");
    let single = CampaignOptions {
        bound: Bound::Catalogue,
        depths: Depths::Only(Depth::Service),
        random: false,
        mirror_catalogue: false,
        ..CampaignOptions::default()
    };
    assert_eq!(run(&exhibit.target, single).findings.len(), 0);
    // Gone on with from shortly before the first that shows it, in the order of this seed.
    let paired = run(&exhibit.target, options(11_000, 4000));
    let finding = paired.findings.iter().find(|finding| finding.kind == FindingKind::Breach).unwrap();
    assert!(finding.rules.is_subset(&exhibit.breaks), "{}", finding.explanation());
    assert_eq!(finding.case.mutations().count(), 2, "{}", finding.explanation());
}
