//! A certificate in a field of a proxy: forged as the attempt says, read back by another parser, and judged by who connects.

use gatecrash::{
    World, WorldOptions,
    input::parse_policy,
    model::{
        Attempting, ForwardedForm, Mutation, Peer, Person, Policy, Rule, Stance, SubjectName, Verdict, judge, resolve,
        vocabulary,
    },
    world::{
        forge::forge,
        mirror::{difference, lift},
    },
};

use crate::support::{cases, night};

/// The ways in which a proxy may be configured.
const PROXIES: [&str; 4] = [
    "field = \"client-cert\"\nverified-by = \"service\"",
    "field = \"client-cert\"",
    "field = \"xfcc\"\nverified-by = \"service\"",
    "field = \"x-forwarded-client-cert\"\nkeys = [\"by\", \"hash\", \"subject\", \"uri\"]",
];

fn policy(proxy: &str) -> Policy {
    parse_policy("gate.toml", &format!("{}\n[proxy]\n{proxy}\n", gatecrash_gallery::POLICY)).unwrap()
}

fn world(proxy: &str) -> World {
    World::new(policy(proxy), WorldOptions::default()).unwrap()
}

/// What the bytes of a step say otherwise than was meant; `None` where the step means nothing.
fn misread(step: &Attempting, world: &World) -> Option<Option<String>> {
    let blueprint = world.blueprint();
    let attempt = resolve(step, &blueprint).ok()?;
    // A thumbprint may happen to read the same in both alphabets.
    let wire = forge(&attempt, &blueprint, world.keyring(), world.mint(), 7).ok()?;
    Some(difference(&attempt.expected(&blueprint), &lift(&wire, &attempt, world, world.now())))
}

#[test]
fn every_change_behind_a_proxy_is_forged_as_it_is_meant() {
    for proxy in PROXIES {
        let world = world(proxy);
        let words = vocabulary(&world.blueprint());
        let (mut made, mut faults) = (0, Vec::new());
        for (at, word) in words.iter().enumerate().filter(|(at, _)| night() || at % 7 == 0) {
            for stance in [Stance::Complete(Person::Mallory), Stance::StolenToken(Person::Alice), Stance::NoCertificate]
            {
                // A second change, so that what stands beside the field is read as well.
                let other = &words[(at * 31 + 7) % words.len()];
                for mutations in [vec![word.clone()], vec![word.clone(), other.clone()]] {
                    let step = Attempting::new(stance, "GET /v1/accounts/{id}", mutations);
                    let Some(misread) = misread(&step, &world) else { continue };
                    made += 1;
                    faults.extend(misread.map(|what| format!("{proxy:?}: {stance}: {:?}: {what}", step.mutations)));
                }
            }
        }
        assert!(faults.is_empty(), "{} of {made}:\n{}", faults.len(), faults[..faults.len().min(5)].join("\n"));
        assert!(made > cases(3000), "{proxy}: {made}");
    }
}

fn verdict(proxy: &str, stance: Stance, route: &str, mutations: Vec<Mutation>) -> Verdict {
    let blueprint = world(proxy).blueprint();
    judge(&resolve(&Attempting::new(stance, route, mutations), &blueprint).unwrap(), &blueprint)
}

const WHOAMI: &str = "GET /v1/whoami";
const MALLORY: Stance = Stance::Complete(Person::Mallory);

#[test]
fn through_the_proxy_the_honest_are_admitted() {
    for proxy in PROXIES {
        for person in Person::INSIDERS {
            assert!(verdict(proxy, Stance::Complete(person), WHOAMI, Vec::new()).must_admit(), "{proxy}: {person:?}");
        }
        let without = verdict(proxy, Stance::NoCertificate, WHOAMI, Vec::new());
        assert!(without.refusals.contains(&Rule::CertificatePresent), "{proxy}");
        let stolen = verdict(proxy, Stance::StolenToken(Person::Alice), WHOAMI, Vec::new());
        assert!(stolen.refusals.contains(&Rule::Confirmation), "{proxy}");
    }
}

