//! The shape of a report, as machines read it. It is stable: a field may be added, none changes or goes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{KnownFinding, diff::Side};
use crate::attacks::policy_gaps::PolicyGap;

/// What a run found: the one value that every face of the report shows, and `run --format json` as it stands.
///
/// `harness/docs/report.schema.json` is its JSON Schema.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of Gatecrash.
    pub version: &'static str,
    /// `clean`, `incomplete`, `findings`, `mis-wired` or `harness-fault`.
    pub verdict: &'static str,
    /// The same in a sentence.
    pub headline: String,
    /// Exit status of the run.
    pub status: u8,
    /// Whether controls and catalogue, or all pairs, were tried.
    pub complete: bool,
    /// The signal that ended the run early: `SIGHUP`, `SIGINT` or `SIGTERM`; `null` where none did.
    pub interrupted: Option<&'static str>,
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
    /// Attempts made once more on a kept connection.
    pub kept: u64,
    /// Cases of several steps.
    pub sequences: SequencesJson,
    /// Which cryptography attempts were made with.
    pub crypto: CryptoJson,
    /// Seconds that each phase took on all threads; `null` where that was not measured.
    pub profile: Option<BTreeMap<&'static str, f64>>,
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
    /// Families of the catalogue that were to be tried.
    pub planned_families: usize,
    /// Attacks of the catalogue that were tried.
    pub variants: usize,
    /// For each family of the catalogue, and for what is beside it: how attempts ended, and how deep they got.
    pub exercised: Vec<ExercisedJson>,
    /// Attempts made again with inert changes.
    pub inert: InertJson,
    /// How far the pairs came; `null` where none were run.
    pub pairs: Option<PairsJson>,
    /// How much of an OpenAPI document was held against behavior; `null` without one.
    pub document: Option<DocumentJson>,
    /// Times the harness caught itself, in words.
    pub harness_faults: Vec<String>,
    /// Controls that were refused, in words.
    pub miswirings: Vec<String>,
    /// What the policy promises, a clause each.
    pub promises: Vec<String>,
    /// What the policy leaves out, held against a strict one.
    pub left_out: Vec<PolicyGap>,
    /// Accepted findings that have expired or are of no use any more, in words.
    pub known_faults: Vec<String>,
    /// Every attack of the catalogue that was tried.
    pub tried: Vec<TriedJson>,
    /// Disagreements, one for each fingerprint; the most severe cause first, below it what combines or repeats it; accepted ones last.
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

/// One attack of the catalogue that was tried.
#[derive(Debug, Serialize)]
pub struct TriedJson {
    /// Id of the attack.
    pub id: String,
    /// Id of its family.
    pub family: String,
    /// Section of the catalogue.
    pub section: String,
    /// How many attempts it made.
    pub attempts: u64,
    /// How many of them did not end as permitted.
    pub broke: u64,
    /// Fingerprints of what they showed.
    pub findings: Vec<String>,
}

/// A violated rule.
#[derive(Debug, Serialize)]
pub struct RuleJson {
    /// Its name.
    pub name: &'static str,
    /// Where the obligation stands.
    pub clause: &'static str,
    /// What must hold, in a sentence.
    pub must: &'static str,
}

/// A place in a file of the repository.
#[derive(Debug, Serialize)]
pub struct PlaceJson {
    /// Path of the file, relative to the working directory, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
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

/// Cases of several steps, and what really happened in them.
#[derive(Debug, Serialize)]
pub struct SequencesJson {
    /// Those that were made.
    pub run: u64,
    /// Those of them in which no step hung on another.
    pub idle: u64,
    /// Those that do not apply to this gate, by the reason.
    pub inapplicable: BTreeMap<String, u64>,
    /// Sessions offered, and those that the gate resumed.
    pub offered: u64,
    /// Sessions that were resumed.
    pub resumed: u64,
    /// Requests on a connection that was kept.
    pub reused: u64,
    /// Requests under way at the same time as another one.
    pub together: u64,
    /// Requests with the token of an earlier one.
    pub repeated: u64,
    /// Streams that were listened to after they had begun.
    pub streamed: u64,
    /// Changes that the gate was told of.
    pub reloaded: u64,
    /// Times that the clock moved on.
    pub waited: u64,
    /// Promises of `[changes]` that the policy does not make.
    pub absent: Vec<&'static str>,
}

/// How much of an OpenAPI document was held against behavior.
#[derive(Debug, Serialize)]
pub struct DocumentJson {
    /// The file.
    pub file: String,
    /// Routes that were held to it.
    pub routes: u64,
    /// Attempts that it took, beside those of the campaign.
    pub attempts: u64,
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
    /// The mistake in a sentence; `null` where the rule says it.
    pub because: Option<String>,
    /// Its route, then the others that have the same cause.
    pub routes: Vec<String>,
    /// Severity of that attack.
    pub severity: &'static str,
    /// Weakness (CWE number).
    pub cwe: u32,
    /// Category of the OWASP API Security Top 10 2023.
    pub owasp_api: String,
    /// Numbers of the requirements that it is about, by standard: `asvs`, `nist`, `pci`, `soc2`.
    pub requirements: BTreeMap<String, Vec<String>>,
    /// What to change.
    pub fix: String,
    /// The mistake behind it, such as `no-guard` or `rule audience`.
    pub cause: String,
    /// What the smallest case touches, such as `claim nbf`.
    pub subject: String,
    /// What protects the route: `certificate`, `token`, `scoped` or `undeclared`.
    pub route_class: &'static str,
    /// Who can do it: `anyone`, `any-certificate`, `genuine-token` or `issuer-signed`.
    pub reach: &'static str,
    /// The attempt that first showed it, counted from 1.
    pub attempt: u64,
    /// Seconds from the first attempt until then.
    pub after_seconds: f64,
    /// Whether it fails the run.
    pub fails: bool,
    /// Ids of the attacks of the catalogue whose own attempts showed it.
    pub attacks: Vec<String>,
    /// The command that replays it.
    pub replay: String,
    /// The case in words.
    pub words: String,
    /// What was seen.
    pub seen: String,
    /// What the standards permit, in words.
    pub permitted: String,
    /// The violated rules with their clauses.
    pub obligations: Vec<RuleJson>,
    /// Id of the family of the attack.
    pub family: Option<String>,
    /// What the attacks of that family do.
    pub what: String,
    /// Why they must fail.
    pub why: String,
    /// Clauses, advisories and papers.
    pub references: Vec<String>,
    /// The route.
    pub route: String,
    /// The depth at which it was found.
    pub depth: &'static str,
    /// Severity as a number from 0 to 10.
    pub score: f64,
    /// The fix as code, for axum, rustls and jsonwebtoken; `null` where no few lines say it.
    pub example: Option<&'static str>,
    /// Who accepts it, why and until when; `null` for an open finding.
    pub accepted: Option<KnownFinding>,
    /// Where to look in the repository: the route in the policy, else the attack in the catalogue, else the case.
    pub place: PlaceJson,
    /// The command by which curl makes the attempt on a served gate; `null` where no stock client can.
    pub curl: Option<String>,
    /// What is presented, honest and forged.
    pub sides: Vec<Side>,
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
    /// Numbers of the requirements that it tests, by standard: `asvs`, `nist`, `pci`, `soc2`.
    pub requirements: BTreeMap<String, Vec<String>>,
    /// Clauses, advisories and papers.
    pub references: Vec<String>,
    /// What to change.
    pub fix: String,
}
