//! Instructions to an assistant behind a route: found where it obeys, nowhere else, and never sent unless the policy declares one.

use std::collections::BTreeSet;

use gatecrash::{
    campaign::{
        Bound, Campaign, CampaignOptions, Target,
        check::{Cause, FindingKind},
    },
    corpus::catalogue::Catalogue,
    report,
};

use crate::support::{exhibit, run};

const FAMILIES: [&str; 3] = ["assistant-carried", "assistant-direct", "assistant-encoded"];

/// Every probe once.
fn probed(target: &Target) -> Campaign {
    let options = CampaignOptions {
        bound: Bound::Catalogue,
        section: Some('K'),
        sample_routes: true,
        keep: true,
        ..CampaignOptions::default()
    };
    run(target, options)
}

/// The probes that showed something.
fn showed(campaign: &Campaign) -> BTreeSet<&str> {
    campaign.shown.iter().map(|shown| campaign.catalogue.attacks[shown.attack].id.as_str()).collect()
}

#[test]
fn there_are_probes_in_three_tiers() {
    let catalogue = Catalogue::embedded().unwrap();
    let probes: Vec<_> = catalogue.attacks.iter().filter(|attack| attack.family.section == "K").collect();
    assert!(probes.len() >= 18, "{}", probes.len());
    let families: BTreeSet<&str> = probes.iter().map(|attack| attack.family.id.as_str()).collect();
    assert_eq!(families, BTreeSet::from(FAMILIES));
    for family in FAMILIES {
        assert!(probes.iter().filter(|attack| attack.family.id == family).count() >= 6, "{family}");
    }
    for attack in probes {
        assert_eq!(attack.family.cwe, 1427);
        assert!(attack.family.references.iter().any(|it| it == "OWASP LLM01:2025"), "{}", attack.id);
    }
}

#[test]
fn an_assistant_that_obeys_is_found_out_and_its_twin_is_clean() {
    let obedient = exhibit("obedient-assistant");
    let campaign = probed(&obedient.target);
    let found = showed(&campaign);
    assert!(found.len() >= 12, "{found:?}");
    let kinds: BTreeSet<FindingKind> = campaign.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, BTreeSet::from([FindingKind::Breach, FindingKind::Leak]));
    for finding in &campaign.findings {
        assert_eq!(finding.cause, Cause::Instruction, "{}", finding.seen);
        assert_eq!(report::weakness(finding, &campaign.catalogue), (1427, "API3:2023".into()));
        assert!(report::fix(finding, &campaign.catalogue).contains("each tool"));
    }
    let subjects: BTreeSet<&str> = campaign.findings.iter().map(|finding| finding.subject.as_str()).collect();
    for subject in ["prompt", "claim name", "field user-agent"] {
        assert!(subjects.contains(subject), "{subjects:?}");
    }
    let twin = probed(obedient.twin.as_ref().unwrap());
    assert!(twin.findings.is_empty() && showed(&twin).is_empty() && twin.miswirings.is_empty(), "{:?}", showed(&twin));
    assert!(twin.tally.attacks.len() >= 18, "{}", twin.tally.attacks.len());
}

/// Without `assistant = true` no text is sent to anybody: not from the catalogue, and not at random.
#[test]
fn nothing_is_probed_without_a_declaration() {
    let mut target = exhibit("obedient-assistant").target;
    let asked = |campaign: &Campaign| {
        let of_section = |index: &usize| campaign.catalogue.attacks[*index].family.section == "K";
        (
            campaign.tally.attacks.keys().filter(|index| of_section(index)).count(),
            campaign.tally.mutations.contains("prompt"),
        )
    };
    let declared = probed(&target);
    assert_eq!(asked(&declared), (20, true));
    target.policy.routes.iter_mut().for_each(|route| route.assistant = false);
    let silent = probed(&target);
    assert_eq!(asked(&silent), (0, false));
    assert!(silent.findings.is_empty());
    let random = CampaignOptions { bound: Bound::Attempts(400), section: Some('-'), ..CampaignOptions::default() };
    assert!(!run(&target, random).tally.mutations.contains("prompt"));
}
