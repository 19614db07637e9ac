//! Ordinary tests for somebody's gate: one for the controls, one for each section of the catalogue, one at random.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    campaign::{self, Bound, Campaign, CampaignError, CampaignOptions, Progress, Target},
    check::{Disagreement, Outcome},
    corpus,
    factory::{BoxError, Factory},
    fuzzing::{Fuzzer, Surface},
    input,
    report::{self, Subject},
    world::WorldOptions,
};

/// Tests a gate with the whole catalogue, in plain `cargo test`.
///
/// Expands to `#[test]` functions in a module `gatecrash_suite`: one for each section of the catalogue (each of them
/// begins with the controls), one of the regressions, and one of 2000 random cases. Regressions are those that the harness
/// brings, and every file of `corpus/regressions` in the crate. The policy's path is relative to the crate. `world` gives
/// other [`WorldOptions`], such as the system clock.
///
/// Findings in `known.toml` beside the policy are accepted until the day it says. With `GATECRASH_REPORT=DIR` each test
/// writes its report into a folder of its own below `DIR`, as text, HTML, SARIF, JUnit XML, JSON and Markdown.
///
/// ```no_run
/// # mod gate { pub fn gate(_: &gatecrash::World) -> gatecrash::Gate { gatecrash::Gate::serve(|_io| async {}) } }
/// gatecrash::suite!(crate::gate::gate, policy = "gate.toml");
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! suite {
    ($gate:path, policy = $policy:expr) => {
        $crate::suite!($gate, policy = $policy, world = $crate::WorldOptions::default());
    };
    ($gate:path, policy = $policy:expr, world = $world:expr) => {
        #[cfg(test)]
        mod gatecrash_suite {
            use super::*;

            fn section(section: ::core::option::Option<char>) {
                let policy = ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join($policy);
                $crate::run_section($crate::factory!($gate), &policy, $world, section);
            }

            #[test]
            fn a_header() {
                section(Some('A'));
            }

            #[test]
            fn b_signature() {
                section(Some('B'));
            }

            #[test]
            fn c_claims() {
                section(Some('C'));
            }

            #[test]
            fn d_binding() {
                section(Some('D'));
            }

            #[test]
            fn e_authorisation() {
                section(Some('E'));
            }

            #[test]
            fn f_request() {
                section(Some('F'));
            }

            #[test]
            fn g_certificate() {
                section(Some('G'));
            }

            #[test]
            fn h_connection() {
                section(Some('H'));
            }

            #[test]
            fn j_parser() {
                section(Some('J'));
            }

            #[test]
            fn regressions() {
                let crate_folder = ::std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
                let policy = crate_folder.join($policy);
                let folder = crate_folder.join("corpus/regressions");
                $crate::run_regressions($crate::factory!($gate), &policy, $world, &folder);
            }

            #[test]
            fn known() {
                let policy = ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join($policy);
                $crate::run_known($crate::factory!($gate), &policy, $world);
            }

            #[test]
            fn random() {
                section(None);
            }
        }
    };
}

/// How many random cases.
const RANDOM: u64 = 2000;

/// Runs one section, or random cases when `None`, and panics with the report unless it is clean or accepted.
pub fn run_section(factory: Factory, policy: &Path, world: WorldOptions, section: Option<char>) {
    let test = section.map_or("random".into(), |section| format!("section-{}", section.to_ascii_lowercase()));
    let run = || {
        let target = Target { factory, policy: input::policy(policy)?, world };
        let campaign = part(&target, section)?;
        report::of_test(&test, false, &campaign, &subject(&target), &target, policy)?;
        Ok::<(), BoxError>(())
    };
    if let Err(error) = run() {
        panic!("{error}");
    }
}

/// Where findings are accepted, in `known.toml` beside the policy: runs every section and the random cases once more, and
/// panics where one is accepted for too long, or without being found any more.
pub fn run_known(factory: Factory, policy: &Path, world: WorldOptions) {
    let run = || {
        if report::known_beside(policy)?.is_none() {
            return Ok(());
        }
        let target = Target { factory, policy: input::policy(policy)?, world };
        let mut whole = part(&target, None)?;
        for section in 'A'..='J' {
            let findings = part(&target, Some(section))?.findings.into_iter();
            for finding in findings {
                if !whole.findings.iter().any(|known| known.fingerprint == finding.fingerprint) {
                    whole.findings.push(finding);
                }
            }
        }
        report::of_test("known", true, &whole, &subject(&target), &target, policy)?;
        Ok::<(), BoxError>(())
    };
    if let Err(error) = run() {
        panic!("{error}");
    }
}

