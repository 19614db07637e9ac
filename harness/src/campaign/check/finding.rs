//! Disagreements, named.

use std::{collections::BTreeSet, time::Duration};

use gatecrash_model::{Case, Person, Policy, Rule, Stage, Stance, Step, Verdict, describe};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Cause, Checked, Reach, RouteClass, obeyed, subject};
use crate::gate::{Depth, Observation};

/// The kind of a disagreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub enum FindingKind {
    /// Ran, though no admission is permitted.
    Breach,
    /// What came before changed the answer.
    Carryover,
    /// The effect ran, and the request was rejected.
    EarlyEffect,
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
    /// The caller was entitled and every credential genuine; only the form is one that servers should reject.
    Leniency,
    /// The OpenAPI document asks for less than the gate does.
    Overdocumented,
    /// The OpenAPI document asks for more than the gate does, or does not have the route.
    Undocumented,
    /// Inert changes made a difference, though both answers are permitted.
    Unstable,
    /// Answered success without a witnessed effect, or with somebody else's data.
    Unwitnessed,
}

impl FindingKind {
    /// Every kind, by name.
    ///
    /// ```
    /// use gatecrash::campaign::check::FindingKind;
    /// assert!(FindingKind::ALL.is_sorted_by_key(|kind| kind.name()));
    /// ```
    pub const ALL: &[FindingKind] = {
        use FindingKind::*;
        &[
            Breach,
            Carryover,
            EarlyEffect,
            FalseRefusal,
            Fault,
            Impersonation,
            LateRefusal,
            Leak,
            Leniency,
            Overdocumented,
            Undocumented,
            Unstable,
            Unwitnessed,
        ]
    };

    /// Name as printed.
    ///
    /// ```
    /// assert_eq!(gatecrash::campaign::check::FindingKind::Breach.name(), "Breach");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Breach => "Breach",
            FindingKind::Carryover => "Carryover",
            FindingKind::EarlyEffect => "EarlyEffect",
            FindingKind::FalseRefusal => "FalseRefusal",
            FindingKind::Fault => "Fault",
            FindingKind::Impersonation => "Impersonation",
            FindingKind::Leak => "Leak",
            FindingKind::LateRefusal => "LateRefusal",
            FindingKind::Leniency => "Leniency",
            FindingKind::Overdocumented => "Overdocumented",
            FindingKind::Undocumented => "Undocumented",
            FindingKind::Unstable => "Unstable",
            FindingKind::Unwitnessed => "Unwitnessed",
        }
    }
}

impl FindingKind {
    /// Whether it is about what the OpenAPI document says, and not about the policy.
    ///
    /// ```
    /// use gatecrash::campaign::check::FindingKind;
    /// assert!(FindingKind::Undocumented.is_of_document());
    /// assert!(!FindingKind::Breach.is_of_document());
    /// ```
    pub fn is_of_document(self) -> bool {
        matches!(self, FindingKind::Overdocumented | FindingKind::Undocumented)
    }

    /// Whether it fails no run unless the run or the policy is strict.
    ///
    /// ```
    /// use gatecrash::campaign::check::FindingKind;
    /// assert!(FindingKind::Leniency.is_advice() && FindingKind::Overdocumented.is_advice());
    /// assert!(!FindingKind::Undocumented.is_advice());
    /// ```
    pub fn is_advice(self) -> bool {
        matches!(self, FindingKind::Leniency | FindingKind::Overdocumented)
    }
}

/// What an OpenAPI document says about the case of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentSays {
    /// The file of the document.
    pub file: String,
    /// The line of the document, counted from 1; `None` if the document lacks the operation.
    pub line: Option<usize>,
    /// The operation, and in which respect the gate differs: the subject of the finding.
    pub subject: String,
    /// What it asks for, in words.
    pub says: String,
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
    /// Twelve hexadecimal digits of its identity: kind, cause, subject and route class.
    pub fingerprint: String,
    /// The mistake behind it.
    pub cause: Cause,
    /// What the smallest case touches, such as `claim nbf` or `no token`; several parts are joined by ` + `.
    pub subject: String,
    /// What protects the route.
    pub class: RouteClass,
    /// Who can do it.
    pub reach: Reach,
    /// The smallest case that shows it.
    pub case: Case,
    /// The rules that the case violates.
    pub rules: BTreeSet<Rule>,
    /// Its route, then the others that have the same cause.
    pub routes: Vec<String>,
    /// The depth at which it was found.
    pub depth: Depth,
    /// What was seen.
    pub seen: String,
    /// The verdict on the case.
    pub verdict: Verdict,
    /// The observation.
    pub observation: Observation,
    /// What the OpenAPI document says, where the finding is about that.
    pub document: Option<DocumentSays>,
    /// The attempt that first showed it, counted from 0.
    pub attempt: u64,
    /// How long after the first attempt that was.
    pub after: Duration,
}

/// What makes two findings the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The kind.
    pub kind: FindingKind,
    /// The mistake.
    pub cause: Cause,
    /// What the smallest case touches.
    pub subject: String,
    /// What protects the route.
    pub class: RouteClass,
}

