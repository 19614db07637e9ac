//! An OpenAPI document against behavior: for each operation, what the document asks a caller for, and what the gate asks for.
//!
//! It reports only what the policy permits: what the policy forbids, too, is a breach, and the campaign reports that.

use std::collections::BTreeSet;

use gatecrash_model::{
    AuthorizationForm, Blueprint, Case, Factor, Mutation, Person, Policy, Route, Scene, Stance, Value, resolve,
};

use super::{Campaign, CampaignError, Documented, Target, WorkerEnv};
use crate::{
    attacks::openapi::{Alternative, Document, Operation},
    campaign::check::{
        CheckOptions, Checked, Disagreement, DocumentSays, Finding, FindingKind, Outcome, check, depths,
    },
    gate::{Depth, Gate},
    world::{World, crypto::Crypto},
};

/// Attempts of a document are numbered from here on, so that their unique strings repeat nobody's.
const SERIALS: u64 = u64::MAX / 32;

/// Holds a gate to a document, and adds what differs to the findings of a campaign.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let options = gatecrash::campaign::CampaignOptions {
/// #     bound: gatecrash::campaign::Bound::Attempts(4),
/// #     ..Default::default()
/// # };
/// # let mut campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
/// use gatecrash::campaign::check::FindingKind;
/// let text = r#"{"openapi": "3.1.0", "paths": {"/elsewhere": {"get": {"responses": {}}}}}"#;
/// let document = gatecrash::input::openapi::parse("openapi.json", text)?;
/// gatecrash::campaign::hold_to_document(&target, &document, &mut campaign)?;
/// let undocumented = campaign.findings.iter().find(|finding| finding.kind == FindingKind::Undocumented);
/// assert_eq!(undocumented.map(|finding| &finding.subject[..]), Some("GET /v1/whoami: not in the document"));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn hold_to_document(target: &Target, document: &Document, campaign: &mut Campaign) -> Result<(), CampaignError> {
    hold_on(&mut WorkerEnv::new(target)?, document, campaign)
}

/// The same in worlds and against gates that are there.
pub(super) fn hold_on(env: &mut WorkerEnv, document: &Document, campaign: &mut Campaign) -> Result<(), CampaignError> {
    let policy = env.policy().clone();
    let (runtime, world, gate) = env.fresh(Scene::Usual, Crypto::Real)?;
    let mut held = Documented { file: document.file.clone(), routes: 0, attempts: 0 };
    let mut found = Vec::new();
    for route in &policy.routes {
        let probes = runtime.block_on(probed(&gate, world, route, operation(document, route), &mut held.attempts));
        if !probes.iter().any(|probe| probe.is_control() && probe.admitted(&policy)) {
            continue;
        }
        held.routes += 1;
        for (case, checked, said) in differing(document, route, &probes, &policy) {
            found.push(said.finding(case, checked, &policy));
        }
    }
    found.extend(unlisted(document, campaign, &policy));
    campaign.findings.extend(found);
    campaign.documented = Some(held);
    Ok(())
}

/// Replays one case, and says besides what the document says of it.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// use gatecrash::{campaign::{self, check::Outcome}, model::{Case, Person, Stance}};
/// let text = r#"{"openapi": "3.1.0", "paths": {"/elsewhere": {"get": {"responses": {}}}}}"#;
/// let document = gatecrash::input::openapi::parse("openapi.json", text)?;
/// let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]);
/// for checked in campaign::replay_with_document(&target, &document, &case)? {
///     assert!(matches!(checked.outcome, Outcome::Disagree(_)), "the document does not have it");
/// }
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn replay_with_document(target: &Target, document: &Document, case: &Case) -> Result<Vec<Checked>, CampaignError> {
    replay_on(&mut WorkerEnv::new(target)?, document, case)
}

/// The same in worlds and against gates that are there.
pub(super) fn replay_on(env: &mut WorkerEnv, document: &Document, case: &Case) -> Result<Vec<Checked>, CampaignError> {
    let mut replayed = super::replay_on(env, case)?;
    let policy = env.policy().clone();
    let Some(route) = case.judged().and_then(|step| policy.routes.iter().find(|route| route.id() == step.route)) else {
        return Ok(replayed);
    };
    let (runtime, world, gate) = env.fresh(Scene::Usual, Crypto::Real)?;
    let mut attempts = 0;
    let probes = runtime.block_on(probed(&gate, world, route, operation(document, route), &mut attempts));
    if probes.iter().any(|probe| probe.is_control() && probe.admitted(&policy)) {
        let said = differing(document, route, &probes, &policy).into_iter().filter(|(known, ..)| known == case);
        let list: Vec<Disagreement> = said.map(|(_, _, said)| said.found).collect();
        for checked in replayed.iter_mut().filter(|_| !list.is_empty()) {
            match &mut checked.outcome {
                Outcome::Agree => checked.outcome = Outcome::Disagree(list.clone()),
                Outcome::Disagree(known) => known.extend(list.clone()),
                Outcome::HarnessFault(_) => {}
            }
        }
    }
    Ok(replayed)
}