/// One section, or random cases alone when `None`.
fn part(target: &Target, section: Option<char>) -> Result<Campaign, CampaignError> {
    let bound = section.map_or(Bound::Attempts(RANDOM), |_| Bound::Time(std::time::Duration::ZERO));
    let random = section.is_none();
    // The letter of no section: random cases alone.
    let section = Some(section.unwrap_or('-'));
    let options = CampaignOptions { bound, jobs: 1, random, section, ..CampaignOptions::default() };
    campaign::run(target, options, &Arc::new(Progress::default()))
}

fn subject(target: &Target) -> Subject {
    Subject {
        gate: "gate".into(),
        seed: target.world.seed,
        jobs: 1,
        command: "gatecrash".into(),
        named: false,
        folder: std::env::temp_dir().join("gatecrash"),
    }
}

/// Replays the embedded regressions that mean something here, and every one in `folder`, and panics unless all agree.
///
/// A file of `folder` that does not decode, or that means nothing under the policy, is a failure too.
pub fn run_regressions(factory: Factory, policy: &Path, world: WorldOptions, folder: &Path) {
    let failures = match input::policy(policy) {
        Ok(policy) => regression_failures(&Target { factory, policy, world }, folder),
        Err(error) => vec![error.to_string()],
    };
    if !failures.is_empty() {
        panic!("{} regressions are back:\n{}", failures.len(), failures.join("\n"));
    }
}

/// Every regression that a gate falls for again, in words.
pub fn regression_failures(target: &Target, folder: &Path) -> Vec<String> {
    let mut failures = Vec::new();
    let mut entries: Vec<(String, bool, corpus::Entry)> = Vec::new();
    for (file, text) in gatecrash_corpus::regressions() {
        match corpus::parse_entry(&file, text) {
            Ok(entry) => entries.push((file, false, entry)),
            Err(error) => failures.push(error.to_string()),
        }
    }
    let files = if folder.is_dir() { corpus::files(folder) } else { Ok(Vec::new()) };
    let own = files.map(|files| {
        let toml = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml"));
        let read = |file: std::path::PathBuf| {
            let shown = file.display().to_string();
            let text = String::from_utf8_lossy(&corpus::read(&file)?).into_owned();
            Ok((shown.clone(), true, corpus::parse_entry(&shown, &text)?))
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
        match replayed(target, &entry.what, &mut raw) {
            Ok(seen) => failures.extend(seen.into_iter().map(|seen| format!("{file}: {title}: {seen}"))),
            // What the harness brings need not fit everybody's policy.
            Err(why) if own => failures.push(format!("{file}: {why}")),
            Err(_) => {}
        }
    }
    failures
}

/// What is seen again of one regression; `Err` when it means nothing here.
fn replayed(target: &Target, what: &corpus::What, raw: &mut BTreeMap<Surface, Fuzzer>) -> Result<Vec<String>, String> {
    let told = |list: &[Disagreement]| list.iter().map(|it| format!("{}: {}", it.kind.name(), it.seen)).collect();
    match what {
        corpus::What::Case(case) => {
            let depths = campaign::replay(target, case).map_err(|error| error.to_string())?;
            let seen = depths.into_iter().flat_map(|checked| match checked.outcome {
                Outcome::Agree => Vec::new(),
                Outcome::Disagree(list) => told(&list),
                Outcome::HarnessFault(fault) => vec![format!("HarnessFault: {fault}")],
            });
            Ok(seen.collect())
        }
        corpus::What::Raw { target: surface, bytes } => {
            if let std::collections::btree_map::Entry::Vacant(place) = raw.entry(*surface) {
                place.insert(Fuzzer::of_target(*surface, target).map_err(|error| error.to_string())?);
            }
            let replays = raw.get_mut(surface).and_then(|fuzzer| fuzzer.replay_raw(bytes));
            let replays = replays.ok_or_else(|| format!("is no input of target `{surface}`"))?;
            Ok(replays.iter().flat_map(|replay| told(&replay.disagreements)).collect::<Vec<String>>())
        }
    }
}
