//! The catalogue: every named attack, as data, expanded to cases over stances and routes.

mod artefact;
mod family;
mod lint;
mod sequence;

use std::{collections::BTreeSet, sync::Arc};

use gatecrash_model::{Attempting, Blueprint, Case, ForwardedField, Mutation, Route, Rule, Scene, Stance, resolve};
use serde::{Deserialize, Serialize};

pub use artefact::Artefact;
pub use lint::lint;
pub use sequence::SequenceStep;

use crate::attacks::input::InputError;

/// Why a catalogue could not be read.
pub type CatalogueError = InputError;

/// What every attack of a family has in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Kebab-case id.
    pub id: String,
    /// Section of the catalogue, `A` to `J`.
    pub section: String,
    /// What is mutated, such as `claims`.
    pub artefact: String,
    /// What is done.
    pub what: String,
    /// Why it must fail, or must pass.
    pub why: String,
    /// What to change in a gate that falls for it.
    pub fix: String,
    /// Clauses, advisories and papers.
    pub references: Vec<String>,
    /// Weakness (CWE number).
    pub cwe: u32,
    /// Category of the OWASP API Security Top 10 2023.
    pub owasp_api: String,
    /// How bad it is to fall for it.
    pub severity: Severity,
    /// The file that holds it.
    pub file: String,
}

/// How bad it is to fall for an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the usual words")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Lower-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash::corpus::catalogue::Severity::High.name(), "high");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// The verdict that an attack claims for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Expect {
    /// It must be admitted.
    Admit,
    /// Both outcomes are permitted.
    Either,
    /// It must be refused.
    Refuse,
    /// The verdict is that of the stance without the mutations.
    Unchanged,
}

impl Expect {
    /// Lower-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash::corpus::catalogue::Expect::Refuse.name(), "refuse");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Expect::Admit => "admit",
            Expect::Either => "either",
            Expect::Refuse => "refuse",
            Expect::Unchanged => "unchanged",
        }
    }
}

/// Which routes an attack is tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Routes {
    /// Every one.
    Any,
    /// Those behind which an assistant is.
    Assistant,
    /// Those that name an object in the path.
    Object,
    /// Those that can do without a token.
    Open,
    /// Those whose object has an owner.
    Owned,
    /// Those that need a token, no scope, and name nobody's object.
    Plain,
    /// Those that need a scope.
    Scoped,
    /// Those that need a scope, and whose object has no owner.
    Privileged,
    /// Those that upgrade to a WebSocket, and need a token.
    Socket,
    /// Those whose answer has no end, and that need a token.
    Stream,
    /// Those that need a token.
    Token,
    /// Those that need a token, and whose object has no owner.
    Unowned,
}

impl Routes {
    pub(crate) fn include(self, route: &Route) -> bool {
        match self {
            Routes::Any => true,
            Routes::Assistant => route.assistant,
            Routes::Object => route.path_parameter().is_some(),
            Routes::Open => route.token_optional(),
            Routes::Owned => route.owner.is_some(),
            Routes::Plain => !route.token_optional() && route.owner.is_none() && route.scopes.is_empty(),
            Routes::Scoped => !route.scopes.is_empty(),
            Routes::Privileged => !route.scopes.is_empty() && route.owner.is_none(),
            Routes::Socket => route.upgrade.is_some() && !route.token_optional(),
            Routes::Stream => route.is_endless() && !route.token_optional(),
            Routes::Token => !route.token_optional(),
            Routes::Unowned => !route.token_optional() && route.owner.is_none(),
        }
    }
}

/// A named attack: mutations, where they apply and what they must lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct Attack {
    /// Kebab-case id, unique in the catalogue.
    pub id: String,
    /// Its family.
    pub family: Arc<Family>,
    /// Variation of the world that the gate is built in.
    pub scene: Scene,
    /// The changes; empty where the stance alone is the attack.
    pub mutations: Vec<Mutation>,
    /// The starting points.
    pub stances: Vec<Stance>,
    /// The field of the proxy behind which alone it means something.
    pub proxy: Option<ForwardedField>,
    /// What happens one after the other, where it takes more than one attempt; the last one is what the rest is about. Then
    /// mutations and stances are in the steps.
    pub steps: Vec<SequenceStep>,
    /// Where it applies.
    pub routes: Routes,
    /// The verdict that it claims.
    pub expect: Expect,
    /// Exactly the rules that it violates.
    pub rules: BTreeSet<Rule>,
    /// Why it violates more than one.
    pub because: Option<String>,
    /// Why it is kept though no gate of the gallery falls for it.
    pub robustness: Option<String>,
}

/// One case of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogueCase {
    /// Index of the attack in [`Catalogue::attacks`].
    pub attack: usize,
    /// The case.
    pub case: Case,
}

/// The whole catalogue, in order of file and place.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// Every attack.
    pub attacks: Vec<Attack>,
}