/// What the document says of a finding's case: nothing, where it is not about the document.
pub(crate) fn says(document: &Document, found: &Disagreement, case: &Case) -> Option<DocumentSays> {
    if !found.kind.is_of_document() {
        return None;
    }
    let id = case.judged().map(|step| step.route.clone())?;
    let operation = document.operations.iter().find(|operation| same_route(operation, &id));
    Some(DocumentSays {
        file: document.file.clone(),
        line: operation.map(|operation| operation.security_line.unwrap_or(operation.line)),
        subject: format!("{id}: {}", subject_of(&found.seen)),
        says: operation.map_or_else(
            || "the document does not have it".into(),
            |it| format!("the document asks for {}", asked(it)),
        ),
    })
}

/// One attempt, what it brings, and what came of it.
struct Probe {
    case: Case,
    factors: BTreeSet<Factor>,
    scopes: BTreeSet<String>,
    checked: Checked,
}

impl Probe {
    /// Whether it brings everything that the policy gives.
    fn is_control(&self) -> bool {
        self.case == Case::one(Stance::Complete(Person::Alice), self.route(), vec![])
    }

    fn route(&self) -> String {
        self.case.judged().map(|step| step.route.clone()).unwrap_or_default()
    }

    /// Whether the effect ran, or the answer is a success.
    fn admitted(&self, policy: &Policy) -> bool {
        let observation = &self.checked.observation;
        // A preflight is answered to anybody.
        let alike = policy.answers.preflight && self.route().starts_with("OPTIONS ");
        let success = observation.answer.as_ref().is_some_and(|answer| answer.succeeded(policy));
        observation.entered(policy) || (success && !alike)
    }

    /// Whether it says something: a rate limiter that answers, or a harness that caught itself, does not.
    fn counts(&self, policy: &Policy) -> bool {
        !self.checked.observation.throttled(policy) && !matches!(self.checked.outcome, Outcome::HarnessFault(_))
    }

    /// Whether it is enough by the document.
    fn satisfies(&self, operation: &Operation) -> bool {
        operation.is_public() || operation.security.iter().any(|way| self.is_enough(way))
    }

    fn is_enough(&self, way: &Alternative) -> bool {
        let scoped =
            !way.factors.contains(&Factor::Token) || way.scopes.iter().all(|scope| self.scopes.contains(scope));
        way.left_out.is_empty() && way.factors.iter().all(|factor| self.factors.contains(factor)) && scoped
    }

    /// Whether it brings no more than another, and something less.
    fn brings_less(&self, other: &Probe) -> bool {
        let no_more = self.factors.is_subset(&other.factors) && self.scopes.is_subset(&other.scopes);
        no_more && (self.factors != other.factors || self.scopes != other.scopes)
    }
}

/// The operation of a route; parameters may have other names.
fn operation<'a>(document: &'a Document, route: &Route) -> Option<&'a Operation> {
    document.operations.iter().find(|operation| same_route(operation, &route.id()))
}

fn same_route(operation: &Operation, id: &str) -> bool {
    let nameless = |id: &str| {
        let part = |part: &str| if part.starts_with('{') { "{}".to_string() } else { part.to_string() };
        id.split('/').map(part).collect::<Vec<_>>().join("/")
    };
    nameless(&operation.id()) == nameless(id)
}

