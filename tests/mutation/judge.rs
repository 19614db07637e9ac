//! The only judge of mutants of the reference server: campaigns of the harness, until one objects.
//! Builds the gate from the gallery's source alone, for every mutant pays for what is compiled.

#[path = "../gallery/src/reference.rs"]
#[expect(dead_code, unreachable_pub, reason = "of use in the gallery, where it is a module of a library")]
mod reference;

use std::{collections::BTreeSet, process::ExitCode, sync::Arc};

use gatecrash::{
    Depth, WorldOptions,
    campaign::{self, Bound, Campaign, CampaignOptions, Depths, Progress, Target},
    corpus::catalogue::Catalogue,
    input::parse_policy,
};

const POLICY: &str = include_str!("../gallery/gate.toml");

/// Attempts of the campaign that ends it: the catalogue at both depths, then at random.
const EVERYTHING: u64 = 8000;

fn main() -> ExitCode {
    match judge() {
        Ok(None) => {
            println!("judge: nothing to object");
            ExitCode::SUCCESS
        }
        Ok(Some(objection)) | Err(objection) => {
            println!("judge: {objection}");
            ExitCode::FAILURE
        }
    }
}

/// The first objection, if there is one.
fn judge() -> Result<Option<String>, String> {
    let policy = parse_policy("tests/gallery/gate.toml", POLICY).map_err(|error| error.to_string())?;
    let target = Target { factory: gatecrash::factory!(reference::gate), policy, world: WorldOptions::default() };
    // Section by section at the cheaper depth first, since most mutants are found out there.
    let catalogue = Catalogue::embedded().map_err(|error| error.to_string())?;
    let letters: BTreeSet<char> =
        catalogue.attacks.iter().filter_map(|attack| attack.family.section.chars().next()).collect();
    let options = CampaignOptions { mirror_catalogue: false, ..CampaignOptions::default() };
    let bound = Bound::Catalogue;
    let depths = Depths::Only(Depth::Service);
    let sections = letters.into_iter().map(|letter| CampaignOptions {
        bound,
        depths,
        random: false,
        section: Some(letter),
        ..options
    });
    let everything = CampaignOptions { bound: Bound::Attempts(EVERYTHING), ..options };
    for options in sections.chain([everything]) {
        let campaign = campaign::run(&target, options, &Arc::new(Progress::default()));
        let campaign = campaign.map_err(|error| format!("set-up: {error}"))?;
        if let Some(objection) = objection(&campaign) {
            return Ok(Some(objection));
        }
    }
    Ok(None)
}

/// What the campaign's first screen would say, the gravest first.
fn objection(campaign: &Campaign) -> Option<String> {
    if let Some(finding) = campaign.findings.first() {
        return Some(format!("{}: {}", finding.kind.name(), finding.explanation()));
    }
    if let Some(miswiring) = campaign.miswirings.first() {
        return Some(format!("refused control: {}", miswiring.answered));
    }
    if let Some(fault) = campaign.harness_faults.first() {
        return Some(format!("harness fault: {fault}"));
    }
    if let Some((cause, case)) = campaign.tally.wrong_causes.first_key_value() {
        return Some(format!("wrong cause: {cause}: {case}"));
    }
    if let Some((alert, case)) = campaign.tally.wrong_alerts.first_key_value() {
        return Some(format!("wrong alert: {alert}: {case}"));
    }
    // The server as it is says why of every refusal.
    (campaign.tally.silent > 0).then(|| format!("no cause: {} refusals were not audited", campaign.tally.silent))
}
