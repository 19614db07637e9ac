//! What an entry must be: effective, isolated, judged as it claims, unlike every other, and referenced.

use std::collections::BTreeMap;

use gatecrash_model::{Attempt, Attempting, Blueprint, Case, Scene, Verdict, judge, resolve};

use super::{Attack, Catalogue, Expect};

/// Every fault of the catalogue under the blueprint's policy, in words; empty when it is sound.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::catalogue::{Catalogue, lint};
/// let mut catalogue = Catalogue::embedded()?;
/// catalogue.attacks.retain(|attack| attack.id == "aud-missing");
/// assert!(lint(&catalogue, &world.blueprint()).is_empty());
/// catalogue.attacks[0].mutations.clear();
/// assert!(!lint(&catalogue, &world.blueprint()).is_empty(), "nothing is changed any more");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn lint(catalogue: &Catalogue, blueprint: &Blueprint) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<(Scene, String), Vec<(Attempt, String)>> = BTreeMap::new();
    for attack in &catalogue.attacks {
        let mut fault = |text: String| faults.push(format!("{}: `{}`: {text}", attack.family.file, attack.id));
        if attack.family.references.is_empty() {
            fault("names no reference".into());
        }
        if attack.rules.len() > 1 && attack.because.is_none() {
            fault("violates several rules and does not say why (`because`)".into());
        }
        let cases = attack.cases(blueprint);
        if cases.is_empty() {
            fault("applies nowhere".into());
        }
        for case in cases {
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

/// What is wrong with the claimed verdict or the effect of one case.
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
