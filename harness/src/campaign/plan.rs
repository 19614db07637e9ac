//! Which case comes when. A pure function of the world, the catalogue and the index.

mod drawn;
mod selection;

use std::collections::BTreeSet;

use gatecrash_model::{Case, Http2Form, Mutation, Protocol, inert_changes, resolve};

use super::{
    Bound, CampaignOptions, Depths, PairsDone, Source, Tally, Unasked,
    order::{Cases, Order, Pass},
    pairs::Pairs,
};
use crate::{
    attacks::catalogue::{Artefact, Catalogue},
    campaign::check::CheckOptions,
    gate::Depth,
    world::World,
};

pub(crate) use selection::controls;
use selection::{by_rule, families, sample_routes, sequences_of, words};

/// Of how many attempts beyond the catalogue one is real where both kinds of cryptography are wanted.
///
/// A prime, so that it meets every pass and every mirrored attempt in turn.
const REAL_EVERY: u64 = 17;

/// Of how many attempts beyond the catalogue one is a sequence.
const SEQUENCE_EVERY: u64 = 24;

/// Where a case comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The catalogue: index of the attack.
    Catalogue(usize),
    /// An honest case that must be admitted.
    Control,
    /// Two attacks of the catalogue together.
    Pair,
    /// Drawn at random.
    Random,
}

impl Origin {
    /// Index of the attack, where the case comes from the catalogue.
    fn attack(self) -> Option<usize> {
        match self {
            Origin::Catalogue(attack) => Some(attack),
            Origin::Control | Origin::Pair | Origin::Random => None,
        }
    }

    pub(super) fn source(self) -> Source {
        match self {
            Origin::Catalogue(attack) => Source::Attack(attack),
            Origin::Control => Source::Control,
            Origin::Pair => Source::Pair,
            Origin::Random => Source::Random,
        }
    }
}

/// The order of a campaign: controls, the sharpest attacks, each attack once, the whole catalogue, then a mixture of everything; or
/// controls, then pairs.
pub struct Plan {
    /// One control for each route.
    pub controls: Vec<Case>,
    catalogue: Vec<(Origin, Case)>,
    /// The attacks of several steps, each on one route.
    sequences: Vec<(Origin, Case)>,
    /// For each rule that some attack violates, the places in `catalogue` of those that do.
    by_rule: Vec<Vec<usize>>,
    pairs: Option<(Pairs, u64)>,
    words: Vec<Mutation>,
    inert: Vec<Vec<Mutation>>,
    blueprint: gatecrash_model::Blueprint,
    families: usize,
    seed: u64,
    options: CampaignOptions,
    order: Order,
}

impl Plan {
    pub(super) fn new(world: &World, catalogue: &Catalogue, options: CampaignOptions) -> Self {
        let blueprint = world.first_blueprint().clone();
        let kept = |attack: usize| {
            let family = catalogue.attacks.get(attack).map(|attack| attack.family.as_ref());
            let of_section = |wanted| family.is_some_and(|family| family.section.starts_with(wanted));
            let of_artefact = |wanted| family.is_some_and(|family| Artefact::of(family) == wanted);
            options.section.is_none_or(of_section) && options.artefact.is_none_or(of_artefact)
        };
        let pairs = options.pairs.map(|from| (Pairs::new(catalogue, &blueprint, world.seed()), from));
        let cases = match &pairs {
            Some(_) => Vec::new(),
            None => catalogue.cases(&blueprint),
        };
        let (cases, sequences): (Vec<_>, Vec<_>) = cases.into_iter().partition(|entry| entry.case.is_single());
        let sequences = sequences_of(sequences, &options);
        let sequences = sequences.into_iter().filter(|entry| kept(entry.attack));
        let sequences: Vec<_> = sequences.map(|entry| (Origin::Catalogue(entry.attack), entry.case)).collect();
        let cases = if options.sample_routes { sample_routes(cases) } else { cases };
        let cases = cases.into_iter().filter(|entry| kept(entry.attack));
        let cases = cases.map(|entry| (Origin::Catalogue(entry.attack), entry.case));
        let controls = controls(&blueprint);
        let cases: Vec<(Origin, Case)> = cases.collect();
        let mut plan = Self {
            order: Order::default(),
            controls,
            families: families(cases.iter().chain(&sequences), catalogue),
            by_rule: by_rule(&cases, catalogue),
            catalogue: cases,
            sequences,
            pairs,
            words: words(&blueprint, catalogue),
            inert: inert_changes(),
            blueprint,
            seed: world.seed(),
            options,
        };
        let (controls, ways) = (plan.controls.len(), plan.ways());
        let cases = Cases { single: &plan.catalogue, sequences: &plan.sequences };
        plan.order = Order::new(controls, cases, catalogue, ways, options.sample_routes);
        plan
    }

