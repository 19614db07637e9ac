//! What several properties need.

use std::{
    io::{Read as _, Write as _},
    sync::Arc,
};

use gatecrash::{
    __internals::exhibit::Exhibit,
    campaign::{self, Bound, Campaign, CampaignOptions, Progress, Target},
    model::Blueprint,
    report::Subject,
};

/// The present of blueprints that stand alone, seconds since the Unix epoch.
pub(crate) const NOW: i64 = 1_790_000_000;

/// Whether this is the night: properties run in full then. By day those that take thousands of cases run a tenth of them.
pub(crate) fn night() -> bool {
    std::env::var_os("GATECRASH_NIGHT").is_some()
}

/// So many by night, and a tenth by day.
pub(crate) fn cases(count: u32) -> u32 {
    if night() { count } else { count / 10 }
}

/// Each attack once and `random` cases by day; by night from every stance, on every route, and so many attempts in all.
pub(crate) fn campaign_of(random: u64, by_night: u64) -> CampaignOptions {
    if night() {
        return CampaignOptions { bound: Bound::Attempts(by_night), ..CampaignOptions::default() };
    }
    let once = CampaignOptions { sample_routes: true, ..CampaignOptions::default() };
    let fixed = campaign::plan(&exhibit("reference").target, once).unwrap().fixed();
    CampaignOptions { bound: Bound::Attempts(fixed + random), ..once }
}

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
        policy: None,
    }
}

pub(crate) fn run(target: &Target, options: CampaignOptions) -> Campaign {
    campaign::run(target, options, &Arc::new(Progress::default())).unwrap()
}

/// What a server on this machine has at a URL.
pub(crate) fn fetched(url: &str) -> String {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_string()
}

/// Every file below a folder with this extension, in order of name.
pub(crate) fn files(folder: &std::path::Path, extension: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}
