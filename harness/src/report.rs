//! What a campaign found, for people and for machines: one report in many formats.

mod first;
#[cfg(feature = "reports")]
mod formats;
mod groups;
mod known;
mod screen;
mod security;
mod suite;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use gatecrash_model::{FailOn, Mutation, Verdict, describe};

pub use crate::attacks::policy_gaps;
pub use first::{First, first};
#[cfg(feature = "reports")]
pub use formats::*;
pub use groups::{Group, groups};
#[cfg(feature = "cli")]
pub(crate) use known::in_days;
pub use known::{Accepted, KNOWN_FORMAT, Known, KnownFinding, today};
pub use screen::{View, exercised, finding, screen, screen_as};
pub(crate) use screen::{one_line, wrapped};
pub use security::{fix, score, severity, weakness};
pub(crate) use suite::{known_beside, of_test};

use crate::{
    attacks::casefile::write_case,
    attacks::catalogue::{Attack, Catalogue, Expect, Severity},
    attacks::policy_gaps::PolicyGap,
    campaign::Campaign,
    campaign::check::Finding,
};

/// What a report says beside what was found: nothing, unless it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// What the policy leaves out.
    pub left_out: Vec<PolicyGap>,
    /// The promises of `[changes]` that the policy does not make: nothing of them is tested.
    pub absent: Vec<&'static str>,
    /// What is accepted of the findings, and what is wrong with what is accepted.
    pub accepted: Accepted,
    /// The command by which curl makes the attempt of a finding, by fingerprint.
    pub curl: BTreeMap<String, String>,
    /// Whether a campaign that did not finish what it set out to do is a failure.
    pub require_complete: bool,
}

impl Notes {
    /// The findings by cause, open and accepted.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
    /// #     .for_attempts(20)
    /// #     .with(|options| options.sample_routes = true)
    /// #     .run_blocking()?;
    /// # let (campaign, subject) = (report.campaign, report.subject);
    /// let [open, accepted] = gatecrash::report::Notes::default().causes(&campaign);
    /// assert!(open.len() <= campaign.findings.len());
    /// assert!(accepted.is_empty());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn causes<'a>(&self, campaign: &'a Campaign) -> [Vec<Group<'a>>; 2] {
        let (accepted, open): (Vec<&Finding>, Vec<&Finding>) =
            campaign.findings.iter().partition(|finding| self.accepted.of(finding).is_some());
        [groups(open, &campaign.catalogue), groups(accepted, &campaign.catalogue)]
    }

    /// Exit status: as [`status`], but accepted findings are none, and what is wrong with the accepted ones is a failure.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
    /// #     .for_attempts(20)
    /// #     .with(|options| options.sample_routes = true)
    /// #     .run_blocking()?;
    /// # let (campaign, subject) = (report.campaign, report.subject);
    /// use gatecrash::report::{Known, KnownFinding, Notes, today};
    /// let accept = |fingerprint: &str| KnownFinding {
    ///     fingerprint: fingerprint.into(),
    ///     reason: "tokens come with the next release".into(),
    ///     owner: "platform team".into(),
    ///     expires: "2999-01-31".into(),
    /// };
    /// let entries = campaign.findings.iter().map(|finding| accept(&finding.fingerprint)).collect();
    /// let known = Known { file: "known.toml".into(), entries };
    /// let notes = Notes { accepted: known.apply(&campaign.findings, today()), ..Notes::default() };
    /// assert_eq!(notes.status(&campaign), 0);
    /// assert_eq!(Notes::default().status(&campaign), 1);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn status(&self, campaign: &Campaign) -> u8 {
        let open = campaign.findings.iter().any(|it| fails(it, campaign) && self.accepted.of(it).is_none());
        match status(campaign) {
            1 if !open && !campaign.miswirings.is_empty() => 2,
            1 if !open && self.accepted.faults.is_empty() => 0,
            0 if !self.accepted.faults.is_empty() => 1,
            0 if self.require_complete && campaign.unfinished().is_some() => 2,
            other => other,
        }
    }

    /// Exit status of the process: that of the signal that ended the campaign, or [`status`](Notes::status).
    pub fn exit_status(&self, campaign: &Campaign) -> u8 {
        campaign.completion.interrupted.map_or_else(|| self.status(campaign), |signal| signal.status())
    }
}

