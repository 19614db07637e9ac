//! Findings that were none: what a service may do by the letter of a standard. Each names the clause that allows it.

use gatecrash::model::{
    AuthorizationForm, Binding, Blueprint, Case, Mutation, Person, Policy, Promise, Stance, SubjectName, Value, judge,
    resolve,
};

use crate::support::NOW;

/// The verdict on a request with these changes, under the gallery's policy as `change` makes it.
fn verdict_on(stance: Stance, route: &str, mutations: Vec<Mutation>, change: impl FnOnce(&mut Policy)) -> &'static str {
    let mut policy = gatecrash_gallery::policy().unwrap();
    change(&mut policy);
    assert_eq!(policy.faults(), []);
    let blueprint = Blueprint::new(policy, NOW);
    let case = Case::one(stance, route, mutations);
    let attempt = resolve(case.judged().unwrap(), &blueprint).unwrap();
    judge(&attempt, &blueprint).name()
}

fn verdict(mutations: Vec<Mutation>, change: impl FnOnce(&mut Policy)) -> &'static str {
    verdict_on(Stance::Complete(Person::Alice), "GET /v1/whoami", mutations, change)
}

fn claim(name: &str, json: &str) -> Vec<Mutation> {
    vec![Mutation::SetClaim { name: name.into(), value: Value::Json(json.into()) }]
}

fn header(name: &str, json: &str) -> Vec<Mutation> {
    vec![Mutation::SetHeader { name: name.into(), value: Value::Json(json.into()) }]
}

fn strict(_: &mut Policy) {}

/// RFC 8705 §3 asks for `cnf` of tokens that are bound. Where nothing is bound, no honest token has one, and a reader who knows it
/// may refuse one that does not hold (RFC 7800 §3).
#[test]
fn a_confirmation_where_nothing_binds() {
    let unbound = |policy: &mut Policy| policy.tokens.binding = Binding::None;
    let mut policy = gatecrash_gallery::policy().unwrap();
    unbound(&mut policy);
    let blueprint = Blueprint::new(policy, NOW);
    let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]);
    let attempt = resolve(honest.judged().unwrap(), &blueprint).unwrap();
    assert!(attempt.token.unwrap().claims.iter().all(|claim| claim.name != "cnf"));
    assert_eq!(verdict(vec![], unbound), "admit");
    for other in ["{\"jkt\":\"x\"}", "{\"x5t#S256\":\"x\"}", "null", "{}"] {
        assert_eq!(verdict(claim("cnf", other), unbound), "either", "{other}");
        assert_eq!(verdict(claim("cnf", other), strict), "refuse", "{other}");
    }
}

/// RFC 8259 §6: beyond 2^53 readers do not agree on integers, so one may refuse them, whatever lifetime is promised.
#[test]
fn a_date_beyond_every_reader() {
    let any = |policy: &mut Policy| policy.tokens.lifetime = None;
    for (exp, expected) in [
        ("9007199254740992", "admit"),
        ("9007199254740994", "either"),
        ("9223372036854775807", "either"),
        ("10000000000000000000", "either"),
        ("1e19", "either"),
        ("1e400", "either"),
    ] {
        assert_eq!(verdict(claim("exp", exp), any), expected, "{exp}");
        assert_eq!(verdict(claim("exp", exp), strict), "refuse", "{exp}");
    }
}

/// RFC 7519 §4.1.6 asks for nothing of `iat`. Who promises `nbf` alone may read it or not.
#[test]
fn an_issue_date_where_not_before_is_promised() {
    let only_nbf = |policy: &mut Policy| policy.tokens.set_promise("iat", Promise::Ignored);
    let later = |name: &str| vec![Mutation::SetClaim { name: name.into(), value: Value::Seconds(200) }];
    assert_eq!(verdict(later("iat"), only_nbf), "either");
    assert_eq!(verdict(claim("iat", "\"x\""), only_nbf), "either");
    assert_eq!(verdict(later("nbf"), only_nbf), "refuse");
    assert_eq!(verdict(later("iat"), strict), "refuse");
    // Nor is anybody kept from looking at a date that is not promised (RFC 7519 §4.1.5).
    assert_eq!(verdict(later("nbf"), |policy| policy.tokens.set_promise("nbf", Promise::Ignored)), "either");
}

