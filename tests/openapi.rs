//! OpenAPI documents as the source of a policy, and held against one.

use std::{fmt::Write as _, path::PathBuf};

use gatecrash::{
    campaign::{
        self, Bound, Campaign, CampaignOptions, Target,
        check::{Finding, FindingKind},
    },
    input::{
        openapi::{self, Side},
        parse_policy,
    },
    model::{Factor, Policy},
};

use crate::{binary::cargo_gatecrash, support::run};

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/openapi"));
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The policy of a document, as it loads.
fn policy_of(name: &str, text: &str) -> (String, Policy) {
    let document = openapi::parse(name, text).unwrap();
    let written = openapi::policy_text(&document);
    let policy = parse_policy("gate.toml", &written).unwrap_or_else(|error| panic!("{name}: {error}\n{written}"));
    let differences = openapi::differences(&document, &policy, &written);
    let left_out = |side: Side| side != Side::DocumentAlone && side != Side::Differ;
    assert!(!differences.iter().any(|difference| left_out(difference.side)), "{name}: {differences:?}");
    (written, policy)
}

/// Routes and security, one line each.
fn table(policy: &Policy) -> String {
    let mut text = format!("{} certificate, binding {:?}\n", policy.certificates.client.name(), policy.tokens.binding);
    for issuer in &policy.issuers {
        writeln!(text, "issuer {}", issuer.url).unwrap();
    }
    for route in &policy.routes {
        let name = |factor: &Factor| if *factor == Factor::Token { "token" } else { "certificate" };
        let ways = route.security.iter().map(|way| way.iter().map(name).collect::<Vec<_>>().join("+"));
        let ways = if route.public { "public".into() } else { ways.collect::<Vec<_>>().join(" | ") };
        write!(text, "{}  [{ways}]", route.id()).unwrap();
        if !route.scopes.is_empty() {
            write!(text, "  {}", route.scopes.join(" ")).unwrap();
        }
        if !route.examples.is_empty() {
            write!(text, "  {:?}", route.examples).unwrap();
        }
        for (name, value) in [("?", &route.query), ("content ", &route.content_type), ("body ", &route.body)] {
            if let Some(value) = value {
                write!(text, "  {name}{value}").unwrap();
            }
        }
        text.push('\n');
    }
    text
}

#[test]
fn documents_give_policies_that_load() {
    for name in [
        "bank.yaml",
        "extension.yaml",
        "kubernetes.json",
        "minified.json",
        "openid.yaml",
        "petstore.yaml",
        "references.yaml",
        "swagger.yaml",
        "webhooks.yaml",
    ] {
        let (_, policy) = policy_of(name, &fixture(name));
        insta::assert_snapshot!(format!("openapi_{}", name.split('.').next().unwrap()), table(&policy));
    }
}

#[test]
fn a_policy_says_what_the_document_cannot() {
    insta::assert_snapshot!("openapi_policy_of_the_petstore", policy_of("petstore.yaml", &fixture("petstore.yaml")).0);
}

/// 300 operations: one in ten is open, one in three takes a certificate besides.
#[test]
fn a_large_document() {
    let mut paths = serde_json::Map::new();
    for index in 0..100 {
        let mut item = serde_json::Map::new();
        for (at, method) in ["get", "put", "delete"].into_iter().enumerate() {
            let number = index * 3 + at;
            let security = match number {
                number if number % 10 == 0 => serde_json::json!([]),
                number if number % 3 == 0 => serde_json::json!([{ "token": [format!("s{at}")], "certificate": [] }]),
                _ => serde_json::json!([{ "token": [format!("s{at}")] }]),
            };
            item.insert(method.into(), serde_json::json!({ "security": security, "responses": {} }));
        }
        paths.insert(format!("/things-{index}"), item.into());
    }
    let schemes =
        serde_json::json!({ "certificate": { "type": "mutualTLS" }, "token": { "type": "http", "scheme": "bearer" } });
    let components = serde_json::json!({ "securitySchemes": schemes });
    let document = serde_json::json!({ "openapi": "3.1.0", "paths": paths, "components": components });
    let (_, policy) = policy_of("large.json", &serde_json::to_string_pretty(&document).unwrap());
    let count =
        |wanted: &dyn Fn(&gatecrash::model::Route) -> bool| policy.routes.iter().filter(|route| wanted(route)).count();
    assert_eq!(count(&|_| true), 300);
    assert_eq!(count(&|route| route.public), 30);
    assert_eq!(count(&|route| route.security == [[Factor::Certificate, Factor::Token]]), 90);
    assert_eq!(count(&|route| route.security == [[Factor::Token]] && route.scopes.len() == 1), 180);
}

