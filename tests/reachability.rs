//! Nothing is out of reach of random cases: every kind of change, rule, reading, stance, scene, route and entry occurs.
//!
//! Seeds are fixed. A case counts only when a change of it changes what is attempted.

use std::collections::{BTreeMap, BTreeSet};

use gatecrash::{
    campaign::{CampaignOptions, Origin, Plan, plan},
    corpus::catalogue::Catalogue,
    model::{
        Attempt, Attempting, Blueprint, Case, Mutation, Reading, ReadingKind, Rule, Scene, Stance, judge, readings,
        resolve, vocabulary,
    },
};

use crate::support::{NOW, blueprint, exhibit};

/// How many random cases are drawn.
const DRAWN: u64 = 40_000;

fn the_plan() -> Plan {
    plan(&exhibit("reference").target, CampaignOptions::default()).unwrap()
}

/// The attempt of a case, in its scene, when its changes change something.
fn effective(case: &Case, blueprint: &Blueprint) -> Option<(Attempt, Blueprint)> {
    let blueprint = Blueprint { scene: case.scene, ..blueprint.clone() };
    let step = case.first()?;
    let attempt = resolve(step, &blueprint).ok()?;
    let bare = resolve(&Attempting { mutations: Vec::new(), ..step.clone() }, &blueprint).ok()?;
    (attempt != bare).then_some((attempt, blueprint))
}

fn count<K: Ord>(into: &mut BTreeMap<K, u64>, key: K) {
    *into.entry(key).or_default() += 1;
}

/// How often everything occurred among the random cases of one plan.
#[derive(Default)]
struct Counts {
    made: u64,
    kinds: BTreeMap<&'static str, u64>,
    rules: BTreeMap<&'static str, u64>,
    readings: BTreeMap<String, u64>,
    stances: BTreeMap<&'static str, u64>,
    scenes: BTreeMap<String, u64>,
    routes: BTreeMap<String, u64>,
}

fn drawn(plan: &Plan, blueprint: &Blueprint, cases: u64) -> Counts {
    let mut counts = Counts::default();
    for index in 0..cases {
        let case = plan.random(index);
        let Some((attempt, blueprint)) = effective(&case, blueprint) else { continue };
        counts.made += 1;
        let step = case.first().unwrap();
        count(&mut counts.stances, step.stance.name());
        count(&mut counts.scenes, format!("{:?}", case.scene));
        count(&mut counts.routes, step.route.clone());
        case.mutations().for_each(|mutation| count(&mut counts.kinds, mutation.kind()));
        let verdict = judge(&attempt, &blueprint);
        let second = verdict.second.into_iter().flat_map(|second| second.rules);
        let rules: BTreeSet<Rule> = verdict.refusals.into_iter().chain(second).collect();
        rules.into_iter().for_each(|rule| count(&mut counts.rules, rule.name()));
        let read: BTreeSet<ReadingKind> =
            readings(&attempt.expected(&blueprint), &blueprint).into_iter().flat_map(Reading::iter).collect();
        read.into_iter().for_each(|kind| count(&mut counts.readings, format!("{kind:?}")));
    }
    counts
}

