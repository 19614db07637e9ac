//! The reference server as a gate, flawed gates with safe twins, and what each of them breaks.

pub mod reference;

use gatecrash::model::Policy;

/// What the reference server promises.
pub const POLICY: &str = include_str!("../gate.toml");

/// [`POLICY`], read.
pub fn policy() -> Result<Policy, gatecrash::input::InputError> {
    gatecrash::input::parse_policy("tests/gallery/gate.toml", POLICY)
}
