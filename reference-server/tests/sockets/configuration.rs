//! Configurations that must not start: one clear error that names file and key, and exit status 2.

use std::process::Command;

use rcgen::KeyPair;
use time::Duration;

use crate::deployment::{Deployment, key_set};

/// What `check` and a start say, which must be the same, and one line.
fn complaint(deployment: &Deployment) -> String {
    let binary = || Command::new(env!("CARGO_BIN_EXE_gatecrash-reference"));
    let path = deployment.path("server.toml");
    let check = binary().arg("check").arg("--config").arg(&path).output().unwrap();
    let start = binary().arg("--config").arg(&path).output().unwrap();
    let [check, start] = [check, start].map(|output| {
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        text.lines().last().unwrap().to_owned()
    });
    assert_eq!(check, start);
    assert!(check.starts_with("error: "), "{check}");
    check
}

#[test]
fn a_sound_configuration_is_told_so() {
    let deployment = Deployment::new();
    let binary = Command::new(env!("CARGO_BIN_EXE_gatecrash-reference"))
        .args(["check", "--config"])
        .arg(deployment.path("server.toml"))
        .output()
        .unwrap();
    assert_eq!(binary.status.code(), Some(0));
    assert!(String::from_utf8(binary.stdout).unwrap().contains("can be served"));
}

#[test]
fn mistakes_in_the_configuration_are_named() {
    for (from, to, complaints) in [
        ("[server]", "[server]\nkeys = 1", &["server.toml:5:1", "unknown field `keys`"][..]),
        ("max-lifetime = \"12h\"", "max-lifetime = 12", &["server.toml:14:16", "duration"]),
        ("max-lifetime = \"12h\"", "max-lifetime = \"0s\"", &["server.toml", "token.max-lifetime", "zero"]),
        ("listen = \"127.0.0.1:0\"", "listen = \"here\"", &["server.toml:2:10", "socket address"]),
        ("[token]", "[[token]]", &["server.toml"]),
        ("[metrics]\nlisten = \"127.0.0.1:0\"", "[metrics]\nlisten = \"0.0.0.0:0\"", &["metrics.listen", "loopback"]),
        ("jwks = \"jwks.json\"", "", &["issuers[0]", "neither"]),
        ("jwks = \"jwks.json\"", "jwks-url = \"http://example.org/\"", &["issuers[0].jwks-url", "https"]),
        ("jwks = \"jwks.json\"", "jwks-url = \"https://example.org/\"", &["issuers[0].jwks-anchors", "missing"]),
        ("server.key", "no.key", &["server.key: ", "no.key", "No such file"]),
        ("\"clients-ca.pem\"", "\".\"", &["clients.anchors[0]", "directory"]),
        ("\"clients.crl\"", "\"server.toml\"", &["clients.crls[0]", "server.toml", "holds no revocation list"]),
        ("\"server.key\"", "\"alice.key\"", &["server.key: ", "alice.key", "does not match", "server.pem"]),
        ("audience = \"https://localhost:8443\"", "audience = \"\"", &["audience is empty"]),
        ("people/\"]", "people\"]", &["does not end in a slash"]),
        ("id = \"bob-1\"", "id = \"alice-1\"", &["accounts[1].id", "twice"]),
        ("[[accounts]]", "[log]\nfilter = \"=\"\n[[accounts]]", &["log.filter"]),
    ] {
        let deployment = Deployment::new();
        deployment.configure(|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        // `check` starts no log.
        if from == "[[accounts]]" {
            continue;
        }
        let said = complaint(&deployment);
        assert!(complaints.iter().all(|part| said.contains(part)), "{said} does not say {complaints:?}");
    }
}

#[test]
fn values_that_cannot_be_meant_are_named() {
    let limit = |line: &str| format!("[limits]\n{line}\n[throttle]\n[[accounts]]");
    for (from, to, key) in [
        ("[[accounts]]", limit("max-connections = 9223372036854775807"), "limits.max-connections"),
        ("[[accounts]]", limit("max-connections = 0"), "limits.max-connections"),
        ("[[accounts]]", limit("max-handshakes = 0"), "limits.max-handshakes"),
        ("[[accounts]]", limit("max-handshakes-per-address = 2000000"), "limits.max-handshakes-per-address"),
        ("[[accounts]]", limit("max-concurrent-streams = 4294967295"), "limits.max-concurrent-streams"),
        ("[[accounts]]", limit("header = 9223372036854775807"), "limits.header"),
        ("[[accounts]]", limit("body = 0"), "limits.body"),
        ("[[accounts]]", limit("idle-timeout = \"500000y\""), "limits.idle-timeout"),
        ("[[accounts]]", "[reload]\npoll = \"0s\"\n[[accounts]]".to_owned(), "reload.poll"),
        ("[[accounts]]", "[reload]\nmax-staleness = \"1s\"\n[[accounts]]".to_owned(), "reload.max-staleness"),
        ("[[accounts]]", "[audit]\nqueue = 0\n[[accounts]]".to_owned(), "audit.queue"),
        ("max-lifetime = \"12h\"", "max-lifetime = \"300y\"".to_owned(), "token.max-lifetime"),
        ("max-lifetime = \"12h\"", "leeway = \"300y\"".to_owned(), "token.leeway"),
        ("audience = \"https://localhost:8443\"", "audience = \"a b\"".to_owned(), "token.audience"),
        ("url = \"https://issuer.dev.example\"", "url = \"\"".to_owned(), "issuers[0].url"),
        ("url = \"https://issuer.dev.example\"", "url = \"https://é \"".to_owned(), "issuers[0].url"),
        ("speaks-for = [\"spiffe://dev.example/people/\"]", "speaks-for = []".to_owned(), "issuers[0].speaks-for"),
        (
            "speaks-for = [\"spiffe://dev.example/people/\"]",
            "speaks-for = [\"https://x/\"]".to_owned(),
            "issuers[0].speaks-for",
        ),
        (
            "may-grant = [\"accounts:read\", \"transfers:write\", \"users:read\"]",
            "may-grant = []".to_owned(),
            "issuers[0].may-grant",
        ),
        ("may-grant = [\"accounts:read\",", "may-grant = [\"\",".to_owned(), "issuers[0].may-grant"),
        ("may-grant = [\"accounts:read\",", "may-grant = [\"accounts read\",".to_owned(), "issuers[0].may-grant"),
        ("prefix = \"spiffe://dev.example/people/\"", "prefix = \"\"".to_owned(), "holders[1].prefix"),
        ("prefix = \"spiffe://dev.example/people/\"", "prefix = \"people/\"".to_owned(), "holders[1].prefix"),
        ("scopes = [\"accounts:read\", \"transfers:write\"]", "scopes = []".to_owned(), "holders[1].scopes"),
        ("id = \"bob-1\"", "id = \"bob 1\"".to_owned(), "accounts[1].id"),
        ("owner = \"spiffe://dev.example/people/bob\"", "owner = \"bob\"".to_owned(), "accounts[1].owner"),
    ] {
        let deployment = Deployment::new();
        deployment.configure(|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, &to, 1)
        });
        let said = complaint(&deployment);
        assert!(said.contains(&format!("server.toml: {key}: ")), "{said} does not say {key}");
    }
}