#[test]
fn past_the_proxy_the_field_counts_for_nothing() {
    for proxy in PROXIES {
        for peer in Peer::OTHERS.iter().copied() {
            let judged = verdict(proxy, Stance::Complete(Person::Alice), WHOAMI, vec![Mutation::Peer(peer)]);
            assert!(judged.must_refuse(), "{proxy}: {peer:?}");
            let rules = match peer {
                Peer::Rogue => vec![Rule::PathToAnchor, Rule::RevocationStatus],
                _ => vec![Rule::TrustedProxy],
            };
            assert!(judged.refusals.iter().eq(&rules), "{proxy}: {peer:?}: {:?}", judged.refusals);
        }
    }
}

#[test]
fn two_of_client_cert_are_none_and_of_two_elements_the_last_counts() {
    let beside = |genuine_first| vec![Mutation::Forwarded(ForwardedForm::Beside { of: Person::Alice, genuine_first })];
    for genuine_first in [true, false] {
        let judged = verdict(PROXIES[0], MALLORY, WHOAMI, beside(genuine_first));
        assert!(judged.must_refuse() && judged.refusals.contains(&Rule::ForwardedCertificate));
    }
    let judged = verdict(PROXIES[2], MALLORY, WHOAMI, beside(false));
    assert!(!judged.must_refuse() && !judged.must_admit());
    assert!(judged.admissions.iter().all(|admission| admission.principal.ends_with("/mallory")), "{judged:?}");
    for form in [ForwardedForm::HashOf(Person::Alice), ForwardedForm::UriOf(Person::Alice)] {
        let judged = verdict(PROXIES[2], MALLORY, WHOAMI, vec![Mutation::Forwarded(form)]);
        assert!(judged.admissions.iter().all(|admission| admission.principal.ends_with("/mallory")), "{judged:?}");
    }
}

/// Who verifies is promised: what a proxy rejects it does not forward.
#[test]
fn only_a_service_that_verifies_is_given_what_must_be_rejected() {
    let rogue = Mutation::ChainPath(gatecrash::model::path::ChainPath::Rogue);
    let judged = verdict(PROXIES[0], MALLORY, WHOAMI, vec![rogue.clone()]);
    assert!(judged.refusals.contains(&Rule::PathToAnchor));
    let step = Attempting::new(MALLORY, WHOAMI, vec![rogue]);
    for proxy in [PROXIES[1], PROXIES[3]] {
        assert!(resolve(&step, &world(proxy).blueprint()).is_err(), "{proxy}");
        let names = vec![SubjectName::Uri("https://example.test/alice".into())];
        let judged = verdict(proxy, MALLORY, WHOAMI, vec![Mutation::CertificateNames { names }]);
        assert!(judged.refusals.contains(&Rule::CertificateIdentity), "{proxy}");
    }
}

/// What contradicts itself in `[proxy]` is told in a line, with its place and with what would be right.
#[test]
fn broken_proxies_are_faults_with_their_line() {
    let line = gatecrash_gallery::POLICY.lines().count() + 2;
    for (proxy, wrong, right) in [
        ("field = \"xfcc\"\nkeys = [\"uri\"]", "proxy.keys: says nothing of the certificate", "add `cert` or `hash`"),
        ("field = \"xfcc\"\nkeys = [\"hash\"]", "proxy.keys: leaves out the name that identifies", "SPIFFE id"),
        (
            "field = \"xfcc\"\nverified-by = \"service\"\nkeys = [\"hash\", \"uri\"]",
            "proxy.keys: leaves out what the service verifies",
            "add `cert` and `chain`, or write `verified-by = \"proxy\"`",
        ),
        ("field = \"client-cert\"\nkeys = [\"uri\"]", "proxy.keys: names keys", "`client-cert` has no keys"),
        (
            "field = \"client-cert\"\npeer = \"spiffe://other.test/proxy\"",
            "proxy.peer: `spiffe://other.test/proxy` is no SPIFFE id of the trust domain",
            "begins with `spiffe://gatecrash.test/`",
        ),
    ] {
        let text = format!("{}\n[proxy]\n{proxy}\n", gatecrash_gallery::POLICY);
        let said = parse_policy("gate.toml", &text).unwrap_err().to_string();
        let place = |line: usize| said.starts_with(&format!("gate.toml:{line}:"));
        assert!((line..line + 5).any(place), "{said}");
        assert!(said.contains(wrong) && said.contains(right) && said.lines().count() == 1, "{said}");
    }
    let said = parse_policy("gate.toml", &format!("{}\n[proxy]\nfield = \"xff\"\n", gatecrash_gallery::POLICY));
    assert!(said.unwrap_err().to_string().contains("`client-cert`"));
}
