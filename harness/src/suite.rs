//! Ordinary tests for somebody's gate: one for the controls, one for each section of the catalogue, one at random.

use std::{path::Path, sync::Arc};

use crate::{
    campaign::{self, Bound, CampaignOptions, Progress, Target},
    factory::Factory,
    input,
    report::{self, Subject},
    world::WorldOptions,
};

/// Tests a gate with the whole catalogue, in plain `cargo test`.
///
/// Expands to `#[test]` functions in a module `gatecrash_suite`: one for each section of the catalogue (each of them
/// begins with the controls), and one of 2000 random cases. The policy's path is relative to the crate. `world` gives
/// other [`WorldOptions`], such as the system clock.
///
/// ```no_run
/// # mod gate { pub fn gate(_: &gatecrash::World) -> gatecrash::Gate { gatecrash::Gate::serve(|_io| async {}) } }
/// gatecrash::suite!(crate::gate::gate, policy = "gate.toml");
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! suite {
    ($gate:path, policy = $policy:expr) => {
        $crate::suite!($gate, policy = $policy, world = $crate::WorldOptions::default());
    };
    ($gate:path, policy = $policy:expr, world = $world:expr) => {
        #[cfg(test)]
        mod gatecrash_suite {
            use super::*;

            fn section(section: ::core::option::Option<char>) {
                let policy = ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join($policy);
                $crate::run_section($crate::factory!($gate), &policy, $world, section);
            }

            #[test]
            fn a_header() {
                section(Some('A'));
            }

            #[test]
            fn b_signature() {
                section(Some('B'));
            }

            #[test]
            fn c_claims() {
                section(Some('C'));
            }

            #[test]
            fn d_binding() {
                section(Some('D'));
            }

            #[test]
            fn e_authorisation() {
                section(Some('E'));
            }

            #[test]
            fn f_request() {
                section(Some('F'));
            }

            #[test]
            fn g_certificate() {
                section(Some('G'));
            }

            #[test]
            fn h_connection() {
                section(Some('H'));
            }

            #[test]
            fn j_parser() {
                section(Some('J'));
            }

            #[test]
            fn random() {
                section(None);
            }
        }
    };
}

/// Runs one section, or random cases when `None`, and panics with the report unless it is clean.
pub fn run_section(factory: Factory, policy: &Path, world: WorldOptions, section: Option<char>) {
    let policy = match input::policy(policy) {
        Ok(policy) => policy,
        Err(error) => panic!("{error}"),
    };
    let seed = world.seed;
    let target = Target { factory, policy, world };
    let bound = match section {
        Some(_) => Bound::Time(std::time::Duration::ZERO),
        None => Bound::Attempts(2000),
    };
    // The letter of no section: random cases alone.
    let section = Some(section.unwrap_or('-'));
    let random = section == Some('-');
    let options = CampaignOptions { bound, jobs: 1, random, section, ..CampaignOptions::default() };
    let campaign = match campaign::run(&target, options, &Arc::new(Progress::default())) {
        Ok(campaign) => campaign,
        Err(error) => panic!("{error}"),
    };
    let subject = Subject {
        gate: "gate".into(),
        seed,
        jobs: 1,
        command: "gatecrash".into(),
        named: false,
        folder: std::env::temp_dir().join("gatecrash"),
    };
    if report::status(&campaign) != 0 {
        let saved = subject.save(&campaign.findings).err().unwrap_or_default();
        panic!("{}{saved}", report::screen(&campaign, &subject));
    }
}
