//! The same seed and count give the same verdicts and findings, whatever the number of threads.

use gatecrash::campaign::{Bound, CampaignOptions};

use crate::support::{campaign_of, exhibit, run};

#[test]
fn threads_change_nothing() {
    let exhibit = exhibit("signature-ignored");
    let seen = |jobs: usize| {
        let options = CampaignOptions { jobs, ..campaign_of(300, 6000) };
        let campaign = run(&exhibit.target, options);
        let findings = campaign.findings.iter().map(|it| (it.fingerprint.clone(), it.explanation(), it.attempt));
        (campaign.tally, findings.collect::<Vec<_>>(), campaign.harness_faults)
    };
    let (one, two) = (seen(1), seen(2));
    assert!(!one.1.is_empty(), "a gate with a flaw shows it");
    assert_eq!(one, two);
}

#[test]
fn another_seed_is_another_campaign() {
    let mut target = exhibit("reference").target;
    let options = CampaignOptions { bound: Bound::Attempts(300), section: Some('-'), ..CampaignOptions::default() };
    let first = run(&target, options).tally;
    target.world.seed += 1;
    assert_ne!(first, run(&target, options).tally);
}
