//! What a policy leaves out is told, with the attacks that mean nothing any more.

use gatecrash::{
    corpus::catalogue::Catalogue,
    model::{AuthorityCheck, Binding, ClientCertificate, Factor, Identity, Policy, Promise},
    report::policy_gaps::{PolicyGap, gaps_of},
};

fn told(change: impl FnOnce(&mut Policy)) -> Vec<PolicyGap> {
    let mut policy = gatecrash_gallery::policy().unwrap();
    // What it leaves out by itself.
    policy.routes.retain(|route| route.path != "/healthz");
    change(&mut policy);
    gaps_of(&policy, &Catalogue::embedded().unwrap())
}

#[test]
fn a_strict_policy_leaves_nothing_out() {
    assert_eq!(told(|_| {}), []);
}

#[test]
fn the_policy_of_the_gallery_leaves_out_one_thing() {
    let list = gaps_of(&gatecrash_gallery::policy().unwrap(), &Catalogue::embedded().unwrap());
    let whats: Vec<&str> = list.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(whats, ["GET /healthz asks for no token"]);
}

#[test]
fn each_gap_names_what_it_switches_off() {
    let one = |place: &str, family: &str, change: &dyn Fn(&mut Policy)| {
        let list = told(change);
        assert_eq!(list.len(), 1, "{place}: {list:?}");
        assert_eq!(list[0].place, place);
        assert!(list[0].families.iter().any(|it| it == family), "{place}: {family}: {list:?}");
    };
    one("certificates.client", "factor-alone", &|policy| policy.certificates.client = ClientCertificate::Optional);
    one("certificates.identity", "id-disagree", &|policy| policy.certificates.identity = Identity::None);
    one("certificates.revocation", "chain-revoked", &|policy| policy.certificates.revocation = false);
    one("http.authority", "host", &|policy| policy.http.authority = AuthorityCheck::Any);
    one("tokens.promises.aud", "aud-other", &|policy| policy.tokens.set_promise("aud", Promise::Ignored));
    one("tokens.binding", "bound-elsewhere", &|policy| policy.tokens.binding = Binding::None);
    one("tokens.types", "typ", &|policy| policy.tokens.types.clear());
    one("tokens.promises.aud", "aud-missing", &|policy| policy.tokens.set_promise("aud", Promise::IfPresent));
    one("issuers[1].may-grant", "issuer-overreach", &|policy| policy.issuers[1].may_grant.clear());
    one("issuers[1].speaks-for", "issuer-scope-of-trust", &|policy| policy.issuers[1].speaks_for.clear());
    one("may-hold", "cert-cap", &|policy| policy.may_hold.clear());
    one("routes[0].security", "factor-alone", &|policy| policy.routes[0].security = vec![vec![Factor::Certificate]]);
}

#[test]
fn a_lax_policy_is_told_item_by_item() {
    let lax = "audience = \"a\"\ntrust-domain = \"b.test\"\nissuers = [{ url = \"c\" }]\n\
        certificates = { client = \"application\", identity = \"none\", revocation = false, client-auth-purpose = false, tls12 = true }\n\
        tokens = { algorithms = [\"HS256\"], types = [], required = [], key-id = false, not-before = false, audience = false, leeway = 900, binding = \"none\" }\n\
        http = { authority = \"any\" }\nroutes = [{ method = \"GET\", path = \"/a/{id}\", security = [[\"token\"]] }]\n";
    let policy = gatecrash::input::parse_policy("gate.toml", lax).unwrap();
    let list = gaps_of(&policy, &Catalogue::embedded().unwrap());
    let lines: Vec<String> =
        list.iter().map(|it| format!("{}: {} [{}]", it.place, it.what, it.families.join(" "))).collect();
    insta::assert_snapshot!("lax_policy", lines.join("\n"));
}
