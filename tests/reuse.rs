//! What came before on a connection changes nothing: who remembers somebody is found out by the steps it takes.

use gatecrash::campaign::{
    Bound, CampaignOptions, CryptoMode,
    check::{FindingKind, Outcome},
    replay,
};

use crate::support::{cases, exhibit, run};

const OPTIONS: fn() -> CampaignOptions = || CampaignOptions {
    bound: Bound::Attempts(cases(3000).into()),
    // The letter of no section: random cases alone.
    section: Some('-'),
    reuse: true,
    ..CampaignOptions::default()
};

#[test]
fn whoever_keeps_the_first_caller_is_found_by_two_steps() {
    let target = exhibit("first-caller-kept").target;
    let campaign = run(&target, OPTIONS());
    let carried = campaign.findings.iter().find(|finding| finding.kind == FindingKind::Carryover).unwrap();
    assert_eq!(carried.case.steps.len(), 2);
    assert!(campaign.findings.iter().all(|finding| finding.kind == FindingKind::Carryover), "{:?}", campaign.findings);
    let again = replay(&target, &carried.case).unwrap();
    let shown =
        |outcome: &Outcome| matches!(outcome, Outcome::Disagree(list) if list[0].kind == FindingKind::Carryover);
    assert!(again.iter().all(|checked| shown(&checked.outcome)));
    // On fresh connections there is nothing to see.
    let fresh = run(&target, CampaignOptions { reuse: false, ..OPTIONS() });
    assert!(fresh.findings.is_empty(), "{:?}", fresh.findings);
}

#[test]
fn the_reference_server_and_the_twin_remember_nobody() {
    for target in [exhibit("reference").target, exhibit("first-caller-kept").twin.unwrap()] {
        for crypto in [CryptoMode::Real, CryptoMode::Ideal] {
            let campaign = run(&target, CampaignOptions { crypto, ..OPTIONS() });
            assert!(campaign.tally.kept > u64::from(cases(300)), "{}", campaign.tally.kept);
            assert_eq!(gatecrash::report::status(&campaign), 0, "{:?}", campaign.findings);
        }
    }
}
