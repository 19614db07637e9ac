//! The file format of a family: defaults, then variants that may override them.

use std::{collections::BTreeSet, sync::Arc};

use gatecrash_model::{Mutation, Person, Rule, Scene, Stance};
use serde::Deserialize;

use super::{Attack, Expect, Family, Routes, Severity};
use crate::input::{InputError, check_format, parse as parse_toml};

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
    #[serde(flatten)]
    defaults: Settings,
    variants: Vec<VariantEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct VariantEntry {
    id: String,
    #[serde(default)]
    mutations: Vec<Mutation>,
    #[serde(default)]
    scene: Scene,
    #[serde(flatten)]
    own: Settings,
}

/// What a family sets and a variant may override.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Settings {
    expect: Option<Expect>,
    rules: Option<BTreeSet<Rule>>,
    because: Option<String>,
    stances: Option<Vec<Stance>>,
    routes: Option<Routes>,
}

/// Reads one file.
pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Attack>, InputError> {
    let read: FamilyFile = parse_toml(file, text)?;
    check_format(file, read.format)?;
    if read.variants.is_empty() {
        return Err(InputError::of(file, "a family has at least one variant"));
    }
    let family = Arc::new(Family {
        id: read.family,
        section: read.section,
        artefact: read.artefact,
        what: read.what,
        why: read.why,
        fix: read.fix,
        references: read.references,
        cwe: read.cwe,
        owasp_api: read.owasp_api,
        severity: read.severity,
        file: file.into(),
    });
    let attacks = read.variants.into_iter().map(|variant| attack(variant, &family, &read.defaults));
    attacks.collect()
}

fn attack(variant: VariantEntry, family: &Arc<Family>, defaults: &Settings) -> Result<Attack, InputError> {
    let VariantEntry { id, mutations, scene, own } = variant;
    let expect = own.expect.or(defaults.expect).unwrap_or(Expect::Refuse);
    let rules = own.rules.or_else(|| if expect == Expect::Refuse { defaults.rules.clone() } else { None });
    let rules = rules.unwrap_or_default();
    if expect == Expect::Refuse && rules.is_empty() {
        let fault = format!("attack `{id}` must be refused and names no rule that it violates");
        return Err(InputError::of(&family.file, fault));
    }
    let stances = own.stances.or_else(|| defaults.stances.clone());
    Ok(Attack {
        id,
        family: family.clone(),
        scene,
        mutations,
        stances: stances.unwrap_or_else(|| vec![Stance::Complete(Person::Alice)]),
        routes: own.routes.or(defaults.routes).unwrap_or(Routes::Token),
        expect,
        rules,
        because: own.because.or_else(|| defaults.because.clone()),
    })
}
