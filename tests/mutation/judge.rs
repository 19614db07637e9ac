//! The only judge of mutants of the reference server: a campaign of the harness, section by section, until it objects.
//! Builds the gate from the gallery's source alone, for every mutant pays for what is compiled.

#[path = "../gallery/src/reference.rs"]
#[expect(unreachable_pub, reason = "public in the gallery, where it is a module of a library")]
mod reference;

use std::{process::ExitCode, sync::Arc};

use gatecrash::{
    WorldOptions,
    campaign::{self, Bound, Campaign, CampaignOptions, Progress, Target},
    input::parse_policy,
};

const POLICY: &str = include_str!("../gallery/gate.toml");

/// Attempts at random, after all sections of the catalogue.
const RANDOM: u64 = 5000;

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
    let bound = Bound::Time(std::time::Duration::ZERO);
    let sections = ('A'..='Z').map(|section| CampaignOptions {
        bound,
        random: false,
        section: Some(section),
        mirror_catalogue: false,
        ..CampaignOptions::default()
    });
    let random =
        CampaignOptions { bound: Bound::Attempts(RANDOM), mirror_catalogue: false, ..CampaignOptions::default() };
    for options in sections.chain([random]) {
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
    let (cause, case) = campaign.tally.wrong_causes.first_key_value()?;
    Some(format!("wrong cause: {cause}: {case}"))
}
