//! Findings as security people sort them: severity, score, weakness, category.

use crate::{
    attacks::catalogue::{Catalogue, Severity},
    campaign::check::{Cause, Finding, FindingKind, Reach},
};

/// How bad a finding is: the severity of the rule, limited by the kind of finding and by who can do it.
///
/// The first is the severity of the attack of the catalogue that says most about it. Where nothing got through (a late
/// refusal, a refusal of somebody honest) it is medium at most, and where both answers are permitted it is low. What takes a
/// genuine token is high at most. What takes a credential that the issuer does not normally sign is one step less, and high at most.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// use gatecrash::{corpus::catalogue::Severity, report::severity};
/// assert!(severity(&campaign.findings[0], &campaign.catalogue) >= Severity::High);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn severity(finding: &Finding, catalogue: &Catalogue) -> Severity {
    if let Some(severity) = of_cause(&finding.cause) {
        return severity;
    }
    let rule = super::attack(finding, catalogue).map_or(Severity::High, |attack| attack.family.severity);
    let most = match finding.kind {
        FindingKind::Breach
        | FindingKind::EarlyEffect
        | FindingKind::Impersonation
        | FindingKind::Leak
        | FindingKind::Unwitnessed => Severity::Critical,
        FindingKind::Carryover | FindingKind::Fault => Severity::High,
        FindingKind::FalseRefusal | FindingKind::LateRefusal | FindingKind::Leniency => Severity::Medium,
        // A client that the document describes gets in nowhere that it should not.
        FindingKind::Overdocumented => return Severity::Low,
        FindingKind::Undocumented => return of_document(finding).0,
        FindingKind::Unstable => Severity::Low,
    };
    // A wrong answer to an honest request is no attack: whoever sends it is entitled.
    if matches!(finding.kind, FindingKind::FalseRefusal | FindingKind::Leniency | FindingKind::Unstable) {
        return rule.min(most);
    }
    let by_reach = match finding.reach {
        Reach::Anyone | Reach::AnyCertificate => rule,
        Reach::GenuineToken => rule.min(Severity::High),
        Reach::IssuerSigned => less(rule),
    };
    by_reach.min(most)
}

/// One step less severe.
fn less(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low => Severity::Low,
        Severity::Info => Severity::Info,
    }
}

/// The severity as a number from 0 to 10, as code scanning sorts by it. Within one severity, the wider the reach the higher.
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
    let by_reach = match finding.reach {
        Reach::Anyone => 0.4,
        Reach::AnyCertificate => 0.3,
        Reach::GenuineToken => 0.2,
        Reach::IssuerSigned => 0.0,
    };
    base + by_reach
}

/// The weakness that a finding shows (CWE number), and the category of the OWASP API Security Top 10 2023: of the
/// kind where the rule's would mislead, else of the first violated rule, else of the attack that says most about it.
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
    if finding.kind.is_of_document() {
        let (_, cwe, category) = of_document(finding);
        return (cwe, category.into());
    }
    let attack = super::attack(finding, catalogue);
    if finding.cause == Cause::Instruction {
        // Improper neutralization of input used for LLM prompting.
        return (1427, attack.map_or_else(|| "API8:2023".into(), |attack| attack.family.owasp_api.clone()));
    }
    let category = match (finding.rules.first(), attack) {
        (Some(rule), _) => rule.owasp_api().into(),
        (None, Some(attack)) => attack.family.owasp_api.clone(),
        (None, None) => "API8:2023".into(),
    };
    let cwe = match (of_kind(finding), finding.rules.first(), attack) {
        (Some(cwe), _, _) => cwe,
        (None, Some(rule), _) => rule.cwe(),
        (None, None, Some(attack)) => attack.family.cwe,
        // Improper authorization.
        (None, None, None) => 285,
    };
    (cwe, category)
}

/// The severity of a mistake that opens more than the rule that shows it.
fn of_cause(cause: &Cause) -> Option<Severity> {
    match cause {
        Cause::NoGuard | Cause::SignatureUnchecked | Cause::TokenUnread => Some(Severity::Critical),
        Cause::CertificateAfterToken | Cause::EffectFirst | Cause::Poisoned | Cause::Remembered | Cause::Shared => {
            Some(Severity::High)
        }
        _ => None,
    }
}

/// What a finding about the document is, for formats that describe kinds; nothing of the others, which have their attack.
#[cfg(feature = "reports")]
pub(super) fn what_of(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Undocumented => "the OpenAPI document asks for more than the service does",
        FindingKind::Overdocumented => "the OpenAPI document asks for less than the service does",
        _ => "",
    }
}

