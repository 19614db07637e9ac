//! The oracle is total, does not mind the order of changes, and never grows more generous when the policy grows stricter.

use std::collections::BTreeMap;

use gatecrash::model::{
    Attempting, Binding, Blueprint, Case, ClientCertificate, Factor, Mutation, Person, Policy, Position, Reading,
    ReadingKind, Rule, Stance, Verdict, judge, readings, resolve, strategy::case, vocabulary,
};
use proptest::prelude::*;

use crate::support::blueprint;

fn verdict(case: &Case, blueprint: &Blueprint) -> Option<Verdict> {
    let blueprint = Blueprint { scene: case.scene, ..blueprint.clone() };
    resolve(case.first()?, &blueprint).ok().map(|attempt| judge(&attempt, &blueprint))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_changes_is_of_no_account(case in case(blueprint()), turn in 0usize..8) {
        let step = case.first().unwrap();
        let mut turned = step.clone();
        let by = turn % turned.mutations.len().max(1);
        turned.mutations.rotate_left(by);
        if turn > 3 {
            turned.mutations.reverse();
        }
        prop_assert_eq!(resolve(step, &blueprint()), resolve(&turned, &blueprint()));
    }

    #[test]
    fn judging_is_total(case in case(blueprint())) {
        if let Some(verdict) = verdict(&case, &blueprint()) {
            prop_assert!(!verdict.admissions.is_empty() || !verdict.refusals.is_empty());
            prop_assert_eq!(verdict.must_refuse(), verdict.latest.is_some());
        }
    }

    #[test]
    fn a_stricter_policy_admits_no_more(case in case(blueprint()), which in 0usize..9, at in 0usize..6) {
        let loose = blueprint();
        let mut strict = loose.clone();
        let policy = &mut strict.policy;
        let route = at % policy.routes.len();
        match which {
            0 => policy.tokens.leeway = 0,
            1 => policy.tokens.lifetime = Some(60),
            2 => policy.tokens.algorithms.retain(|name| name == "ES256"),
            3 => policy.tokens.types.truncate(1),
            4 => policy.may_hold.iter_mut().for_each(|entry| entry.scopes.truncate(at)),
            5 => policy.issuers.iter_mut().for_each(|issuer| issuer.may_grant.truncate(1 + at)),
            6 => policy.routes[route].scopes.push("another:scope".into()),
            7 => policy.routes[route].owner = policy.routes[route].path_parameter().map(|name| format!("path:{name}")),
            _ => policy.routes[route].security = vec![vec![gatecrash::model::Factor::Certificate, gatecrash::model::Factor::Token]],
        }
        // The stance must mean the same under both: what the honest token grants is drawn from the policy.
        let step = case.first().unwrap();
        let (Ok(attempt), Ok(again)) = (resolve(step, &loose), resolve(step, &strict)) else { return Ok(()) };
        prop_assume!(attempt == again);
        let (before, after) = (judge(&attempt, &loose), judge(&attempt, &strict));
        prop_assert!(after.admissions.is_subset(&before.admissions), "{:?} beyond {:?}", after, before);
    }

    #[test]
    fn an_entitlement_less_admits_no_more(case in case(blueprint())) {
        let full = blueprint();
        let mut step = case.first().unwrap().clone();
        step.stance = Stance::Complete(gatecrash::model::Person::Alice);
        let Ok(before) = resolve(&step, &full) else { return Ok(()) };
        let owner = judge(&before, &full);
        for lacking in [Stance::NoToken, Stance::NoCertificate, Stance::ExpiredToken] {
            step.stance = lacking;
            if let Ok(attempt) = resolve(&step, &full) {
                let less = judge(&attempt, &full);
                let route = full.route(&step.route).unwrap();
                // A change may make up for an expiry, never for a missing token or certificate.
                match lacking {
                    Stance::NoCertificate => prop_assert!(less.must_refuse(), "{:?}", less),
                    Stance::NoToken => prop_assert!(route.token_optional() || less.must_refuse(), "{:?}", less),
                    _ => prop_assert!(less.admissions.is_subset(&owner.admissions), "{:?} beyond {:?}", less, owner),
                }
            }
        }
    }
}