/// RFC 7519 §4.1.3: a token for another audience may be refused by a service that does not promise to ask.
#[test]
fn an_audience_where_none_is_promised() {
    let unasked = |policy: &mut Policy| policy.tokens.set_promise("aud", Promise::Ignored);
    assert_eq!(verdict(claim("aud", "\"https://other.example\""), unasked), "either");
    assert_eq!(verdict(vec![], unasked), "admit");
}

/// RFC 7515 §4.1.9: JWS ignores `typ`, and an application may look at it.
#[test]
fn a_media_type_where_none_is_promised() {
    let none = |policy: &mut Policy| policy.tokens.types.clear();
    assert_eq!(verdict(vec![], none), "admit");
    assert_eq!(verdict(header("typ", "\"jwt\""), none), "admit");
    assert_eq!(verdict(header("typ", "\"at+jwt\""), none), "either");
    assert_eq!(verdict(header("typ", "\"JOSE\""), none), "either");
    assert_eq!(verdict(vec![Mutation::DropHeader("typ".into())], none), "admit");
    assert_eq!(verdict(header("typ", "\"JOSE\""), strict), "refuse");
}

/// RFC 9068 §4, RFC 7515 §4.1.9: `at+jwt` and `application/at+jwt` are one type.
#[test]
fn a_media_type_with_its_prefix() {
    let short = |policy: &mut Policy| policy.tokens.types = vec!["at+jwt".into()];
    let long = |policy: &mut Policy| policy.tokens.types = vec!["application/at+jwt".into()];
    assert_eq!(verdict(header("typ", "\"application/at+jwt\""), short), "either");
    assert_eq!(verdict(header("typ", "\"AT+JWT\""), short), "admit");
    assert_eq!(verdict(header("typ", "\"at+jwt\""), long), "either");
    assert_eq!(verdict(header("typ", "\"text/at+jwt\""), short), "refuse");
    assert_eq!(verdict(header("typ", "\"application/x/at+jwt\""), short), "refuse");
}

/// RFC 7515 §4.1.11: of a list without extensions it says that a recipient may refuse it. An extension must be understood.
#[test]
fn a_critical_list_without_extensions() {
    for list in ["[]", "[\"alg\"]", "[\"kid\",\"typ\"]"] {
        assert_eq!(verdict(header("crit", list), strict), "either", "{list}");
    }
    for list in ["[\"exp\"]", "[\"alg\",\"urn:x\"]", "\"alg\"", "null", "[7]"] {
        assert_eq!(verdict(header("crit", list), strict), "refuse", "{list}");
    }
}

/// SPIFFE X509-SVID §5: an SVID is validated with the bundle of its own trust domain, so one of another may be refused.
#[test]
fn a_certificate_of_another_trust_domain() {
    let named = |id: &str| vec![Mutation::CertificateNames { names: vec![SubjectName::Uri(id.into())] }];
    for (id, expected) in [
        ("spiffe://eve.example/staff/alice", "either"),
        ("spiffe://${domain}.eve.example/staff/alice", "either"),
        ("spiffe://${domain}/staff/zoe", "admit"),
    ] {
        assert_eq!(verdict_on(Stance::NoToken, "GET /healthz", named(id), strict), expected, "{id}");
    }
}

/// RFC 7519 §4.1.2, §4.1.7 ask for texts, RFC 6749 §A.1 lets a client be called nothing, RFC 9068 §2.2 asks that each be there: an
/// empty one may be refused or not. An empty `sub` still is not the name in the certificate.
#[test]
fn identifiers_without_a_letter() {
    assert_eq!(verdict(claim("client_id", "\"\""), strict), "either");
    assert_eq!(verdict(claim("jti", "\"\""), strict), "either");
    assert_eq!(verdict(claim("sub", "\"\""), strict), "refuse");
    assert_eq!(verdict(claim("jti", "7"), strict), "refuse");
}

/// RFC 6750 §2 tells clients to use one method; §3.1 says what a server should answer. Two fields are two credentials.
#[test]
fn a_token_in_the_query_beside_the_one_in_the_field() {
    let carried = |form: AuthorizationForm| verdict(vec![Mutation::Authorization(form)], strict);
    for second in [AuthorizationForm::QueryToo, AuthorizationForm::QueryEncodedToo] {
        assert_eq!(carried(second), "either");
    }
    for other in [AuthorizationForm::Query, AuthorizationForm::Repeated, AuthorizationForm::TwoPrincipals] {
        assert_eq!(carried(other), "refuse");
    }
}
