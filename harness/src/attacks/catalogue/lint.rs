//! What an entry must be: effective, isolated, judged as it claims, unlike every other, and referenced.

use std::collections::BTreeMap;

use gatecrash_model::{
    Attempt, Attempting, Blueprint, Case, Change, ClientCertificate, Factor, ForwardedField, ForwardedKey, Mutation,
    ProxyPolicy, Route, Rule, Scene, Step, Verdict, VerifiedBy, judge, rehearse, resolve,
};

use super::{Attack, Catalogue, Expect, Routes, sequence::promising};

/// Every fault of the catalogue under the blueprint's policy, in words; empty when it is sound.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::corpus::catalogue::{Catalogue, lint};
/// let mut catalogue = Catalogue::embedded()?;
/// catalogue.attacks.retain(|attack| attack.id == "aud-missing");
/// assert!(lint(&catalogue, &world.blueprint()).is_empty());
/// catalogue.attacks[0].mutations.clear();
/// assert!(!lint(&catalogue, &world.blueprint()).is_empty(), "nothing is changed any more");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn lint(catalogue: &Catalogue, blueprint: &Blueprint) -> Vec<String> {
    let mut faults = Vec::new();
    let mut sequences: Vec<(Case, String)> = Vec::new();
    let mut seen: BTreeMap<(Scene, String), Vec<(Attempt, String)>> = BTreeMap::new();
    for attack in &catalogue.attacks {
        let mut fault = |text: String| faults.push(format!("{}: `{}`: {text}", attack.family.file, attack.id));
        if attack.family.references.is_empty() {
            fault("names no reference".into());
        }
        if attack.rules.len() > 1 && attack.because.is_none() {
            fault("violates several rules and does not say why (`because`)".into());
        }
        if !attack.steps.is_empty() {
            sequence_faults(attack, blueprint, &mut sequences).into_iter().for_each(fault);
            continue;
        }
        let worlds = worlds(attack, blueprint);
        let cases: Vec<(Case, &Blueprint)> =
            worlds.iter().flat_map(|world| attack.cases(world).into_iter().map(move |case| (case, world))).collect();
        if cases.is_empty() {
            fault("applies nowhere".into());
        }
        for (case, blueprint) in cases {
            let blueprint = Blueprint { scene: case.scene, ..blueprint.clone() };
            let Some(step) = case.first() else { continue };
            let Ok(attempt) = resolve(step, &blueprint) else { continue };
            let place = format!("{} on {}", step.stance.name(), step.route);
            if let Some(text) = verdict_fault(attack, &case, &attempt, &blueprint) {
                fault(format!("{place}: {text}"));
            }
            let twins = seen.entry((case.scene, place.clone())).or_default();
            match twins.iter().find(|(twin, id)| *twin == attempt && *id != attack.id) {
                Some((_, id)) => fault(format!("{place}: is the same attempt as `{id}`")),
                None => twins.push((attempt, attack.id.clone())),
            }
        }
    }
    faults
}

/// The worlds in which an attack is looked at: the one at hand, or one with an assistant, or behind each kind of proxy.
fn worlds(attack: &Attack, blueprint: &Blueprint) -> Vec<Blueprint> {
    if attack.routes == Routes::Assistant {
        return vec![assisted(blueprint)];
    }
    let of_proxy = |mutation: &Mutation| matches!(mutation, Mutation::Forwarded(_) | Mutation::Peer(_));
    if !attack.mutations.iter().any(of_proxy) {
        return vec![blueprint.clone()];
    }
    let behind = |field: ForwardedField| {
        let mut behind = blueprint.clone();
        behind.policy.proxy = Some(ProxyPolicy {
            field,
            peer: format!("spiffe://{}/proxy", blueprint.policy.trust_domain),
            verified_by: VerifiedBy::Service,
            keys: ForwardedKey::ALL.to_vec(),
        });
        behind
    };
    [ForwardedField::ClientCert, ForwardedField::ForwardedClientCert].map(behind).to_vec()
}

