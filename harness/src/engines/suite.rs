//! Ordinary tests for somebody's gate, in one world: controls, a test for each artefact, pairs, random cases, regressions.

mod document;
mod messages;
mod options;
mod regressions;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

use crate::attacks::casefile;
use crate::{
    attacks::catalogue::Artefact,
    attacks::input,
    campaign::check::Finding,
    campaign::{Bound, Campaign, CampaignOptions, Session, Target},
    gate::factory::Factory,
    report::{self, Known, Subject},
};

pub use options::SuiteOptions;
pub(crate) use options::folder;
pub use regressions::regression_failures;

/// Tests a gate with the catalogue and more, in plain `cargo test` and in nextest.
///
/// Expands to `#[test]` functions in a module `gatecrash_suite`: `controls`; one for each artefact that attacks change
/// (`header`, `claims`, `algorithm`, `signature`, `chain`, `binding`, `request`); `pairs` of attacks; `random` cases; and
/// `document`, which holds gate and policy to the OpenAPI document that `openapi = "openapi.json"` names; and `regressions`, those
/// that the harness brings and every file of `corpus/regressions` in the crate. All of them share one
/// world and one gate for each process. The policy's path is relative to the crate.
///
/// Findings in `known.toml` beside the policy are accepted until the day it says, and `known` holds them to it. With
/// `GATECRASH_REPORT=DIR` each test writes its report into a folder of its own below `DIR`, with every face.
///
/// After the policy, any field of [`SuiteOptions`](crate::SuiteOptions) may be set. The environment goes before:
///
/// | variable | what |
/// |---|---|
/// | `GATECRASH_FULL=1` | every attack from every stance on every route, at every depth and over every version of HTTP |
/// | `GATECRASH_PAIRS`, `GATECRASH_RANDOM` | how many attempts |
/// | `GATECRASH_SEED` | seed of keys and random cases |
/// | `GATECRASH_REPLAY=FILE` | replays one case, regression or crash file, and nothing else |
///
/// ```no_run
/// # mod gate { pub fn gate(_: &gatecrash::World) -> gatecrash::Gate { gatecrash::Gate::serve(|_io| async {}) } }
/// gatecrash::suite!(crate::gate::gate, policy = "gate.toml", random = 5000, world = gatecrash::WorldOptions::system_clock());
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! suite {
    ($gate:path, policy = $policy:expr $(, $field:ident = $value:expr)* $(,)?) => {
        #[cfg(test)]
        mod gatecrash_suite {
            use super::*;

            static SUITE: $crate::Suite = $crate::Suite::new();

            fn suite() -> &'static $crate::Suite {
                SUITE.of($crate::factory!($gate), env!("CARGO_MANIFEST_DIR"), $policy, || {
                    let options = $crate::SuiteOptions::default();
                    $(let options = $crate::suite_option!(options, $field, $value);)*
                    options
                })
            }

            #[test]
            fn controls() {
                suite().controls();
            }

            #[test]
            fn header() {
                suite().artefact($crate::corpus::catalogue::Artefact::Header);
            }

            #[test]
            fn claims() {
                suite().artefact($crate::corpus::catalogue::Artefact::Claims);
            }

            #[test]
            fn algorithm() {
                suite().artefact($crate::corpus::catalogue::Artefact::Algorithm);
            }

            #[test]
            fn signature() {
                suite().artefact($crate::corpus::catalogue::Artefact::Signature);
            }

            #[test]
            fn chain() {
                suite().artefact($crate::corpus::catalogue::Artefact::Chain);
            }

            #[test]
            fn binding() {
                suite().artefact($crate::corpus::catalogue::Artefact::Binding);
            }

            #[test]
            fn request() {
                suite().artefact($crate::corpus::catalogue::Artefact::Request);
            }

            #[test]
            fn sequences() {
                suite().artefact($crate::corpus::catalogue::Artefact::Sequence);
            }

            #[test]
            fn pairs() {
                suite().pairs();
            }

            #[test]
            fn random() {
                suite().random();
            }

            #[test]
            fn document() {
                suite().document();
            }

            #[test]
            fn known() {
                suite().known();
            }

            #[test]
            fn regressions() {
                suite().regressions();
            }
        }
    };
}

/// Sets one option of a suite.
#[doc(hidden)]
#[macro_export]
macro_rules! suite_option {
    ($options:ident, openapi, $value:expr) => {
        $crate::SuiteOptions { openapi: ::core::option::Option::Some($value.into()), ..$options }
    };
    ($options:ident, $field:ident, $value:expr) => {
        $crate::SuiteOptions { $field: $value, ..$options }
    };
}

