//! The same seed and count give the same verdicts and findings, whatever the number of threads.

use gatecrash::{
    campaign::{Bound, CampaignOptions, SequenceShare},
    report::{Material, Notes, Report},
};
use serde_json::Value;

use crate::support::{campaign_of, exhibit, run, subject};

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

/// Without what is measured by a clock.
fn untimed(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| {
                !matches!(name.as_str(), "elapsed_seconds" | "attempts_per_second" | "after_seconds")
            });
            members.values_mut().for_each(untimed);
        }
        Value::Array(items) => items.iter_mut().for_each(untimed),
        _ => {}
    }
}

/// Two runs of one seed write the same report, but for measured times.
#[test]
fn one_seed_one_report() {
    let target = exhibit("optional-claims").target;
    let written = || {
        let options = CampaignOptions { bound: Bound::Attempts(250), ..CampaignOptions::default() };
        let (campaign, subject, notes) = (run(&target, options), subject("optional-claims"), Notes::default());
        let material =
            Material { campaign: &campaign, subject: &subject, target: &target, policy_file: None, notes: &notes };
        let mut json = serde_json::to_value(Report::new(&material)).unwrap();
        untimed(&mut json);
        json
    };
    let first = written();
    assert!(first["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
    assert_eq!(first, written());
}

/// Sequences included: what is remembered hangs on the seed alone, not on the number of threads.
#[test]
fn threads_change_no_sequence() {
    let exhibit = exhibit("cache-by-jti");
    let seen = |jobs: usize| {
        let options = CampaignOptions {
            jobs,
            bound: Bound::Attempts(400),
            section: Some('I'),
            sequences: SequenceShare::Only,
            ..CampaignOptions::default()
        };
        let campaign = run(&exhibit.target, options);
        let findings = campaign.findings.iter().map(|it| (it.fingerprint.clone(), it.cause.clone(), it.explanation()));
        (campaign.tally.sequences, findings.collect::<Vec<_>>(), campaign.harness_faults)
    };
    let (one, two) = (seen(1), seen(2));
    assert!(one.0.made > 50 && !one.1.is_empty(), "{:?} {:?}", one.0, one.1);
    assert_eq!(one, two);
}