/// What the report says about the gate, beside what the campaign found.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Name of the gate.
    pub gate: String,
    /// The seed of the world.
    pub seed: u64,
    /// How many threads.
    pub jobs: usize,
    /// The command line before its subcommand, such as `cargo gatecrash`.
    pub command: String,
    /// Whether `--gate` is needed to name the gate.
    pub named: bool,
    /// The policy file in place of the gate's own, where there is one.
    pub policy: Option<PathBuf>,
    /// Where the cases of findings are written.
    pub folder: PathBuf,
}

impl Subject {
    /// The seed that a replay takes when it is given none.
    const SEED: u64 = 1;

    /// The command of a test suite, which replays by environment.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
    /// #     .for_attempts(20)
    /// #     .with(|options| options.sample_routes = true)
    /// #     .run_blocking()?;
    /// # let (campaign, subject) = (report.campaign, report.subject);
    /// use gatecrash::report::Subject;
    /// assert_eq!(subject.command, Subject::IN_TESTS);
    /// assert!(subject.replay(&campaign.findings[0]).starts_with("GATECRASH_REPLAY="));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub const IN_TESTS: &str = "cargo test";

    /// The file that holds the case of a finding.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
    /// #     .for_attempts(20)
    /// #     .with(|options| options.sample_routes = true)
    /// #     .run_blocking()?;
    /// # let (campaign, subject) = (report.campaign, report.subject);
    /// let finding = &campaign.findings[0];
    /// let name = format!("gate-{}.toml", finding.fingerprint);
    /// assert!(subject.file(finding).ends_with(name));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn file(&self, finding: &Finding) -> PathBuf {
        self.folder.join(format!("{}-{}.toml", self.gate, finding.fingerprint))
    }

    /// The command that replays a finding.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
    /// #     .for_attempts(20)
    /// #     .with(|options| options.sample_routes = true)
    /// #     .run_blocking()?;
    /// # let (campaign, subject) = (report.campaign, report.subject);
    /// let subject = gatecrash::report::Subject { command: "cargo gatecrash".into(), named: true, ..subject };
    /// assert!(subject.replay(&campaign.findings[0]).starts_with("cargo gatecrash replay --gate gate "));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn replay(&self, finding: &Finding) -> String {
        if self.command == Self::IN_TESTS {
            return format!("GATECRASH_REPLAY={} {}", self.file(finding).display(), self.command);
        }
        let mut flags = if self.named { format!(" --gate {}", self.gate) } else { String::new() };
        if let Some(policy) = &self.policy {
            flags.push_str(&format!(" --policy {}", policy.display()));
        }
        if self.seed != Self::SEED {
            flags.push_str(&format!(" --seed {}", self.seed));
        }
        if let Some(document) = &finding.document {
            flags.push_str(&format!(" --openapi {}", document.file));
        }
        format!("{} replay{flags} {}", self.command, self.file(finding).display())
    }

    /// Writes the case of every finding. `Err` names the file that could not be written.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
    /// #     .for_attempts(20)
    /// #     .with(|options| options.sample_routes = true)
    /// #     .run_blocking()?;
    /// # let (campaign, subject) = (report.campaign, report.subject);
    /// let folder = std::env::temp_dir().join("gatecrash-doc-subject");
    /// let subject = gatecrash::report::Subject { folder, ..subject };
    /// subject.save(&campaign.findings)?;
    /// let saved = gatecrash::input::case(&subject.file(&campaign.findings[0]))?;
    /// assert_eq!(saved, campaign.findings[0].case);
    /// # std::fs::remove_dir_all(&subject.folder)?;
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn save(&self, findings: &[Finding]) -> Result<(), String> {
        for finding in findings {
            let file = self.file(finding);
            let text = format!(
                "# {}\n# {}: {}\n{}",
                describe(&finding.case),
                finding.kind.name(),
                finding.seen,
                write_case(&finding.case)
            );
            let folder = file.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&file, text))
                .map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(())
    }
}

