//! Nothing is out of reach of random cases: every kind of change, rule, reading, stance, scene, route and entry occurs.
//!
//! Seeds are fixed. A case counts only when a change of it changes what is attempted.

use std::collections::BTreeMap;

use gatecrash::{
    campaign::{CampaignOptions, Origin, Plan, plan},
    catalogue::Catalogue,
    model::{
        Attempt, Blueprint, Case, Mutation, ReadingKind, Rule, Scene, Stance, Step, judge, readings, resolve,
        vocabulary,
    },
};

use crate::support::{blueprint, exhibit};

/// How many random cases are drawn.
const DRAWN: u64 = 40_000;

fn the_plan() -> Plan {
    plan(&exhibit("reference").target, CampaignOptions::default()).unwrap()
}

/// The attempt of a case, in its scene, when its changes change something.
fn effective(case: &Case, blueprint: &Blueprint) -> Option<(Attempt, Blueprint)> {
    let blueprint = Blueprint { scene: case.scene, ..blueprint.clone() };
    let step = case.steps.first()?;
    let attempt = resolve(step, &blueprint).ok()?;
    let bare = resolve(&Step { mutations: Vec::new(), ..step.clone() }, &blueprint).ok()?;
    (attempt != bare).then_some((attempt, blueprint))
}

fn count<K: Ord>(into: &mut BTreeMap<K, u64>, key: K) {
    *into.entry(key).or_default() += 1;
}

#[test]
fn everything_occurs_in_random_cases() {
    let plan = the_plan();
    // Drift belongs to the system clock; here it only opens the reading.
    let blueprint = Blueprint { drift: 5, ..blueprint() };
    let (mut kinds, mut rules, mut reached) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut stances, mut scenes, mut routes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut made = 0;
    for index in 0..DRAWN {
        let case = plan.random(index);
        let Some((attempt, blueprint)) = effective(&case, &blueprint) else { continue };
        made += 1;
        let step = &case.steps[0];
        count(&mut stances, step.stance.name());
        count(&mut scenes, case.scene);
        count(&mut routes, step.route.clone());
        case.mutations().for_each(|mutation| count(&mut kinds, mutation.kind()));
        judge(&attempt, &blueprint).refusals.into_iter().for_each(|rule| count(&mut rules, rule));
        let read: std::collections::BTreeSet<ReadingKind> =
            readings(&attempt.expected(&blueprint), &blueprint).into_iter().flatten().collect();
        read.into_iter().for_each(|kind| count(&mut reached, kind));
    }
    // Most of what is drawn means something and changes something.
    assert!(made * 10 > DRAWN * 6, "{made} of {DRAWN}");
    let share = |count: Option<&u64>| 100.0 * *count.unwrap_or(&0) as f64 / made as f64;
    let within = |what: &str, count: Option<&u64>, least: f64, most: f64| {
        let share = share(count);
        assert!((least..=most).contains(&share), "{what}: {share:.3} % of {made}, not within {least} to {most} %");
    };
    let known: std::collections::BTreeSet<&str> = vocabulary(&blueprint).iter().map(Mutation::kind).collect();
    let catalogue = Catalogue::embedded().unwrap();
    let in_catalogue = catalogue.attacks.iter().flat_map(|attack| attack.mutations.iter().map(Mutation::kind));
    for kind in known.into_iter().chain(in_catalogue) {
        within(kind, kinds.get(kind), 0.02, 35.0);
    }
    for rule in Rule::ALL {
        within(rule.name(), rules.get(rule), 0.005, 60.0);
    }
    for kind in ReadingKind::ALL {
        within(&format!("{kind:?}"), reached.get(&kind), 0.005, 60.0);
    }
    for stance in Stance::KINDS {
        within(stance.name(), stances.get(stance.name()), 1.0, 60.0);
    }
    for scene in Scene::ALL.into_iter().filter(|scene| *scene != Scene::Usual) {
        within(&format!("{scene:?}"), scenes.get(&scene), 0.1, 6.5);
    }
    within("the usual scene", scenes.get(&Scene::Usual), 85.0, 99.0);
    for route in &blueprint.policy.routes {
        within(&route.id(), routes.get(&route.id()), 2.0, 40.0);
    }
}

/// After the fixed part of a campaign every entry of the catalogue comes again, mixed with random cases.
#[test]
fn every_entry_comes_again_at_random() {
    let plan = the_plan();
    let attacks = Catalogue::embedded().unwrap().attacks;
    let mut seen: BTreeMap<usize, u64> = BTreeMap::new();
    let (mut random, mut drawn) = (0_u64, 0_u64);
    for index in plan.fixed()..plan.fixed() + 3 * DRAWN {
        let (origin, _, _) = plan.case(index);
        drawn += 1;
        match origin {
            Origin::Catalogue(attack) => count(&mut seen, attack),
            Origin::Random => random += 1,
            Origin::Control | Origin::Pair => {}
        }
    }
    for (index, attack) in attacks.iter().enumerate() {
        assert!(seen.contains_key(&index), "{}", attack.id);
    }
    assert!((0.3..0.6).contains(&(random as f64 / drawn as f64)), "{random} of {drawn}");
}