/// The world and the gate of one test binary; [`suite!`](crate::suite!) keeps it.
pub struct Suite(OnceLock<Result<Started, String>>);

struct Started {
    target: Target,
    root: PathBuf,
    policy: PathBuf,
    options: SuiteOptions,
    session: Session,
    /// What is wrong with the controls, once they were made.
    controls: OnceLock<Result<(), String>>,
    replayed: Mutex<bool>,
    regressions: PathBuf,
    replay: Option<PathBuf>,
}

impl Suite {
    /// A suite that has not begun.
    #[expect(clippy::new_without_default, reason = "it is const, for a static")]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Builds world and gate when first asked; paths are relative to the crate.
    pub fn of(&self, factory: Factory, root: &str, policy: &str, options: impl FnOnce() -> SuiteOptions) -> &Self {
        self.0.get_or_init(|| Started::new(factory, Path::new(root), policy, options()));
        self
    }

    /// Honest requests on every route, each of which must be admitted.
    pub fn controls(&self) {
        self.act(|started| started.controls().clone());
    }

    /// The attacks that change one artefact.
    pub fn artefact(&self, artefact: Artefact) {
        self.attack(artefact.name(), |started| started.of(artefact));
    }

    /// Pairs of attacks, of which each alone may be caught by the check that the other passes by.
    pub fn pairs(&self) {
        self.attack("pairs", |started| started.part("pairs"));
    }

    /// Random cases.
    pub fn random(&self) {
        self.attack("random", |started| started.part("random"));
    }

    /// What the OpenAPI document says, held against gate and policy; nothing without a document.
    pub fn document(&self) {
        self.act(|started| {
            started.wired()?;
            started.document()
        });
    }

    /// What is accepted in `known.toml` beside the policy is still found, and its day has not passed; nothing without the file.
    pub fn known(&self) {
        self.act(|started| {
            started.wired()?;
            started.known()
        });
    }

    /// The regressions of the harness and of the crate. What `known.toml` accepts is no failure, and counts as found there.
    pub fn regressions(&self) {
        self.act(|started| {
            started.wired()?;
            let known = started.accepted()?;
            let today = report::today();
            let accepted = |it: &Finding| known.as_ref().is_some_and(|known| known.accepts(&it.fingerprint, today));
            let failures = started.regressions().failures(accepted);
            match failures.is_empty() {
                true => Ok(()),
                false => Err(format!("{} regressions are back:\n{}", failures.len(), failures.join("\n"))),
            }
        });
    }

    fn attack(&self, name: &str, options: impl FnOnce(&Started) -> CampaignOptions) {
        self.act(|started| {
            started.wired()?;
            let campaign = started.session.run(options(started)).map_err(|error| error.to_string())?;
            started.judged(name, &campaign)
        });
    }

    /// Fails the test with one clear text.
    fn act(&self, act: impl FnOnce(&Started) -> Result<(), String>) {
        let done = match self.0.get() {
            Some(Ok(started)) if started.replay.is_some() => started.run_once(),
            Some(Ok(started)) => act(started),
            Some(Err(error)) => Err(error.clone()),
            None => Err("the suite was not begun; use `gatecrash::suite!`".into()),
        };
        if let Err(error) = done {
            panic!("{error}");
        }
    }
}

impl Started {
    fn new(factory: Factory, root: &Path, policy: &str, options: SuiteOptions) -> Result<Self, String> {
        let options = options.with_environment()?;
        let file = root.join(policy);
        let policy = input::policy(&file).map_err(|error| error.to_string())?;
        let target = Target { factory, policy, world: options.world.clone() };
        let session = Session::start(target.clone()).map_err(|error| messages::not_built(&error))?;
        Ok(Self {
            target,
            root: root.into(),
            policy: file,
            options,
            session,
            controls: OnceLock::new(),
            replayed: Mutex::new(false),
            regressions: root.join("corpus/regressions"),
            replay: std::env::var_os("GATECRASH_REPLAY").map(|file| root.join(file)),
        })
    }

    fn subject(&self) -> Subject {
        Subject {
            gate: "gate".into(),
            seed: self.options.world.seed,
            jobs: 1,
            command: Subject::IN_TESTS.into(),
            named: false,
            folder: self.options.folder.clone(),
            policy: None,
        }
    }

