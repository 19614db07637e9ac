//! Findings by root cause: what only combines or repeats another finding stands below it.

use std::cmp::Reverse;

use super::severity;
use crate::{
    attacks::catalogue::Catalogue,
    campaign::check::{Finding, FindingKind},
};

/// A finding, and those that follow from the same cause.
#[derive(Debug)]
pub struct Group<'a> {
    /// The finding to read first.
    pub root: &'a Finding,
    /// What combines it with others or repeats it.
    pub below: Vec<&'a Finding>,
}

/// Every finding exactly once, the most severe group first.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// let groups = gatecrash::report::groups(&campaign.findings, &campaign.catalogue);
/// let told: usize = groups.iter().map(|group| 1 + group.below.len()).sum();
/// assert_eq!(told, campaign.findings.len());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn groups<'a>(findings: impl IntoIterator<Item = &'a Finding>, catalogue: &Catalogue) -> Vec<Group<'a>> {
    let mut ordered: Vec<&Finding> = findings.into_iter().collect();
    ordered.sort_by_key(|it| {
        // What anyone can do tells a mistake that opens everything.
        let reach = it.cause.explains_all().then_some(it.reach);
        (it.rules.len(), reach, it.kind, it.case.mutations().count(), it.attempt)
    });
    let mut groups: Vec<Group<'a>> = Vec::new();
    for finding in ordered {
        match groups.iter_mut().find(|group| follows(finding, group.root)) {
            Some(group) => group.below.push(finding),
            None => groups.push(Group { root: finding, below: Vec::new() }),
        }
    }
    let place = |group: &Group<'_>| {
        // What explains most comes before what stands for itself.
        let explains = if group.root.cause.explains_all() { Reverse(1) } else { Reverse(0) };
        (Reverse(severity(group.root, catalogue)), explains, group.root.kind, group.root.attempt)
    };
    groups.sort_by_key(place);
    groups
}

/// Whether a finding combines the one rule of `root` with others, or is its echo.
fn follows(finding: &Finding, root: &Finding) -> bool {
    if root.cause.explains_all() && finding.cause == root.cause {
        return true;
    }
    let same_kind = finding.kind == root.kind;
    let echo = finding.kind == FindingKind::Unwitnessed && root.kind == FindingKind::Breach;
    let wider = root.rules.len() == 1 && root.rules.is_subset(&finding.rules);
    let same_case = finding.case == root.case && finding.rules == root.rules;
    (same_kind && wider) || (echo && (wider || same_case))
}
