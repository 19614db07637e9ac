//! The worlds and gates of one thread: one for each scene and kind of cryptography, built when first needed.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use futures_util::FutureExt as _;
use gatecrash_model::{Case, Policy, Scene};
use tokio::runtime::Runtime;

use super::{CampaignError, Target};
use crate::{
    gate::{Gate, Per, panics},
    world::crypto::{Crypto, Layers},
    world::{Clock, World, WorldOptions},
};

pub(crate) struct WorkerEnv {
    target: Target,
    runtime: Runtime,
    worlds: BTreeMap<Place, World>,
    gates: BTreeMap<Place, Option<Gate>>,
    /// What was attempted on each gate, the latest last.
    log: BTreeMap<Place, VecDeque<Arc<Case>>>,
    /// The ideal layers that the gate takes up, once that is known.
    ideal: Option<Layers>,
    /// Whether clients that were accepted make further requests without another handshake.
    keeps: bool,
}

type Place = (Scene, Crypto);

/// How many cases before one are remembered.
const REMEMBERED: usize = 2_048;

impl WorkerEnv {
    /// The usual scene is built at once, so that a gate that cannot be built is known early.
    pub(crate) fn new(target: &Target) -> Result<Self, CampaignError> {
        let options = WorldOptions { layers: Layers::default(), ..target.world.clone() };
        let world = World::new(target.policy.clone(), options)?;
        // Under a frozen world clock timers are frozen too, so that a hang costs no time.
        let paused = world.clock() == Clock::Frozen;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(paused).build()?;
        let (worlds, gates) = (BTreeMap::new(), BTreeMap::new());
        let log = BTreeMap::new();
        let mut env = Self { target: target.clone(), runtime, worlds, gates, log, ideal: None, keeps: false };
        let usual = (target.world.scene, Crypto::Real);
        env.worlds.insert(usual, world);
        let gate = env.build(usual)?;
        env.gates.insert(usual, Some(gate));
        Ok(env)
    }

    /// Keeps connections at service depth, but for replays.
    pub(crate) fn keep_connections(&mut self) {
        self.keeps = true;
        self.gates.values_mut().flatten().for_each(Gate::keep_connections);
    }

    /// What the gate promises.
    pub(crate) fn policy(&self) -> &Policy {
        &self.target.policy
    }

    /// How its worlds are built.
    pub(crate) fn options(&self) -> &WorldOptions {
        &self.target.world
    }

    /// The world of the usual scene.
    pub(crate) fn world(&self) -> Result<&World, CampaignError> {
        self.worlds.get(&(self.target.world.scene, Crypto::Real)).ok_or(CampaignError::Thread)
    }

    /// World and gate of a scene; `None` when the gate refuses to start in it, which refuses everything.
    ///
    /// Where the gate takes up no ideal cryptography, the ideal place is the real one.
    pub(crate) fn of(
        &mut self,
        scene: Scene,
        crypto: Crypto,
    ) -> Result<Option<(&Runtime, &World, &Gate)>, CampaignError> {
        let place = self.prepare(scene, crypto)?;
        if !self.gates.contains_key(&place) {
            let mut gate = self.build(place).ok();
            gate.iter_mut().filter(|_| self.keeps).for_each(Gate::keep_connections);
            self.gates.insert(place, gate);
        }
        let gate = self.gates.get(&place).and_then(Option::as_ref);
        Ok(gate.and_then(|gate| Some((&self.runtime, self.worlds.get(&place)?, gate))))
    }

    /// Notes that a case was attempted on the gate of a scene.
    pub(crate) fn note(&mut self, crypto: Crypto, case: Arc<Case>) -> Result<(), CampaignError> {
        let place = self.prepare(case.scene, crypto)?;
        let log = self.log.entry(place).or_default();
        if log.len() >= REMEMBERED {
            log.pop_front();
        }
        log.push_back(case);
        Ok(())
    }

    /// What was attempted on the gate of a scene.
    pub(crate) fn before(&mut self, scene: Scene, crypto: Crypto) -> Result<Vec<Arc<Case>>, CampaignError> {
        let place = self.prepare(scene, crypto)?;
        Ok(self.log.get(&place).map(|log| log.iter().cloned().collect()).unwrap_or_default())
    }

    /// Gives up the gates of a scene when they are to be built anew.
    pub(crate) fn retire(&mut self, scene: Scene) {
        for crypto in [Crypto::Ideal, Crypto::Real] {
            let gate = self.gates.get(&(scene, crypto)).and_then(Option::as_ref);
            if gate.is_some_and(|gate| gate.per() != Per::Campaign) {
                self.gates.remove(&(scene, crypto));
                self.log.remove(&(scene, crypto));
            }
        }
    }

    /// World and a gate of its own in a scene, for a replay that nothing preceded.
    pub(crate) fn fresh(&mut self, scene: Scene, crypto: Crypto) -> Result<(&Runtime, &World, Gate), CampaignError> {
        let place = self.prepare(scene, crypto)?;
        let gate = self.build(place)?;
        let world = self.worlds.get(&place).ok_or(CampaignError::Thread)?;
        Ok((&self.runtime, world, gate))
    }

    /// The ideal layers that the gate takes up, found out by building it once.
    pub(crate) fn ideal_layers(&mut self) -> Result<Layers, CampaignError> {
        if let Some(known) = self.ideal {
            return Ok(known);
        }
        let world = self.world_in(self.target.world.scene, Layers::IDEAL)?;
        let built = self.runtime.block_on((self.target.factory)(&world));
        let layers = if built.is_ok() { world.taken() } else { Layers::default() };
        self.ideal = Some(layers);
        Ok(layers)
    }

    fn world_in(&self, scene: Scene, layers: Layers) -> Result<World, CampaignError> {
        let options = WorldOptions { scene, layers, ..self.target.world.clone() };
        Ok(World::new(self.target.policy.clone(), options)?)
    }

    fn prepare(&mut self, scene: Scene, crypto: Crypto) -> Result<Place, CampaignError> {
        let layers = match crypto {
            Crypto::Ideal => self.ideal_layers()?,
            Crypto::Real => Layers::default(),
        };
        let crypto = if layers == Layers::default() { Crypto::Real } else { Crypto::Ideal };
        if !self.worlds.contains_key(&(scene, crypto)) {
            let world = self.world_in(scene, layers)?;
            self.worlds.insert((scene, crypto), world);
        }
        Ok((scene, crypto))
    }

    fn build(&self, place: Place) -> Result<Gate, CampaignError> {
        let world = self.worlds.get(&place).ok_or(CampaignError::Thread)?;
        let watch = panics::Watch::new();
        let built = std::panic::AssertUnwindSafe(async { (self.target.factory)(world).await }).catch_unwind();
        let built = self.runtime.block_on(built);
        watch.finish();
        match built {
            Ok(built) => built.map_err(CampaignError::Gate),
            // What trust data of a scene bring down is down for whoever can bring it about: every attempt there finds out. To
            // refuse to start with them is another matter.
            Err(payload) if place.0 != self.target.world.scene => {
                let message = format!("while it was built, {}", panics::message(payload.as_ref()));
                Ok(Gate::serve(move |_| {
                    let message = message.clone();
                    async move { std::panic::panic_any(message) }
                }))
            }
            Err(payload) => Err(CampaignError::Panicked(panics::message(payload.as_ref()))),
        }
    }
}
