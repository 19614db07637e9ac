//! What the catalogue killed when it was last measured: which attack shows the flaw of which gate.
//!
//! Written by `cargo run --bin measure`; the kill matrix in the test suite recomputes it.

use gatecrash::__internals::exhibit::Kill;
use serde::{Deserialize, Serialize};

/// The table as it is kept.
pub const KILLS: &str = include_str!("../kills.json");

/// One gate of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Killed {
    /// Name of the gate.
    pub gate: String,
    /// Whether the flaw is shown by some case, or pair of cases, that violates declared rules alone.
    pub killed: bool,
    /// The rules of which some attack shows that the gate breaks that one and no other.
    pub rules: Vec<String>,
    /// The attacks that show the flaw, alone.
    pub attacks: Vec<String>,
}

impl From<&Kill> for Killed {
    fn from(kill: &Kill) -> Self {
        Self {
            gate: kill.gate.clone(),
            killed: kill.killed,
            rules: kill.rules_shown.iter().map(|rule| (*rule).to_string()).collect(),
            attacks: kill.killers.clone(),
        }
    }
}

/// [`KILLS`], read. `Err` when the file is not what `measure` writes.
pub fn kept() -> Result<Vec<Killed>, serde_json::Error> {
    serde_json::from_str(KILLS)
}

/// The text of the table: one gate a line, so that two changes to it merge.
pub fn text(kills: &[Killed]) -> Result<String, serde_json::Error> {
    let rows = kills.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[\n{}\n]\n", rows.join(",\n")))
}
