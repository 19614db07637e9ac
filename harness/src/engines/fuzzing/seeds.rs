//! What targets begin with: controls, the catalogue and the regressions as inputs, named by their content.

use std::collections::BTreeMap;

use gatecrash_model::{Blueprint, Case, Scene};

use super::{FuzzError, Fuzzer, Surface};
use crate::attacks::casefile;
use crate::{
    attacks::casefile::write_case, attacks::catalogue::Catalogue, campaign::controls, campaign::specimen::Exhibit,
};

/// Which inputs to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seeds {
    /// Controls, the catalogue and the regressions.
    All,
    /// Honest inputs alone.
    Controls,
}

/// The inputs of one target for one gate, by content hash.
///
/// `Err` when gate or world cannot be built.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
/// use gatecrash::fuzzing::{Seeds, Surface, seeds};
/// let inputs = seeds(Surface::Claims, &exhibit, Seeds::All)?;
/// let honest = seeds(Surface::Claims, &exhibit, Seeds::Controls)?;
/// assert!(honest.keys().all(|name| inputs.contains_key(name)));
/// assert!(honest.len() < inputs.len());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn seeds(surface: Surface, exhibit: &Exhibit, which: Seeds) -> Result<BTreeMap<String, Vec<u8>>, FuzzError> {
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    if surface.is_raw() {
        inputs.extend(Fuzzer::new(surface, exhibit, "", false)?.raw_seeds());
    } else {
        let world = crate::world::World::new(exhibit.target.policy.clone(), exhibit.target.world.clone());
        let world = world.map_err(crate::campaign::CampaignError::from)?;
        inputs.extend(cases(surface, world.first_blueprint(), which).iter().map(|case| write_case(case).into_bytes()));
    }
    if which == Seeds::All {
        for entry in casefile::regressions().map_err(crate::campaign::CampaignError::from)? {
            match entry.what {
                casefile::What::Case(case) if surface.allows_case(&case) => inputs.push(write_case(&case).into_bytes()),
                casefile::What::Raw { target, bytes } if target == surface => inputs.push(bytes),
                _ => {}
            }
        }
    }
    Ok(inputs.into_iter().map(|input| (casefile::name_of(&input), input)).collect())
}

fn cases(surface: Surface, blueprint: &Blueprint, which: Seeds) -> Vec<Case> {
    let mut cases = controls(blueprint);
    if which == Seeds::All
        && let Ok(catalogue) = Catalogue::embedded()
    {
        let usual = |case: &Case| case.scene == Scene::Usual || surface == Surface::Case;
        let all = catalogue.cases(blueprint).into_iter().map(|entry| entry.case);
        let mut known: Vec<(Scene, Vec<gatecrash_model::Mutation>, &'static str)> = Vec::new();
        let several = |case: &Case| case.is_single() || surface == Surface::Sequence;
        for case in all.filter(|case| usual(case) && several(case) && surface.allows_case(case)) {
            // One route for each attack and stance: the mutator tries the others.
            let Some(step) = case.first() else { continue };
            let key = (case.scene, step.mutations.clone(), step.stance.name());
            if !case.is_single() || !known.contains(&key) {
                known.push(key);
                cases.push(case);
            }
        }
    }
    cases
}
