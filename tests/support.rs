//! What several properties need.

use std::sync::Arc;

use gatecrash::{
    campaign::{self, Campaign, CampaignOptions, Progress, Target},
    exhibit::Exhibit,
    model::Blueprint,
    report::Subject,
};

/// The present of blueprints that stand alone, seconds since the Unix epoch.
pub(crate) const NOW: i64 = 1_790_000_000;

pub(crate) fn blueprint() -> Blueprint {
    Blueprint::new(gatecrash_gallery::policy().unwrap(), NOW)
}

pub(crate) fn exhibit(name: &str) -> Exhibit {
    let exhibits = gatecrash_gallery::exhibits().unwrap();
    exhibits.into_iter().find(|exhibit| exhibit.name == name).unwrap()
}

/// A gate of the gallery, as the command line speaks of it.
pub(crate) fn subject(gate: &str) -> Subject {
    Subject {
        gate: gate.into(),
        seed: 1,
        jobs: 1,
        command: "cargo gatecrash".into(),
        named: true,
        folder: "target/gatecrash".into(),
    }
}

pub(crate) fn run(target: &Target, options: CampaignOptions) -> Campaign {
    campaign::run(target, options, &Arc::new(Progress::default())).unwrap()
}