/// One line each, with file and place.
#[test]
fn broken_documents() {
    let good = fixture("bank.yaml");
    let broken = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let json = r#"{"openapi": "3.0.0", "paths": {"/a": {"get": {}}}"#;
    let circle = "openapi: 3.0.0\npaths:\n  /a: { $ref: '#/b' }\nb: { $ref: '#/c' }\nc: { $ref: '#/b' }\n";
    let cases = [
        ("empty", String::new()),
        ("no_yaml", broken("      responses: { \"200\": { description: accounts } }", "     - responses: {")),
        ("cut_off", json.to_string()),
        ("no_version", broken("openapi: 3.1.0\n", "")),
        ("another_version", broken("3.1.0", "4.0.0")),
        ("paths_as_a_list", "openapi: 3.0.0\npaths:\n  - /a\n".into()),
        ("no_paths", "openapi: 3.1.0\nwebhooks: {}\n".into()),
        ("no_operation", "openapi: 3.1.0\npaths:\n  /a: {}\n".into()),
        ("path_without_a_slash", broken("  /payments:", "  payments:")),
        ("undeclared_scheme", broken("security: [{ mtls: [] }]", "security: [{ mtsl: [] }]")),
        ("unknown_type_of_scheme", broken("type: mutualTLS", "type: mutualSSL")),
        ("security_as_an_object", broken("security: [{ mtls: [] }]", "security: { mtls: [] }")),
        ("undeclared_parameter", broken("name: AccountId", "name: accountId")),
        ("reference_to_nowhere", circle.replace("#/b' }\nb", "#/d' }\nb")),
        ("reference_out_of_the_document", circle.replace("#/b' }\nb", "common.yaml#/b' }\nb")),
        ("references_in_a_circle", circle.into()),
        ("a_key_twice", broken("  /payments:", "  /accounts:")),
    ];
    let mut said = String::new();
    for (name, text) in cases {
        let error = openapi::parse("openapi.yaml", &text).unwrap_err();
        assert!(!error.to_string().contains('\n'), "{name}: {error}");
        if name != "empty" {
            assert!(error.place.is_some(), "{name}: {error}");
        }
        writeln!(said, "{name}\n    {error}").unwrap();
    }
    insta::assert_snapshot!("openapi_broken", said);
}

