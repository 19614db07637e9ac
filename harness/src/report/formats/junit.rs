//! JUnit XML: a suite for each family, a test for each attack that was tried, one for each control that was refused.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{FindingJson, Report};

/// The report as JUnit XML.
pub(super) fn junit(report: &Report) -> Result<String, String> {
    let mut junit = quick_junit::Report::new(format!("gatecrash {}", report.gate));
    junit.set_time(std::time::Duration::from_secs_f64(report.elapsed_seconds));
    let mut suites: Vec<TestSuite> = vec![harness(report)];
    let mut told: Vec<&str> = Vec::new();
    for tried in &report.tried {
        let findings: Vec<&FindingJson> =
            report.findings.iter().filter(|finding| tried.findings.contains(&finding.fingerprint)).collect();
        told.extend(findings.iter().map(|finding| finding.fingerprint.as_str()));
        let mut case = TestCase::new(tried.id.as_str(), status(&findings, tried.broke));
        case.set_classname(format!("gatecrash.{}.{}", tried.section, tried.family));
        case.add_property(quick_junit::Property::new("attempts", tried.attempts.to_string()));
        match suites.iter_mut().find(|suite| suite.name.as_str() == tried.family) {
            Some(suite) => suite.add_test_case(case),
            None => {
                let mut suite = TestSuite::new(tried.family.as_str());
                suite.add_test_case(case);
                suites.push(suite);
                continue;
            }
        };
    }
    // What no attack that was tried says most about: found at random, or in pairs.
    let mut beyond = TestSuite::new("beyond the catalogue");
    let mut document = TestSuite::new("OpenAPI document");
    for finding in report.findings.iter().filter(|finding| !told.contains(&finding.fingerprint.as_str())) {
        if finding.cause == "document" {
            let mut case = TestCase::new(finding.subject.as_str(), status(&[finding], 0));
            case.set_classname("gatecrash.document");
            document.add_test_case(case);
            continue;
        }
        let mut case = TestCase::new(finding.fingerprint.as_str(), status(&[finding], 0));
        case.set_classname("gatecrash.random");
        beyond.add_test_case(case);
    }
    suites.extend([beyond, document].into_iter().filter(|suite| !suite.test_cases.is_empty()));
    junit.add_test_suites(suites);
    junit.to_string().map_err(|error| error.to_string())
}

/// By what its own attempts came to: `broke` of them did not end as permitted.
fn status(findings: &[&FindingJson], broke: u64) -> TestCaseStatus {
    let open: Vec<&&FindingJson> = findings.iter().filter(|finding| finding.accepted.is_none()).collect();
    let told = |finding: &FindingJson| {
        format!(
            "{} · {} · {}\n{}\nseen: {}\npermitted: {}\nfix: {}\nreplay: {}",
            finding.kind,
            finding.severity,
            finding.fingerprint,
            finding.words,
            finding.seen,
            finding.permitted,
            finding.fix,
            finding.replay
        )
    };
    match (open.first(), findings.first()) {
        (Some(first), _) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let all: Vec<String> = open.iter().map(|finding| told(finding)).collect();
            status.set_message(format!("{}: {}", first.words, first.seen));
            status.set_type(first.kind).set_description(all.join("\n\n"));
            status
        }
        (None, Some(first)) => {
            let mut status = TestCaseStatus::skipped();
            if let Some(entry) = &first.accepted {
                status.set_message(format!("accepted by {} until {}: {}", entry.owner, entry.expires, entry.reason));
            }
            status
        }
        (None, None) if broke > 0 => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(format!("{broke} attempts did not end as permitted, and were not reduced to a finding"));
            status
        }
        (None, None) => TestCaseStatus::success(),
    }
}

/// What must hold before a finding means anything: the controls, the harness, what is accepted.
fn harness(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("before all");
    let parts = [
        ("controls", &report.miswirings, "an honest request was refused"),
        ("harness", &report.harness_faults, "the harness caught itself"),
        ("accepted findings", &report.known_faults, "an accepted finding is accepted no longer"),
    ];
    for (name, faults, what) in parts {
        let status = if faults.is_empty() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(what).set_description(faults.join("\n"));
            status
        };
        let mut case = TestCase::new(name, status);
        case.set_classname("gatecrash");
        suite.add_test_case(case);
    }
    suite
}
