//! Every pair of attacks on the same stance: what a check hides that comes before another shows only so.

use std::collections::{BTreeMap, BTreeSet};

use gatecrash_model::{Attempting, Blueprint, Case, Scene, Slot, Stance, resolve};

use super::plan::split_mix;
use crate::attacks::catalogue::{Attack, Catalogue};

/// The pairs of a catalogue, in an order that the seed determines.
pub(super) struct Pairs {
    pairs: Vec<Pair>,
    parts: Vec<Part>,
    routes: Vec<String>,
    /// Pairs that write one slot twice.
    pub(super) conflicting: u64,
    /// Pairs that have no route in common.
    pub(super) apart: u64,
}

/// An attack from one stance.
struct Part {
    stance: Stance,
    scene: Scene,
    attack: usize,
    mutations: Vec<gatecrash_model::Mutation>,
    /// Slots by number.
    slots: BTreeSet<usize>,
    /// Indices of the routes on which it means something.
    routes: Vec<usize>,
}

struct Pair {
    first: usize,
    second: usize,
    route: usize,
}

impl Pairs {
    pub(super) fn new(catalogue: &Catalogue, blueprint: &Blueprint, seed: u64) -> Self {
        let routes: Vec<String> = blueprint.policy.routes.iter().map(gatecrash_model::Route::id).collect();
        let mut numbers: BTreeMap<Slot, usize> = BTreeMap::new();
        let mut parts = Vec::new();
        for (index, attack) in catalogue.attacks.iter().enumerate().filter(|(_, attack)| !attack.mutations.is_empty()) {
            for stance in &attack.stances {
                let next = |numbers: &mut BTreeMap<Slot, usize>, slot| {
                    let count = numbers.len();
                    *numbers.entry(slot).or_insert(count)
                };
                let slots = attack.mutations.iter().map(|mutation| next(&mut numbers, mutation.slot())).collect();
                let on = usable(attack, *stance, blueprint, &routes);
                let mutations = attack.mutations.clone();
                parts.push(Part { stance: *stance, scene: attack.scene, attack: index, mutations, slots, routes: on });
            }
        }
        let mut all = Self { pairs: Vec::new(), parts, routes, conflicting: 0, apart: 0 };
        all.pair_up();
        // Fisher and Yates, so that a run that is cut short has seen something of everything.
        let mut state = seed ^ 0x5041_4952_5300_0001;
        for last in (1..all.pairs.len()).rev() {
            let other = (split_mix(&mut state) % (last as u64 + 1)) as usize;
            all.pairs.swap(last, other);
        }
        all
    }

    fn pair_up(&mut self) {
        for (first, a) in self.parts.iter().enumerate() {
            for (second, b) in self.parts.iter().enumerate().skip(first + 1) {
                let scenes = a.scene == b.scene || a.scene == Scene::Usual || b.scene == Scene::Usual;
                if a.stance != b.stance || a.attack == b.attack || !scenes {
                    continue;
                }
                if !a.slots.is_disjoint(&b.slots) {
                    self.conflicting += 1;
                } else if let Some(route) = a.routes.iter().find(|route| b.routes.contains(route)) {
                    self.pairs.push(Pair { first, second, route: *route });
                } else {
                    self.apart += 1;
                }
            }
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.pairs.len() as u64
    }

    /// The pair at `index`; `None` beyond the last.
    pub(super) fn case(&self, index: u64) -> Option<Case> {
        let pair = self.pairs.get(usize::try_from(index).ok()?)?;
        let (a, b) = (&self.parts[pair.first], &self.parts[pair.second]);
        let mutations = a.mutations.iter().chain(&b.mutations).cloned().collect();
        let scene = if a.scene == Scene::Usual { b.scene } else { a.scene };
        let route = self.routes[pair.route].clone();
        Some(Case { scene, ..Case::one(a.stance, route, mutations) })
    }
}

/// The routes on which an attack means something, from one of its stances.
fn usable(attack: &Attack, stance: Stance, blueprint: &Blueprint, routes: &[String]) -> Vec<usize> {
    let included = blueprint.policy.routes.iter().zip(routes).enumerate();
    let included = included.filter(|(_, (route, _))| attack.routes.include(route));
    let means = |route: &str| {
        let step = Attempting::new(stance, route, attack.mutations.clone());
        resolve(&step, blueprint).is_ok()
    };
    included.filter(|(_, (_, id))| means(id)).map(|(index, _)| index).collect()
}