#[test]
fn the_command_writes_a_policy_and_compares() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("openapi.yaml"), fixture("bank.yaml")).unwrap();
    let policy = |arguments: &[&str]| {
        let done = cargo_gatecrash().arg("policy").args(arguments).current_dir(folder.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
    };
    assert_eq!(policy(&["init", "--openapi", "openapi.yaml"]).0, 0);
    let (status, told, _) = policy(&["check", "--openapi", "openapi.yaml"]);
    assert_eq!((status, told.as_str()), (0, "openapi.yaml and gate.toml agree: 4 operations\n"));
    let file = folder.path().join("gate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    // A route that only the policy has, one that only the document has, fewer factors, more scopes.
    let changed = text
        .replacen("v4/accounts\"", "v4/account\"", 1)
        .replacen("security = [[\"certificate\"]]", "security = [[\"certificate\", \"token\"]]", 1)
        .replacen("scopes = [\"payments\"]", "scopes = [\"accounts\", \"payments\"]", 1);
    std::fs::write(&file, changed).unwrap();
    let (status, told, _) = policy(&["check", "--openapi", "openapi.yaml"]);
    assert_eq!(status, 1);
    insta::assert_snapshot!("openapi_differences", told);
    std::fs::write(folder.path().join("openapi.yaml"), "openapi: 3.0.0\npaths: 7\n").unwrap();
    let (status, _, error) = policy(&["check", "--openapi", "openapi.yaml"]);
    assert_eq!(
        (status, error.as_str()),
        (2, "error: openapi.yaml:2:8: `paths` is a number; write an object of paths\n")
    );
    let (status, _, error) = policy(&["init", "other.toml", "--openapi", "openapi.yaml"]);
    assert_eq!((status, error.lines().count()), (2, 1));
    assert!(!folder.path().join("other.toml").exists());
}

/// The document that `serve` writes is that of its policy.
#[test]
fn what_serve_writes_agrees_with_its_policy() {
    let policy = gatecrash_gallery::policy().unwrap();
    let world = gatecrash::World::new(policy.clone(), gatecrash::WorldOptions::default()).unwrap();
    let document = gatecrash::gate::loopback::document(&policy, &world.blueprint(), "https://localhost:8443");
    let document = openapi::parse("openapi.json", &serde_json::to_string_pretty(&document).unwrap()).unwrap();
    let found = openapi::differences(&document, &policy, gatecrash_gallery::POLICY);
    assert!(found.is_empty(), "{found:?}");
}

/// A document that asks for more than the gate enforces fails a run; one that asks for less is advice.
#[test]
fn a_run_is_held_to_a_document() {
    let folder = tempfile::tempdir().unwrap();
    let policy = gatecrash_gallery::policy().unwrap();
    let world = gatecrash::World::new(policy.clone(), gatecrash::WorldOptions::default()).unwrap();
    let document = gatecrash::gate::loopback::document(&policy, &world.blueprint(), "https://localhost:8443");
    let run = |document: &serde_json::Value| {
        let file = folder.path().join("openapi.json");
        std::fs::write(&file, document.to_string()).unwrap();
        let arguments = ["run", "--attempts", "400", "--depth", "service", "--openapi", "openapi.json"];
        let done = cargo_gatecrash().args(arguments).current_dir(folder.path()).output().unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stdout).unwrap())
    };
    let mut more = document.clone();
    more["paths"]["/healthz"]["get"]["security"] = serde_json::json!([{ "certificate": [], "token": [] }]);
    let (status, told) = run(&more);
    let line = "GET /healthz: the document asks for certificate and token, the policy for certificate";
    assert!(status == 1 && told.contains(line), "{status}: {told}");
    let mut less = document.clone();
    less["paths"]["/v1/whoami"]["get"]["security"] = serde_json::json!([{ "certificate": [] }]);
    let (status, told) = run(&less);
    assert!(status == 0 && told.contains("1 difference between openapi.json and"), "{status}: {told}");
}

/// The document of the reference server, which the main job in CI holds it to.
#[test]
fn the_reference_server_agrees_with_its_document() {
    let document = openapi::parse("openapi.yaml", include_str!("gallery/openapi.yaml")).unwrap();
    let found = openapi::differences(&document, &gatecrash_gallery::policy().unwrap(), gatecrash_gallery::POLICY);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_broken_document_ends_a_run_before_its_work() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("openapi.yaml"), "openapi: 3.0.0\npaths: 7\n").unwrap();
    let arguments = ["run", "--openapi", "openapi.yaml"];
    let done = cargo_gatecrash().args(arguments).current_dir(folder.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(done.stderr).unwrap(),
        "error: openapi.yaml:2:8: `paths` is a number; write an object of paths\n"
    );
}

