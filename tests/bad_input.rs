//! Broken input: one clear error that names file and place, and exit status 2.

use crate::binary::cargo_gatecrash;

const POLICY: &str = gatecrash_gallery::POLICY;
const CASE: &str = "format = 1\n\n[[steps]]\nstance = { complete = \"alice\" }\nroute = \"GET /v1/whoami\"\nmutations = [\"unsigned\"]\n";

/// Runs the command line in a folder with these two files; what it says on standard error.
fn said(policy: &str, case: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("gate.toml"), policy).unwrap();
    std::fs::write(folder.path().join("case.toml"), case).unwrap();
    let done = cargo_gatecrash().args(arguments).current_dir(folder.path()).env("COLUMNS", "100").output().unwrap();
    let error = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(!error.contains("panicked"), "{error}");
    error
}

const RUN: [&str; 5] = ["run", "--policy", "gate.toml", "--attempts", "10"];
const REPLAY: [&str; 2] = ["replay", "case.toml"];

#[test]
fn broken_policies() {
    let broken = |from: &str, to: &str| {
        assert!(POLICY.contains(from), "{from}");
        said(&POLICY.replacen(from, to, 1), CASE, &RUN)
    };
    insta::assert_snapshot!("policy_unknown_key", broken("trust-domain", "trust_domain"));
    insta::assert_snapshot!(
        "policy_unknown_value",
        broken("[[issuers]]", "[http]\nauthority = \"anny\"\n\n[[issuers]]")
    );
    insta::assert_snapshot!("policy_no_toml", broken("[[issuers]]", "[issuers"));
    insta::assert_snapshot!("policy_wrong_type", broken("\"accounts:read\"", "7"));
    insta::assert_snapshot!("policy_empty_audience", broken("\"https://api.gatecrash.test\"", "\"\""));
    insta::assert_snapshot!("policy_prefix", broken("/staff/\"]", "/staff\"]"));
    insta::assert_snapshot!("policy_owner", broken("owner = \"path:id\"", "owner = \"path:account\""));
    insta::assert_snapshot!("policy_method", broken("\"POST\"", "\"post\""));
    insta::assert_snapshot!("policy_route_twice", broken("path = \"/v1/whoami\"", "path = \"/healthz\""));
    let algorithms = format!("{POLICY}\n[tokens]\nalgorithms = [\"none\"]\n");
    insta::assert_snapshot!("policy_algorithm", said(&algorithms, CASE, &RUN));
}

/// Ten policies of the kind that shapes the honest world: a line each, with file, line, what is wrong and what would be right.
#[test]
fn policies_that_shape_no_world() {
    const TOP: &str = "profile = \"bearer\"\nroutes = [{ method = \"GET\", path = \"/me\" }]\n";
    let with = |more: &str| format!("{TOP}{more}\n");
    let broken = [
        with("").replace("bearer", "keycloack"),
        with("client-certificate = \"maybe\""),
        with("tokens.carried = { cookie = \"session\", field = \"x-token\" }"),
        with("tokens.rights = { at = \"roles\", form = \"list\" }"),
        with("[tokens.promises]\niss = \"optional\""),
        with("[tokens.promises]\ntenant_id = \"required\""),
        with("[tokens.honest]\nemail = \"${person.mail}\""),
        with("tokens.binding = \"certificate-thumbprint\""),
        with("people.principal = \"auth0|{hex}\""),
        with("").replace("/me", "/{org}/orders/{id}"),
    ];
    let told: Vec<String> = broken.iter().map(|policy| said(policy, CASE, &["policy", "check"])).collect();
    let lines: usize = told.iter().map(|fault| fault.trim_end().lines().count()).sum();
    assert_eq!(lines, broken.len(), "a line each: {told:?}");
    insta::assert_snapshot!("policies_that_shape_no_world", told.concat());
}

#[test]
fn broken_cases() {
    let broken = |from: &str, to: &str| {
        assert!(CASE.contains(from), "{from}");
        said(POLICY, &CASE.replacen(from, to, 1), &REPLAY)
    };
    insta::assert_snapshot!("case_format", broken("format = 1", "format = 9"));
    insta::assert_snapshot!("case_mutation", broken("\"unsigned\"", "\"unsinged\""));
    insta::assert_snapshot!("case_person", broken("\"alice\"", "\"alise\""));
    insta::assert_snapshot!("case_route", broken("GET /v1/whoami", "GET /v1/who"));
    insta::assert_snapshot!(
        "case_conflict",
        broken("\"unsigned\"", "{ drop-claim = \"exp\" }, { set-claim = { name = \"exp\", value = { seconds = 1 } } }")
    );
    insta::assert_snapshot!(
        "case_template",
        broken("\"unsigned\"", "{ set-claim = { name = \"aud\", value = { json = '\"${nobody}\"' } } }")
    );
}

#[test]
fn broken_flags() {
    let said = |arguments: &[&str]| said(POLICY, CASE, arguments);
    insta::assert_snapshot!("flag_gate", said(&["run", "--gate", "nowhere"]));
    insta::assert_snapshot!("flag_gate_misspelled", said(&["run", "--gate", "refernce"]));
    insta::assert_snapshot!("flag_subcommand", said(&["repaly"]));
    insta::assert_snapshot!("flag_time", said(&["run", "--for", "30"]));
    insta::assert_snapshot!("flag_file", said(&["replay", "missing.toml"]));
    insta::assert_snapshot!("flag_attack", said(&["attacks", "alg-nine"]));
    insta::assert_snapshot!("flag_jobs", said(&["--jobs", "0"]));
}
