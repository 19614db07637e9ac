//! The worlds and gates of one thread: one for each scene, built when first needed.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use gatecrash_model::{Policy, Scene};
use tokio::runtime::Runtime;

use super::{CampaignError, Target};
use crate::{
    gate::{Gate, Per, panics},
    world::{Clock, World, WorldOptions},
};

pub(crate) struct Ground {
    target: Target,
    runtime: Runtime,
    worlds: BTreeMap<Scene, World>,
    gates: BTreeMap<Scene, Option<Gate>>,
}

impl Ground {
    /// The usual scene is built at once, so that a gate that cannot be built is known early.
    pub(crate) fn new(target: &Target) -> Result<Self, CampaignError> {
        let world = World::new(target.policy.clone(), target.world.clone())?;
        // Under a frozen world clock timers are frozen too, so that a hang costs no time.
        let paused = world.clock() == Clock::Frozen;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(paused).build()?;
        let usual = target.world.scene;
        let mut ground =
            Self { target: target.clone(), runtime, worlds: BTreeMap::from([(usual, world)]), gates: BTreeMap::new() };
        let gate = ground.build(usual)?;
        ground.gates.insert(usual, Some(gate));
        Ok(ground)
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
        self.worlds.get(&self.target.world.scene).ok_or(CampaignError::Thread)
    }

    /// World and gate of a scene; `None` when the gate refuses to start in it, which refuses everything.
    pub(crate) fn of(&mut self, scene: Scene) -> Result<Option<(&Runtime, &World, &Gate)>, CampaignError> {
        self.prepare(scene)?;
        if !self.gates.contains_key(&scene) {
            let gate = self.build(scene).ok();
            self.gates.insert(scene, gate);
        }
        let gate = self.gates.get(&scene).and_then(Option::as_ref);
        Ok(gate.and_then(|gate| Some((&self.runtime, self.worlds.get(&scene)?, gate))))
    }

    /// Gives up the gate of a scene when it is to be built anew.
    pub(crate) fn retire(&mut self, scene: Scene) {
        let kept = self.gates.get(&scene).and_then(Option::as_ref).is_none_or(|gate| gate.per() == Per::Campaign);
        if !kept {
            self.gates.remove(&scene);
        }
    }

    /// World and a gate of its own in a scene, for a replay that nothing preceded.
    pub(crate) fn fresh(&mut self, scene: Scene) -> Result<(&Runtime, &World, Gate), CampaignError> {
        self.prepare(scene)?;
        let gate = self.build(scene)?;
        let world = self.worlds.get(&scene).ok_or(CampaignError::Thread)?;
        Ok((&self.runtime, world, gate))
    }

    fn prepare(&mut self, scene: Scene) -> Result<(), CampaignError> {
        if !self.worlds.contains_key(&scene) {
            let options = WorldOptions { scene, ..self.target.world.clone() };
            self.worlds.insert(scene, World::new(self.target.policy.clone(), options)?);
        }
        Ok(())
    }

    fn build(&self, scene: Scene) -> Result<Gate, CampaignError> {
        let world = self.worlds.get(&scene).ok_or(CampaignError::Thread)?;
        let watch = panics::Watch::new();
        let built = std::panic::AssertUnwindSafe(async { (self.target.factory)(world).await }).catch_unwind();
        let built = self.runtime.block_on(built);
        watch.finish();
        match built {
            Ok(built) => built.map_err(CampaignError::Gate),
            Err(payload) => Err(CampaignError::Panicked(panics::message(payload.as_ref()))),
        }
    }
}
