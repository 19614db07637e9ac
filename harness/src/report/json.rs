//! The shapes that machines read. They are stable: a field may be added, none changes or goes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Subject;
use crate::{
    campaign::{Campaign, Reach},
    catalogue::Catalogue,
    check::Finding,
};

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
    /// Which cryptography attempts were made with.
    pub crypto: CryptoJson,
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
    /// For each family of the catalogue, and for what is beside it: how attempts ended, and how deep they got.
    pub exercised: Vec<ExercisedJson>,
    /// Attempts made again with inert changes.
    pub inert: InertJson,
    /// How far the pairs came; `null` where none were run.
    pub pairs: Option<PairsJson>,
    /// Times the harness caught itself, in words.
    pub harness_faults: Vec<String>,
    /// Controls that were refused, in words.
    pub miswirings: Vec<String>,
    /// Disagreements, one for each fingerprint.
    pub findings: Vec<FindingJson>,
}

/// Attempts by cryptography.
#[derive(Debug, Serialize)]
pub struct CryptoJson {
    /// Made with the ideal one.
    pub ideal: u64,
    /// Made with the real one.
    pub real: u64,
    /// The layers that were ideal then; `null` where there were none.
    pub layers: Option<&'static str>,
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

/// One row of the exercised table.
#[derive(Debug, Serialize)]
pub struct ExercisedJson {
    /// Id of the family, or `(controls)`, `(inert twins)`, `(pairs)`, `(random)`.
    pub family: String,
    /// Admitted, where only that was permitted.
    pub admit: u64,
    /// Refused, where only that was permitted.
    pub refuse: u64,
    /// Admitted or refused, where both were permitted.
    pub either: u64,
    /// Otherwise than permitted.
    pub finding: u64,
    /// How deep the attempts got: from `handshake` to `handler`, and `untold` where the gate does not tell.
    pub reached: BTreeMap<&'static str, u64>,
}

/// Attempts made again with inert changes.
#[derive(Debug, Serialize)]
pub struct InertJson {
    /// Made.
    pub run: u64,
    /// Treated otherwise than without the change.
    pub differ: u64,
}

/// How far the pairs came.
#[derive(Debug, Serialize)]
pub struct PairsJson {
    /// How many there are.
    pub total: u64,
    /// Passed over, since both write one slot.
    pub conflicting: u64,
    /// Passed over, since no route suits both.
    pub apart: u64,
    /// The first index that was run.
    pub from: u64,
    /// Where to go on; `null` when the last was run.
    pub next: Option<u64>,
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
    /// Fingerprint of the finding that it only combines with others or repeats; `null` for a cause of its own.
    pub below: Option<String>,
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
    let groups = super::groups(&campaign.findings, &campaign.catalogue);
    let root = |finding: &Finding| {
        let group = groups.iter().find(|group| group.below.iter().any(|it| it.fingerprint == finding.fingerprint));
        group.map(|group| group.root.fingerprint.clone())
    };
    let findings = campaign.findings.iter();
    let findings = findings.map(|it| FindingJson { below: root(it), ..finding_json(it, &campaign.catalogue, subject) });
    let exercised = crate::campaign::table(tally, &campaign.catalogue).into_iter().map(exercised_json);
    let miswirings = campaign.miswirings.iter();
    let miswirings = miswirings.map(|it| format!("{}: {}", gatecrash_model::describe(&it.case), it.answered));
    RunJson {
        gate: subject.gate.clone(),
        seed: subject.seed,
        attempts: tally.attempts,
        elapsed_seconds: seconds,
        attempts_per_second: tally.attempts as f64 / seconds.max(f64::EPSILON),
        reached: Reached { handshake: tally.reached[0], token: tally.reached[1], handler: tally.reached[2] },
        crypto: CryptoJson {
            ideal: tally.ideal,
            real: tally.attempts - tally.ideal,
            layers: campaign.ideal.and_then(|layers| layers.ideal()),
        },
        verdicts: Verdicts { admit: tally.verdicts[0], refuse: tally.verdicts[1], either: tally.verdicts[2] },
        controls: Controls { run: tally.controls[0], passed: tally.controls[1] },
        admitted: tally.admitted.clone(),
        refused: tally.refused.iter().map(|(rule, count)| (rule.name(), *count)).collect(),
        families,
        variants,
        exercised: exercised.collect(),
        inert: InertJson { run: tally.twins[0], differ: tally.twins[1] },
        pairs: campaign.pairs.map(|it| PairsJson {
            total: it.total,
            conflicting: it.conflicting,
            apart: it.apart,
            from: it.from,
            next: it.next,
        }),
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
        severity: super::severity(finding, catalogue).name(),
        cwe: first.map(|rule| rule.cwe()).or(attack.map(|attack| attack.family.cwe)).unwrap_or(0),
        owasp_api: first
            .map(|rule| rule.owasp_api().into())
            .or(attack.map(|attack| attack.family.owasp_api.clone()))
            .unwrap_or_default(),
        fix: attack.map_or_else(String::new, |attack| attack.family.fix.clone()),
        replay: subject.replay(finding),
        below: None,
    }
}

fn exercised_json((family, row): (&str, crate::campaign::Exercised)) -> ExercisedJson {
    let [admit, refuse, either, finding] = row.outcomes;
    let reached = Reach::ALL.iter().map(|reach| reach.name()).zip(row.reached).chain([("untold", row.untold)]);
    ExercisedJson { family: family.into(), admit, refuse, either, finding, reached: reached.collect() }
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