    /// How many cases come before the random ones, or before the pairs.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::campaign::{self, CampaignOptions};
    /// let plan = campaign::plan(&target, CampaignOptions::default())?;
    /// assert!(plan.fixed() > plan.controls.len() as u64);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn fixed(&self) -> u64 {
        self.order.len()
    }

    /// The pass that an attempt belongs to; `None` for random cases and pairs.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::campaign::{self, CampaignOptions, Pass};
    /// let plan = campaign::plan(&target, CampaignOptions::default())?;
    /// assert_eq!(plan.pass(0), Some(Pass::Controls));
    /// assert_eq!(plan.pass(plan.fixed()), None);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn pass(&self, index: u64) -> Option<Pass> {
        self.order.pass(index)
    }

    /// How many attempts there will be, where that is known.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::campaign::{self, Bound, CampaignOptions};
    /// let options = CampaignOptions { bound: Bound::Attempts(500), ..CampaignOptions::default() };
    /// assert_eq!(campaign::plan(&target, options)?.total(), Some(500));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn total(&self) -> Option<u64> {
        match (&self.pairs, self.options.bound) {
            (_, Bound::Attempts(count)) => Some(count),
            (Some((pairs, from)), Bound::Catalogue | Bound::Time(_)) => {
                Some(self.fixed() + pairs.len().saturating_sub(*from))
            }
            (None, Bound::Catalogue) => Some(self.fixed()),
            (None, Bound::Time(_)) => None,
        }
    }

    /// How far the pairs came, when `next` is the first index that was not run.
    pub(super) fn pairs_done(&self, next: u64) -> Option<PairsDone> {
        let (pairs, from) = self.pairs.as_ref()?;
        let next = from + next.saturating_sub(self.fixed());
        Some(PairsDone {
            total: pairs.len(),
            conflicting: pairs.conflicting,
            apart: pairs.apart,
            from: *from,
            next: (next < pairs.len()).then_some(next),
        })
    }

    /// What was not asked, where the campaign ended before index `next` of the catalogue.
    pub(super) fn unasked(&self, next: u64, tally: &Tally) -> Option<Unasked> {
        let pass = self.pass(next)?;
        let cases = self.catalogue.iter().chain(&self.sequences);
        let attacks: BTreeSet<usize> = cases.filter_map(|(origin, _)| origin.attack()).collect();
        let attacks = attacks.iter().filter(|attack| !tally.attacks.contains_key(attack)).count();
        Some(Unasked { pass, made: next, all: self.fixed(), attacks })
    }

    /// How many families of the catalogue are to be tried.
    pub(super) fn families(&self) -> usize {
        self.families
    }

    /// How many attempts are asked for, where it must be exactly so many.
    pub(super) fn exact(&self) -> Option<u64> {
        match self.options.bound {
            Bound::Attempts(count) if self.options.random && self.pairs.is_none() => Some(count),
            _ => None,
        }
    }

    /// How often each fixed case is made in a row.
    fn passes(&self) -> u64 {
        if self.options.sample_routes { 1 } else { self.ways() }
    }

    /// How many ways there are to make an attempt: depths and versions of HTTP.
    fn ways(&self) -> u64 {
        match self.options.depths {
            Depths::Both if self.speaks_both() => 3,
            Depths::Both => 2,
            Depths::Only(_) => 1,
        }
    }

    fn speaks_both(&self) -> bool {
        ["1.1", "2"].iter().all(|version| self.blueprint.policy.http.speaks(version))
    }

    /// The case over HTTP/2, where it can be said there.
    fn over_http2(&self, case: Case) -> Case {
        let mut other = case.clone();
        if let Some(step) = other.first_mut() {
            step.mutations.push(Mutation::Protocol(Protocol::Http2(Http2Form::Plain)));
        }
        let resolves = other.first().is_some_and(|step| resolve(step, &self.blueprint).is_ok());
        if resolves { other } else { case }
    }

    /// Which control stands at `index` in a campaign of a given count, which ends with all of them.
    fn ending(&self, index: u64) -> Option<usize> {
        let Bound::Attempts(count) = self.options.bound else { return None };
        // What makes up for cases without a meaning comes after the end.
        if index >= count {
            return None;
        }
        let tail = self.controls.len() as u64 * self.passes();
        let start = count.checked_sub(tail).filter(|start| *start >= self.fixed() && self.pairs.is_none())?;
        index.checked_sub(start).map(|at| (at / self.passes()) as usize)
    }

    /// The controls with which a thread ends, when the campaign is bounded by time or by its pairs.
    pub(super) fn last(&self, first: u64, stride: u64) -> impl Iterator<Item = (u64, &Case)> {
        let open = !matches!(self.options.bound, Bound::Attempts(_)) || self.pairs.is_some();
        let controls = (0_u64..).zip(&self.controls).filter(move |(at, _)| open && at % stride == first);
        controls.map(|(at, control)| (u64::MAX / 4 + at, control))
    }

    /// Whether the campaign ends before `index`, time aside.
    pub(super) fn ends_before(&self, index: u64) -> bool {
        let pairs_end = match &self.pairs {
            Some((pairs, from)) => index >= self.fixed() + pairs.len().saturating_sub(*from),
            None => false,
        };
        match self.options.bound {
            Bound::Attempts(count) => pairs_end || index >= count,
            Bound::Catalogue => pairs_end || (self.pairs.is_none() && index >= self.fixed()),
            Bound::Time(_) => pairs_end || (self.pairs.is_none() && !self.options.random && index >= self.fixed()),
        }
    }

    /// The case at `index`, and how to check it.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::{Depth, campaign::{self, CampaignOptions}};
    /// let plan = campaign::plan(&target, CampaignOptions::default())?;
    /// // The same honest request at both depths.
    /// let ((_, case, first), (_, again, second)) = (plan.case(0), plan.case(1));
    /// assert_eq!(case, again);
    /// assert_eq!((first.depth, second.depth), (Depth::Service, Depth::Connection));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn case(&self, index: u64) -> (Origin, Case, CheckOptions) {
        if let Some((origin, case)) = self.sequence(index) {
            let mirror = index < self.fixed() || index.is_multiple_of(self.options.mirror_every.max(1));
            return (origin, case, CheckOptions { depth: Depth::Connection, mirror, serial: index });
        }
        let way = self.order.turns.get(index as usize).map_or(index % self.ways(), |turn| turn.way);
        let depth = match self.options.depths {
            Depths::Only(depth) => depth,
            Depths::Both if way == 0 => Depth::Service,
            Depths::Both => Depth::Connection,
        };
        let (origin, case, options) = self.plain_case(index, depth);
        // The third way is over HTTP/2.
        let case = if way == 2 { self.over_http2(case) } else { case };
        (origin, case, options)
    }

    fn state(&self, index: u64) -> u64 {
        self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ index.wrapping_mul(0xD1B5_4A32_D192_ED03)
    }
}

/// One step of the SplitMix64 generator.
pub(super) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
