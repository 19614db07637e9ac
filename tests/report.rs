//! What people and machines read.

use std::time::Duration;

use gatecrash::{
    campaign::{Bound, CampaignOptions, Depths},
    report::{self, Material, Notes, Report},
};

use crate::support::{campaign_of, exhibit, run, subject};

#[test]
fn one_finding_in_full() {
    let mut target = exhibit("audience-not-required").target;
    target.world.seed = 1;
    let mut campaign = run(
        &target,
        CampaignOptions { bound: Bound::Attempts(1500), jobs: 1, sample_routes: true, ..CampaignOptions::default() },
    );
    campaign.findings.iter_mut().for_each(|finding| finding.after = Duration::from_millis(200));
    let subject = subject("audience-not-required");
    let first = campaign.findings.first().unwrap();
    insta::assert_snapshot!("one_finding", report::finding(first, &campaign.catalogue, &subject));

    // One screen: what combines a cause with others stands below it, and the counts above it are not for a snapshot.
    let screen = report::screen(&campaign, &subject);
    assert!(screen.lines().count() < 70, "{screen}");
    insta::assert_snapshot!("one_screen", screen.split_once("\n1. ").unwrap().1);
    let all = report::screen_as(&campaign, &subject, report::View { all: true, exercised: false }, &Notes::default());
    assert_eq!(all.matches("   permitted  ").count(), campaign.findings.len());
    let table = report::exercised(&campaign);
    for row in ["(controls)", "aud-missing", "exp-past"] {
        assert!(table.lines().any(|line| line.starts_with(row)), "{row}: {table}");
    }

    let notes = Notes::default();
    let material =
        Material { campaign: &campaign, subject: &subject, target: &target, policy_file: None, notes: &notes };
    let json = serde_json::to_value(Report::new(&material)).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    insta::assert_snapshot!("run_keys", keys.join("\n"));
    let finding: Vec<&str> = json["findings"][0].as_object().unwrap().keys().map(String::as_str).collect();
    insta::assert_snapshot!("finding_keys", finding.join("\n"));

    // The printed file replays to the same finding.
    let case = gatecrash::input::parse_case("case.toml", json["findings"][0]["case"].as_str().unwrap()).unwrap();
    assert_eq!(case, first.case);
    let depths = gatecrash::campaign::replay(&target, &case).unwrap();
    assert!(
        depths.iter().all(|it| matches!(it.outcome, gatecrash::campaign::check::Outcome::Disagree(_))),
        "{depths:?}"
    );
}

#[test]
fn the_article_is_found_out() {
    let campaign = run(&exhibit("article").target, campaign_of(200, 14_000));
    assert_eq!(report::status(&campaign), 1);
    for rule in ["confirmation", "issuer", "key-strength", "not-before", "scope"] {
        let alone = campaign.findings.iter().find(|it| it.rules.iter().map(|rule| rule.name()).eq([rule]));
        let finding = alone.unwrap_or_else(|| panic!("{rule}"));
        assert!(finding.case.mutations().count() <= 2, "{}", finding.explanation());
    }
}

#[test]
fn plain_tcp_is_found_at_the_transport() {
    // The catalogue once, at the depth that has a transport.
    let options = CampaignOptions {
        bound: Bound::Catalogue,
        depths: Depths::Only(gatecrash::Depth::Connection),
        random: false,
        ..CampaignOptions::default()
    };
    let campaign = run(&exhibit("article-as-printed").target, options);
    assert_eq!(report::status(&campaign), 1);
    let finding = campaign.findings.first().unwrap();
    assert!(finding.rules.iter().map(|rule| rule.name()).eq(["tls-protocol"]), "{}", finding.explanation());
}
