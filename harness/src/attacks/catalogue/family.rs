//! The file format of a family: defaults, then variants that may override them.

use std::{collections::BTreeSet, sync::Arc};

use gatecrash_model::{ForwardedField, Mutation, Person, Rule, Scene, Stance};
use serde::Deserialize;

use super::{Attack, Expect, Family, Routes, SequenceStep, Severity};
use crate::attacks::input::{InputError, check_format, parse as parse_toml};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FamilyFile {
    format: u32,
    family: String,
    section: String,
    artefact: String,
    what: String,
    why: String,
    fix: String,
    references: Vec<String>,
    cwe: u32,
    owasp_api: String,
    severity: Severity,
    expect: Option<Expect>,
    rules: Option<BTreeSet<Rule>>,
    because: Option<String>,
    stances: Option<Vec<Stance>>,
    routes: Option<Routes>,
    robustness: Option<Robustness>,
    variants: Vec<VariantEntry>,
}

/// Kept though no gate of the gallery falls for it: `true`, or why.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Robustness {
    Marked(bool),
    Reason(String),
}

impl Robustness {
    fn reason(&self) -> Option<String> {
        match self {
            Robustness::Marked(false) => None,
            Robustness::Marked(true) => Some("no gate of the gallery falls for it".into()),
            Robustness::Reason(reason) => Some(reason.clone()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct VariantEntry {
    id: String,
    #[serde(default)]
    mutations: Vec<Mutation>,
    #[serde(default)]
    steps: Vec<SequenceStep>,
    #[serde(default)]
    scene: Scene,
    // What the family sets, overridden.
    expect: Option<Expect>,
    rules: Option<BTreeSet<Rule>>,
    because: Option<String>,
    stances: Option<Vec<Stance>>,
    routes: Option<Routes>,
    robustness: Option<Robustness>,
    /// The field of the proxy behind which the attack means something.
    proxy: Option<ForwardedField>,
}

/// Reads one file.
pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Attack>, InputError> {
    let read: FamilyFile = parse_toml(file, text)?;
    check_format(file, read.format)?;
    if read.variants.is_empty() {
        return Err(InputError::of(file, "a family has at least one variant"));
    }
    let family = Arc::new(Family {
        id: read.family.clone(),
        section: read.section.clone(),
        artefact: read.artefact.clone(),
        what: read.what.clone(),
        why: read.why.clone(),
        fix: read.fix.clone(),
        references: read.references.clone(),
        cwe: read.cwe,
        owasp_api: read.owasp_api.clone(),
        severity: read.severity,
        file: file.into(),
    });
    read.variants.iter().map(|variant| attack(variant, &family, &read)).collect()
}

fn attack(variant: &VariantEntry, family: &Arc<Family>, defaults: &FamilyFile) -> Result<Attack, InputError> {
    let id = variant.id.clone();
    let expect = variant.expect.or(defaults.expect).unwrap_or(Expect::Refuse);
    let inherited = if expect == Expect::Refuse { defaults.rules.clone() } else { None };
    let rules = variant.rules.clone().or(inherited).unwrap_or_default();
    if expect == Expect::Refuse && rules.is_empty() {
        let fault = format!("attack `{id}` must be refused and names no rule that it violates");
        return Err(InputError::of(&family.file, fault));
    }
    if !variant.steps.is_empty() && (!variant.mutations.is_empty() || variant.stances.is_some()) {
        let fault = format!("attack `{id}` has steps: its mutations and stances belong into them");
        return Err(InputError::of(&family.file, fault));
    }
    let stances = variant.stances.clone().or_else(|| defaults.stances.clone());
    Ok(Attack {
        id,
        family: family.clone(),
        scene: variant.scene,
        mutations: variant.mutations.clone(),
        steps: variant.steps.clone(),
        stances: stances.unwrap_or_else(|| vec![Stance::Complete(Person::Alice)]),
        routes: variant.routes.or(defaults.routes).unwrap_or(Routes::Token),
        proxy: variant.proxy,
        expect,
        rules,
        because: variant.because.clone().or_else(|| defaults.because.clone()),
        robustness: variant.robustness.as_ref().or(defaults.robustness.as_ref()).and_then(Robustness::reason),
    })
}