impl Identity {
    /// The identity of a disagreement about a case.
    pub(crate) fn of(kind: FindingKind, case: &Case, seen: &str, rules: &BTreeSet<Rule>, policy: &Policy) -> Self {
        let of_response = kind == FindingKind::Fault && subject::is_of_response(seen);
        let cause = match of_response {
            _ if obeyed::is_of_assistant(seen) => Cause::Instruction,
            true => Cause::Response,
            false => Cause::of(kind, rules),
        };
        let parts: Vec<String> = subject::parts(kind, case, seen, rules).into_iter().collect();
        let class = RouteClass::of(case.judged().map_or("", |step| &step.route), policy);
        Self { kind, cause, subject: parts.join(SEPARATOR), class }
    }

    /// Twelve hexadecimal digits that stay the same while the identity does.
    ///
    /// ```
    /// use gatecrash::{campaign::check::{Cause, FindingKind, Identity, RouteClass}, model::Rule};
    /// let of = |subject: &str| Identity {
    ///     kind: FindingKind::Breach,
    ///     cause: Cause::Rule(Rule::ClaimType),
    ///     subject: subject.into(),
    ///     class: RouteClass::Token,
    /// };
    /// assert_eq!(of("claim nbf").fingerprint().len(), 12);
    /// assert_ne!(of("claim nbf").fingerprint(), of("claim iat").fingerprint());
    /// ```
    pub fn fingerprint(&self) -> String {
        digits(&format!("2 {} | {} | {} | {}", self.kind.name(), self.cause, self.subject, self.class.name()))
    }
}

/// What stands between the parts of a subject.
pub(crate) const SEPARATOR: &str = " + ";

fn digits(text: &str) -> String {
    Sha256::digest(text)[..6].iter().map(|octet| format!("{octet:02x}")).collect()
}

impl Finding {
    /// What a disagreement of a checked case comes to; `depth` where the observation does not know its own.
    pub(crate) fn of(case: Case, checked: &Checked, it: &Disagreement, policy: &Policy, depth: Depth) -> Self {
        let identity = Identity::of(it.kind, &case, &it.seen, &it.rules, policy);
        Self {
            kind: it.kind,
            fingerprint: identity.fingerprint(),
            cause: identity.cause,
            subject: identity.subject,
            class: identity.class,
            reach: Reach::of(&case),
            case,
            rules: it.rules.clone(),
            routes: Vec::new(),
            depth: checked.observation.depth.unwrap_or(depth),
            seen: it.seen.clone(),
            verdict: checked.verdict.clone(),
            observation: checked.observation.clone(),
            document: None,
            attempt: 0,
            after: Duration::ZERO,
        }
    }

    /// The same finding, about what a document says; its subject and its fingerprint follow.
    #[cfg(feature = "openapi")]
    pub(crate) fn of_document(mut self, says: DocumentSays) -> Self {
        self.cause = Cause::Document;
        self.subject.clone_from(&says.subject);
        self.routes = self.case.judged().map(|step| step.route.clone()).into_iter().collect();
        self.document = Some(says);
        self.fingerprint = self.identity().fingerprint();
        self
    }

    /// Notes another attempt that showed it.
    pub(crate) fn seen_at(&mut self, attempt: u64, after: Duration) {
        self.attempt = self.attempt.min(attempt);
        self.after = self.after.min(after);
    }

    /// The same finding, shown by two cases: the one of fewer rules stays, then the one that more people can do.
    pub(crate) fn or(&mut self, other: Finding) {
        let (attempt, after) = (self.attempt.min(other.attempt), self.after.min(other.after));
        if (other.rules.len(), other.reach) < (self.rules.len(), self.reach) {
            *self = other;
        }
        (self.attempt, self.after) = (attempt, after);
    }

    /// What makes it the finding that it is.
    pub fn identity(&self) -> Identity {
        let Self { kind, cause, subject, class, .. } = self;
        Identity { kind: *kind, cause: cause.clone(), subject: subject.clone(), class: *class }
    }

    /// The same finding with a cause that further attempts have found; its fingerprint follows.
    pub fn with_cause(mut self, cause: Cause) -> Self {
        self.cause = cause;
        self.fingerprint = self.identity().fingerprint();
        self
    }

    /// The fingerprint that versions before 0.2 gave it, which `known.toml` files of format 1 hold.
    pub(crate) fn fingerprint_of_format_1(&self) -> String {
        let kind = match self.kind {
            FindingKind::EarlyEffect | FindingKind::Leniency => FindingKind::Breach,
            kind => kind,
        };
        let rules: Vec<&str> = self.rules.iter().map(|rule| rule.name()).collect();
        let scoped = self.class == RouteClass::Scoped;
        digits(&format!("{} {} {:?} {scoped}", kind.name(), rules.join(","), self.verdict.latest))
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

/// Twelve hexadecimal digits for a disagreement about bytes, which have no slots: kind, rules and stage.
pub(crate) fn raw_fingerprint(kind: FindingKind, rules: &BTreeSet<Rule>, stage: Option<Stage>) -> String {
    let rules: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
    digits(&format!("{} {} {:?} false", kind.name(), rules.join(","), stage))
}
