//! What is wrong with corpus files: what does not decode, is judged otherwise than it says, changes nothing, or is there twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use gatecrash_model::{Attempt, Blueprint, Case, Resolved, Verdict, rehearse};

/// The folder of mappings to standards.
const MAPPINGS: &str = "mappings";

use crate::attacks::casefile::{Entry, NAME, ORIGINS, What, files, name_of, parse_entry, read};
use crate::{
    attacks::casefile::Surface,
    attacks::catalogue::{self, Catalogue},
    attacks::input::InputError,
    attacks::mappings::parse_standard,
    campaign::specimen::Exhibit,
    engines::fuzzing::{FuzzError, Fuzzer},
    world::World,
};

/// What was looked at, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Linted {
    /// Attacks of the catalogue, regressions, and inputs of targets.
    pub counts: [usize; 3],
    /// Each fault, with its file.
    pub faults: Vec<String>,
}

/// Why nothing could be linted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LintError {
    /// A gate for raw inputs cannot be built.
    #[error(transparent)]
    Fuzz(#[from] FuzzError),
    /// A file or folder cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The world cannot be built.
    #[error(transparent)]
    World(#[from] crate::world::WorldError),
}

/// Lints the file or folder `path`; without one, the catalogue and the regressions that are embedded.
///
/// The policy of `exhibit` judges. What is embedded is written for a strict profile of RFC 8705 and RFC 9068: for a gate
/// called `gate`, which is somebody's own, it is read and not judged.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
/// let linted = gatecrash::corpus::lint(None, &exhibit)?;
/// assert_eq!(linted.faults, [""; 0]);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn lint(path: Option<&Path>, exhibit: &Exhibit) -> Result<Linted, LintError> {
    let world = World::new(exhibit.target.policy.clone(), exhibit.target.world.clone())?;
    let mut linter = Linter {
        blueprint: world.blueprint(),
        exhibit,
        raw: BTreeMap::new(),
        seen: BTreeMap::new(),
        linted: Linted::default(),
    };
    match path {
        None => {
            let attacks = gatecrash_corpus::attacks();
            if exhibit.name == Exhibit::OWN {
                linter.read_only(&attacks);
                return Ok(linter.linted);
            }
            linter.families(attacks.iter().map(|(file, text)| (file.as_str(), *text)));
            for (file, text) in gatecrash_corpus::regressions() {
                linter.entry(&file, text)?;
            }
        }
        Some(path) => linter.folder(path)?,
    }
    Ok(linter.linted)
}

struct Linter<'a> {
    blueprint: Blueprint,
    exhibit: &'a Exhibit,
    raw: BTreeMap<Surface, Fuzzer>,
    /// Names of inputs by target, and the file that had each first.
    seen: BTreeMap<(String, String), String>,
    linted: Linted,
}

