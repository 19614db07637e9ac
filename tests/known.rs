//! Accepted findings on the command line; standard output that is closed early; the fixes that reports show, compiled.

use std::{
    path::Path,
    process::{Output, Stdio},
};

use gatecrash::{
    campaign::check::{Cause, FindingKind, Identity, RouteClass},
    model::Rule,
};

use crate::binary::cargo_gatecrash;

#[expect(dead_code, unreachable_pub, reason = "compiled, and shown by reports; nobody calls them")]
#[path = "../harness/src/report/formats/fixes/examples.rs"]
mod fixes;

/// The fingerprint of a gate that does not compare a claim.
pub(crate) fn unchecked(rule: Rule, claim: &str) -> String {
    let (kind, cause, class) = (FindingKind::Breach, Cause::Rule(rule), RouteClass::Token);
    Identity { kind, cause, subject: format!("claim {claim}"), class }.fingerprint()
}

fn entry(fingerprint: &str, expires: &str) -> String {
    format!(
        "[[known]]\nfingerprint = \"{fingerprint}\"\nreason = \"of old\"\nowner = \"platform\"\nexpires = {expires}\n"
    )
}

/// A run against a gate that has two causes of its own, with these entries accepted.
fn accepting(folder: &Path, entries: &[String]) -> Output {
    std::fs::write(folder.join("known.toml"), format!("format = 2\n{}", entries.concat())).unwrap();
    let run = ["--gate", "audience-not-required", "--attempts", "7000", "--depth", "service", "--known", "known.toml"];
    cargo_gatecrash().args(run).args(["--report", "report"]).current_dir(folder).output().unwrap()
}

#[test]
fn what_is_accepted_fails_no_run_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (audience, issuer) = (unchecked(Rule::Audience, "aud"), unchecked(Rule::Issuer, "iss"));
    let done = accepting(folder.path(), &[entry(&audience, "2001-01-01"), entry("000000000000", "9999-12-31")]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(1), "{text}");
    assert!(text.contains(&format!("known.toml: {audience} was accepted until 2001-01-01")), "{text}");
    assert!(text.contains("known.toml: 000000000000 was not found"), "{text}");

    // Every cause of the first report accepted: the next run is clean, with what only combines them.
    let json = std::fs::read_to_string(folder.path().join("report/report.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let all: Vec<String> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| !["audience", "issuer"].iter().all(|rule| finding["rules"].to_string().contains(rule)))
        .map(|finding| entry(finding["fingerprint"].as_str().unwrap(), "9999-12-31"))
        .collect();
    assert!(all.iter().any(|entry| entry.contains(&audience)) && all.iter().any(|entry| entry.contains(&issuer)));
    let done = accepting(folder.path(), &all);
    let text = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{text}");
    assert!(text.contains("Clean but for") && text.contains("platform until 9999-12-31: of old"), "{text}");
    for face in ["html", "json", "md", "sarif", "txt", "xml"] {
        let text = std::fs::read_to_string(folder.path().join(format!("report/report.{face}"))).unwrap();
        assert!(text.contains("9999-12-31"), "{face}");
    }
}

/// A gate that looks at neither the type of `nbf` nor that of `iat` has two findings, and accepting one leaves the other.
#[test]
fn who_accepts_one_claim_accepts_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let run = |known: &[&str]| {
        let run =
            ["--gate", "extractor-without-dates", "--attempts", "4000", "--depth", "service", "--report", "report"];
        let done = cargo_gatecrash().args(run).args(known).current_dir(folder.path()).output().unwrap();
        let json = std::fs::read_to_string(folder.path().join("report/report.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        (done.status.code(), json)
    };
    let (status, json) = run(&[]);
    assert_eq!(status, Some(1));
    let of = |json: &serde_json::Value, subject: &str| {
        let found = json["findings"].as_array().unwrap().iter();
        let mut found = found.filter(|it| it["subject"] == subject && it["cause"] == "rule claim-type");
        found.next().cloned().unwrap_or_else(|| panic!("{subject}: {:#}", json["findings"]))
    };
    let (iat, nbf) = (of(&json, "claim iat"), of(&json, "claim nbf"));
    assert_ne!(iat["fingerprint"], nbf["fingerprint"]);
    assert!(iat["attempt"].as_u64() > Some(0) && iat["after_seconds"].is_number());
    // Each variant is told by its own attempts: both of them are broken, and name their own finding.
    for (finding, other) in [(&iat, &nbf), (&nbf, &iat)] {
        let attacks = finding["attacks"].as_array().unwrap();
        assert!(!attacks.is_empty() && attacks != other["attacks"].as_array().unwrap(), "{finding}");
    }
    let print = iat["fingerprint"].as_str().unwrap();
    let case = format!("target/gatecrash/extractor-without-dates-{print}.toml");
    let add = ["known", "add", &case, "--reason", "the old issuer writes text", "--owner", "desk"];
    let done = cargo_gatecrash().args(add).current_dir(folder.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let (status, json) = run(&["--known", "known.toml"]);
    assert_eq!(status, Some(1), "the finding for `nbf` stands");
    assert!(of(&json, "claim iat")["accepted"].is_object());
    assert!(of(&json, "claim nbf")["accepted"].is_null());
    // Twice is once too often.
    let done = cargo_gatecrash().args(add).current_dir(folder.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
}

/// An entry of the first format covered every subject with its rules: it becomes one entry for each.
#[test]
fn an_old_file_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("known.toml");
    std::fs::write(&old, format!("format = 1\n{}", entry("063e974559c0", "9999-12-31"))).unwrap();
    let said = |arguments: &[&str]| {
        let done = cargo_gatecrash().args(arguments).current_dir(folder.path()).output().unwrap();
        (
            done.status.code(),
            String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr),
        )
    };
    let run = ["--gate", "audience-not-required", "--attempts", "4000", "--known", "known.toml"];
    let (status, error) = said(&run);
    assert_eq!(status, Some(2));
    assert!(error.contains("`cargo gatecrash known migrate known.toml`"), "{error}");
    let (status, text) = said(&["known", "migrate", "known.toml", "--gate", "audience-not-required"]);
    assert_eq!(status, Some(0), "{text}");
    let text = std::fs::read_to_string(&old).unwrap();
    assert!(text.starts_with("format = 2\n") && text.contains(&unchecked(Rule::Audience, "aud")), "{text}");
    assert!(text.contains("reason = \"of old\""), "{text}");
}

#[test]
fn a_broken_file_is_told_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let done = accepting(folder.path(), &[entry("6", "2027-01-31")]);
    assert_eq!(done.status.code(), Some(2));
    let error = String::from_utf8(done.stderr).unwrap();
    assert!(error.starts_with("error: known.toml:2:1: `6` is no fingerprint"), "{error}");
    let done = cargo_gatecrash().args(["--known", "nowhere.toml"]).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
}

#[test]
fn who_reads_less_breaks_nothing() {
    let mut child = cargo_gatecrash().arg("attacks").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(done.stderr).unwrap(), "");
    assert_eq!(done.status.code(), Some(0));
}