/// The attack of the catalogue that says most about a finding: the same changes, else the same rules, else one of them;
/// of several with the same rules one of the same scene, then one that changes the same kind of thing.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// let attack = gatecrash::report::attack(&campaign.findings[0], &campaign.catalogue).ok_or("the catalogue has it")?;
/// assert!(!attack.family.fix.is_empty());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn attack<'a>(finding: &Finding, catalogue: &'a Catalogue) -> Option<&'a Attack> {
    // The same attempt may be permitted by the policy.
    let step = finding.case.judged().filter(|_| finding.document.is_none())?;
    let same = |attack: &&Attack| attack.mutations == step.mutations && attack.stances.contains(&step.stance);
    let refused = || catalogue.attacks.iter().filter(|attack| attack.expect == Expect::Refuse);
    let kin = |attack: &&Attack| {
        let kinds = attack.mutations.iter().map(Mutation::kind);
        let shared = kinds.filter(|kind| step.mutations.iter().any(|mutation| mutation.kind() == *kind)).count();
        (attack.scene != finding.case.scene, shared == 0)
    };
    catalogue
        .attacks
        .iter()
        .find(|attack| same(attack) && !attack.mutations.is_empty())
        .or_else(|| {
            refused().filter(|attack| attack.rules == finding.rules && !finding.rules.is_empty()).min_by_key(kin)
        })
        .or_else(|| catalogue.attacks.iter().find(same))
        .or_else(|| refused().filter(|attack| !attack.rules.is_disjoint(&finding.rules)).min_by_key(kin))
}

/// What a verdict permits, in words.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// let permitted = gatecrash::report::permitted(&campaign.findings[0].verdict);
/// assert_eq!(permitted, "only refusal, at the token at the latest");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn permitted(verdict: &Verdict) -> String {
    let admissions: Vec<String> = verdict
        .admissions
        .iter()
        .map(|admission| {
            let object = admission.object.as_ref().map_or(String::new(), |object| format!(" on {object}"));
            format!("{} as {}{object}", admission.route, admission.principal)
        })
        .collect();
    let latest = verdict.latest.map_or(String::new(), |stage| format!(", at the {} at the latest", stage.name()));
    match (verdict.must_admit(), verdict.must_refuse()) {
        (true, _) => format!("only admission: {}", admissions.join(", or ")),
        (_, true) => format!("only refusal{latest}"),
        _ => format!("refusal, or admission: {}", admissions.join(", or ")),
    }
}

/// What should have happened, in words: what the verdict permits, or what the OpenAPI document asks for.
pub(crate) fn expected(finding: &Finding) -> String {
    match &finding.document {
        Some(document) => match document.line {
            Some(line) => format!("{} ({}:{line})", document.says, document.file),
            None => format!("{} ({})", document.says, document.file),
        },
        None => permitted(&finding.verdict),
    }
}

/// The violated rules, one a line: name, clause, obligation.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// let finding = &campaign.findings[0];
/// let rules = gatecrash::report::rules(&finding.verdict);
/// assert_eq!(rules.len(), finding.rules.len());
/// assert!(rules[0].contains("RFC "));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn rules(verdict: &Verdict) -> Vec<String> {
    verdict.refusals.iter().map(|rule| format!("{} ({}): {}", rule.name(), rule.clause(), rule.must())).collect()
}

/// Whether a finding fails the run: any but advice, which is a leniency or a document that asks for too little, unless the policy names the lowest severity that does.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let mut report = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(60).run_blocking()?;
/// # let campaign = &mut report.campaign;
/// assert!(gatecrash::report::fails(&campaign.findings[0], campaign), "the gate looks at no token");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn fails(finding: &Finding, campaign: &Campaign) -> bool {
    let least = match campaign.fail_on {
        None => return !finding.kind.is_advice(),
        Some(FailOn::Low) => return true,
        Some(FailOn::Medium) => Severity::Medium,
        Some(FailOn::High) => Severity::High,
        Some(FailOn::Critical) => Severity::Critical,
    };
    severity(finding, &campaign.catalogue) >= least
}

/// Exit status of a campaign: 0 clean, 1 findings, 2 mis-wired or mostly throttled, 3 the harness caught itself.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// assert_eq!(gatecrash::report::status(&campaign), 1, "the gate looks at no token");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn status(campaign: &Campaign) -> u8 {
    if !campaign.harness_faults.is_empty() {
        3
    } else if campaign.findings.iter().any(|finding| fails(finding, campaign)) {
        1
    } else if !campaign.miswirings.is_empty() || campaign.tally.choked() {
        2
    } else {
        0
    }
}
