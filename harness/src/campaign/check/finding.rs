//! Disagreements, named.

use std::collections::BTreeSet;

use gatecrash_model::{Case, Person, Policy, Rule, Stage, Stance, Step, Verdict, describe};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Checked;
use crate::gate::{Depth, Observation};

/// The kind of a disagreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub enum FindingKind {
    /// Ran, though no admission is permitted.
    Breach,
    /// A fresh connection and a kept one answer differently.
    Carryover,
    /// Must be admitted, was refused.
    FalseRefusal,
    /// A panic, a 5xx on attacker input, a hang, or broken protocol.
    Fault,
    /// Ran as a principal, or on an object or route, that no permitted admission names.
    Impersonation,
    /// A planted secret came back.
    Leak,
    /// Refused after the latest admissible stage.
    LateRefusal,
    /// Inert changes made a difference, though both answers are permitted.
    Unstable,
    /// Answered success without a witnessed effect, or with somebody else's data.
    Unwitnessed,
}

impl FindingKind {
    /// Every kind, by name.
    ///
    /// ```
    /// use gatecrash::check::FindingKind;
    /// assert!(FindingKind::ALL.is_sorted_by_key(|kind| kind.name()));
    /// ```
    pub const ALL: &[FindingKind] = {
        use FindingKind::*;
        &[Breach, Carryover, FalseRefusal, Fault, Impersonation, LateRefusal, Leak, Unstable, Unwitnessed]
    };

    /// Name as printed.
    ///
    /// ```
    /// assert_eq!(gatecrash::check::FindingKind::Breach.name(), "Breach");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Breach => "Breach",
            FindingKind::Carryover => "Carryover",
            FindingKind::FalseRefusal => "FalseRefusal",
            FindingKind::Fault => "Fault",
            FindingKind::Impersonation => "Impersonation",
            FindingKind::Leak => "Leak",
            FindingKind::LateRefusal => "LateRefusal",
            FindingKind::Unstable => "Unstable",
            FindingKind::Unwitnessed => "Unwitnessed",
        }
    }
}

/// One disagreement between what is permitted and what was done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disagreement {
    /// Its kind.
    pub kind: FindingKind,
    /// What was seen, in a clause.
    pub seen: String,
    /// The rules that it violates: those of the first request, or of the second.
    pub rules: BTreeSet<Rule>,
}

/// A disagreement with its shrunk case.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// Its kind.
    pub kind: FindingKind,
    /// Groups findings of one root cause: kind, rules, stage and class of route.
    pub fingerprint: String,
    /// The smallest case that shows it.
    pub case: Case,
    /// The rules that the case violates.
    pub rules: BTreeSet<Rule>,
    /// The depth at which it was found.
    pub depth: Depth,
    /// What was seen.
    pub seen: String,
    /// The verdict on the case.
    pub verdict: Verdict,
    /// The observation.
    pub observation: Observation,
    /// How many attempts it took to find it.
    pub attempt: u64,
}

impl Finding {
    /// What a disagreement of a checked case comes to; `depth` where the observation does not know its own.
    pub(crate) fn of(case: Case, checked: &Checked, it: &Disagreement, policy: &Policy, depth: Depth) -> Self {
        let route = case.judged().and_then(|step| policy.routes.iter().find(|route| route.id() == step.route));
        let scoped = route.is_some_and(|route| !route.scopes.is_empty());
        Self {
            kind: it.kind,
            fingerprint: fingerprint(it.kind, &it.rules, checked.verdict.latest, scoped),
            case,
            rules: it.rules.clone(),
            depth: checked.observation.depth.unwrap_or(depth),
            seen: it.seen.clone(),
            verdict: checked.verdict.clone(),
            observation: checked.observation.clone(),
            attempt: 0,
        }
    }

    /// The case in few words: the changes alone where the stance is the usual one.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
    /// #     .for_attempts(20)
    /// #     .with(|options| options.sample_routes = true)
    /// #     .run_blocking()?;
    /// # let (campaign, subject) = (report.campaign, report.subject);
    /// for finding in &campaign.findings {
    ///     assert!(finding.short().len() <= finding.explanation().len());
    /// }
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn short(&self) -> String {
        let [Step::Attempt(step)] = &self.case.steps[..] else { return describe(&self.case) };
        let changes: Vec<String> = step.mutations.iter().map(ToString::to_string).collect();
        match (step.stance, changes.is_empty()) {
            (Stance::Complete(Person::Alice), false) => changes.join("; "),
            (stance, true) => format!("{stance}, {}", step.route),
            (stance, false) => format!("{stance}: {}", changes.join("; ")),
        }
    }

    /// The case in words.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
    /// #     .for_attempts(20)
    /// #     .with(|options| options.sample_routes = true)
    /// #     .run_blocking()?;
    /// # let (campaign, subject) = (report.campaign, report.subject);
    /// let finding = campaign.findings.first().ok_or("the gate looks at no token")?;
    /// assert!(finding.explanation().contains("GET /v1/whoami"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn explanation(&self) -> String {
        describe(&self.case)
    }
}

/// Twelve hexadecimal digits that stay the same while the root cause does.
///
/// ```
/// use std::collections::BTreeSet;
/// use gatecrash::{check::{FindingKind, fingerprint}, model::{Rule, Stage}};
/// let of = |rule| fingerprint(FindingKind::Breach, &BTreeSet::from([rule]), Some(Stage::Token), false);
/// assert_eq!(of(Rule::Audience), "063e974559c0");
/// assert_ne!(of(Rule::Expiry), "063e974559c0");
/// ```
pub fn fingerprint(kind: FindingKind, rules: &BTreeSet<Rule>, stage: Option<Stage>, scoped: bool) -> String {
    let rules: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
    let text = format!("{} {} {:?} {scoped}", kind.name(), rules.join(","), stage);
    Sha256::digest(text)[..6].iter().map(|octet| format!("{octet:02x}")).collect()
}
