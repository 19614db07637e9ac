//! What a default run says first about a gate whose flaw is known, and how soon.

use std::sync::Arc;

use serde::Serialize;

use super::Notes;
use crate::campaign::{
    self, Bound, CampaignError, CampaignOptions, Progress,
    specimen::{Exhibit, Needs},
};

/// Finding 1 of a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct First {
    /// Name of the gate.
    pub gate: String,
    /// Attempts up to and with the first that shows the declared flaw; `None` where the bound came first.
    pub attempts: Option<u64>,
    /// Kind of the finding that the report begins with; `None` where it has none.
    pub kind: Option<&'static str>,
    /// Its cause.
    pub cause: Option<String>,
    /// Its rules.
    pub rules: Vec<&'static str>,
    /// Whether it names a rule or a kind that the gate declares.
    pub right: bool,
}

/// Makes so many attempts on a flawed gate in the order of a default run, and reads the report's first finding. Where the flaw takes
/// more than one attempt, what it takes is run as well.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
/// use gatecrash::{__internals::exhibit::Exhibit, model::Rule, report::first};
/// let flawed = Exhibit { breaks: [Rule::TokenPresent].into(), ..exhibit };
/// assert!(first(&flawed, 60)?.right);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn first(exhibit: &Exhibit, attempts: u64) -> Result<First, CampaignError> {
    let options = CampaignOptions { bound: Bound::Attempts(attempts), jobs: 1, keep: true, ..Default::default() };
    let run = |options| campaign::run(&exhibit.target, options, &Arc::new(Progress::default()));
    let mut done = run(options)?;
    let declared = done.shown.iter().filter(|shown| exhibit.declares(shown.kind, &shown.rules));
    let soonest = declared.map(|shown| shown.index + 1).min();
    if done.findings.is_empty() {
        done = match exhibit.needs {
            Some(Needs::Pair) => {
                run(CampaignOptions { pairs: Some(0), bound: Bound::Attempts(16 * attempts), ..options })?
            }
            Some(Needs::Steps) => {
                run(CampaignOptions { reuse: true, bound: Bound::Attempts(16 * attempts), ..options })?
            }
            None | Some(Needs::Sequences) => run(CampaignOptions { bound: Bound::Catalogue, ..options })?,
        };
    }
    let [groups, _] = Notes::default().causes(&done);
    let root = groups.first().map(|group| group.root);
    Ok(First {
        gate: exhibit.name.clone(),
        attempts: soonest,
        kind: root.map(|finding| finding.kind.name()),
        cause: root.map(|finding| finding.cause.to_string()),
        rules: root.map_or_else(Vec::new, |finding| finding.rules.iter().map(|rule| rule.name()).collect()),
        right: root.is_some_and(|finding| {
            exhibit.shows.contains(&finding.kind) || finding.rules.iter().any(|rule| exhibit.breaks.contains(rule))
        }),
    })
}
