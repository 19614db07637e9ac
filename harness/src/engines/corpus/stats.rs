//! How much there is: by family, target, depth and age.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, SystemTime},
};

use super::merge::{MergeError, of_target};
use crate::attacks::casefile::{files, parse_entry, read};
use crate::{
    attacks::casefile::Surface, attacks::catalogue::Catalogue, campaign::specimen::Exhibit, engines::fuzzing::Fuzzer,
};

/// Counts of a corpus.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Attacks by family.
    pub families: BTreeMap<String, usize>,
    /// Inputs by target, and how deep each got: rejected, nothing, handshake, token, handler.
    pub targets: BTreeMap<Surface, [usize; 5]>,
    /// Regressions by kind of cause.
    pub regressions: BTreeMap<String, usize>,
    /// Files by age: a day, a week, a month, more.
    pub ages: [usize; 4],
}

/// Counts what is below `path`; without one, what is embedded. The gate of `exhibit` shows how deep an input gets.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
/// let stats = gatecrash::corpus::stats(None, &exhibit)?;
/// assert!(stats.families["aud-missing"] > 0);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn stats(path: Option<&Path>, exhibit: &Exhibit) -> Result<Stats, MergeError> {
    let mut stats = Stats::default();
    let mut regression = |file: &str, text: &str| {
        if let Ok(entry) = parse_entry(file, text) {
            let kind = entry.about.map(|about| about.cause.split(':').next().unwrap_or_default().to_string());
            *stats.regressions.entry(kind.unwrap_or_else(|| "without metadata".into())).or_default() += 1;
        }
    };
    let Some(path) = path else {
        for (file, text) in gatecrash_corpus::regressions() {
            regression(&file, text);
        }
        for attack in Catalogue::embedded()?.attacks {
            *stats.families.entry(attack.family.id.clone()).or_default() += 1;
        }
        return Ok(stats);
    };
    let mut families: Vec<(String, String)> = Vec::new();
    for file in files(path)? {
        let age = std::fs::metadata(&file).and_then(|metadata| metadata.modified()).ok();
        let age = age.and_then(|time| SystemTime::now().duration_since(time).ok()).unwrap_or_default();
        let bounds = [1, 7, 30].map(|days| Duration::from_secs(days * 86_400));
        stats.ages[bounds.iter().filter(|bound| age > **bound).count()] += 1;
        if file.extension().is_some_and(|extension| extension == "toml") {
            let text = String::from_utf8_lossy(&read(&file)?).into_owned();
            match text.lines().any(|line| line.trim_start().starts_with("family =")) {
                true => families.push((file.display().to_string(), text)),
                false => regression(&file.display().to_string(), &text),
            }
        }
    }
    let read_families = families.iter().map(|(file, text)| (file.as_str(), text.as_str()));
    for attack in Catalogue::parse(read_families)?.attacks {
        *stats.families.entry(attack.family.id.clone()).or_default() += 1;
    }
    for &target in Surface::ALL {
        let inputs = of_target(path, target)?;
        if inputs.is_empty() {
            continue;
        }
        let mut fuzzer = Fuzzer::new(target, exhibit, "", false)?;
        let counts = stats.targets.entry(target).or_default();
        for file in inputs {
            let depth = fuzzer.depth(&read(&file)?).map_or(0, |depth| depth + 1);
            counts[depth.min(4)] += 1;
        }
    }
    Ok(stats)
}
