//! Worked examples, each a repository of its own, and a newcomer's first hour: built and run as their owners would.

use std::{collections::BTreeSet, path::Path, process::Output};

use crate::{binary::cargo_gatecrash, published::cargo as command};

fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// The features of TLS and tokens in a build, as `crate/feature`, and the crates that are backends themselves.
fn turned_on(folder: &Path, edges: &str) -> BTreeSet<String> {
    let done = cargo(folder, &["tree", "--edges", edges, "--prefix", "none", "--format", "{p},{f}"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut found = BTreeSet::new();
    for line in String::from_utf8_lossy(&done.stdout).lines() {
        let (package, features) = line.split_once(',').unwrap_or_default();
        let name = package.split(' ').next().unwrap_or_default();
        match name {
            "aws-lc-rs" | "openssl" | "ring" => drop(found.insert(name.to_string())),
            "jsonwebtoken" | "rustls" | "tokio-rustls" => {
                let features = features.trim_end_matches(" (*)").split(',').filter(|feature| !feature.is_empty());
                found.extend(features.map(|feature| format!("{name}/{}", feature.replace('-', "_"))));
            }
            _ => {}
        }
    }
    found
}

/// Services on each backend are built with those that their manifests ask for, and Gatecrash beside them turns on no other. That they
/// build and run so is for the tests of each.
#[test]
fn a_service_keeps_its_backend() {
    let examples: [(&str, &[&str]); 5] = [
        ("axum-jwt-auth", &["jsonwebtoken/rust_crypto"]),
        ("axum-middleware", &["jsonwebtoken/rust_crypto"]),
        ("tonic-interceptor", &["aws-lc-rs", "jsonwebtoken/aws_lc_rs", "rustls/aws_lc_rs", "tokio-rustls/aws_lc_rs"]),
        // An earlier jsonwebtoken has ring and no other.
        ("tower-layer", &["ring", "rustls/ring"]),
        ("tower-oauth2-resource-server", &["jsonwebtoken/rust_crypto"]),
    ];
    let backend =
        |name: &&str| ["aws_lc_rs", "aws-lc-rs", "openssl", "ring", "rust_crypto"].iter().any(|it| name.ends_with(it));
    for (example, expected) in examples {
        let folder = copied(example);
        let alone = turned_on(folder.path(), "normal,build");
        assert_eq!(alone.iter().map(String::as_str).filter(backend).collect::<Vec<_>>(), expected, "{example}");
        let with = turned_on(folder.path(), "normal,build,dev");
        // No backend. The provider of the harness's client asks for `tls12`, and the client itself offers early data.
        let more: Vec<&str> = with.difference(&alone).map(String::as_str).collect();
        assert!(
            more.iter().all(|it| ["rustls/std", "rustls/tls12", "tokio-rustls/early_data"].contains(it)),
            "{example}: {more:?}"
        );
    }
}

/// What a suite says of the most severe finding of one test.
fn first_of<'a>(said: &'a str, test: &str) -> &'a str {
    let from = said.split_once(&format!("---- gatecrash_suite::{test} stdout ----")).map_or("", |(_, rest)| rest);
    from.split("\n\n").find(|part| part.starts_with("1. ")).unwrap_or_default()
}

fn copied(example: &str) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().flatten() {
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            match from.is_dir() {
                true => copy(&from, &to),
                false => drop(std::fs::copy(&from, &to).unwrap()),
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example), folder.path());
    // As a user writes it: the version alone.
    let manifest = folder.path().join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let text = text.replace("path = \"../../../harness\", ", "").replace("path = \"../../../harness/witness\", ", "");
    std::fs::write(manifest, text).unwrap();
    folder
}

