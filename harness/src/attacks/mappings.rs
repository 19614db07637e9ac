//! Which requirement of which standard a family of attacks tests: OWASP ASVS, PCI DSS, SOC 2, NIST SP 800-53.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use gatecrash_model::Rule;
use serde::Deserialize;

use crate::attacks::{
    catalogue::{Attack, Catalogue},
    input::{InputError, check_format, parse},
};

/// One standard, with the requirements that attacks test and those that nothing here can test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    format: u32,
    /// The name on the command line, such as `asvs`.
    pub id: String,
    /// Name and version.
    pub name: String,
    /// Where the standard stands.
    pub source: String,
    /// The part of the standard that is gone through.
    pub scope: String,
    /// What attacks test.
    pub requirements: Vec<Requirement>,
    /// What nothing here can test.
    #[serde(default)]
    pub untestable: Vec<Untestable>,
}

/// A requirement that attacks test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its number in the standard.
    pub id: String,
    /// What it asks for, in short.
    pub what: String,
    /// Families that violate one of these rules test it.
    #[serde(default)]
    rules: BTreeSet<Rule>,
    /// Families that test it besides.
    #[serde(default)]
    families: BTreeSet<String>,
}

/// Requirements that nothing here can test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Untestable {
    /// Their numbers.
    pub ids: Vec<String>,
    /// Why.
    pub why: String,
}

impl Requirement {
    /// Whether an attack tests it.
    fn tested_by(&self, attack: &Attack) -> bool {
        self.families.contains(&attack.family.id) || !self.rules.is_disjoint(&attack.rules)
    }
}

impl Standard {
    /// The families that test a requirement, in the order of the catalogue.
    pub fn families<'a>(&self, requirement: &Requirement, catalogue: &'a Catalogue) -> Vec<&'a str> {
        let attacks = catalogue.attacks.iter().filter(|attack| requirement.tested_by(attack));
        let mut families: Vec<&str> = attacks.map(|attack| attack.family.id.as_str()).collect();
        families.dedup();
        families
    }

    /// The numbers of the requirements that a family tests.
    pub fn of_family(&self, family: &str, catalogue: &Catalogue) -> Vec<&str> {
        let attacks: Vec<&Attack> = catalogue.attacks.iter().filter(|attack| attack.family.id == family).collect();
        let tested = self.requirements.iter().filter(|it| attacks.iter().any(|attack| it.tested_by(attack)));
        tested.map(|requirement| requirement.id.as_str()).collect()
    }

    /// The families that `families` of some requirement names and the catalogue does not have.
    pub fn unknown_families(&self, catalogue: &Catalogue) -> Vec<&str> {
        let known: BTreeSet<&str> = catalogue.attacks.iter().map(|attack| attack.family.id.as_str()).collect();
        let named = self.requirements.iter().flat_map(|requirement| &requirement.families);
        named.map(String::as_str).filter(|family| !known.contains(family)).collect()
    }
}

/// The numbers of the requirements that an attack of this family, or a violation of these rules, is about, by standard.
///
/// ```
/// use gatecrash::{corpus::mappings::requirements, model::Rule};
/// let numbers = requirements(Some("aud-missing"), &[Rule::Audience].into());
/// assert!(numbers["asvs"].contains(&"9.2.3".to_string()));
/// ```
pub fn requirements(family: Option<&str>, rules: &BTreeSet<Rule>) -> BTreeMap<String, Vec<String>> {
    // A test holds that the embedded files are read.
    static STANDARDS: LazyLock<Vec<Standard>> = LazyLock::new(|| embedded().unwrap_or_default());
    let about = |requirement: &&Requirement| {
        family.is_some_and(|family| requirement.families.contains(family)) || !requirement.rules.is_disjoint(rules)
    };
    let numbers = STANDARDS.iter().map(|standard| {
        let found = standard.requirements.iter().filter(about);
        (standard.id.clone(), found.map(|requirement| requirement.id.clone()).collect::<Vec<_>>())
    });
    numbers.filter(|(_, numbers)| !numbers.is_empty()).collect()
}

/// Every standard, in the order of its name on the command line. `Err` when a file of the corpus is broken.
///
/// ```
/// let standards = gatecrash::corpus::mappings::embedded()?;
/// let names: Vec<&str> = standards.iter().map(|standard| standard.id.as_str()).collect();
/// assert_eq!(names, ["asvs", "nist", "pci", "soc2"]);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn embedded() -> Result<Vec<Standard>, InputError> {
    let files = gatecrash_corpus::mappings();
    files.iter().map(|(file, text)| parse_standard(file, text)).collect()
}

/// Reads one file; `file` is named in errors.
pub(crate) fn parse_standard(file: &str, text: &str) -> Result<Standard, InputError> {
    let standard: Standard = parse(file, text)?;
    check_format(file, standard.format)?;
    Ok(standard)
}
