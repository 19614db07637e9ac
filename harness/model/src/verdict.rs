//! What the standards permit in answer to an attempt: a set of outcomes.

use std::collections::BTreeSet;

use crate::{Rule, Stage};

/// One permitted way in: who, where, on what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Admission {
    /// The principal.
    pub principal: String,
    /// The route, as `GET /v1/whoami`.
    pub route: String,
    /// The object, where the route names one.
    pub object: Option<String>,
}

/// What is permitted to a second request on the connection: never an effect, for it brings no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondVerdict {
    /// The route that it names.
    pub route: String,
    /// Whether the first request names the same route.
    pub same_route: bool,
    /// The rules that its effect violates.
    pub rules: BTreeSet<Rule>,
    /// Whether it is no request at all, so that it must not even be answered.
    pub hidden: bool,
}

/// The set of permitted outcomes. Never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The permitted admissions.
    pub admissions: BTreeSet<Admission>,
    /// The violated rules, over all readings; empty when the attempt must be admitted.
    pub refusals: BTreeSet<Rule>,
    /// The latest stage at which it may be refused, where it must be.
    pub latest: Option<Stage>,
    /// What is permitted to a second request, where one is sent.
    pub second: Option<SecondVerdict>,
}

impl Verdict {
    /// What either of two permits.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.latest = self.latest.max(other.latest);
        self.admissions.extend(other.admissions);
        self.refusals.extend(other.refusals);
        if !self.must_refuse() {
            self.latest = None;
        }
        self.second = self.second.or(other.second);
        self
    }

    /// Permits nothing but to refuse, for one rule more.
    pub(crate) fn forbid(&mut self, rule: Rule) {
        let stage = Some(rule.stage());
        self.latest = if self.must_refuse() { self.latest.min(stage) } else { stage };
        self.admissions.clear();
        self.refusals.insert(rule);
    }

    /// Permits to refuse as well, for one rule more.
    pub(crate) fn discourage(&mut self, rule: Rule) {
        if !self.must_refuse() {
            self.refusals.insert(rule);
        }
    }

    /// Whether no refusal is permitted.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// # let resolved = |stance, changes| {
    /// #     let case = Case::one(stance, "GET /v1/orders/{id}", changes);
    /// #     resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())
    /// # };
    /// use gatecrash_model::{Person, Stance, judge};
    /// let honest = resolved(Stance::Complete(Person::Alice), vec![])?;
    /// assert!(judge(&honest, &blueprint).must_admit());
    /// # Ok::<(), String>(())
    /// ```
    pub fn must_admit(&self) -> bool {
        self.refusals.is_empty()
    }

    /// Whether no admission is permitted.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// # let resolved = |stance, changes| {
    /// #     let case = Case::one(stance, "GET /v1/orders/{id}", changes);
    /// #     resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())
    /// # };
    /// use gatecrash_model::{Stance, judge};
    /// let bare = resolved(Stance::NoCertificate, vec![])?;
    /// assert!(judge(&bare, &blueprint).must_refuse());
    /// # Ok::<(), String>(())
    /// ```
    pub fn must_refuse(&self) -> bool {
        self.admissions.is_empty()
    }

    /// `admit`, `refuse` or `either`.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// # let resolved = |stance, changes| {
    /// #     let case = Case::one(stance, "GET /v1/orders/{id}", changes);
    /// #     resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())
    /// # };
    /// use gatecrash_model::{Mutation, Person, Stance, judge};
    /// let head = resolved(Stance::Complete(Person::Alice), vec![Mutation::Method("HEAD".into())])?;
    /// assert_eq!(judge(&head, &blueprint).name(), "either");
    /// # Ok::<(), String>(())
    /// ```
    pub fn name(&self) -> &'static str {
        match (self.must_admit(), self.must_refuse()) {
            (true, _) => "admit",
            (_, true) => "refuse",
            _ => "either",
        }
    }
}
