//! Findings as security people sort them: severity, score, weakness, category.

use gatecrash_model::Stance;

use crate::{
    attacks::catalogue::{Catalogue, Severity},
    campaign::check::{Finding, FindingKind},
};

/// How bad a finding is: as bad as it is to break the rule, within what the finding shows that an attacker reaches.
///
/// The first is the severity of the attack of the catalogue that says most about it. Where nothing got through (a late
/// refusal, a refusal of somebody honest) it is medium at most, and where both answers are permitted it is low.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// use gatecrash::{catalogue::Severity, report::severity};
/// assert!(severity(&campaign.findings[0], &campaign.catalogue) >= Severity::High);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn severity(finding: &Finding, catalogue: &Catalogue) -> Severity {
    let rule = super::attack(finding, catalogue).map_or(Severity::High, |attack| attack.family.severity);
    let reach = match finding.kind {
        FindingKind::Breach | FindingKind::Impersonation | FindingKind::Leak | FindingKind::Unwitnessed => {
            Severity::Critical
        }
        FindingKind::Carryover | FindingKind::Fault => Severity::High,
        FindingKind::FalseRefusal | FindingKind::LateRefusal => Severity::Medium,
        FindingKind::Unstable => Severity::Low,
    };
    rule.min(reach)
}

/// The severity as a number from 0 to 10, as code scanning sorts by it; what somebody without any genuine credential can do
/// counts a little more.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// let score = gatecrash::report::score(&campaign.findings[0], &campaign.catalogue);
/// assert!((8.0..=10.0).contains(&score));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn score(finding: &Finding, catalogue: &Catalogue) -> f64 {
    let base = match severity(finding, catalogue) {
        Severity::Info => return 0.0,
        Severity::Low => 2.5,
        Severity::Medium => 5.5,
        Severity::High => 8.0,
        Severity::Critical => 9.5,
    };
    let outsider = finding.case.judged().is_some_and(|step| {
        matches!(step.stance, Stance::NoCertificate | Stance::NoToken | Stance::StolenToken(_) | Stance::ForeignIssuer)
    });
    base + if outsider { 0.4 } else { 0.0 }
}

/// The weakness that a finding shows (CWE number), and the category of the OWASP API Security Top 10 2023: those of the
/// first violated rule, else of the attack that says most about it.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// let (cwe, category) = gatecrash::report::weakness(&campaign.findings[0], &campaign.catalogue);
/// assert!(cwe > 0);
/// assert_eq!(category, "API2:2023");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn weakness(finding: &Finding, catalogue: &Catalogue) -> (u32, String) {
    let attack = super::attack(finding, catalogue);
    match (finding.rules.first(), attack) {
        (Some(rule), _) => (rule.cwe(), rule.owasp_api().into()),
        (None, Some(attack)) => (attack.family.cwe, attack.family.owasp_api.clone()),
        (None, None) => (of_kind(finding.kind), "API8:2023".into()),
    }
}

/// The weakness where no rule is violated.
fn of_kind(kind: FindingKind) -> u32 {
    match kind {
        // Exposure of data element to wrong session.
        FindingKind::Carryover => 488,
        FindingKind::Leak | FindingKind::Unwitnessed => 200,
        FindingKind::Fault => 248,
        FindingKind::Impersonation => 287,
        FindingKind::Breach => 285,
        FindingKind::FalseRefusal | FindingKind::LateRefusal | FindingKind::Unstable => 696,
    }
}
