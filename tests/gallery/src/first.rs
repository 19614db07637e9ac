//! What the report of a default run says first about each gate, when it was last measured, and how soon the flaw shows.
//!
//! Written by `cargo run --bin measure -- --first`; a test measures some of it again.

use gatecrash::{
    __internals::exhibit::Exhibit,
    campaign::CampaignError,
    report::{First, first},
};
use serde::{Deserialize, Serialize};

/// The table as it is kept.
pub const FIRST: &str = include_str!("../first.json");

/// The attempts of the run that is measured.
pub const ATTEMPTS: u64 = 1_000;

/// One gate of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Name of the gate.
    pub gate: String,
    /// Attempts up to and with the first that shows the flaw; `None` where the run ends before it.
    pub attempts: Option<u64>,
    /// Kind of finding 1.
    pub kind: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
    /// Its rules.
    pub rules: Vec<String>,
    /// Whether it names what the gate declares.
    pub right: bool,
}

impl From<First> for Row {
    fn from(first: First) -> Self {
        Self {
            gate: first.gate,
            attempts: first.attempts,
            kind: first.kind.map(str::to_string),
            cause: first.cause,
            rules: first.rules.into_iter().map(str::to_string).collect(),
            right: first.right,
        }
    }
}

/// One row, measured. `Err` when the gate cannot be built.
pub fn measured(exhibit: &Exhibit) -> Result<Row, CampaignError> {
    first(exhibit, ATTEMPTS).map(Row::from)
}

/// [`FIRST`], read. `Err` when the file is not what `measure` writes.
pub fn kept() -> Result<Vec<Row>, serde_json::Error> {
    serde_json::from_str(FIRST)
}

/// The text of the table: one gate a line.
pub fn text(rows: &[Row]) -> Result<String, serde_json::Error> {
    let rows = rows.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[\n{}\n]\n", rows.join(",\n")))
}

/// How many gates die within so many attempts.
pub fn within(rows: &[Row], attempts: u64) -> usize {
    rows.iter().filter(|row| row.attempts.is_some_and(|count| count <= attempts)).count()
}

/// The median of the attempts; a gate that survives counts as more than all others. `None` where most survive.
pub fn median(rows: &[Row]) -> Option<u64> {
    let mut counts: Vec<u64> = rows.iter().map(|row| row.attempts.unwrap_or(u64::MAX)).collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().filter(|median| *median < u64::MAX)
}

/// `harness/docs/first.md`: the distribution, and finding 1 of each gate.
pub fn page(rows: &[Row]) -> String {
    let mut text = String::from(
        "# How soon a flaw shows, and what the report says first\n\nMeasured on the flawed gates of the gallery by `cargo run --bin \
         measure -- --first`: seed 1, the order of a default run. The same hands wrote the attacks and the gates.\n\n",
    );
    text.push_str("| attempts | gates whose flaw shows by then |\n|--:|--:|\n");
    for attempts in [50, 100, 200, 300, 500, ATTEMPTS] {
        let count = within(rows, attempts);
        text.push_str(&format!("| {attempts} | {count} of {} ({} %) |\n", rows.len(), 100 * count / rows.len().max(1)));
    }
    let median = median(rows).map_or("more than that".into(), |count| count.to_string());
    text.push_str(&format!(
        "\nMedian: {median}.\n\n| gate | attempts | finding 1 | cause | rules |\n|---|--:|---|---|---|\n"
    ));
    for row in rows {
        let attempts = row.attempts.map_or(format!("more than {ATTEMPTS}"), |count| count.to_string());
        let [kind, cause] = [&row.kind, &row.cause].map(|it| it.as_deref().unwrap_or("none"));
        text.push_str(&format!("| {} | {attempts} | {kind} | {cause} | {} |\n", row.gate, row.rules.join(", ")));
    }
    text
}