/// A short campaign, then the document.
fn held(target: &Target, file: &str, text: &str) -> Campaign {
    let options = CampaignOptions { bound: Bound::Attempts(300), sample_routes: true, ..CampaignOptions::default() };
    let mut campaign = run(target, options);
    campaign::hold_to_document(target, &openapi::parse(file, text).unwrap(), &mut campaign).unwrap();
    campaign
}

fn said(campaign: &Campaign) -> String {
    let line = |finding: &Finding| {
        let (cwe, owasp) = gatecrash::report::weakness(finding, &campaign.catalogue);
        let severity = gatecrash::report::severity(finding, &campaign.catalogue).name();
        let Some(says) = &finding.document else {
            return format!("{} · {:?}\n    {}\n", finding.kind.name(), finding.case, finding.seen);
        };
        let line = says.line.map_or(String::new(), |line| format!(":{line}"));
        let first = format!("{} · {severity} · CWE-{cwe} · {owasp}", finding.kind.name());
        format!("{first}\n    {}\n    {}\n    {}{line}: {}\n", finding.subject, finding.seen, says.file, says.says)
    };
    campaign.findings.iter().map(line).collect()
}

/// Five differences between document and behavior are five findings, each with a fingerprint and a line of its own, and nothing
/// else is found; the twin that keeps its document is clean.
#[test]
fn a_service_that_differs_from_its_document_is_found_out() {
    use gatecrash_gallery::documented::{DOCUMENT, target};
    let campaign = held(&target(true).unwrap(), "documented.yaml", DOCUMENT);
    assert_eq!(campaign.findings.len(), 5, "{}", said(&campaign));
    let prints: std::collections::BTreeSet<&str> =
        campaign.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    assert_eq!(prints.len(), 5);
    insta::assert_snapshot!("openapi_behavior", said(&campaign));
    let twin = held(&target(false).unwrap(), "documented.yaml", DOCUMENT);
    assert!(twin.findings.is_empty() && twin.miswirings.is_empty(), "{}", said(&twin));
    assert_eq!(twin.documented.map(|documented| documented.routes), Some(5));
}

/// The reference server keeps its own document, and the one that `serve` writes of it.
#[test]
fn the_reference_server_keeps_its_document() {
    let target = crate::support::exhibit("reference").target;
    let world = gatecrash::World::new(target.policy.clone(), target.world.clone()).unwrap();
    let served = gatecrash::gate::loopback::document(&target.policy, &world.blueprint(), "https://localhost:8443");
    for (file, text) in [
        ("openapi.yaml", include_str!("gallery/openapi.yaml").to_string()),
        ("openapi.json", serde_json::to_string_pretty(&served).unwrap()),
    ] {
        let campaign = held(&target, file, &text);
        assert!(campaign.findings.is_empty(), "{}", said(&campaign));
        assert_eq!(campaign.documented.unwrap().routes, 6);
    }
}

/// What the policy forbids, too, is a breach, and no second finding; a document that asks for too little fails a strict run alone.
#[test]
fn one_flaw_is_one_finding_beside_a_document() {
    let open = crate::support::exhibit("no-header-passes").target;
    let campaign = held(&open, "openapi.yaml", include_str!("gallery/openapi.yaml"));
    assert!(campaign.findings.iter().any(|finding| finding.kind == FindingKind::Breach));
    assert!(campaign.findings.iter().all(|finding| !finding.kind.is_of_document()), "{}", said(&campaign));
    let reference = crate::support::exhibit("reference").target;
    let whoami = "  /v1/whoami:\n    get:\n";
    let less = format!("{whoami}      security: [{{ certificate: [] }}]\n");
    let less = include_str!("gallery/openapi.yaml").replacen(whoami, &less, 1);
    let mut campaign = held(&reference, "openapi.yaml", &less);
    let kinds: Vec<FindingKind> = campaign.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::Overdocumented], "{}", said(&campaign));
    assert_eq!(gatecrash::report::status(&campaign), 0);
    campaign.fail_on = Some(gatecrash::model::FailOn::Low);
    assert_eq!(gatecrash::report::status(&campaign), 1);
}
