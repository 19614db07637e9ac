//! The shapes that machines read. They are stable: a field may be added, none changes or goes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Subject;
use crate::{campaign::Campaign, catalogue::Catalogue, check::Finding};

/// `run --format json`.
#[derive(Debug, Serialize)]
pub struct RunJson {
    /// Name of the gate.
    pub gate: String,
    /// Seed of the world.
    pub seed: u64,
    /// Attempts made.
    pub attempts: u64,
    /// Wall-clock time of the attempts.
    pub elapsed_seconds: f64,
    /// Their ratio.
    pub attempts_per_second: f64,
    /// How many attempts got how far.
    pub reached: Reached,
    /// What the oracle permitted.
    pub verdicts: Verdicts,
    /// Honest attempts that must be admitted.
    pub controls: Controls,
    /// Admissions by route.
    pub admitted: BTreeMap<String, u64>,
    /// Refusals by violated rule.
    pub refused: BTreeMap<&'static str, u64>,
    /// Families of the catalogue that were tried.
    pub families: usize,
    /// Attacks of the catalogue that were tried.
    pub variants: usize,
    /// Times the harness caught itself, in words.
    pub harness_faults: Vec<String>,
    /// Controls that were refused, in words.
    pub miswirings: Vec<String>,
    /// Disagreements, one for each fingerprint.
    pub findings: Vec<FindingJson>,
}

/// How many attempts got how far.
#[derive(Debug, Serialize)]
pub struct Reached {
    /// The server accepted the handshake.
    pub handshake: u64,
    /// The server judged a token, or its absence.
    pub token: u64,
    /// The protected effect ran.
    pub handler: u64,
}

/// How many attempts had which verdict.
#[derive(Debug, Serialize)]
pub struct Verdicts {
    /// Only admission is permitted.
    pub admit: u64,
    /// Only refusal is permitted.
    pub refuse: u64,
    /// Both are.
    pub either: u64,
}

/// Honest attempts.
#[derive(Debug, Serialize)]
pub struct Controls {
    /// Made.
    pub run: u64,
    /// Admitted.
    pub passed: u64,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct FindingJson {
    /// Its kind, such as `Breach`.
    pub kind: &'static str,
    /// The same for the same root cause.
    pub fingerprint: String,
    /// The attack of the catalogue that says most about it.
    pub attack: Option<String>,
    /// The shrunk case, as the text of a case file.
    pub case: String,
    /// The case in words, and what was seen.
    pub explanation: String,
    /// Names of the violated rules.
    pub rules: Vec<&'static str>,
    /// Severity of that attack.
    pub severity: &'static str,
    /// Weakness (CWE number).
    pub cwe: u32,
    /// Category of the OWASP API Security Top 10 2023.
    pub owasp_api: String,
    /// What to change.
    pub fix: String,
    /// The command that replays it.
    pub replay: String,
}

/// One entry of `attacks --format json`.
#[derive(Debug, Serialize)]
pub struct AttackJson {
    /// Id of the attack.
    pub id: String,
    /// Id of its family.
    pub family: String,
    /// Section of the catalogue.
    pub section: String,
    /// What is mutated.
    pub artefact: String,
    /// The verdict that it claims.
    pub expect: &'static str,
    /// How bad it is to fall for it.
    pub severity: &'static str,
    /// Weakness (CWE number).
    pub cwe: u32,
    /// Category of the OWASP API Security Top 10 2023.
    pub owasp_api: String,
    /// Clauses, advisories and papers.
    pub references: Vec<String>,
    /// What to change.
    pub fix: String,
}

/// A campaign as machines read it.
pub fn run(campaign: &Campaign, subject: &Subject) -> RunJson {
    let tally = &campaign.tally;
    let seconds = campaign.elapsed.as_secs_f64();
    let (families, variants) = tally.tried(&campaign.catalogue);
    let findings = campaign.findings.iter().map(|finding| finding_json(finding, &campaign.catalogue, subject));
    let miswirings = campaign.miswirings.iter();
    let miswirings = miswirings.map(|it| format!("{}: {}", gatecrash_model::describe(&it.case), it.answered));
    RunJson {
        gate: subject.gate.clone(),
        seed: subject.seed,
        attempts: tally.attempts,
        elapsed_seconds: seconds,
        attempts_per_second: tally.attempts as f64 / seconds.max(f64::EPSILON),
        reached: Reached { handshake: tally.reached[0], token: tally.reached[1], handler: tally.reached[2] },
        verdicts: Verdicts { admit: tally.verdicts[0], refuse: tally.verdicts[1], either: tally.verdicts[2] },
        controls: Controls { run: tally.controls[0], passed: tally.controls[1] },
        admitted: tally.admitted.clone(),
        refused: tally.refused.iter().map(|(rule, count)| (rule.name(), *count)).collect(),
        families,
        variants,
        harness_faults: campaign.harness_faults.clone(),
        miswirings: miswirings.collect(),
        findings: findings.collect(),
    }
}

fn finding_json(finding: &Finding, catalogue: &Catalogue, subject: &Subject) -> FindingJson {
    let attack = super::attack(finding, catalogue);
    let first = finding.rules.first();
    FindingJson {
        kind: finding.kind.name(),
        fingerprint: finding.fingerprint.clone(),
        attack: attack.map(|attack| attack.id.clone()),
        case: crate::input::write_case(&finding.case),
        explanation: format!("{}: {}", finding.explanation(), finding.seen),
        rules: finding.rules.iter().map(|rule| rule.name()).collect(),
        severity: attack.map_or("high", |attack| attack.family.severity.name()),
        cwe: first.map(|rule| rule.cwe()).or(attack.map(|attack| attack.family.cwe)).unwrap_or(0),
        owasp_api: first
            .map(|rule| rule.owasp_api().into())
            .or(attack.map(|attack| attack.family.owasp_api.clone()))
            .unwrap_or_default(),
        fix: attack.map_or_else(String::new, |attack| attack.family.fix.clone()),
        replay: subject.replay(finding),
    }
}

/// The catalogue as machines read it.
pub fn attacks(catalogue: &Catalogue) -> Vec<AttackJson> {
    let attacks = catalogue.attacks.iter().map(|attack| AttackJson {
        id: attack.id.clone(),
        family: attack.family.id.clone(),
        section: attack.family.section.clone(),
        artefact: attack.family.artefact.clone(),
        expect: attack.expect.name(),
        severity: attack.family.severity.name(),
        cwe: attack.family.cwe,
        owasp_api: attack.family.owasp_api.clone(),
        references: attack.family.references.clone(),
        fix: attack.family.fix.clone(),
    });
    attacks.collect()
}