/// Why it matters.
#[cfg(feature = "reports")]
pub(super) fn why_of(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Undocumented => {
            "Clients, gateways and reviewers rely on the document. A route that it says is protected, and that is open, is \
             protected by nobody; a route that it does not name is reviewed by nobody."
        }
        FindingKind::Overdocumented => {
            "A client that follows the document is refused. Its authors will try credentials until it works."
        }
        _ => "",
    }
}

/// Severity, weakness and category of what the document says otherwise: as that of the credential that it asks for and the gate
/// does not.
fn of_document(finding: &Finding) -> (Severity, u32, &'static str) {
    // Insufficient technical documentation; improper inventory management.
    let of_inventory = |severity| (severity, 1059, "API9:2023");
    let of_nobody = finding.reach == Reach::Anyone;
    let subject = finding.subject.as_str();
    match finding.kind {
        FindingKind::Undocumented if subject.ends_with("not in the document") => of_inventory(Severity::Medium),
        // Missing authentication for a critical function.
        FindingKind::Undocumented if of_nobody => (Severity::High, 306, "API2:2023"),
        // Use of single-factor authentication.
        FindingKind::Undocumented if subject.contains("without a ") => (Severity::High, 308, "API2:2023"),
        // Missing authorization.
        FindingKind::Undocumented => (Severity::Medium, 862, "API5:2023"),
        _ => of_inventory(Severity::Low),
    }
}

/// The weakness of a kind; `None` where that of the violated rule says more.
fn of_kind(finding: &Finding) -> Option<u32> {
    Some(match finding.kind {
        // Exposure of data element to wrong session.
        FindingKind::Carryover => 488,
        // Incorrect behavior order.
        FindingKind::EarlyEffect => 696,
        // Improper handling of exceptional conditions.
        FindingKind::Fault => 755,
        // Incorrect behavior order: early amplification, which is work before the caller is known.
        FindingKind::LateRefusal => 408,
        // Insertion of sensitive information into a log file; exposure of sensitive information to an unauthorized actor.
        FindingKind::Leak if finding.seen.starts_with("the log") => 532,
        FindingKind::Leak => 200,
        // Expected behavior violation.
        FindingKind::FalseRefusal | FindingKind::Unstable => 440,
        FindingKind::Overdocumented | FindingKind::Undocumented => of_document(finding).1,
        FindingKind::Breach | FindingKind::Impersonation | FindingKind::Leniency | FindingKind::Unwitnessed => {
            return None;
        }
    })
}

/// How to fix a finding: what its kind asks for where the text of the attack would mislead, else that text.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(60).run_blocking()?;
/// # let campaign = report.campaign;
/// assert!(!gatecrash::report::fix(&campaign.findings[0], &campaign.catalogue).is_empty());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn fix(finding: &Finding, catalogue: &Catalogue) -> String {
    if let Some(fix) = finding.cause.fix() {
        return fix.into();
    }
    let text = match finding.kind {
        FindingKind::Carryover => {
            "Authenticate every request from its own credentials. Store nothing about the caller on the connection, in a static \
             or in a cache that is not keyed by the whole credential, and check the stored expiry each time."
        }
        FindingKind::EarlyEffect => {
            "Check before the effect. Put the check in a layer or an extractor that returns before the handler starts, \
             and run no side effect until certificate, token, scope and owner are checked."
        }
        FindingKind::LateRefusal => {
            "Reject earlier. Let the TLS handshake require and verify the client certificate, and read neither the key source \
             nor the request content before the caller is known."
        }
        FindingKind::Unstable => {
            "Decide from the checked credential alone. Parse it once with a library, and compare parsed values: the order of \
             members and unrelated header fields must not change the answer."
        }
        FindingKind::Undocumented if finding.subject.ends_with("not in the document") => {
            "Describe the operation in the OpenAPI document with its `security`, or take the route out of the service. In axum, put it              behind the same layer as its neighbors first."
        }
        FindingKind::Undocumented => {
            "Check on this route what the document asks for: put it behind the layer or extractor that its neighbors have. If the route              is meant to be open, say so in the document (`security: []`), since clients and gateways rely on it."
        }
        FindingKind::Overdocumented => {
            "Write into the operation's `security` what the service asks for, both schemes in one object where both are needed.              A client that follows the document cannot call it."
        }
        FindingKind::FalseRefusal => {
            "Accept what the policy promises. Compare by the rules of the standard, or change the policy if the service is \
             meant to reject this."
        }
        FindingKind::Breach
        | FindingKind::Fault
        | FindingKind::Impersonation
        | FindingKind::Leak
        | FindingKind::Leniency
        | FindingKind::Unwitnessed => {
            return super::attack(finding, catalogue).map_or_else(String::new, |attack| attack.family.fix.clone());
        }
    };
    text.into()
}