    fn controls(&self) -> &Result<(), String> {
        self.controls.get_or_init(|| {
            let options =
                CampaignOptions { bound: Bound::Catalogue, jobs: 1, section: Some('-'), ..CampaignOptions::default() };
            let campaign: Campaign = self.session.run(options).map_err(|error| error.to_string())?;
            messages::wired(&campaign)?;
            messages::undeclared(&campaign, &self.policy);
            messages::slow(&campaign);
            self.judged("controls", &campaign)
        })
    }

    /// Says what was attempted, writes the reports that are wanted, and judges by what is not accepted.
    fn judged(&self, name: &str, campaign: &Campaign) -> Result<(), String> {
        let subject = self.subject();
        println!("{}", messages::summary(name, campaign, &subject));
        let notes = report::of_test(name, false, campaign, &subject, &self.target, &self.policy)?;
        messages::verdict(name, campaign, &subject, &notes)
    }

    /// What is accepted in `known.toml` beside the policy, held against everything that the suite attempts.
    fn known(&self) -> Result<(), String> {
        if self.accepted()?.is_none() {
            return Ok(());
        }
        let run = |options| self.session.run(options).map_err(|error| error.to_string());
        let mut whole = run(self.part("random"))?;
        let mut found = Vec::new();
        for part in Artefact::ALL.iter().copied().map(|artefact| self.of(artefact)).chain([self.part("pairs")]) {
            found.extend(run(part)?.findings);
        }
        found.extend(self.documented()?.map(|campaign| campaign.findings).unwrap_or_default());
        // What no other seed need find rests on a file.
        found.extend(self.regressions().findings());
        for finding in found {
            if !whole.findings.iter().any(|known| known.fingerprint == finding.fingerprint) {
                whole.findings.push(finding);
            }
        }
        let notes = report::of_test("known", true, &whole, &self.subject(), &self.target, &self.policy)?;
        messages::verdict("known", &whole, &self.subject(), &notes)
    }

    /// The file of accepted findings beside the policy.
    fn accepted(&self) -> Result<Option<Known>, String> {
        report::known_beside(&self.policy).map_err(|error| error.to_string())
    }

    fn regressions(&self) -> regressions::Replayed {
        regressions::replay_all(&self.target, &self.session, &self.regressions)
    }

    /// The options of one test: `pairs` or `random`.
    fn part(&self, name: &str) -> CampaignOptions {
        let options = CampaignOptions { jobs: 1, sample_routes: !self.options.full, ..CampaignOptions::default() };
        match name {
            "pairs" => CampaignOptions { bound: Bound::Attempts(self.options.pairs), pairs: Some(0), ..options },
            // The letter of no section: nothing of the catalogue.
            _ => CampaignOptions { bound: Bound::Attempts(self.options.random), section: Some('-'), ..options },
        }
    }

    /// The options of the test of one artefact.
    fn of(&self, artefact: Artefact) -> CampaignOptions {
        CampaignOptions { bound: Bound::Catalogue, artefact: Some(artefact), section: None, ..self.part("random") }
    }

    /// Whether honest requests pass; nothing that is attempted means anything before.
    fn wired(&self) -> Result<(), String> {
        let first = |error: &String| error.lines().next().unwrap_or_default().to_string();
        self.controls()
            .as_ref()
            .map_err(|error| format!("not attempted; test `controls` says why: {}", first(error)))?;
        Ok(())
    }

    /// While one file is replayed, every test but the first that comes passes without doing anything.
    fn run_once(&self) -> Result<(), String> {
        let mut replayed = self.replayed.lock().unwrap_or_else(PoisonError::into_inner);
        match (&self.replay, std::mem::replace(&mut *replayed, true)) {
            (Some(file), false) => self.replay(file),
            _ => Ok(()),
        }
    }

    fn replay(&self, file: &Path) -> Result<(), String> {
        let shown = file.display().to_string();
        let text = casefile::read(file).map_err(|error| error.to_string())?;
        let entry =
            casefile::parse_entry(&shown, &String::from_utf8_lossy(&text)).map_err(|error| error.to_string())?;
        let seen =
            regressions::again(&self.target, &self.session, &entry.what).map_err(|why| format!("{shown}: {why}"))?;
        let of_document = self.of_document(&entry.what)?;
        let seen: Vec<String> = seen.into_iter().map(|it| it.words).chain(of_document).collect();
        match seen.is_empty() {
            true => Ok(()),
            false => Err(format!("{shown}\n{}", seen.join("\n"))),
        }
    }
}
