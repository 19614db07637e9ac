//! What several properties need.

use std::sync::Arc;

use gatecrash::{
    campaign::{self, Campaign, CampaignOptions, Progress, Target},
    exhibit::Exhibit,
    model::Blueprint,
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

pub(crate) fn run(target: &Target, options: CampaignOptions) -> Campaign {
    campaign::run(target, options, &Arc::new(Progress::default())).unwrap()
}
