//! The order of a campaign: controls, then the questions that tell most, then each attack once, then everything else.

use std::collections::{BTreeMap, BTreeSet};

use gatecrash_model::{Case, Stance};

use super::plan::Origin;
use crate::attacks::catalogue::Catalogue;

/// One place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    /// A control or a case of the catalogue, by its index.
    pub(super) what: What,
    /// Which of the ways: at service depth, on a connection, over HTTP/2.
    pub(super) way: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Control(usize),
    Case(usize),
    Sequence(usize),
}

/// What the catalogue holds, with the attack that each case is of.
#[derive(Clone, Copy)]
pub(super) struct Cases<'a> {
    pub(super) single: &'a [(Origin, Case)],
    pub(super) sequences: &'a [(Origin, Case)],
}

/// A part of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pass {
    /// Honest requests, in every way.
    Controls,
    /// Credentials that lack something, on every route; then the smallest set of attacks that kills every gate of the kill matrix.
    Sharpest,
    /// Every other attack, once.
    Once,
    /// The catalogue from every stance, on every route, in every way.
    Catalogue,
}

impl Pass {
    /// What it asks, in words.
    pub fn name(self) -> &'static str {
        match self {
            Pass::Controls => "honest requests",
            Pass::Sharpest => "the attacks that find most flaws",
            Pass::Once => "each attack once",
            Pass::Catalogue => "each attack on every route, from every caller, in every way",
        }
    }
}

/// Every turn exactly once, and where each pass ends.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) turns: Vec<Turn>,
    ends: Vec<(Pass, u64)>,
}

impl Order {
    /// The order of so many controls and of these cases, each in so many ways. `sampled` cases have one way each, in turn.
    pub(super) fn new(controls: usize, cases: Cases<'_>, catalogue: &Catalogue, ways: u64, sampled: bool) -> Self {
        let mut order = Self::default();
        let Cases { single: cases, sequences } = cases;
        // The ways of a sample are spread over it.
        let all = |what: What, at: usize| {
            let ways = if sampled { at as u64 % ways..at as u64 % ways + 1 } else { 0..ways };
            ways.map(move |way| Turn { what, way })
        };
        order.turns.extend((0..controls).flat_map(|at| all(What::Control(at), at)));
        order.end(Pass::Controls);
        let mut asked: BTreeSet<usize> = BTreeSet::new();
        let mut ask = |order: &mut Self, case: usize| {
            if asked.insert(case) {
                let way = if sampled { order.turns.len() as u64 % ways } else { 0 };
                order.turns.push(Turn { what: What::Case(case), way });
            }
        };
        let by_attack = by_attack_of(cases);
        let of_stance_alone = |attack: &usize| catalogue.attacks.get(*attack).is_some_and(|it| it.mutations.is_empty());
        for case in by_attack.iter().filter(|(attack, _)| of_stance_alone(attack)).flat_map(|(_, cases)| cases) {
            ask(&mut order, *case);
        }
        let first = gatecrash_corpus::first_attacks();
        let index = |id: &&str| catalogue.attacks.iter().position(|attack| attack.id == **id);
        let first: Vec<usize> = first.iter().filter_map(index).collect();
        for (turn, attack) in first.iter().enumerate() {
            if let Some(case) = by_attack.get(attack).and_then(|group| one_of(group, cases, turn)) {
                ask(&mut order, case);
            }
        }
        order.end(Pass::Sharpest);
        for (turn, (_, group)) in by_attack.iter().filter(|(attack, _)| !first.contains(attack)).enumerate() {
            if let Some(case) = one_of(group, cases, turn) {
                ask(&mut order, case);
            }
        }
        let by_sequence = by_attack_of(sequences);
        let firsts: Vec<usize> = by_sequence.values().filter_map(|group| group.first().copied()).collect();
        order.turns.extend(firsts.iter().map(|at| Turn { what: What::Sequence(*at), way: 0 }));
        order.end(Pass::Once);
        let others = (0..sequences.len()).filter(|at| !firsts.contains(at));
        order.turns.extend(others.map(|at| Turn { what: What::Sequence(at), way: 0 }));
        let known: BTreeSet<Turn> = order.turns.iter().copied().collect();
        if sampled {
            let rest = (0..cases.len()).filter(|case| !asked.contains(case));
            let rest: Vec<Turn> = rest.flat_map(|case| all(What::Case(case), case)).collect();
            order.turns.extend(rest);
        } else {
            let rest = (0..cases.len()).flat_map(|case| all(What::Case(case), case));
            order.turns.extend(rest.filter(|turn| !known.contains(turn)));
        }
        order.end(Pass::Catalogue);
        order
    }

    fn end(&mut self, pass: Pass) {
        self.ends.push((pass, self.turns.len() as u64));
    }

    pub(super) fn len(&self) -> u64 {
        self.turns.len() as u64
    }

    /// The pass that an index belongs to; `None` after the last.
    pub(super) fn pass(&self, index: u64) -> Option<Pass> {
        self.ends.iter().find(|(_, end)| index < *end).map(|(pass, _)| *pass)
    }
}

/// The cases of each attack.
fn by_attack_of(cases: &[(Origin, Case)]) -> BTreeMap<usize, Vec<usize>> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, (origin, _)) in cases.iter().enumerate() {
        if let Origin::Catalogue(attack) = origin {
            groups.entry(*attack).or_default().push(place);
        }
    }
    groups
}

/// One case of an attack, another one each turn. Where some have credentials that are complete but for the attack, one of these:
/// a gate refuses the others for what they lack.
fn one_of(group: &[usize], cases: &[(Origin, Case)], turn: usize) -> Option<usize> {
    let complete =
        |place: &&usize| cases[**place].1.judged().is_some_and(|step| matches!(step.stance, Stance::Complete(_)));
    let complete: Vec<usize> = group.iter().filter(complete).copied().collect();
    let group = if complete.is_empty() { group } else { &complete };
    group.get(turn % group.len().max(1)).copied()
}
