//! A forge that writes other bytes than it was told to is caught by the mirror, and never passes as a finding.

use gatecrash::{
    Depth, World,
    check::{CheckOptions, FindingKind, Outcome, check, check_through},
    forge::Wire,
    model::{Case, KeyName, Mutation, Person, Proof, Stance, Transport, Value},
};

use crate::support::exhibit;

const OPTIONS: CheckOptions = CheckOptions { depth: Depth::Connection, mirror: true, serial: 7 };

fn text(wire: &Wire) -> String {
    String::from_utf8(wire.request.clone()).unwrap()
}

fn edited(wire: Wire, edit: impl Fn(&str) -> String) -> Wire {
    let request = edit(&text(&wire)).into_bytes();
    Wire { request, ..wire }
}

fn without_line(text: &str, name: &str) -> String {
    let lines = text.split("\r\n").filter(|line| !line.to_lowercase().starts_with(name));
    lines.collect::<Vec<_>>().join("\r\n")
}

/// A bug: what it does, and how.
type Bug = (&'static str, fn(Wire) -> Wire);

/// Each forges something else than what was meant.
const BUGS: [Bug; 14] = [
    ("another path", |wire| edited(wire, |text| text.replacen("alice-1", "bob-1", 1))),
    ("another method", |wire| edited(wire, |text| text.replacen("GET", "PUT", 1))),
    ("a signature with a letter changed", |wire| {
        edited(wire, |text| {
            let at = text.rfind("\r\nAuthorization").or(text.to_lowercase().rfind("\r\nauthorization")).unwrap();
            let end = at + 2 + text[at + 2..].find("\r\n").unwrap();
            let letter = if &text[end - 5..end - 4] == "A" { "B" } else { "A" };
            format!("{}{letter}{}", &text[..end - 5], &text[end - 4..])
        })
    }),
    ("no credential", |wire| edited(wire, |text| without_line(text, "authorization:"))),
    ("the credential twice", |wire| {
        edited(wire, |text| {
            let line = text.split("\r\n").find(|line| line.to_lowercase().starts_with("authorization:")).unwrap();
            text.replacen(line, &format!("{line}\r\n{line}"), 1)
        })
    }),
    ("another scheme", |wire| edited(wire, |text| text.replacen("Bearer", "Basic", 1))),
    ("another header", |wire| edited(wire, |text| text.replacen("\r\n", "\r\nx-role: admin\r\n", 1))),
    ("a token of two segments", |wire| {
        edited(wire, |text| {
            let line = text.split("\r\n").find(|line| line.to_lowercase().starts_with("authorization:")).unwrap();
            text.replacen(line, line.rsplit_once('.').unwrap().0, 1)
        })
    }),
    ("no certificate", |wire| Wire { identity: None, ..wire }),
    ("no intermediate", |mut wire| {
        wire.identity.as_mut().unwrap().chain.pop();
        wire
    }),
    ("the chain upside down", |mut wire| {
        wire.identity.as_mut().unwrap().chain.reverse();
        wire
    }),
    ("a certificate with a bit flipped", |mut wire| {
        let identity = wire.identity.as_mut().unwrap();
        let mut der = identity.chain[0].to_vec();
        *der.last_mut().unwrap() ^= 1;
        identity.chain[0] = der.into();
        wire
    }),
    ("another key in the handshake", |mut wire| {
        let identity = wire.identity.as_mut().unwrap();
        (identity.key, identity.proof) = (KeyName::Leaf(Person::Bob), Proof::OtherKey);
        wire
    }),
    ("plain text", |wire| Wire { transport: Transport::Plain, ..wire }),
];

#[test]
fn planted_bugs_of_the_forge_are_harness_faults() {
    let target = exhibit("reference").target;
    let world = World::new(target.policy.clone(), target.world.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let gate = runtime.block_on((target.factory)(&world)).unwrap();
    let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/accounts/{id}", Vec::new());
    // An attack as well: a forge that is wrong in the harmless direction would hide a hole.
    let name = "nbf".to_string();
    let ahead = Mutation::SetClaim { name, value: Value::Seconds(3600) };
    let attack = Case::one(Stance::Complete(Person::Alice), "GET /v1/accounts/{id}", vec![ahead]);
    for case in [honest, attack] {
        let sound = runtime.block_on(check(&gate, &world, &case, OPTIONS)).unwrap();
        assert!(matches!(sound.outcome, Outcome::Agree), "{:?}", sound.outcome);
        for (bug, warp) in BUGS {
            let checked = runtime.block_on(check_through(&gate, &world, &case, OPTIONS, warp)).unwrap();
            assert!(matches!(checked.outcome, Outcome::HarnessFault(_)), "{bug}: {:?}", checked.outcome);
        }
    }
}

/// The bugs are real ones: without the mirror they would be findings.
#[test]
fn without_the_mirror_a_bug_would_pass_as_a_finding() {
    let target = exhibit("reference").target;
    let world = World::new(target.policy.clone(), target.world.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let gate = runtime.block_on((target.factory)(&world)).unwrap();
    let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/accounts/{id}", Vec::new());
    let options = CheckOptions { mirror: false, ..OPTIONS };
    let mut findings = 0;
    for (_, warp) in BUGS {
        let checked = runtime.block_on(check_through(&gate, &world, &honest, options, warp)).unwrap();
        if let Outcome::Disagree(list) = checked.outcome {
            assert!(list.iter().any(|it| it.kind == FindingKind::FalseRefusal), "{list:?}");
            findings += 1;
        }
    }
    // Another header, and a chain without what the anchors know, are harmless to the reference server.
    assert!(findings >= 11, "{findings}");
}
