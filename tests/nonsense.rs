//! Policies that cannot be meant are refused when they are read; those that can are explained at once, however long.

use std::{
    fmt::Write as _,
    process::Output,
    time::{Duration, Instant},
};

use crate::binary::cargo_gatecrash;

const POLICY: &str = gatecrash_gallery::POLICY;

fn check(policy: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("gate.toml"), policy).unwrap();
    cargo_gatecrash().args(["policy", "check", "gate.toml"]).current_dir(folder.path()).output().unwrap()
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (from, to, place) in [
        ("path = \"/v1/whoami\"", "path = \"/v1/who\\nami\"", "routes[1].path"),
        ("path = \"/v1/whoami\"", "path = \"/v1/who ami\"", "routes[1].path"),
        ("path = \"/v1/whoami\"", "path = \"/v1/wér\"", "routes[1].path"),
        ("path = \"/v1/whoami\"", "path = \"/v1/whoami?a=1\"", "routes[1].path"),
        (
            "path = \"/v1/whoami\"",
            "path = \"/v1/whoami\"\ncontent-type = \"text/plain\\r\\nX: y\"",
            "routes[1].content-type",
        ),
        ("path = \"/v1/whoami\"", "path = \"/v1/whoami\"\ncontent-type = \"\"", "routes[1].content-type"),
        ("\"https://api.gatecrash.test\"", "\"https://api.gatecrash.test\\n\"", "audience"),
        ("\"https://api.gatecrash.test\"", "\"   \"", "audience"),
        ("\"gatecrash.test\"", "\"gate crash.test\"", "trust-domain"),
        ("\"accounts:read\"", "\"\"", "may-grant"),
        ("\"accounts:read\"", "\"accounts read\"", "may-grant"),
        ("\"accounts:read\"", "\"accounts\\\"read\"", "may-grant"),
        ("scopes = [\"accounts:read\"]", "scopes = [\"\"]", "scopes"),
        ("\"spiffe://gatecrash.test/staff/\"]", "\"spiffe://elsewhere.test/staff/\"]", "speaks-for"),
        ("prefix = \"spiffe://gatecrash.test/partner/\"", "prefix = \"\"", "may-hold[5].prefix"),
        ("prefix = \"spiffe://gatecrash.test/partner/\"", "prefix = \"https://gatecrash.test/\"", "may-hold[5].prefix"),
    ] {
        assert!(POLICY.contains(from), "{from}");
        let done = check(&POLICY.replacen(from, to, 1));
        let error = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{to}: {error}");
        assert!(error.starts_with("error: gate.toml:") && error.contains(place), "{to}: {error}");
    }
    let url = POLICY.lines().find(|line| line.starts_with("url = ")).unwrap();
    for wrong in ["url = \"\"", "url = \"https://a b\""] {
        let error = String::from_utf8(check(&POLICY.replacen(url, wrong, 1)).stderr).unwrap();
        assert!(error.contains("issuers[0].url"), "{wrong}: {error}");
    }
}

#[test]
fn letters_of_every_language_are_values_like_others() {
    for audience in ["é", "https://api.example.test/\u{1f6aa}", "\u{5b9b}\u{5148}"] {
        let done = check(&POLICY.replacen("https://api.gatecrash.test", audience, 1));
        let error = String::from_utf8(done.stderr).unwrap();
        assert!(!error.contains("panicked"), "{audience}: {error}");
        assert_eq!(done.status.code(), Some(0), "{audience}: {error}");
    }
}

#[test]
fn a_policy_is_explained_at_once() {
    let mut many = POLICY.to_owned();
    for at in 0..1000 {
        let security = ["[[\"certificate\"]]", "[[\"token\"]]", "[[\"certificate\", \"token\"]]"][at % 3];
        write!(many, "\n[[routes]]\nmethod = \"GET\"\npath = \"/v2/{at}/{{id}}\"\nsecurity = {security}\n").unwrap();
    }
    let long = POLICY.replacen("https://api.gatecrash.test", &format!("https://{}", "a".repeat(4000)), 1);
    let longer = POLICY.replacen("https://api.gatecrash.test", &"a".repeat(1 << 20), 1);
    for (policy, status) in [(many, 0), (long, 0), (longer, 2)] {
        // Beside other tests: a quiet machine takes a tenth of it.
        let start = Instant::now();
        let done = check(&policy);
        assert_eq!(done.status.code(), Some(status), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    }
}