#[test]
fn everything_occurs_in_random_cases() {
    // Drift belongs to the system clock; here it only opens the reading.
    let blueprint = Blueprint { drift: 5, ..blueprint() };
    let counts = drawn(&the_plan(), &blueprint, DRAWN);
    // What a strict profile forbids outright shows with a looser one: a MAC is allowed there, and claims are left unasked. So does what
    // no route of the strict one has: an object in the query.
    let mut article = exhibit("article").target;
    for route in article.policy.routes.iter_mut().filter(|route| route.owner.is_none()) {
        (route.query, route.owner) = (Some("account={account}".into()), Some("query:account".into()));
    }
    // Nor has it an assistant.
    for route in article.policy.routes.iter_mut().filter(|route| route.body.is_none()) {
        (route.assistant, route.body) = (true, Some(r#"{"ask":"{prompt}"}"#.into()));
    }
    let mut policy = article.policy.clone();
    for claim in ["aud", "client_id", "iat", "iss", "jti", "nbf", "sub"] {
        policy.tokens.set_promise(claim, gatecrash::model::Promise::IfPresent);
    }
    policy.tokens.types = vec!["at+jwt".into()];
    let loose = Blueprint::new(policy, NOW);
    let looser = drawn(&plan(&article, CampaignOptions::default()).unwrap(), &loose, DRAWN / 4);
    // And what a proxy in front says shows behind one.
    let mut front = exhibit("first-forwarded").target;
    for route in front.policy.routes.iter_mut().filter(|route| route.path == "/v1/whoami") {
        route.security = vec![vec![gatecrash::model::Factor::Token]];
    }
    let behind = Blueprint { drift: 5, ..Blueprint::new(front.policy.clone(), NOW) };
    let proxied = drawn(&plan(&front, CampaignOptions::default()).unwrap(), &behind, DRAWN / 4);
    // Most of what is drawn means something and changes something.
    assert!(counts.made * 10 > DRAWN * 6, "{} of {DRAWN}", counts.made);
    let mut faults = Vec::new();
    let mut within = |what: &str, count: u64, made: u64, least: f64, most: f64| {
        let share = 100.0 * count as f64 / made as f64;
        if !(least..=most).contains(&share) {
            faults.push(format!("{what}: {share:.4} % of {made}, not within {least} to {most} %"));
        }
    };
    let of = |map: &BTreeMap<&str, u64>, name: &str| map.get(name).copied().unwrap_or(0);
    let catalogue = Catalogue::embedded().unwrap();
    let words = vocabulary(&blueprint);
    let words = words.iter().chain(catalogue.attacks.iter().flat_map(|attack| &attack.mutations));
    for kind in words.map(Mutation::kind).collect::<BTreeSet<_>>() {
        let (many, made) = match kind == "prompt" {
            true => (of(&looser.kinds, kind), looser.made),
            false => (of(&counts.kinds, kind) + of(&proxied.kinds, kind), counts.made + proxied.made),
        };
        within(kind, many, made, 0.02, 50.0);
    }
    for rule in Rule::ALL.iter().filter(|rule| !rule.of_sequence()).map(|rule| rule.name()) {
        let count: u64 = [&counts, &looser, &proxied].map(|counts| of(&counts.rules, rule)).iter().sum();
        within(rule, count, counts.made + looser.made + proxied.made, 0.005, 60.0);
    }
    // That takes two changes that know of one another: HTTP/1.0, and a transfer coding. The catalogue has them.
    let together = "FaultyFraming";
    let read = |case: &Case| {
        let attempt = resolve(&case.steps[0], &blueprint).unwrap();
        readings(&attempt.expected(&blueprint), &blueprint).iter().any(|it| it.contains(ReadingKind::FaultyFraming))
    };
    assert!(catalogue.attacks.iter().any(|attack| attack.cases(&blueprint).iter().any(read)));
    for kind in ReadingKind::ALL.iter().copied().map(|kind| format!("{kind:?}")).filter(|kind| kind != together) {
        let counted = [&counts, &looser, &proxied].map(|counts| counts.readings.get(&kind).copied().unwrap_or(0));
        within(&kind, counted.iter().sum(), counts.made + looser.made + proxied.made, 0.005, 60.0);
    }
    for stance in Stance::KINDS.map(Stance::name) {
        within(stance, of(&counts.stances, stance), counts.made, 1.0, 60.0);
    }
    for &scene in Scene::ALL {
        let (least, most) = if scene == Scene::Usual { (85.0, 99.0) } else { (0.1, 6.5) };
        let scene = format!("{scene:?}");
        within(&scene, counts.scenes.get(&scene).copied().unwrap_or(0), counts.made, least, most);
    }
    for route in blueprint.policy.routes.iter().map(gatecrash::model::Route::id) {
        within(&route, counts.routes.get(&route).copied().unwrap_or(0), counts.made, 2.0, 40.0);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
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
    // Those of several steps have a share of their own; those that mean nothing under this policy have no case.
    let fixed: BTreeSet<usize> = (0..plan.fixed())
        .filter_map(|index| match plan.case(index) {
            (Origin::Catalogue(attack), case, _) if case.is_single() => Some(attack),
            _ => None,
        })
        .collect();
    assert!(fixed.len() * 10 > attacks.len() * 8, "{} of {}", fixed.len(), attacks.len());
    for attack in fixed {
        assert!(seen.contains_key(&attack), "{}", attacks[attack].id);
    }
    assert!((0.3..0.6).contains(&(random as f64 / drawn as f64)), "{random} of {drawn}");
}