/// The suite fails with the one right cause on top, and passes with the bug mended.
#[test]
fn an_axum_middleware_before_and_after() {
    let folder = copied("axum-middleware");
    let before = cargo(folder.path(), &["test", "--test", "gate"]);
    let said = String::from_utf8_lossy(&before.stdout);
    assert!(!before.status.success(), "{said}{}", String::from_utf8_lossy(&before.stderr));
    let first = first_of(&said, "claims");
    assert!(first.contains("Breach") && first.contains("audience (RFC 7519 §4.1.3)"), "{said}");
    assert!(!said.contains("\n2. "), "one cause, in whatever test: {said}");
    // The command that a finding ends with makes that one attempt: it is let in again, and is refused once the bug is mended.
    let (_, from) = first.split_once("GATECRASH_REPLAY=").unwrap();
    let case = from.split_whitespace().next().unwrap();
    let replayed = |arguments: &[&str]| {
        let done = command(folder.path(), arguments).env("GATECRASH_REPLAY", case).output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (passed, said) = replayed(&["test", "--test", "gate"]);
    assert!(!passed && said.contains("1 failed") && said.contains("Breach: GET /v1/whoami ran as"), "{said}");
    assert!(!said.contains("attempts in"), "nothing else is attempted: {said}");
    let (passed, said) = replayed(&["test", "--test", "gate", "--features", "fixed"]);
    assert!(passed && !said.contains("attempts in"), "{said}");
    let after = cargo(folder.path(), &["test", "--test", "gate", "--features", "fixed"]);
    assert!(
        after.status.success(),
        "{}{}",
        String::from_utf8_lossy(&after.stdout),
        String::from_utf8_lossy(&after.stderr)
    );
}

/// A layer of tower without a framework, on rustls with ring and a jsonwebtoken of an earlier day, is clean as it stands:
/// nothing that Gatecrash brings along turns on another backend.
#[test]
#[ignore = "compiles a tree of dependencies of its own: four minutes"]
fn a_tower_layer_without_a_framework() {
    let folder = copied("tower-layer");
    let done = cargo(folder.path(), &["test", "--test", "gate"]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("the_backend_of_the_service_is_the_only_one ... ok"), "{said}");
}

/// A published resource server, wired as its documentation says, under a policy that promises what its documentation promises. What it
/// does beside that is accepted by name and until a day.
fn keeps_its_promises(example: &str) -> tempfile::TempDir {
    let folder = copied(example);
    let done = cargo(folder.path(), &["test", "--test", "gate"]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("gatecrash_suite::known ... ok"), "{said}");
    folder
}

#[test]
#[ignore = "compiles a tree of dependencies of its own: ten minutes"]
fn a_published_extractor_keeps_what_its_documentation_promises() {
    keeps_its_promises("axum-jwt-auth");
}

/// An entry that is taken out, one whose day has passed, and one that accepts nothing each fail the suite by name.
#[test]
#[ignore = "compiles a tree of dependencies of its own: ten minutes"]
fn a_published_layer_keeps_what_its_documentation_promises() {
    let folder = keeps_its_promises("tower-oauth2-resource-server");
    let file = folder.path().join("known.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (ended, taken_out) = ("bc29f4cc9717", "247cf88a8f62");
    let other = text.replace(taken_out, "000000000000");
    let (before, from) = other.split_at(other.find(ended).unwrap());
    std::fs::write(&file, format!("{before}{}", from.replacen("2028-06-30", "2001-01-01", 1))).unwrap();
    let done = cargo(folder.path(), &["test", "--test", "gate"]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(!done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains(&format!("known.toml: {ended} was accepted until 2001-01-01")), "{said}");
    assert!(said.contains("known.toml: 000000000000 was not found"), "{said}");
    // Its rules are those of an accepted cause, and one more: the case that shows it is told, all the same.
    assert!(said.contains("regressions/issued-beyond-a-double.toml: "), "{said}");
}

/// A gRPC service of tonic with an interceptor, over HTTP/2 alone, on rustls and jsonwebtoken with AWS-LC, is clean as it stands.
#[test]
#[ignore = "compiles a tree of dependencies of its own: five minutes"]
fn a_grpc_service_with_an_interceptor() {
    let folder = copied("tonic-interceptor");
    let done = cargo(folder.path(), &["test", "--test", "gate"]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("the_backend_of_the_service_is_the_only_one ... ok"), "{said}");
}

/// What a newcomer has: a middleware of ten lines, with a bug.
const MIDDLEWARE: &str = r#"use axum::{extract::{Request, State}, http::StatusCode, middleware::Next, response::Response};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
#[derive(Clone, serde::Deserialize)]
pub struct Caller { pub sub: String }
pub async fn authenticate(State(keys): State<JwkSet>, mut request: Request, next: Next) -> Result<Response, StatusCode> {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_aud = false;
    let field = request.headers().get("authorization").and_then(|field| field.to_str().ok()).unwrap_or_default();
    let token = field.strip_prefix("Bearer ").ok_or(StatusCode::UNAUTHORIZED)?;
    let id = decode_header(token).ok().and_then(|header| header.kid).ok_or(StatusCode::UNAUTHORIZED)?;
    let key = keys.find(&id).and_then(|key| DecodingKey::from_jwk(key).ok()).ok_or(StatusCode::UNAUTHORIZED)?;
    let caller = decode::<Caller>(token, &key, &validation).map_err(|_| StatusCode::UNAUTHORIZED)?.claims;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}
"#;

const MANIFEST: &str = r#"[package]
name = "shop"
version = "0.1.0"
edition = "2024"

[dependencies]
axum = { version = "0.8", default-features = false, features = ["query"] }
jsonwebtoken = { version = "11", default-features = false, features = ["rust_crypto"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"

[profile.dev]
debug = "line-tables-only"
opt-level = 1
"#;

/// What the newcomer types, by file: the line that goes, and what comes in its place.
const TYPED: [(&str, &str, &str); 2] = [
    (
        "tests/gate.rs",
        "    let _ = world;\n    Err(\"build your service in `gate` of tests/gate.rs\".into())\n",
        "    let keys = serde_json::from_str(&world.jwks(gatecrash::model::IssuerRole::Home))?;
    let layer = axum::middleware::from_fn_with_state(keys, shop::authenticate);
    Ok(Gate::layer(world, layer)?.identity(|left| Some(left.get::<shop::Caller>()?.sub.clone())))\n",
    ),
    ("gate.toml", "profile = \"bearer\"\n", "profile = \"bearer\"\naudience = \"https://api.example.test\"\n"),
];

/// From nothing to the first finding: at most 6 commands and 12 typed lines.
#[test]
fn a_newcomer_finds_the_bug() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), MIDDLEWARE).unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), MANIFEST).unwrap();
    // cargo install cargo-gatecrash, cargo gatecrash init, cargo test.
    let commands = 3;
    let wrote = cargo_gatecrash().args(["init", "--dir", "."]).current_dir(folder.path()).output().unwrap();
    let told = String::from_utf8_lossy(&wrote.stdout).into_owned();
    assert!(wrote.status.success(), "{}", String::from_utf8_lossy(&wrote.stderr));
    assert!(told.contains("added    gatecrash and optimized dependencies to Cargo.toml"), "{told}");
    assert!(told.contains("1. tests/gate.rs: build your service in `gate`"), "{told}");
    let mut typed = 0;
    for (file, line, instead) in TYPED {
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(line), "{file}: {line}: {text}");
        typed += instead.lines().filter(|it| !line.lines().any(|old| old == *it)).count();
        std::fs::write(path, text.replacen(line, instead, 1)).unwrap();
    }
    let done = cargo(folder.path(), &["test", "--test", "gate"]);
    assert!(commands <= 6 && typed <= 12, "{commands} commands, {typed} lines");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(!done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let first = first_of(&said, "claims");
    assert!(first.contains("audience (RFC 7519 §4.1.3)"), "{said}{}", String::from_utf8_lossy(&done.stderr));
}
