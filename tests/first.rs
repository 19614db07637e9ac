//! The first finding of a default run names the flaw, and comes soon.

use std::{collections::BTreeSet, sync::OnceLock};

use gatecrash::{
    campaign::{Bound, CampaignOptions, Pass},
    report::{Notes, finding},
};
use gatecrash_gallery::{first, kills};

use crate::support::{exhibit, night, run, subject};

/// The table as it is kept; as with snapshots, `INSTA_UPDATE=always` measures it anew.
fn kept() -> &'static [first::Row] {
    static ROWS: OnceLock<Vec<first::Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        if !std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            return first::kept().unwrap();
        }
        let exhibits = gatecrash_gallery::exhibits().unwrap();
        let flawed: Vec<_> = exhibits.iter().filter(|exhibit| exhibit.is_flawed()).collect();
        let rows = |part: usize| -> Vec<(usize, first::Row)> {
            let own = flawed.iter().enumerate().filter(|(at, _)| at % 2 == part);
            own.map(|(at, exhibit)| (at, first::measured(exhibit).unwrap())).collect()
        };
        let mut rows: Vec<(usize, first::Row)> = std::thread::scope(|scope| {
            let (one, other) = (scope.spawn(|| rows(0)), scope.spawn(|| rows(1)));
            [one.join().unwrap(), other.join().unwrap()].concat()
        });
        rows.sort_by_key(|(at, _)| *at);
        let rows: Vec<first::Row> = rows.into_iter().map(|(_, row)| row).collect();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        std::fs::write(root.join("tests/gallery/first.json"), first::text(&rows).unwrap()).unwrap();
        std::fs::write(root.join("harness/docs/first.md"), first::page(&rows)).unwrap();
        rows
    })
}

/// What is kept is about every gate, and every first finding names what its gate declares. Some are measured again by day, all by
/// night.
#[test]
#[ignore = "tests/gallery/first.json has yet to be measured: INSTA_UPDATE=always, or `measure --first`"]
fn finding_1_names_the_flaw() {
    let kept = kept();
    let exhibits = gatecrash_gallery::exhibits().unwrap();
    let flawed: Vec<_> = exhibits.iter().filter(|exhibit| exhibit.is_flawed()).collect();
    let known: BTreeSet<&str> = kept.iter().map(|row| row.gate.as_str()).collect();
    assert_eq!(known, flawed.iter().map(|exhibit| exhibit.name.as_str()).collect(), "`measure --first` writes it anew");
    let wrong: Vec<&first::Row> = kept.iter().filter(|row| !row.right).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for exhibit in flawed.into_iter().step_by(if night() { 1 } else { 40 }) {
        let row = kept.iter().find(|row| row.gate == exhibit.name).unwrap();
        assert_eq!(first::measured(exhibit).unwrap(), *row, "`measure --first` writes it anew");
    }
}

#[test]
#[ignore = "tests/gallery/first.json has yet to be measured: INSTA_UPDATE=always, or `measure --first`"]
fn most_flaws_show_early() {
    let kept = kept();
    assert!(first::within(kept, 1_000) * 100 >= kept.len() * 80, "{} of {}", first::within(kept, 1_000), kept.len());
    assert!(first::median(kept).is_some_and(|median| median < 300), "{:?}", first::median(kept));
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/docs/first.md");
    assert!(std::fs::read_to_string(file).unwrap() == first::page(kept), "`measure --first` writes it anew");
}

/// The attacks that come first are those that the kill matrix gives.
#[test]
fn the_sharpest_attacks_are_those_of_the_kill_matrix() {
    let kept = kills::kept().unwrap();
    let set = gatecrash::__internals::exhibit::killing_set(kept.iter().map(|killed| killed.attacks.as_slice()));
    assert_eq!(set, gatecrash_corpus::first_attacks(), "`measure --docs` writes it anew");
}

/// Every turn of the old order is there once, and the passes follow each other.
#[test]
fn every_case_has_its_turn() {
    let options = CampaignOptions::default();
    let plan = gatecrash::campaign::plan(&exhibit("reference").target, options).unwrap();
    let mut seen = BTreeSet::new();
    for index in 0..plan.fixed() {
        let (_, case, options) = plan.case(index);
        seen.insert(format!("{:?} {}", options.depth, serde_json::to_string(&case).unwrap()));
    }
    // What HTTP/2 cannot say is made over HTTP/1.1 once more.
    assert!(seen.len() as u64 * 10 > plan.fixed() * 6, "{} of {}", seen.len(), plan.fixed());
    let passes: Vec<Pass> = (0..plan.fixed()).filter_map(|index| plan.pass(index)).collect();
    let starts: Vec<Pass> = passes.chunk_by(PartialEq::eq).map(|chunk| chunk[0]).collect();
    assert_eq!(starts, [Pass::Controls, Pass::Sharpest, Pass::Once, Pass::Catalogue]);
    let sharp = passes.iter().filter(|pass| **pass != Pass::Catalogue).count();
    assert!(sharp < 1_500, "each attack is asked within {sharp} attempts");
}

/// A time is kept, and what it leaves out is named.
#[test]
fn a_run_ends_when_its_time_is_up() {
    let bound = Bound::Time(std::time::Duration::from_millis(200));
    let done = run(&exhibit("reference").target, CampaignOptions { bound, jobs: 1, ..CampaignOptions::default() });
    assert!(done.elapsed < std::time::Duration::from_secs(2), "{:?}", done.elapsed);
    let unasked = done.completion.unasked.unwrap();
    assert!(unasked.made < unasked.all, "{unasked:?}");
    let text = gatecrash::report::screen(&done, &subject("reference"));
    assert!(text.contains("not asked"), "{text}");
}

/// What the report says first, as people read it.
fn first_finding(gate: &str, options: CampaignOptions) -> String {
    let done = run(&exhibit(gate).target, CampaignOptions { jobs: 1, ..options });
    let [groups, _] = Notes::default().causes(&done);
    let group = groups.first().unwrap();
    let text = finding(group.root, &done.catalogue, &subject(gate));
    // But for the time that it took.
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("   found ")).collect();
    format!("{}\n{} consequences\n", lines.join("\n"), group.below.len())
}

#[test]
fn mistakes_have_their_names() {
    let options = CampaignOptions { bound: Bound::Attempts(400), ..CampaignOptions::default() };
    for gate in ["handler-first", "token-first", "body-first"] {
        insta::assert_snapshot!(gate, first_finding(gate, options));
    }
    let reused = CampaignOptions { bound: Bound::Attempts(600), reuse: true, ..options };
    insta::assert_snapshot!("first-caller-kept", first_finding("first-caller-kept", reused));
}

#[test]
fn routes_behind_no_guard_are_one_finding() {
    let options = CampaignOptions { bound: Bound::Attempts(1_000), ..CampaignOptions::default() };
    let done = run(&exhibit("merged-after-layer").target, CampaignOptions { jobs: 1, ..options });
    let [groups, _] = Notes::default().causes(&done);
    let causes: Vec<String> = groups.iter().map(|group| group.root.cause.to_string()).collect();
    assert_eq!(causes, ["no-guard"]);
    assert!(groups[0].root.rules.contains(&gatecrash::model::Rule::TokenPresent), "{:?}", groups[0].root.rules);
    assert_eq!(groups[0].root.routes.len(), 2, "{:?}", groups[0].root.routes);
    assert!(groups[0].below.len() > 5, "{}", groups[0].below.len());
}