/// The world in which an attack on an assistant is looked at: one that has a route to one.
fn assisted(blueprint: &Blueprint) -> Blueprint {
    let mut assisted = blueprint.clone();
    let mut route = Route::new("POST", "/assistant");
    (route.assistant, route.body) = (true, Some(r#"{"prompt":"{prompt}"}"#.into()));
    if blueprint.policy.certificates.client == ClientCertificate::None {
        route.security = vec![vec![Factor::Token]];
    }
    assisted.policy.routes.push(route);
    assisted
}

/// What is wrong with an attack of several steps, in a world that promises everything of changes.
fn sequence_faults(attack: &Attack, blueprint: &Blueprint, seen: &mut Vec<(Case, String)>) -> Vec<String> {
    let one_time = attack.rules.contains(&Rule::OneTime);
    let throttle = attack.rules.contains(&Rule::Throttle);
    let mut blueprint = promising(blueprint);
    // Where every token works once, and every guess makes somebody wait, nothing else shows.
    if !one_time {
        blueprint.policy.changes.one_time = None;
    }
    if !throttle {
        blueprint.policy.changes.throttle = None;
    }
    let cases = attack.cases(&blueprint);
    let mut faults = Vec::new();
    if cases.is_empty() {
        faults.push("applies nowhere".into());
    }
    for case in cases {
        let route = case.judged().map(|step| step.route.clone()).unwrap_or_default();
        let judged = match rehearse(&case, &blueprint) {
            Ok(judged) => judged,
            Err(why) => {
                faults.push(format!("on {route}: {why}"));
                continue;
            }
        };
        let Some((_, verdict)) = judged.last() else { continue };
        let right = match attack.expect {
            Expect::Admit => verdict.must_admit(),
            Expect::Either => !verdict.must_admit() && !verdict.must_refuse(),
            Expect::Refuse => verdict.must_refuse() && verdict.refusals == attack.rules,
            Expect::Unchanged => true,
        };
        if !right {
            let named =
                |rules: &mut dyn Iterator<Item = &Rule>| rules.map(|rule| rule.name()).collect::<Vec<_>>().join(", ");
            let (claimed, found) = (named(&mut attack.rules.iter()), named(&mut verdict.refusals.iter()));
            let (expect, is) = (attack.expect.name(), verdict.name());
            faults.push(format!("on {route}: claims {expect} [{claimed}], is {is} [{found}]"));
        }
        if case.is_single() {
            faults.push(format!("on {route}: is a single attempt"));
        }
        // A step that nothing hangs on is one too many.
        for at in 0..case.steps.len().saturating_sub(1) {
            if matches!(case.steps[at], Step::Change(Change::Wait(_))) {
                let shorter = case.without_step(at).and_then(|shorter| rehearse(&shorter, &blueprint).ok());
                let same = shorter.and_then(|judged| judged.into_iter().next_back());
                if same.is_some_and(|(_, shorter)| shorter == *verdict) && attack.expect == Expect::Refuse {
                    faults.push(format!("on {route}: waiting in step {} changes nothing", at + 1));
                }
            }
        }
        match seen.iter().find(|(known, id)| *known == case && *id != attack.id) {
            Some((_, id)) => faults.push(format!("on {route}: is the same as `{id}`")),
            None => seen.push((case, attack.id.clone())),
        }
    }
    faults
}

/// Faults in the claimed verdict or the effect of one case.
fn verdict_fault(attack: &Attack, case: &Case, attempt: &Attempt, blueprint: &Blueprint) -> Option<String> {
    let step = case.first()?;
    let bare = resolve(&Attempting { mutations: Vec::new(), ..step.clone() }, blueprint).ok()?;
    if !step.mutations.is_empty() && bare == *attempt {
        return Some("changes nothing".into());
    }
    let verdict = judge(attempt, blueprint);
    let found = |verdict: &Verdict| {
        let rules: Vec<&str> = verdict.refusals.iter().map(|rule| rule.name()).collect();
        format!("{} [{}]", verdict.name(), rules.join(", "))
    };
    let right = match attack.expect {
        Expect::Admit => verdict.must_admit(),
        Expect::Either => !verdict.must_admit() && !verdict.must_refuse(),
        Expect::Refuse => verdict.must_refuse() && verdict.refusals == attack.rules,
        Expect::Unchanged => verdict == judge(&bare, blueprint),
    };
    match right {
        true => None,
        false => {
            let rules: Vec<&str> = attack.rules.iter().map(|rule| rule.name()).collect();
            Some(format!("claims {} [{}], is {}", attack.expect.name(), rules.join(", "), found(&verdict)))
        }
    }
}
