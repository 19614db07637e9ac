//! Which cases of the catalogue a campaign takes up, and what random ones are made of.

use std::collections::{BTreeMap, BTreeSet};

use gatecrash_model::{Case, Mutation, Person, Rule, Stance, resolve, vocabulary};

use super::Origin;
use crate::{
    attacks::catalogue::{Catalogue, CatalogueCase},
    campaign::{CampaignOptions, SequenceShare},
};

/// One case of each attack from each of its stances, on routes in turn; of a stance alone every one.
pub(super) fn sample_routes(cases: Vec<CatalogueCase>) -> Vec<CatalogueCase> {
    let mut groups: BTreeMap<(usize, Option<Stance>), Vec<CatalogueCase>> = BTreeMap::new();
    for case in cases {
        let stance = case.case.first().map(|step| step.stance);
        groups.entry((case.attack, stance)).or_default().push(case);
    }
    let mut kept = Vec::new();
    let mut turn = 0;
    for mut group in groups.into_values() {
        if group.iter().any(|it| it.case.mutations().next().is_none()) {
            kept.extend(group);
        } else {
            kept.push(group.swap_remove(turn % group.len()));
            turn += 1;
        }
    }
    kept
}

/// Each attack of several steps on one of its routes, over every version of HTTP; none where only pairs are wanted.
pub(super) fn sequences_of(cases: Vec<CatalogueCase>, options: &CampaignOptions) -> Vec<CatalogueCase> {
    if options.sequences == SequenceShare::None {
        return Vec::new();
    }
    let mut routes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let route = |case: &CatalogueCase| case.case.judged().map(|step| step.route.clone()).unwrap_or_default();
    for case in &cases {
        let known = routes.entry(case.attack).or_default();
        if !known.contains(&route(case)) {
            known.push(route(case));
        }
    }
    let chosen = |case: &CatalogueCase| {
        routes.get(&case.attack).is_some_and(|known| known.get(case.attack % known.len()) == Some(&route(case)))
    };
    cases.into_iter().filter(chosen).collect()
}

/// How many families these cases are of.
pub(super) fn families<'c>(cases: impl Iterator<Item = &'c (Origin, Case)>, catalogue: &Catalogue) -> usize {
    let attacks = cases.filter_map(|(origin, _)| catalogue.attacks.get(origin.attack()?));
    attacks.map(|attack| attack.family.id.as_str()).collect::<BTreeSet<_>>().len()
}

/// The places of cases by the rules that their attacks violate; no list is empty.
pub(super) fn by_rule(cases: &[(Origin, Case)], catalogue: &Catalogue) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<Rule, Vec<usize>> = BTreeMap::new();
    for (place, (origin, _)) in cases.iter().enumerate() {
        let Origin::Catalogue(attack) = origin else { continue };
        for rule in catalogue.attacks.get(*attack).into_iter().flat_map(|attack| &attack.rules) {
            places.entry(*rule).or_default().push(place);
        }
    }
    places.into_values().collect()
}

/// What random cases are made of: the vocabulary, and what the catalogue says beyond it.
pub(super) fn words(blueprint: &gatecrash_model::Blueprint, catalogue: &Catalogue) -> Vec<Mutation> {
    let mut words = vocabulary(blueprint);
    for mutation in catalogue.attacks.iter().flat_map(|attack| &attack.mutations) {
        let word = blueprint.policy.addressed(mutation);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The honest cases of a policy: on each route, everybody of the cast whom the oracle must admit.
pub(crate) fn controls(blueprint: &gatecrash_model::Blueprint) -> Vec<Case> {
    let routes = blueprint.policy.routes.iter();
    let cases = routes.flat_map(|route| {
        let people =
            Person::INSIDERS.into_iter().map(|person| Case::one(Stance::Complete(person), route.id(), Vec::new()));
        people.filter(|case| {
            case.steps
                .first()
                .and_then(|step| resolve(step, blueprint).ok())
                .is_some_and(|attempt| gatecrash_model::judge(&attempt, blueprint).must_admit())
        })
    });
    cases.collect()
}