/// Makes every attempt of a route: with everything, and without each thing that may be asked for.
async fn probed(
    gate: &Gate,
    world: &World,
    route: &Route,
    operation: Option<&Operation>,
    attempts: &mut u64,
) -> Vec<Probe> {
    let blueprint = world.present();
    let mut probes = Vec::new();
    for (stance, mutations, scopes) in brought(route, operation, &blueprint) {
        let case = Case::one(stance, route.id(), mutations);
        let Some(attempt) = case.judged().and_then(|step| resolve(step, &blueprint).ok()) else { continue };
        let deepest = |depth: &Depth| usize::from(*depth != Depth::Connection);
        let Some(depth) = depths(&case, gate).into_iter().min_by_key(deepest) else { continue };
        let certificate = attempt.chain.is_some().then_some(Factor::Certificate);
        let carried = attempt.request.authorization != AuthorizationForm::Absent;
        let token = (attempt.token.is_some() && carried).then_some(Factor::Token);
        let factors: BTreeSet<Factor> = certificate.into_iter().chain(token).collect();
        let scopes = if token.is_some() { scopes } else { BTreeSet::new() };
        let options = CheckOptions { depth, mirror: false, serial: SERIALS + *attempts };
        let Ok(checked) = check(gate, world, &case, options).await else { continue };
        *attempts += 1;
        probes.push(Probe { case, factors, scopes, checked });
    }
    probes
}

/// Stances and changes, each with the scopes of its token.
fn brought(
    route: &Route,
    operation: Option<&Operation>,
    blueprint: &Blueprint,
) -> Vec<(Stance, Vec<Mutation>, BTreeSet<String>)> {
    let alice = Stance::Complete(Person::Alice);
    let all: BTreeSet<String> = blueprint.grants(Person::Alice).into_iter().collect();
    let without = |scopes: &[String]| -> BTreeSet<String> {
        all.iter().filter(|scope| !scopes.contains(scope)).cloned().collect()
    };
    let absent = vec![Mutation::Authorization(AuthorizationForm::Absent)];
    let mut brought = vec![
        (alice, vec![], all.clone()),
        (Stance::NoToken, vec![], BTreeSet::new()),
        (Stance::NoCertificate, vec![], all.clone()),
        (Stance::NoCertificate, absent, BTreeSet::new()),
        (Stance::NarrowScope, vec![], without(&route.scopes)),
    ];
    // The document may name scopes that the policy asks for elsewhere alone.
    let named = operation.map(Operation::scopes).unwrap_or_default();
    let foreign: Vec<String> = named.into_iter().filter(|scope| !route.scopes.contains(scope)).collect();
    let rest = without(&foreign);
    if rest.len() < all.len() {
        let rights = &blueprint.policy.tokens.rights;
        let written: Vec<String> = rest.iter().cloned().collect();
        let change = match written.is_empty() {
            true => Mutation::DropClaim(rights.at.clone()),
            false => Mutation::SetClaim { name: rights.at.clone(), value: Value::Json(rights.form.written(&written)) },
        };
        brought.push((alice, vec![change], rest));
    }
    brought
}

/// What is said about one case.
struct Said {
    found: Disagreement,
    document: DocumentSays,
}

impl Said {
    fn finding(self, case: Case, checked: &Checked, policy: &Policy) -> Finding {
        Finding::of(case, checked, &self.found, policy, Depth::Connection).of_document(self.document)
    }
}

/// What document and gate differ in about one route, each with the attempt that shows it.
fn differing<'a>(
    document: &Document,
    route: &Route,
    probes: &'a [Probe],
    policy: &Policy,
) -> Vec<(Case, &'a Checked, Said)> {
    let probes: Vec<&Probe> = probes.iter().filter(|probe| probe.counts(policy)).collect();
    let admitted: Vec<&Probe> = probes.iter().copied().filter(|probe| probe.admitted(policy)).collect();
    let of = |probe: &'a Probe, kind: FindingKind, seen: String| {
        let found = Disagreement { kind, seen, rules: BTreeSet::new() };
        let document = says(document, &found, &probe.case)?;
        Some((probe.case.clone(), &probe.checked, Said { found, document }))
    };
    let Some(operation) = operation(document, route) else {
        let control = admitted.into_iter().find(|probe| probe.is_control());
        let answered = control.map(|probe| answer_of(&probe.checked));
        let seen = answered.map(|answer| format!("{NOT_THERE}; the gate {answer}"));
        return control
            .zip(seen)
            .and_then(|(probe, seen)| of(probe, FindingKind::Undocumented, seen))
            .into_iter()
            .collect();
    };
    let mut found = Vec::new();
    let enough = |probe: &&Probe| probe.satisfies(operation);
    let permitted = |probe: &&Probe| !probe.checked.verdict.must_refuse();
    let open: Vec<&Probe> = admitted.iter().copied().filter(|probe| !enough(probe)).filter(permitted).collect();
    // Whoever gets in with less gets in with more.
    for probe in open.iter().filter(|probe| !open.iter().any(|other| other.brings_less(probe))) {
        let seen = format!("{} {}; the gate {}", WITHOUT, lacking(probe, operation), answer_of(&probe.checked));
        found.extend(of(probe, FindingKind::Undocumented, seen));
    }
    let refused = probes.iter().copied().filter(|probe| !probe.admitted(policy) && enough(probe));
    let mut refused = refused.filter(|probe| !probe.checked.verdict.must_admit());
    // The one that brings least shows most of what is missing in the document.
    if let Some(probe) = refused
        .next()
        .map(|first| refused.fold(first, |least, other| if other.brings_less(least) { other } else { least }))
    {
        let enforced = admitted.iter().filter(|other| !admitted.iter().any(|least| least.brings_less(other)));
        let more: BTreeSet<String> = enforced.map(|other| beyond(other, probe)).collect();
        let more = more.into_iter().collect::<Vec<_>>().join(", or ");
        let seen = format!("{STRICTER} {more}; the gate {}", answer_of(&probe.checked));
        found.extend(of(probe, FindingKind::Overdocumented, seen));
    }
    found
}