/// Over random cases that change something, few verdicts permit both outcomes, and no kind of change makes for many.
#[test]
fn latitude_is_narrow() {
    let blueprint = blueprint();
    let words = vocabulary(&blueprint);
    let (mut judged, mut either) = (0_u32, 0_u32);
    let mut kinds: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
    let mut state = 7_u64;
    let mut draw = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound.max(1)
    };
    for _ in 0..40_000 {
        let case = gatecrash::model::draw_case(&mut draw, &words, &blueprint);
        let bare = Case {
            steps: vec![Attempting { mutations: Vec::new(), ..case.first().unwrap().clone() }.into()],
            ..case.clone()
        };
        let changes = |case: &Case| resolve(&case.steps[0], &blueprint).ok();
        if changes(&case) == changes(&bare) {
            continue;
        }
        if let Some(verdict) = verdict(&case, &blueprint) {
            let both = u32::from(verdict.name() == "either");
            judged += 1;
            either += both;
            for mutation in case.mutations() {
                let known = kinds.entry(mutation.kind()).or_default();
                known[0] += 1;
                known[1] += both;
            }
        }
    }
    assert!(judged > 20_000, "{judged}");
    let share = |[all, both]: [u32; 2]| f64::from(both) / f64::from(all.max(1));
    // With so few cases a share says nothing.
    let wide = kinds.iter().filter(|(_, counts)| counts[0] >= 40 && share(**counts) > 0.25);
    let wide: Vec<String> = wide.map(|(kind, [all, both])| format!("{kind}: {both} of {all}")).collect();
    assert!(share([judged, either]) <= 0.03 && wide.is_empty(), "{either} of {judged}; by kind: {wide:?}");
}

#[test]
fn every_reading_and_rule_has_its_clause() {
    for &kind in ReadingKind::ALL {
        assert!(kind.clause().contains('§'), "{kind:?}");
    }
    for rule in Rule::ALL {
        assert!(rule.clause().contains('§') || rule.clause().contains("OWASP"), "{rule}");
    }
}

#[test]
fn the_first_reading_is_the_strict_one() {
    let blueprint = blueprint();
    let case = Case::one(Stance::Complete(gatecrash::model::Person::Alice), "GET /v1/whoami", Vec::new());
    let attempt = resolve(&case.steps[0], &blueprint).unwrap();
    let readings = readings(&attempt.expected(&blueprint), &blueprint);
    assert_eq!(readings[0], Reading::default());
}

/// RFC 8446 §4.4.2.4: a server that asks for a certificate may end the handshake over an unacceptable one, or go on without.
#[test]
fn a_certificate_that_no_route_asks_for_may_be_refused() {
    let mut policy = gatecrash_gallery::policy().unwrap();
    policy.certificates.client = ClientCertificate::Optional;
    policy.tokens.binding = Binding::None;
    policy.routes.iter_mut().for_each(|route| route.security = vec![vec![Factor::Token]]);
    let expired = Mutation::CertificateValidity { at: Position::Leaf, not_before: -20, not_after: -10 };
    let alice = Stance::Complete(Person::Alice);
    let of = |policy: &Policy, mutations| {
        let case = Case::one(alice, "GET /v1/whoami", mutations);
        verdict(&case, &Blueprint::new(policy.clone(), 1_790_000_000)).unwrap()
    };
    assert!(of(&policy, vec![]).must_admit());
    let optional = of(&policy, vec![expired.clone()]);
    assert!(!optional.must_admit() && !optional.must_refuse(), "{optional:?}");
    policy.certificates.client = ClientCertificate::Required;
    assert!(of(&policy, vec![expired]).must_refuse());
}
