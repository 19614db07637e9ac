//! What several properties need.

use std::{
    io::{Read as _, Write as _},
    sync::Arc,
};

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

/// What a server on this machine has at a URL.
pub(crate) fn fetched(url: &str) -> String {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_string()
}
