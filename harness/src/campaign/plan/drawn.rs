//! What is made of an index: the case of the fixed order, or one that the seed draws.

use gatecrash_model::{Attempting, Case, Mutation, Over, Scene, draw_case, draw_sequence, resolve};

use super::{Origin, Plan, REAL_EVERY, SEQUENCE_EVERY, split_mix};
use crate::{
    campaign::{CryptoMode, SequenceShare, check::CheckOptions, order::What},
    gate::Depth,
    world::crypto::{self, Crypto},
};

impl Plan {
    /// The sequence that stands at `index`, where one does.
    pub(super) fn sequence(&self, index: u64) -> Option<(Origin, Case)> {
        match self.order.turns.get(index as usize).map(|turn| turn.what) {
            Some(What::Sequence(at)) => return self.sequences.get(at).cloned(),
            Some(What::Case(_) | What::Control(_)) => return None,
            None => {}
        }
        let every = match self.options.sequences {
            SequenceShare::None => return None,
            SequenceShare::Only => 1,
            SequenceShare::Mixed => SEQUENCE_EVERY,
        };
        let beyond = index >= self.fixed() && self.pairs.is_none() && self.ending(index).is_none();
        let mut state = self.state(index).rotate_left(31);
        if !beyond || !split_mix(&mut state).is_multiple_of(every) {
            return None;
        }
        let mut below = |bound: usize| (split_mix(&mut state) % bound.max(1) as u64) as usize;
        if below(3) == 0 && !self.sequences.is_empty() {
            return self.sequences.get(below(self.sequences.len())).cloned();
        }
        draw_sequence(&mut below, &self.words, &self.blueprint).map(|case| (Origin::Random, case))
    }

    /// The case and an honest one of the same client, one after the other on one connection, where `index` has such a pair.
    pub(in crate::campaign) fn kept(&self, index: u64, case: &Case) -> Option<Case> {
        let mut state = self.state(index).rotate_left(17);
        if !case.is_single() || !self.options.reuse || self.controls.is_empty() || case.scene != Scene::Usual {
            return None;
        }
        let step = case.first()?;
        let chain = resolve(step, &self.blueprint).ok()?.chain;
        let from = (split_mix(&mut state) % self.controls.len() as u64) as usize;
        let controls = self.controls[from..].iter().chain(&self.controls[..from]);
        let mut honest = controls.filter_map(Case::first);
        let same = |it: &&Attempting| resolve(*it, &self.blueprint).is_ok_and(|attempt| attempt.chain == chain);
        let honest = honest.find(same)?.clone();
        let (first, last) = match split_mix(&mut state).is_multiple_of(4) {
            true => (step.clone(), honest),
            false => (honest, step.clone()),
        };
        Some(Case { scene: case.scene, steps: vec![first.into(), last.over(Over::Kept(1)).into()] })
    }

    pub(in crate::campaign) fn measures(&self) -> bool {
        self.options.profile
    }

    pub(in crate::campaign) fn wants_ideal(&self) -> bool {
        self.options.crypto != CryptoMode::Real
    }

    /// Which cryptography the case at `index` is made with.
    pub(in crate::campaign) fn crypto(&self, index: u64, case: &Case) -> Crypto {
        let real = match self.options.crypto {
            CryptoMode::Both => {
                index < self.fixed() || index.is_multiple_of(REAL_EVERY) || self.ending(index).is_some()
            }
            CryptoMode::Ideal => false,
            CryptoMode::Real => true,
        };
        if real || !crypto::has_ideal_form(case) { Crypto::Real } else { Crypto::Ideal }
    }

    pub(super) fn plain_case(&self, index: u64, depth: Depth) -> (Origin, Case, CheckOptions) {
        let fixed = index < self.fixed();
        let mirror = (fixed && self.options.mirror_catalogue) || index.is_multiple_of(self.options.mirror_every.max(1));
        let options = CheckOptions { depth, mirror, serial: index };
        if let Some(at) = self.ending(index) {
            return (Origin::Control, self.controls[at].clone(), options);
        }
        if let Some(turn) = self.order.turns.get(index as usize) {
            let (origin, case) = match turn.what {
                What::Control(at) => (Origin::Control, self.controls[at].clone()),
                What::Case(at) => self.catalogue[at].clone(),
                What::Sequence(at) => self.sequences[at].clone(),
            };
            return (origin, case, options);
        }
        if let Some((pairs, from)) = &self.pairs
            && let Some(case) = pairs.case(from + index - self.fixed())
        {
            return (Origin::Pair, case, options);
        }
        let mut state = self.state(index);
        let mut below = |bound: usize| (split_mix(&mut state) % bound.max(1) as u64) as usize;
        let (origin, case) = match below(16) {
            0 | 1 if !self.controls.is_empty() => (Origin::Control, self.controls[below(self.controls.len())].clone()),
            2..=5 if !self.catalogue.is_empty() => self.catalogue[below(self.catalogue.len())].clone(),
            // A rule that one small family tries is as much a rule as any other.
            6..=8 if !self.by_rule.is_empty() => {
                let places = &self.by_rule[below(self.by_rule.len())];
                self.catalogue[places[below(places.len())]].clone()
            }
            _ => (Origin::Random, draw_case(&mut below, &self.words, &self.blueprint)),
        };
        (origin, case, options)
    }

    /// A random case alone.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::campaign::{self, CampaignOptions};
    /// let plan = campaign::plan(&target, CampaignOptions::default())?;
    /// assert_eq!(plan.random(4), plan.random(4));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn random(&self, index: u64) -> Case {
        let mut state = self.state(index);
        let mut below = |bound: usize| (split_mix(&mut state) % bound.max(1) as u64) as usize;
        draw_case(&mut below, &self.words, &self.blueprint)
    }

    /// The inert changes with which the attempt at `index` is made again, where it is.
    pub(in crate::campaign) fn inert(&self, index: u64) -> Option<&[Mutation]> {
        if self.sequence(index).is_some() {
            return None;
        }
        let mut state = !self.state(index);
        let drawn = split_mix(&mut state);
        if self.options.twin_every == 0 || !drawn.is_multiple_of(self.options.twin_every) {
            return None;
        }
        let at = (split_mix(&mut state) % self.inert.len().max(1) as u64) as usize;
        self.inert.get(at).map(Vec::as_slice)
    }

    pub(in crate::campaign) fn keeps(&self) -> bool {
        self.options.keep
    }
}
