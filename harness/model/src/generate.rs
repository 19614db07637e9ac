//! Random cases, drawn from any source of choices: a seeded generator, a fuzzer's bytes, proptest.

use crate::{Blueprint, Case, Mutation, Person, Stance};

/// A source of choices.
pub trait Draw {
    /// A number below `bound`, which is at least 1.
    fn below(&mut self, bound: usize) -> usize;
}

impl<F: FnMut(usize) -> usize> Draw for F {
    fn below(&mut self, bound: usize) -> usize {
        self(bound)
    }
}

/// Draws a case: a stance, a route, and up to three mutations out of `words`, never two on one slot.
///
/// About one in eight cases has no mutation.
pub fn draw_case(draw: &mut dyn Draw, words: &[Mutation], blueprint: &Blueprint) -> Case {
    let stance = draw_stance(draw);
    let routes = &blueprint.policy.routes;
    let route = routes.get(draw.below(routes.len().max(1))).map(crate::Route::id).unwrap_or_default();
    let wanted = [0, 1, 1, 1, 1, 2, 2, 3][draw.below(8)];
    let mut mutations: Vec<Mutation> = Vec::new();
    for _ in 0..wanted {
        let Some(word) = words.get(draw.below(words.len().max(1))) else { break };
        if mutations.iter().all(|known| known.slot() != word.slot()) {
            mutations.push(word.clone());
        }
    }
    Case::one(stance, route, mutations)
}

fn draw_stance(draw: &mut dyn Draw) -> Stance {
    let people = Person::INSIDERS;
    match draw.below(16) {
        0 => Stance::ExpiredToken,
        1 => Stance::ForeignIssuer,
        2 => Stance::NarrowScope,
        3 => Stance::NoCertificate,
        4 => Stance::NoToken,
        5 => Stance::OtherTenant,
        6 => Stance::StolenToken(Person::Alice),
        7 => Stance::StolenToken(people[draw.below(people.len())]),
        8..=10 => Stance::Complete(people[draw.below(people.len())]),
        _ => Stance::Complete(Person::Alice),
    }
}

#[cfg(feature = "arbitrary")]
impl Draw for arbitrary::Unstructured<'_> {
    fn below(&mut self, bound: usize) -> usize {
        self.choose_index(bound.max(1)).unwrap_or(0)
    }
}

/// Proptest strategies over the same vocabulary.
#[cfg(feature = "proptest")]
pub mod strategy {
    use proptest::prelude::*;

    use super::draw_case;
    use crate::{Blueprint, Case, vocabulary};

    /// Cases of this world. They shrink towards Alice's complete request without mutations.
    pub fn case(blueprint: Blueprint) -> impl Strategy<Value = Case> {
        let words = vocabulary(&blueprint);
        proptest::collection::vec(any::<u32>(), 12).prop_map(move |choices| {
            let mut choices = choices.into_iter();
            let mut below = |bound: usize| choices.next().map_or(0, |choice| choice as usize % bound);
            draw_case(&mut below, &words, &blueprint)
        })
    }
}
