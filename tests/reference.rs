//! The reference server is clean, for the right reasons, and every rule and route is exercised.

use gatecrash::{
    campaign::check::Outcome,
    corpus::catalogue::{Attack, Catalogue, Expect, Routes},
    model::{AuthorizationForm, Case, Mutation, PathForm, Person, Rule, Stance},
};

use crate::support::{blueprint, campaign_of, exhibit, night, run};

#[test]
fn it_is_clean_and_names_the_right_cause() {
    let campaign = run(&exhibit("reference").target, campaign_of(600, 16_000));
    let findings: Vec<String> =
        campaign.findings.iter().map(|it| format!("{}: {}", it.explanation(), it.seen)).collect();
    assert_eq!(findings, [""; 0]);
    assert_eq!(campaign.harness_faults, [""; 0]);
    assert!(campaign.miswirings.is_empty(), "{:?}", campaign.miswirings);
    let tally = &campaign.tally;
    assert_eq!(tally.controls[0], tally.controls[1]);
    assert!(tally.causes[0] > if night() { 3000 } else { 600 }, "{:?}", tally.causes);
    assert_eq!(tally.wrong_causes, Default::default());
    assert_eq!(tally.causes[0], tally.causes[1]);
    assert_eq!(tally.silent, 0, "refusals without an audited cause");
    for route in &blueprint().policy.routes {
        assert!(
            tally.admitted.get(&route.id()).is_some_and(|count| *count > if night() { 30 } else { 6 }),
            "{} {:?}",
            route.id(),
            tally.admitted
        );
    }
    let catalogue = Catalogue::embedded().unwrap();
    // With trust data that it cannot use, the server refuses to start, and it promises nothing of revoked tokens.
    // Those entries need not be tried.
    let attacks = catalogue.attacks.iter().enumerate();
    // Nor has its policy a proxy, a stream, a session or an assistant.
    let absent = |attack: &Attack| {
        let families = ["conn-stream", "proxy-field", "proxy-peer", "seq-session"];
        // A subject that reads like the field of a proxy is a subject like any other.
        let of_family = families.contains(&attack.family.id.as_str()) && attack.id != "proxy-field-name-in-subject";
        attack.routes == Routes::Assistant || of_family
    };
    let there = attacks.clone().filter(|(index, attack)| absent(attack) && tally.attacks.contains_key(index));
    assert_eq!(there.map(|(_, attack)| attack.id.as_str()).collect::<Vec<_>>(), [""; 0]);
    let untried = attacks.filter(|(index, attack)| !tally.attacks.contains_key(index) && !absent(attack));
    let untried: Vec<&str> = untried.map(|(_, attack)| attack.id.as_str()).collect();
    let expected = [
        "sig-rsa-key-1024",
        "sig-ed25519-small-order-key",
        "key-other-algorithm",
        "crl-unknown-critical",
        "crl-delta-only",
        "crl-empty-bitstring-idp",
        "crl-reason-partition",
        "conn-past-token-revocation",
        "seq-revoke-token",
        "seq-revoke-token-malleated",
        "seq-revoke-token-resumed",
        "seq-revoke-token-after-restart",
        "seq-revoke-token-control-new",
    ];
    assert_eq!(untried, expected);
    let tried = catalogue.attacks.iter().filter(|attack| !expected.contains(&attack.id.as_str()) && !absent(attack));
    for attack in tried.filter(|attack| attack.expect == Expect::Refuse) {
        // What is not promised is not refused: its tokens may be used again, and as often as anybody likes.
        let changes = &blueprint().policy.changes;
        let promised = |rule: &Rule| match rule {
            Rule::OneTime => changes.one_time.is_some(),
            Rule::Throttle => changes.throttle.is_some(),
            _ => true,
        };
        for rule in attack.rules.iter().filter(|rule| promised(rule)) {
            assert!(tally.refused.contains_key(rule), "{rule} was never refused");
        }
    }
}

/// A fragment comes after the query (RFC 3986 §3): whoever cuts it off sees the token there all the same.
#[test]
fn a_fragment_hides_no_query() {
    for form in [AuthorizationForm::QueryToo, AuthorizationForm::QueryEncodedToo] {
        let mutations = vec![Mutation::Path(PathForm::Fragment), Mutation::Authorization(form)];
        let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", mutations);
        let depths = gatecrash::campaign::replay(&exhibit("reference").target, &case).unwrap();
        assert!(!depths.is_empty() && depths.iter().all(|it| matches!(it.outcome, Outcome::Agree)), "{depths:?}");
    }
}
