//! `policy`: what a policy promises in words, what it leaves out, and one to begin with.

use std::process::Output;

use crate::binary::cargo_gatecrash;

fn policy(folder: &std::path::Path, arguments: &[&str]) -> Output {
    cargo_gatecrash().arg("policy").args(arguments).current_dir(folder).output().unwrap()
}

fn checked(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("gate.toml"), text).unwrap();
    let done = policy(folder.path(), &["check", "gate.toml"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_strict_policy_and_a_lax_one_in_words() {
    insta::assert_snapshot!("policy_of_the_reference", checked(gatecrash_gallery::POLICY));
    let lax = include_str!("examples/axum-middleware/gate.toml");
    insta::assert_snapshot!("policy_of_a_middleware", checked(lax));
}

#[test]
fn one_to_begin_with_is_strict_and_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(policy(folder.path(), &["init"]).status.code(), Some(0));
    let text = std::fs::read_to_string(folder.path().join("gate.toml")).unwrap();
    let told = checked(&text);
    assert!(!told.contains("(tokens.") && !told.contains("(certificates."), "{told}");
    let again = policy(folder.path(), &["init"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(folder.path().join("gate.toml")).unwrap(), text);
}

/// Each value that the template explains is one that is read, and says what it says it is by default.
#[test]
fn the_values_that_it_explains_are_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    policy(folder.path(), &["init"]);
    let file = folder.path().join("gate.toml");
    let before = gatecrash::input::policy(&file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let (top, rest) = text.split_once("[[issuers]]").unwrap();
    let spoken: Vec<&str> =
        top.lines().map(|line| line.strip_prefix("# ").filter(|it| it.contains(" = ")).unwrap_or(line)).collect();
    assert!(spoken.len() > 20);
    std::fs::write(&file, format!("{}\n[[issuers]]{rest}", spoken.join("\n"))).unwrap();
    assert_eq!(gatecrash::input::policy(&file).unwrap(), before);
}

/// What `policy show` prints is read as the policy that it was printed of, with every value that the profile has.
#[test]
fn a_policy_is_shown_with_every_value() {
    let folder = tempfile::tempdir().unwrap();
    for profile in gatecrash::model::Profile::ALL {
        let top = "trust-domain = \"example.test\"\naudience = \"https://api.example.test\"\n\
                   issuers = [{ url = \"https://issuer.example.test\" }]\nroutes = [{ method = \"GET\", path = \"/me\" }]";
        let text = format!("profile = \"{}\"\n{top}\n", profile.name());
        std::fs::write(folder.path().join("gate.toml"), &text).unwrap();
        let done = policy(folder.path(), &["show"]);
        let shown = String::from_utf8(done.stdout).unwrap();
        assert_eq!(done.status.code(), Some(0), "{}: {}", profile.name(), String::from_utf8_lossy(&done.stderr));
        assert!(shown.contains("leeway = ") && shown.contains("[tokens.promises]"), "{shown}");
        let read = |text: &str| gatecrash::input::parse_policy("gate.toml", text).unwrap();
        assert_eq!(read(&shown), read(&text), "{}", profile.name());
    }
}