impl Linter<'_> {
    fn fault(&mut self, file: &str, what: impl std::fmt::Display) {
        self.linted.faults.push(format!("{file}: {what}"));
    }

    fn folder(&mut self, path: &Path) -> Result<(), LintError> {
        let mut families: Vec<(String, String)> = Vec::new();
        let mut origins: Vec<(String, String)> = Vec::new();
        let mut names: BTreeSet<String> = BTreeSet::new();
        for file in files(path)? {
            let shown = file.display().to_string();
            let above: Vec<&str> =
                file.parent().into_iter().flat_map(Path::components).filter_map(|it| it.as_os_str().to_str()).collect();
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            let target = above.last().and_then(|folder| Surface::named(folder));
            if let Some(at) = above.iter().rposition(|folder| *folder == ORIGINS) {
                origins.push((above.get(at + 1).unwrap_or(&name).to_string(), shown));
            } else if let (Some(target), false) = (target, extension == "toml") {
                names.insert(name.into());
                self.input(&shown, name, target, &read(&file)?);
            } else if extension == "toml" && name != "Cargo.toml" {
                match String::from_utf8(read(&file)?) {
                    Err(_) => self.fault(&shown, "is no text"),
                    Ok(text) if text.lines().any(|line| line.trim_start().starts_with("family =")) => {
                        families.push((shown, text));
                    }
                    Ok(text) if above.last() == Some(&MAPPINGS) => {
                        if let Err(error) = parse_standard(&shown, &text) {
                            self.linted.faults.push(error.to_string());
                        }
                    }
                    Ok(text) => self.entry(&shown, &text)?,
                }
            }
        }
        self.families(families.iter().map(|(file, text)| (file.as_str(), text.as_str())));
        for (name, file) in origins {
            if !names.contains(&name) {
                self.fault(&file, format!("tells where `{name}` came from, and there is no such input"));
            }
        }
        Ok(())
    }

    /// Counts what is embedded and decodes it.
    fn read_only(&mut self, attacks: &[(String, &str)]) {
        match Catalogue::parse(attacks.iter().map(|(file, text)| (file.as_str(), *text))) {
            Ok(catalogue) => self.linted.counts[0] += catalogue.attacks.len(),
            Err(error) => self.linted.faults.push(error.to_string()),
        }
        for (file, text) in gatecrash_corpus::regressions() {
            self.linted.counts[1] += 1;
            self.linted.faults.extend(parse_entry(&file, text).err().map(|error| error.to_string()));
        }
    }

    fn families<'f>(&mut self, files: impl IntoIterator<Item = (&'f str, &'f str)>) {
        match Catalogue::parse(files) {
            Err(error) => self.linted.faults.push(error.to_string()),
            Ok(catalogue) => {
                self.linted.counts[0] += catalogue.attacks.len();
                self.linted.faults.extend(catalogue::lint(&catalogue, &self.blueprint));
            }
        }
    }

    /// A file of its own: a regression, or a case without metadata.
    fn entry(&mut self, file: &str, text: &str) -> Result<(), LintError> {
        self.linted.counts[1] += 1;
        let entry = match parse_entry(file, text) {
            Ok(entry) => entry,
            Err(error) => {
                self.linted.faults.push(error.to_string());
                return Ok(());
            }
        };
        let content = crate::attacks::casefile::write_entry(&Entry { about: None, what: entry.what.clone() });
        self.once(file, "entry", name_of(content.as_bytes()));
        let verdict = match &entry.what {
            What::Case(case) => self.case(file, case),
            What::Raw { target, bytes } => {
                let verdict = self.raw(*target)?.raw_verdict(bytes);
                if verdict.is_none() {
                    self.fault(file, format!("is no input of target `{target}`"));
                }
                verdict
            }
        };
        if let (Some(about), Some(verdict)) = (&entry.about, verdict)
            && (about.expect != verdict.name() || about.rules != verdict.refusals)
        {
            let names = |rules: &BTreeSet<gatecrash_model::Rule>| {
                rules.iter().map(|rule| rule.name()).collect::<Vec<_>>().join(", ")
            };
            let fault = format!(
                "claims {} [{}], is {} [{}]",
                about.expect,
                names(&about.rules),
                verdict.name(),
                names(&verdict.refusals)
            );
            self.fault(file, fault);
        }
        Ok(())
    }

    /// An input of a target, in the folder of that name.
    fn input(&mut self, file: &str, name: &str, target: Surface, bytes: &[u8]) {
        self.linted.counts[2] += 1;
        self.once(file, target.name(), name_of(bytes));
        // libFuzzer's own names are hashes too, of another length.
        if name.len() == NAME && name.bytes().all(|letter| letter.is_ascii_hexdigit()) && name != name_of(bytes) {
            self.fault(file, "is not what its name is the hash of");
        }
        if target.is_raw() {
            if bytes.is_empty() {
                self.fault(file, "is empty");
            }
            return;
        }
        match std::str::from_utf8(bytes)
            .map_err(|error| error.to_string())
            .and_then(|text| crate::attacks::casefile::parse_case(file, text).map_err(|error| error.to_string()))
        {
            Err(error) => self.linted.faults.push(error),
            Ok(case) => {
                if !target.allows_case(&case) {
                    self.fault(file, format!("changes what target `{target}` leaves alone"));
                }
                self.case(file, &case);
            }
        }
    }

    /// The verdict on a case that means something and every change of which changes something: that on its last step.
    fn case(&mut self, file: &str, case: &Case) -> Option<Verdict> {
        let blueprint = Blueprint { scene: case.scene, ..self.blueprint.clone() };
        let attempts = |judged: Vec<(Resolved, Verdict)>| {
            judged.into_iter().map(|(resolved, _)| resolved.attempt).collect::<Vec<Attempt>>()
        };
        let judged = match rehearse(case, &blueprint) {
            Ok(judged) => judged,
            Err(why) => {
                self.fault(file, format!("means nothing under this policy: {why}"));
                return None;
            }
        };
        let whole = attempts(judged.clone());
        for (at, step) in case.attempts().enumerate() {
            for (i, mutation) in step.mutations.iter().enumerate() {
                let mut without = case.clone();
                if let Some(step) = without.attempts_mut().nth(at) {
                    step.mutations.remove(i);
                }
                if rehearse(&without, &blueprint).is_ok_and(|judged| attempts(judged) == whole) {
                    self.fault(file, format!("`{mutation}` changes nothing"));
                }
            }
        }
        judged.into_iter().next_back().map(|(_, verdict)| verdict)
    }

    fn once(&mut self, file: &str, target: &str, name: String) {
        match self.seen.get(&(target.to_string(), name.clone())) {
            Some(first) => {
                let fault = format!("is the same as {first}");
                self.fault(file, fault);
            }
            None => {
                self.seen.insert((target.into(), name), file.into());
            }
        }
    }

    fn raw(&mut self, target: Surface) -> Result<&mut Fuzzer, FuzzError> {
        use std::collections::btree_map::Entry;
        match self.raw.entry(target) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(Fuzzer::new(target, self.exhibit, "", false)?)),
        }
    }
}
