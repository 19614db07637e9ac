//! Cases of several steps: what is remembered is found out by the fewest of them, and whoever remembers nothing is clean.

use gatecrash::{
    __internals::exhibit::Exhibit,
    campaign::{
        Bound, CampaignOptions, SequenceShare,
        check::{Cause, Finding, FindingKind, Outcome},
        replay,
    },
    corpus::catalogue::{Artefact, Catalogue},
    model::{Case, rehearse},
    report::groups,
};

use crate::support::{cases, exhibit, night, run};

/// The attacks of several steps alone.
fn catalogue() -> CampaignOptions {
    CampaignOptions { bound: Bound::Catalogue, artefact: Some(Artefact::Sequence), ..CampaignOptions::default() }
}

fn stateful() -> Vec<Exhibit> {
    let all = gatecrash_gallery::exhibits().unwrap();
    let from = all.iter().position(|exhibit| exhibit.name == "sessions-outlive-a-reload").unwrap();
    let to = all.iter().position(|exhibit| exhibit.name == "session-kept-at-login").unwrap();
    all[from..=to].to_vec()
}

#[test]
fn there_are_sixty_sequences_and_each_has_its_steps() {
    let catalogue = Catalogue::embedded().unwrap();
    let sequences = catalogue.attacks.iter().filter(|attack| !attack.steps.is_empty()).count();
    assert!(sequences >= 60, "{sequences}");
    assert!(stateful().len() >= 25, "{}", stateful().len());
}

/// A sample by day, all of them by night, or the one that `GATECRASH_GATE` names.
fn chosen(every: usize) -> Vec<Exhibit> {
    let named = std::env::var("GATECRASH_GATE").ok();
    let all = stateful().into_iter().filter(|exhibit| named.as_ref().is_none_or(|named| *named == exhibit.name));
    all.step_by(if night() || named.is_some() { 1 } else { every }).collect()
}

/// Every gate of state dies by a finding that it declares, of at most four steps, that comes up again; its twin is clean.
#[test]
fn gates_that_remember_die_and_their_twins_are_clean() {
    let mut faults = Vec::new();
    let mut twins = Vec::new();
    for exhibit in chosen(9) {
        let campaign = run(&exhibit.target, catalogue());
        let name = &exhibit.name;
        match groups(&campaign.findings, &campaign.catalogue).first() {
            None => {}
            Some(first) => {
                let Finding { kind, rules, cause, .. } = first.root;
                let said = format!("{name}: finding 1 is {} {rules:?}, by {cause}", kind.name());
                println!("{said}");
                let named = match cause {
                    Cause::Rule(rule) => rule.of_sequence(),
                    Cause::Response => *kind == FindingKind::Fault,
                    _ => cause.sentence(&first.root.routes).is_some() && cause.fix().is_some(),
                };
                if !named || !exhibit.declares(*kind, rules) {
                    faults.push(said);
                }
            }
        }
        if !campaign.harness_faults.is_empty() {
            faults.push(format!("{name}: {:?}", campaign.harness_faults));
        }
        let declared = campaign.findings.iter().find(|finding| exhibit.declares(finding.kind, &finding.rules));
        match declared {
            None => {
                let found: Vec<String> = campaign
                    .findings
                    .iter()
                    .map(|it| format!("{} {:?}: {}", it.kind.name(), it.rules, it.seen))
                    .collect();
                faults.push(format!("{name} survived: {found:?}"));
            }
            Some(finding) => {
                if finding.case.steps.len() > 4 {
                    faults.push(format!("{name}: {} steps: {}", finding.case.steps.len(), finding.explanation()));
                }
                let again = replay(&exhibit.target, &finding.case).unwrap();
                let shown = |outcome: &Outcome| matches!(outcome, Outcome::Disagree(list) if list.iter().any(|it| it.kind == finding.kind));
                if !again.iter().all(|checked| shown(&checked.outcome)) {
                    faults.push(format!("{name}: does not replay: {}", finding.explanation()));
                }
            }
        }
        // The twins of one policy are one gate.
        if twins.contains(&exhibit.target.policy) {
            continue;
        }
        twins.push(exhibit.target.policy.clone());
        let twin = run(exhibit.twin.as_ref().unwrap(), catalogue());
        if gatecrash::report::status(&twin) != 0 {
            let found: Vec<String> = twin
                .findings
                .iter()
                .map(|it| format!("{}: {}: {}", it.kind.name(), it.explanation(), it.seen))
                .collect();
            faults.push(format!("the twin of {name}: {found:?} {:?} {:?}", twin.harness_faults, twin.miswirings));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The reference server keeps what it promises, through its own reload path.
#[test]
fn the_reference_server_keeps_its_promises() {
    let options = CampaignOptions {
        bound: Bound::Attempts(u64::from(cases(1_500))),
        section: Some('-'),
        sequences: SequenceShare::Only,
        ..CampaignOptions::default()
    };
    for options in [catalogue(), options] {
        let campaign = run(&exhibit("reference").target, options);
        let found: Vec<String> = campaign
            .findings
            .iter()
            .map(|it| format!("{}: {}: {}", it.kind.name(), it.explanation(), it.seen))
            .collect();
        assert_eq!(gatecrash::report::status(&campaign), 0, "{found:?} {:?}", campaign.harness_faults);
        let happened = &campaign.tally.sequences.happened;
        assert!(happened.reloaded > 10 && happened.reused > 10 && happened.offered > 10, "{happened:?}");
    }
}

/// A case that was rehearsed is one that its file says again.
#[test]
fn sequences_survive_their_text() {
    let target = exhibit("reference").target;
    let world = gatecrash::World::new(target.policy.clone(), target.world.clone()).unwrap();
    let blueprint = world.blueprint();
    let catalogue = Catalogue::embedded().unwrap();
    let sequences = catalogue.attacks.iter().filter(|attack| !attack.steps.is_empty());
    let cases: Vec<Case> = sequences.flat_map(|attack| attack.cases(&blueprint)).collect();
    assert!(cases.len() > 100, "{}", cases.len());
    for case in cases {
        let text = gatecrash::input::write_case(&case);
        assert_eq!(gatecrash::input::parse_case("case.toml", &text).unwrap(), case, "{text}");
        assert!(rehearse(&case, &blueprint).is_ok());
    }
}
