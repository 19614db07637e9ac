//! SARIF 2.1.0, as GitHub code scanning reads it.
//!
//! A rule for each family of the catalogue that found something. Written as JSON by hand; a test holds it to the official
//! schema.

use serde_json::{Value, json};

use super::{FindingJson, Report};

/// The report as SARIF 2.1.0.
pub(super) fn sarif(report: &Report) -> Value {
    let mut rules: Vec<(String, Value)> = Vec::new();
    for finding in &report.findings {
        let id = rule_id(finding);
        match rules.iter_mut().find(|(known, _)| *known == id) {
            // The worst finding says how bad the rule is.
            Some((_, rule)) => {
                if rule["properties"]["security-severity"].as_str().and_then(|it| it.parse().ok()) < Some(finding.score)
                {
                    *rule = descriptor(&id, finding);
                }
            }
            None => rules.push((id.clone(), descriptor(&id, finding))),
        }
    }
    let index = |finding: &FindingJson| rules.iter().position(|(id, _)| *id == rule_id(finding));
    let results: Vec<Value> = report.findings.iter().map(|it| result(it, index(it))).collect();
    let notifications: Vec<Value> = report
        .harness_faults
        .iter()
        .map(|fault| json!({"level": "error", "message": {"text": format!("harness fault: {fault}")}}))
        .chain(report.miswirings.iter().map(
            |it| json!({"level": "error", "message": {"text": format!("an honest request was refused: {it}")}}),
        ))
        .chain(report.known_faults.iter().map(|it| json!({"level": "error", "message": {"text": it}})))
        .chain(report.left_out.iter().map(
            |it| json!({"level": "note", "message": {"text": format!("the policy leaves out: {} ({})", it.what, it.risk)}}),
        ))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Gatecrash",
                "version": report.version,
                "semanticVersion": report.version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.iter().map(|(_, rule)| rule).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": format!("gatecrash/{}/", report.gate)},
            "invocations": [{
                "executionSuccessful": report.status < 2,
                "exitCode": report.status,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
            "properties": {"seed": report.seed, "attempts": report.attempts},
        }],
    })
}

/// The family; where the catalogue has nothing alike, the first rule, or the kind.
fn rule_id(finding: &FindingJson) -> String {
    match (&finding.family, finding.rules.first()) {
        (Some(family), _) => family.clone(),
        (None, Some(rule)) => format!("rule-{rule}"),
        (None, None) => format!("kind-{}", finding.kind.to_lowercase()),
    }
}

fn descriptor(id: &str, finding: &FindingJson) -> Value {
    let name = if finding.what.is_empty() { finding.kind.to_string() } else { sentence(&finding.what) };
    let owasp = finding.owasp_api.to_lowercase().replace(':', "-");
    let mut tags = vec!["security".to_string(), format!("external/cwe/cwe-{:03}", finding.cwe)];
    tags.push(format!("external/owasp-api/{owasp}"));
    for (standard, numbers) in &finding.requirements {
        tags.extend(numbers.iter().map(|number| format!("external/{standard}/{number}")));
    }
    json!({
        "id": id,
        "name": pascal(id),
        "shortDescription": {"text": name},
        "fullDescription": {"text": if finding.why.is_empty() { &finding.seen } else { &finding.why }},
        "help": {"text": plain_help(finding), "markdown": markdown_help(finding)},
        "defaultConfiguration": {"level": level(finding)},
        "properties": {
            "tags": tags,
            "precision": "very-high",
            "security-severity": format!("{:.1}", finding.score),
        },
    })
}

fn result(finding: &FindingJson, index: Option<usize>) -> Value {
    let mut result = json!({
        "ruleId": rule_id(finding),
        "level": level(finding),
        "message": {"text": message(finding)},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&finding.place.file)},
            "region": {"startLine": finding.place.line},
        }}],
        "partialFingerprints": {
            "gatecrash/v1": finding.fingerprint,
            "primaryLocationLineHash": format!("{}:1", finding.fingerprint),
        },
        "properties": {
            "kind": finding.kind,
            "severity": finding.severity,
            "security-severity": format!("{:.1}", finding.score),
            "rules": finding.rules,
            "cause": finding.cause,
            "subject": finding.subject,
            "reach": finding.reach,
            "attacks": finding.attacks,
            "below": finding.below,
        },
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if let Some(entry) = &finding.accepted {
        let why = format!("{} ({}, until {})", entry.reason, entry.owner, entry.expires);
        result["suppressions"] = json!([{"kind": "external", "status": "accepted", "justification": why}]);
    }
    result
}

fn message(finding: &FindingJson) -> String {
    let rules: Vec<String> =
        finding.obligations.iter().map(|rule| format!("{} ({})", rule.must, rule.clause)).collect();
    let rules = if rules.is_empty() { String::new() } else { format!(" Violated: {}.", rules.join("; ")) };
    format!(
        "{}: {}. Seen: {}. Permitted: {}.{rules} Replay: {}",
        finding.kind, finding.words, finding.seen, finding.permitted, finding.replay
    )
}

fn plain_help(finding: &FindingJson) -> String {
    [finding.why.as_str(), finding.fix.as_str()].join("\n").trim().to_string()
}

fn markdown_help(finding: &FindingJson) -> String {
    let mut text = format!("{}\n\n**Fix.** {}\n", finding.why, finding.fix);
    if let Some(code) = finding.example {
        text.push_str(&format!("\n```rust\n{code}\n```\n"));
    }
    if !finding.references.is_empty() {
        text.push_str(&format!("\n**References.** {}\n", finding.references.join(", ")));
    }
    text
}

fn level(finding: &FindingJson) -> &'static str {
    match finding.severity {
        "critical" | "high" => "error",
        "medium" => "warning",
        _ => "note",
    }
}

/// A relative reference (RFC 3986 §4.2): what may not stand in it is percent-encoded.
fn uri(file: &str) -> String {
    let letter = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => (byte as char).to_string(),
        other => format!("%{other:02X}"),
    };
    file.bytes().map(letter).collect()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn pascal(id: &str) -> String {
    id.split('-').map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("my gate/gate.toml"), "my%20gate/gate.toml");
        assert_eq!(pascal("aud-missing"), "AudMissing");
    }
}
