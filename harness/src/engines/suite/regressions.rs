//! Regressions, and one file at a time: what a gate falls for again.

use std::{collections::BTreeMap, path::Path};

use crate::attacks::casefile;
use crate::{
    attacks::casefile::Surface,
    attacks::input,
    campaign::check::{Disagreement, Finding, Outcome},
    campaign::{Session, Target},
    engines::fuzzing::Fuzzer,
    gate::Depth,
};

/// Every regression that a gate falls for again, in words.
pub fn regression_failures(target: &Target, folder: &Path) -> Vec<String> {
    match Session::start(target.clone()) {
        Ok(session) => replay_all(target, &session, folder).failures(|_| false),
        Err(error) => vec![error.to_string()],
    }
}

/// What came of all regressions.
#[derive(Default)]
pub(super) struct Replayed {
    /// What a gate falls for again: where it stands, and what was seen.
    back: Vec<(String, Seen)>,
    /// Files that cannot be replayed, and why.
    unreadable: Vec<String>,
}

/// What is seen again, in words, and as a finding where it is one of a case.
pub(super) struct Seen {
    pub(super) words: String,
    finding: Option<Finding>,
}

impl Replayed {
    /// What fails, in words: everything but the findings that are accepted.
    pub(super) fn failures(&self, accepted: impl Fn(&Finding) -> bool) -> Vec<String> {
        // What the same case shows beside an accepted finding, by the same rules, is that finding once more.
        let same = |place: &str, finding: &Finding| {
            let beside = self.back.iter().filter(|(other, _)| other == place).filter_map(|(_, it)| it.finding.as_ref());
            beside.filter(|it| it.rules == finding.rules).any(&accepted)
        };
        let settled = |place: &str, seen: &Seen| seen.finding.as_ref().is_some_and(|finding| same(place, finding));
        let back = self.back.iter().filter(|(place, seen)| !settled(place, seen));
        let back = back.map(|(place, seen)| format!("{place}: {}", seen.words));
        self.unreadable.iter().cloned().chain(back).collect()
    }

    /// The findings among what is seen again.
    pub(super) fn findings(self) -> impl Iterator<Item = Finding> {
        self.back.into_iter().filter_map(|(_, seen)| seen.finding)
    }
}

/// Those that the harness brings where they mean something here, and every file in `folder`; a file of `folder` that does not
/// decode, or that means nothing under the policy, is a failure too.
pub(super) fn replay_all(target: &Target, session: &Session, folder: &Path) -> Replayed {
    let mut back = Vec::new();
    let mut failures = Vec::new();
    let mut entries: Vec<(String, bool, casefile::Entry)> = Vec::new();
    for (file, text) in gatecrash_corpus::regressions() {
        match casefile::parse_entry(&file, text) {
            Ok(entry) => entries.push((file, false, entry)),
            Err(error) => failures.push(error.to_string()),
        }
    }
    let files = if folder.is_dir() { casefile::files(folder) } else { Ok(Vec::new()) };
    let own = files.map(|files| {
        let toml = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml"));
        let read = |file: std::path::PathBuf| {
            let shown = file.display().to_string();
            let text = String::from_utf8_lossy(&casefile::read(&file)?).into_owned();
            Ok((shown.clone(), true, casefile::parse_entry(&shown, &text)?))
        };
        toml.map(read).collect::<Vec<Result<_, input::InputError>>>()
    });
    for read in own.unwrap_or_else(|error| vec![Err(error)]) {
        match read {
            Ok(entry) => entries.push(entry),
            Err(error) => failures.push(error.to_string()),
        }
    }
    let mut raw: BTreeMap<Surface, Fuzzer> = BTreeMap::new();
    for (file, own, entry) in entries {
        let title = entry.about.as_ref().map_or("", |about| about.title.as_str());
        match replayed(target, session, &entry.what, &mut raw) {
            Ok(seen) => back.extend(seen.into_iter().map(|seen| (format!("{file}: {title}"), seen))),
            // What the harness brings need not fit everybody's policy.
            Err(why) if own => failures.push(format!("{file}: {why}")),
            Err(_) => {}
        }
    }
    Replayed { back, unreadable: failures }
}

/// What is seen again of one file; `Err` when it means nothing here.
pub(super) fn again(target: &Target, session: &Session, what: &casefile::What) -> Result<Vec<Seen>, String> {
    replayed(target, session, what, &mut BTreeMap::new())
}

/// What is seen again of one regression; `Err` when it means nothing here.
fn replayed(
    target: &Target,
    session: &Session,
    what: &casefile::What,
    raw: &mut BTreeMap<Surface, Fuzzer>,
) -> Result<Vec<Seen>, String> {
    let words = |it: &Disagreement| format!("{}: {}", it.kind.name(), it.seen);
    match what {
        casefile::What::Case(case) => {
            let depths = session.replay(case).map_err(|error| error.to_string())?;
            let seen = depths.into_iter().flat_map(|checked| match &checked.outcome {
                Outcome::Agree => Vec::new(),
                Outcome::Disagree(list) => {
                    let finding = |it| Some(Finding::of(case.clone(), &checked, it, &target.policy, Depth::Connection));
                    list.iter().map(|it| Seen { words: words(it), finding: finding(it) }).collect()
                }
                Outcome::HarnessFault(fault) => vec![Seen { words: format!("HarnessFault: {fault}"), finding: None }],
            });
            Ok(seen.collect())
        }
        casefile::What::Raw { target: surface, bytes } => {
            if let std::collections::btree_map::Entry::Vacant(place) = raw.entry(*surface) {
                place.insert(Fuzzer::of_target(*surface, target).map_err(|error| error.to_string())?);
            }
            let replays = raw.get_mut(surface).and_then(|fuzzer| fuzzer.replay_raw(bytes));
            let replays = replays.ok_or_else(|| format!("is no input of target `{surface}`"))?;
            let seen = replays.iter().flat_map(|replay| &replay.disagreements);
            Ok(seen.map(|it| Seen { words: words(it), finding: None }).collect())
        }
    }
}
