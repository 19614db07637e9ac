//! A gate on a real socket: reached by a TLS client of ours, by curl where there is one, and from this machine alone.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use gatecrash::{
    Clock, Depth, Evidence, Gate, World, WorldOptions,
    campaign::{
        Target,
        check::{CheckOptions, Outcome, check},
    },
    model::{AuthorizationForm, Case, Mutation, Person, Proof, Stance, path},
    report::Kit,
};

use crate::binary::cargo_gatecrash;

/// A served gate; it ends with the test.
struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    fn new(folder: &Path, extra: &[&str]) -> Self {
        Self::of("reference", folder, extra)
    }

    fn of(gate: &str, folder: &Path, extra: &[&str]) -> Self {
        let mut child = cargo_gatecrash()
            .args(["serve", "--gate", gate, "--listen", "127.0.0.1:0", "--dir"])
            .arg(folder)
            .args(extra)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status of an answer, as curl tells it.
fn curl(arguments: &[String]) -> String {
    let done = Command::new("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}"]).args(arguments).output();
    String::from_utf8(done.expect("curl").stdout).unwrap()
}

#[test]
fn over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path(), &[]);
    // The world of the attempts trusts and is trusted by the same seed.
    let options = WorldOptions { seed: 1, clock: Clock::System, ..WorldOptions::default() };
    let world = World::new(gatecrash_gallery::policy().unwrap(), options).unwrap();
    let gate = Gate::listening(&world, served.address).unwrap().evidence(Evidence::Status);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for stance in [Stance::Complete(Person::Alice), Stance::ExpiredToken, Stance::NoCertificate] {
        let case = Case::one(stance, "GET /v1/whoami", Vec::new());
        let options = CheckOptions { depth: Depth::Connection, mirror: true, serial: 1 };
        let checked = runtime.block_on(check(&gate, &world, &case, options)).unwrap();
        assert!(matches!(checked.outcome, Outcome::Agree), "{stance}: {checked:?}");
    }
    let text = std::fs::read_to_string(folder.path().join("openapi.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let policy = gatecrash_gallery::policy().unwrap();
    for route in &policy.routes {
        let operation = &document["paths"][&route.path][route.method.to_lowercase()];
        assert_eq!(operation["security"].as_array().unwrap().len(), route.security.len(), "{}", route.id());
    }
}

#[test]
#[ignore = "needs curl"]
fn over_tls_by_curl() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path(), &[]);
    let file = |name: &str| folder.path().join(name).display().to_string();
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let with = |token: &str, path: &str| {
        let mut arguments: Vec<String> =
            ["--cacert", &file("ca.pem"), "--cert", &file("bob.pem"), "--key"].map(String::from).to_vec();
        arguments.extend([file("bob.key"), "-H".into(), format!("Authorization: Bearer {token}")]);
        arguments.push(format!("https://localhost:{}{path}", served.address.port()));
        arguments
    };
    for (token, path, status) in [
        (text("bob.jwt"), "/v1/whoami", "200"),
        (text("alice.jwt"), "/v1/whoami", "401"),
        (text("bob.jwt"), "/v1/accounts/alice-1", "403"),
        ("x.y.z".into(), "/v1/whoami", "401"),
    ] {
        assert_eq!(curl(&with(&token, path)), status, "{path}");
    }
}

#[test]
#[ignore = "needs curl"]
fn in_plain_by_curl() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path(), &["--plain", "--as", "bob"]);
    let token = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    for (token, status) in [(token("bob.jwt"), "200"), (token("alice.jwt"), "401")] {
        let header = format!("Authorization: Bearer {token}");
        let url = format!("http://localhost:{}/v1/whoami", served.address.port());
        assert_eq!(curl(&["-H".into(), header, url]), status);
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_makes_the_attempt_of_a_finding() {
    let without = |claim: &str| vec![Mutation::DropClaim(claim.into())];
    let transfer = "POST /v1/transfers";
    let rogue = vec![Mutation::ChainPath(path::ChainPath::Rogue)];
    let target = crate::support::exhibit("audience-not-required").target;
    let target = Target { world: WorldOptions { seed: 1, ..target.world }, ..target };
    // By the flawed gate, and by the reference.
    let cases = [
        (Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", without("aud")), "200", "401"),
        (Case::one(Stance::Complete(Person::Alice), transfer, without("aud")), "200", "401"),
        (Case::one(Stance::Complete(Person::Alice), transfer, Vec::new()), "200", "200"),
        (Case::one(Stance::NoToken, "GET /v1/whoami", Vec::new()), "401", "401"),
        // No answer: the handshake fails.
        (Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", rogue), "000", "000"),
    ];
    for (i, gate) in ["audience-not-required", "reference"].into_iter().enumerate() {
        let served = tempfile::tempdir().unwrap();
        let server = Served::of(gate, served.path(), &[]);
        let base = format!("https://localhost:{}", server.address.port());
        for (case, flawed, sound) in &cases {
            let folder = tempfile::tempdir().unwrap();
            let kit = Kit::new(&target, case).unwrap();
            kit.write(folder.path()).unwrap();
            let command = kit.command(folder.path(), &base);
            // The line as a person would paste it.
            let line = command.replacen("curl", "curl -s -o /dev/null -w '%{http_code}'", 1);
            let done = Command::new("sh").args(["-c", &line]).output().unwrap();
            let seen = String::from_utf8(done.stdout).unwrap();
            assert_eq!(seen, *[flawed, sound][i], "{gate}: {command}");
        }
    }
    // What no stock client sends.
    for mutation in [Mutation::Proof(Proof::OtherKey), Mutation::Authorization(AuthorizationForm::Repeated)] {
        let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![mutation.clone()]);
        assert_eq!(Kit::new(&target, &case).is_some(), matches!(mutation, Mutation::Authorization(_)), "{mutation}");
    }
}

#[test]
fn from_this_machine_alone() {
    let done = cargo_gatecrash().args(["serve", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    let error = String::from_utf8(done.stderr).unwrap();
    assert!(error.contains("no loopback address"), "{error}");
}
