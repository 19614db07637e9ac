//! Requests as messages: what the version of HTTP does not change, and what every form of a message comes to.

use gatecrash::model::{
    Case, Framing, HostForm, Http2Form, Mutation, Person, Protocol, Rule, Stance, judge, resolve, strategy::case,
};
use proptest::prelude::*;

use crate::support::blueprint;

const ALICE: Stance = Stance::Complete(Person::Alice);

fn over_http2(case: &Case) -> Case {
    let mut case = case.clone();
    case.first_mut().unwrap().mutations.push(Mutation::Protocol(Protocol::Http2(Http2Form::Plain)));
    case
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_version_of_http_changes_no_verdict(case in case(blueprint())) {
        let blueprint = blueprint();
        prop_assume!(case.mutations().all(|it| !["framing", "host", "protocol"].contains(&it.kind())));
        let (Ok(before), Ok(after)) =
            (resolve(&case.steps[0], &blueprint), resolve(&over_http2(&case).steps[0], &blueprint)) else { return Ok(()) };
        prop_assert_eq!(judge(&before, &blueprint), judge(&after, &blueprint));
    }
}

#[test]
fn a_second_request_is_never_let_in() {
    let blueprint = blueprint();
    let mut seconds = 0;
    for &framing in Framing::ALL {
        for route in &blueprint.policy.routes {
            let case = Case::one(ALICE, route.id(), vec![Mutation::Framing(framing)]);
            let Ok(attempt) = resolve(&case.steps[0], &blueprint) else { continue };
            let verdict = judge(&attempt, &blueprint);
            assert_eq!(verdict.second.is_some(), framing.has_second(), "{framing} on {}", route.id());
            let Some(second) = verdict.second else { continue };
            seconds += 1;
            assert!(!second.same_route, "{framing} on {}", route.id());
            let wanted = if second.hidden { Rule::OneRequest } else { Rule::TokenPresent };
            assert!(second.rules.iter().eq([&wanted]), "{framing}: {:?}", second.rules);
        }
    }
    assert!(seconds > 60, "{seconds}");
}

#[test]
fn a_gate_may_speak_http2_alone() {
    let mut alone = blueprint();
    alone.policy.http.versions = vec!["2".into()];
    assert!(alone.policy.faults().is_empty());
    let of = |mutation: Option<Mutation>| {
        let case = Case::one(ALICE, "GET /v1/whoami", mutation.into_iter().collect());
        resolve(&case.steps[0], &alone)
    };
    let honest = of(None).unwrap();
    assert_eq!(honest.request.protocol, Protocol::Http2(Http2Form::Plain));
    assert!(judge(&honest, &alone).must_admit());
    // RFC 9110 §15.5.22: a version that is not served is refused.
    for other in [Protocol::Http10, Protocol::Http11] {
        let verdict = judge(&of(Some(Mutation::Protocol(other))).unwrap(), &alone);
        assert!(verdict.must_refuse() && verdict.refusals.iter().eq([&Rule::HttpVersion]), "{other:?}");
    }
    assert!(of(Some(Mutation::Framing(Framing::Chunked))).is_err(), "HTTP/2 frames its messages itself");
    alone.policy.http.versions.clear();
    assert_eq!(alone.policy.faults()[0].place, "http.versions");
}

#[test]
fn a_policy_may_leave_the_host_to_a_proxy() {
    let own = blueprint();
    let mut any = own.clone();
    any.policy.http.authority = gatecrash::model::AuthorityCheck::Any;
    let verdict = |form, blueprint: &_| {
        let case = Case::one(ALICE, "GET /v1/whoami", vec![Mutation::Host(form)]);
        judge(&resolve(&case.steps[0], blueprint).unwrap(), blueprint)
    };
    assert!(verdict(HostForm::Other, &own).must_refuse());
    assert!(verdict(HostForm::Other, &any).must_admit());
    // Two hosts are no host, whoever looks.
    assert!(verdict(HostForm::OwnThenOther, &any).must_refuse());
}