#[test]
fn mistakes_in_the_files_are_named() {
    let weak = r#"{"keys":[{"kty":"RSA","kid":"w","alg":"RS256","e":"AQAB","n":"gAAA"}]}"#;
    let symmetric = r#"{"keys":[{"kty":"oct","kid":"s","k":"AA"}]}"#;
    let key = key_set("k", &KeyPair::generate().unwrap());
    let entry = key.strip_prefix("{\"keys\":[").and_then(|rest| rest.strip_suffix("]}")).unwrap();
    let twice = format!("{{\"keys\":[{entry},{entry}]}}");
    for (text, complaint_parts) in [
        (weak, &["issuers[0].jwks", "jwks.json", "\"w\"", "2048"][..]),
        (symmetric, &["issuers[0].jwks", "jwks.json", "\"s\"", "symmetric"]),
        (&twice, &["issuers[0].jwks", "jwks.json", "two keys with kid \"k\""]),
        (r#"{"keys":[]}"#, &["issuers[0].jwks", "jwks.json", "no key"]),
        ("[]", &["issuers[0].jwks", "jwks.json", "JSON object"]),
    ] {
        let deployment = Deployment::new();
        deployment.write("jwks.json", text);
        let said = complaint(&deployment);
        assert!(complaint_parts.iter().all(|part| said.contains(part)), "{said}");
    }

    let deployment = Deployment::new();
    let expired = deployment.issue(1, -Duration::MINUTE);
    deployment.write("clients-ca.pem", &expired.certificate);
    let said = complaint(&deployment);
    assert!(["clients.anchors[0]", "clients-ca.pem", "expired on"].iter().all(|part| said.contains(part)), "{said}");
}
