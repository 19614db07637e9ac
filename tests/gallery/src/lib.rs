//! The reference server as a gate, flawed gates with safe twins, and what each of them breaks.

pub mod docs;
mod gates;
pub mod kills;
mod parts;
pub mod reference;

use gatecrash::{
    WorldOptions,
    campaign::Target,
    exhibit::Exhibit,
    factory,
    input::{InputError, parse_policy},
    model::Policy,
};

/// What the reference server promises.
pub const POLICY: &str = include_str!("../gate.toml");

/// [`POLICY`], read.
pub fn policy() -> Result<Policy, InputError> {
    parse_policy("tests/gallery/gate.toml", POLICY)
}

/// Every gate: the reference server first, then the flawed ones.
pub fn exhibits() -> Result<Vec<Exhibit>, InputError> {
    let reference = Exhibit {
        name: "reference".into(),
        what: "the reference server: mutual TLS, bound tokens, scopes by table".into(),
        breaks: Default::default(),
        shows: Default::default(),
        needs: None,
        target: Target { factory: factory!(reference::gate), policy: policy()?, world: WorldOptions::default() },
        twin: None,
    };
    let mut exhibits = vec![reference];
    exhibits.extend(gates::all()?);
    Ok(exhibits)
}