/// Routes that the gate serves by its own word, and that neither policy nor document has. No case can ask for them.
fn unlisted(document: &Document, campaign: &Campaign, policy: &Policy) -> Vec<Finding> {
    let unlisted = |id: &&String| !document.operations.iter().any(|operation| same_route(operation, id));
    let of = |id: &String| {
        let case = Case::one(Stance::Complete(Person::Alice), id.clone(), vec![]);
        let seen = format!("{NOT_THERE}; the gate serves it, and the policy does not have it");
        let found = Disagreement { kind: FindingKind::Undocumented, seen, rules: BTreeSet::new() };
        let document = says(document, &found, &case)?;
        let said = Said { found, document };
        let checked = Checked {
            verdict: Default::default(),
            observation: Default::default(),
            outcome: Outcome::Agree,
            happened: None,
        };
        Some(said.finding(case, &checked, policy))
    };
    campaign.tally.undeclared.iter().filter(unlisted).filter_map(of).collect()
}

const NOT_THERE: &str = "not in the document";
const WITHOUT: &str = "admitted without";
const STRICTER: &str = "the gate asks for more:";

/// The part of what was seen that stays the same from run to run.
fn subject_of(seen: &str) -> &str {
    seen.split(';').next().unwrap_or(seen)
}

/// What an attempt lacks that every alternative of the document asks for; of several the nearest.
fn lacking(probe: &Probe, operation: &Operation) -> String {
    let of_way = |way: &Alternative| -> Vec<String> {
        let factors = way.factors.iter().filter(|factor| !probe.factors.contains(factor)).map(|factor| word(*factor));
        let factors: Vec<String> = factors.map(|word| format!("a {word}")).collect();
        let scopes = way.scopes.iter().filter(|scope| !probe.scopes.contains(*scope));
        let scopes = scopes.filter(|_| probe.factors.contains(&Factor::Token)).map(|scope| format!("scope `{scope}`"));
        factors.into_iter().chain(scopes).chain(way.left_out.iter().cloned()).collect()
    };
    let ways = operation.security.iter().map(of_way);
    ways.min_by_key(Vec::len).unwrap_or_default().join(" and ")
}

/// What an attempt brings beyond another.
fn beyond(probe: &Probe, than: &Probe) -> String {
    let factors = probe.factors.difference(&than.factors).map(|factor| word(*factor).to_string());
    let scopes = probe.scopes.difference(&than.scopes).filter(|_| than.factors.contains(&Factor::Token));
    factors.chain(scopes.map(|scope| format!("scope `{scope}`"))).collect::<Vec<_>>().join(" and ")
}

fn word(factor: Factor) -> &'static str {
    match factor {
        Factor::Certificate => "certificate",
        Factor::Token => "token",
    }
}

/// What the document asks for, in words.
fn asked(operation: &Operation) -> String {
    let way = |way: &Alternative| {
        let mut words: Vec<String> = way.factors.iter().map(|factor| word(*factor).to_string()).collect();
        if !way.scopes.is_empty() {
            words
                .push(format!("scope {}", way.scopes.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" ")));
        }
        words.extend(way.left_out.iter().cloned());
        words.join(" and ")
    };
    match operation.is_public() {
        true => "nothing".into(),
        false => operation.security.iter().map(way).collect::<Vec<_>>().join(", or "),
    }
}

fn answer_of(checked: &Checked) -> String {
    match &checked.observation.answer {
        Some(answer) => format!("answered {}", answer.status),
        None => "gave no answer".into(),
    }
}