impl Catalogue {
    /// The catalogue that the crate `gatecrash-corpus` embeds.
    ///
    /// ```
    /// use gatecrash::{corpus::catalogue::Catalogue, model::Rule};
    /// let catalogue = Catalogue::embedded()?;
    /// assert!(catalogue.attacks.iter().any(|attack| attack.rules.contains(&Rule::Audience)));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn embedded() -> Result<Self, CatalogueError> {
        let files = gatecrash_corpus::attacks();
        Self::parse(files.iter().map(|(file, text)| (file.as_str(), *text)))
    }

    /// Reads a catalogue from files: name and text.
    ///
    /// ```
    /// use gatecrash::corpus::catalogue::Catalogue;
    /// let family = r#"
    ///     format = 1
    ///     family = "exp-missing"
    ///     section = "C"
    ///     artefact = "claims"
    ///     what = "the token never expires"
    ///     why = "A stolen token without an end works for ever."
    ///     fix = "Require `exp`."
    ///     references = ["RFC 9068 §2.2"]
    ///     cwe = 613
    ///     owasp-api = "API2:2023"
    ///     severity = "high"
    ///     rules = ["expiry"]
    ///
    ///     [[variants]]
    ///     id = "exp-missing"
    ///     mutations = [{ drop-claim = "exp" }]
    /// "#;
    /// let catalogue = Catalogue::parse([("exp-missing.toml", family)])?;
    /// assert_eq!(catalogue.attacks[0].id, "exp-missing");
    /// assert!(Catalogue::parse([("one.toml", family), ("other.toml", family)]).is_err(), "ids are unique");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, CatalogueError> {
        let mut attacks: Vec<Attack> = Vec::new();
        let mut known: BTreeSet<String> = BTreeSet::new();
        for (file, text) in files {
            for attack in family::parse(file, text)? {
                if !known.insert(attack.id.clone()) {
                    return Err(InputError::of(file, format!("attack `{}` is there twice; ids are unique", attack.id)));
                }
                attacks.push(attack);
            }
        }
        Ok(Self { attacks })
    }

    /// The attack or the attacks of the family called `id`.
    ///
    /// ```
    /// use gatecrash::corpus::catalogue::Catalogue;
    /// let catalogue = Catalogue::embedded()?;
    /// assert_eq!(catalogue.find("aud-missing").len(), 1);
    /// assert!(catalogue.find("no-such-attack").is_empty());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn find(&self, id: &str) -> Vec<&Attack> {
        match self.attacks.iter().find(|attack| attack.id == id) {
            Some(attack) => vec![attack],
            None => self.attacks.iter().filter(|attack| attack.family.id == id).collect(),
        }
    }

    /// How many families there are.
    ///
    /// ```
    /// let catalogue = gatecrash::corpus::catalogue::Catalogue::embedded()?;
    /// assert!(catalogue.families() < catalogue.attacks.len());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn families(&self) -> usize {
        self.attacks.iter().map(|attack| attack.family.id.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// Every case that means something under the blueprint's policy: each attack from each of its stances on each route.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// let catalogue = gatecrash::corpus::catalogue::Catalogue::embedded()?;
    /// for entry in catalogue.cases(&world.blueprint()) {
    ///     assert!(entry.attack < catalogue.attacks.len());
    ///     assert_eq!(entry.case.first().map(|step| step.route.as_str()), Some("GET /v1/whoami"));
    /// }
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn cases(&self, blueprint: &Blueprint) -> Vec<CatalogueCase> {
        let attacks = self.attacks.iter().enumerate();
        let cases = attacks.flat_map(|(index, attack)| {
            attack.cases(blueprint).into_iter().map(move |case| CatalogueCase { attack: index, case })
        });
        cases.collect()
    }
}

impl Attack {
    /// The cases of this attack that mean something under the blueprint's policy.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// let catalogue = gatecrash::corpus::catalogue::Catalogue::embedded()?;
    /// let cases = catalogue.find("aud-missing")[0].cases(&world.blueprint());
    /// assert!(gatecrash::model::describe(&cases[0]).ends_with("GET /v1/whoami, then: issuer leaves out `aud`"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn cases(&self, blueprint: &Blueprint) -> Vec<Case> {
        let field = blueprint.policy.proxy.as_ref().map(|proxy| proxy.field);
        if self.proxy.is_some() && self.proxy != field {
            return Vec::new();
        }
        if !self.steps.is_empty() {
            return sequence::cases(self, blueprint);
        }
        let mutations: Vec<Mutation> =
            self.mutations.iter().map(|mutation| blueprint.policy.addressed(mutation)).collect();
        let routes = blueprint.policy.routes.iter().filter(|route| self.routes.include(route));
        let steps = routes.flat_map(|route| {
            let mutations = &mutations;
            let step = move |stance: &Stance| Attempting::new(*stance, route.id(), mutations.clone());
            self.stances.iter().map(step)
        });
        let steps = steps.filter(|step| resolve(step, blueprint).is_ok());
        steps.map(|step| Case { scene: self.scene, steps: vec![step.into()] }).collect()
    }
}
