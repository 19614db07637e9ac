//! Ordinary services, one for each profile: each is clean as its provider's documentation has it, and a twin with one mistake is
//! found out, by name, in the first finding.

mod auth0;
mod bearer;
mod behind_envoy;
mod cognito;
mod entra;
mod firebase;
mod jwt_svid;
mod keycloak;
mod kubernetes;
mod named;
mod rfc9068_mtls;
mod shop;

use axum::{Router, extract::ConnectInfo};
use gatecrash::{
    Gate, World, WorldOptions,
    campaign::{
        Bound, Campaign, CampaignOptions, Target,
        check::{Finding, FindingKind},
    },
    corpus::catalogue::Severity,
    gate::tls::{ClientAuth, server_config},
    input::parse_policy,
    model::{Policy, Profile, Rule},
    report::severity,
};

use crate::support::{night, run};
use shop::Peer;

/// The most lines of a policy.
const LINES: usize = 15;

/// A service by the profile that its tokens have, with the mistake of its twin.
struct Service {
    profile: Profile,
    policy: &'static str,
    /// The routes, with the mistake or without it.
    router: fn(&World, bool) -> Router,
    /// What the mistake leaves unchecked.
    mistake: Rule,
}

const fn service(profile: Profile, policy: &'static str, router: fn(&World, bool) -> Router, mistake: Rule) -> Service {
    Service { profile, policy, router, mistake }
}

const SERVICES: [Service; 9] = [
    service(Profile::Auth0, include_str!("services/auth0.toml"), auth0::router, Rule::Scope),
    service(Profile::Bearer, include_str!("services/bearer.toml"), bearer::router, Rule::Expiry),
    service(Profile::Cognito, include_str!("services/cognito.toml"), cognito::router, Rule::Issuer),
    service(Profile::Entra, include_str!("services/entra.toml"), entra::router, Rule::Audience),
    service(Profile::Firebase, include_str!("services/firebase.toml"), firebase::router, Rule::IssuedAt),
    service(Profile::JwtSvid, include_str!("services/jwt-svid.toml"), jwt_svid::router, Rule::Ownership),
    service(Profile::Keycloak, include_str!("services/keycloak.toml"), keycloak::router, Rule::Audience),
    service(Profile::Kubernetes, include_str!("services/kubernetes.toml"), kubernetes::router, Rule::NotBefore),
    service(Profile::Rfc9068Mtls, include_str!("services/rfc9068-mtls.toml"), rfc9068_mtls::router, Rule::Confirmation),
];

/// A service whose client certificates come through Envoy.
const BEHIND_ENVOY: Service =
    service(Profile::Rfc9068Mtls, include_str!("services/behind-envoy.toml"), behind_envoy::router, Rule::TrustedProxy);

const fn by_name(policy: &'static str, router: fn(&World, bool) -> Router, mistake: Rule) -> Service {
    service(Profile::Rfc9068Mtls, policy, router, mistake)
}

/// A policy of the shop whose certificates name people in another way: the kind of name, and what people are called by it.
macro_rules! named {
    ($identity:literal, $people:literal) => {
        concat!(
            "audience = \"https://orders.example.test\"\ntrust-domain = \"example.test\"\n",
            "issuers = [{ url = \"https://issuer.example.test\" }]\ntokens.algorithms = [\"ES256\"]\n",
            "http.authority = \"any\"\ncertificates.identity = \"",
            $identity,
            "\"\npeople.principal = \"",
            $people,
            "\"\n[[routes]]\nmethod = \"GET\"\npath = \"/me\"\n[[routes]]\nmethod = \"GET\"\npath = \"/orders/{id}\"\n",
            "scopes = [\"orders:read\"]\nowner = \"path:id\"\n"
        )
    };
}

const BY_COMMON_NAME: Service =
    by_name(named!("common-name", "{name}.{tenant}"), named::by_name, Rule::CertificateIdentity);
const BY_DNS_NAME: Service =
    by_name(named!("dns", "{name}.{tenant}.{domain}"), named::by_name, Rule::CertificateIdentity);
const BY_EMAIL: Service = by_name(named!("email", "{name}@{domain}"), named::by_name, Rule::CertificateIdentity);
const BY_UNIT: Service = by_name(named!("organizational-unit", "{name}.{tenant}"), named::unbound, Rule::Confirmation);

const BY_COOKIE: Service = service(
    Profile::Bearer,
    "profile = \"bearer\"\ntokens.carried = { cookie = \"session\" }\n[[routes]]\nmethod = \"GET\"\npath = \"/me\"\n\
     [[routes]]\nmethod = \"GET\"\npath = \"/orders/{id}\"\nscopes = [\"orders:read\"]\nowner = \"path:id\"\n",
    named::by_cookie,
    Rule::Expiry,
);

const OF_FOUR_ISSUERS: Service = service(
    Profile::Bearer,
    "profile = \"bearer\"\ntokens.algorithms = [\"ES256\"]\ntokens.key-id = true\nissuers = [\n\
     { url = \"https://one.example.test\" },\n{ url = \"https://two.example.test\" },\n\
     { url = \"https://three.example.test\" },\n{ url = \"https://four.example.test\" },\n]\n[[routes]]\nmethod = \"GET\"\n\
     path = \"/me\"\n",
    named::of_several_issuers,
    Rule::KeyId,
);

/// The services that are attacked by day, too: a secret, a provider, and client certificates.
const BY_DAY: [Profile; 3] = [Profile::Bearer, Profile::Keycloak, Profile::Rfc9068Mtls];

fn attacked(service: &Service, mistake: bool) -> Campaign {
    let target = target(service, mistake);
    let options = CampaignOptions { sample_routes: true, ..CampaignOptions::default() };
    let fixed = gatecrash::campaign::plan(&target, options).unwrap().fixed();
    let attempts = match (night(), BY_DAY.contains(&service.profile)) {
        (true, _) => fixed + 20_000,
        (false, true) => fixed,
        // Everybody who may ask, on each route; and the attacks that come first.
        (false, false) => fixed.min(60),
    };
    run(&target, CampaignOptions { bound: Bound::Attempts(attempts), ..options })
}

fn target(service: &Service, mistake: bool) -> Target {
    let router = service.router;
    let factory = gatecrash::gate::factory::boxed(move |world| {
        Box::pin(async move {
            let client_auth = match world.policy().certificates.client {
                gatecrash::model::ClientCertificate::Required => ClientAuth::Required,
                _ => ClientAuth::Optional,
            };
            let tls = server_config(world, rustls_graviola::default_provider(), client_auth)?;
            let gate = Gate::https(tls, router(world, mistake));
            Ok(gate.peer_certificates(|extensions, chain| {
                extensions.insert(ConnectInfo(Peer(chain.to_vec())));
            }))
        })
    });
    let policy: Policy = parse_policy("gate.toml", service.policy).unwrap();
    Target { factory, policy, world: WorldOptions::system_clock() }
}

/// Whether a finding is no more than a form that a standard tells servers to refuse.
fn is_leniency(finding: &Finding) -> bool {
    finding.kind == FindingKind::Leniency
}

fn told(finding: &Finding, campaign: &Campaign) -> String {
    let severity = severity(finding, &campaign.catalogue).name();
    format!("{} {severity}: {} [{:?}] {}", finding.kind.name(), finding.short(), finding.rules, finding.seen)
}

/// Every honest request is admitted, and no finding is above `low`.
fn clean(service: &Service) {
    let name = service.profile.name();
    assert!(service.policy.lines().count() <= LINES, "{name}: {} lines", service.policy.lines().count());
    let campaign = attacked(service, false);
    assert!(campaign.miswirings.is_empty(), "{name}: {:?}", campaign.miswirings.first());
    let above: Vec<String> = campaign
        .findings
        .iter()
        .filter(|finding| severity(finding, &campaign.catalogue) > Severity::Low && !is_leniency(finding))
        .map(|finding| told(finding, &campaign))
        .collect();
    assert!(above.is_empty(), "{name}:\n{}", above.join("\n"));
}

/// The first finding names what the mistake leaves unchecked.
fn found(service: &Service) {
    if !night() && !BY_DAY.contains(&service.profile) {
        return;
    }
    let campaign = attacked(service, true);
    let all: Vec<String> = campaign.findings.iter().map(|finding| told(finding, &campaign)).collect();
    // A form that a standard tells servers to refuse is nobody's mistake here.
    let first = campaign.findings.iter().find(|finding| !is_leniency(finding));
    assert!(
        first.is_some_and(|first| first.rules.contains(&service.mistake)),
        "{}: {}\n{}",
        service.profile.name(),
        service.mistake,
        all.join("\n")
    );
}

fn of(profile: Profile) -> &'static Service {
    SERVICES.iter().find(|service| service.profile == profile).unwrap()
}

macro_rules! tests {
    ($($profile:ident, $clean:ident, $found:ident;)*) => {
        $(#[test]
        fn $clean() {
            clean(of(Profile::$profile));
        }

        #[test]
        fn $found() {
            found(of(Profile::$profile));
        })*
    };
}

tests! {
    Auth0, auth0_as_documented, auth0_without_scopes;
    Bearer, bearer_as_documented, bearer_without_expiry;
    Cognito, cognito_as_documented, cognito_of_any_issuer;
    Entra, entra_as_documented, entra_for_any_audience;
    Firebase, firebase_as_documented, firebase_issued_later;
    JwtSvid, jwt_svid_as_documented, jwt_svid_on_anybodys_order;
    Keycloak, keycloak_as_documented, keycloak_for_any_audience;
    Kubernetes, kubernetes_as_documented, kubernetes_before_its_time;
    Rfc9068Mtls, rfc9068_mtls_as_documented, rfc9068_mtls_unbound;
}

#[test]
fn behind_envoy_as_documented() {
    clean(&BEHIND_ENVOY);
}

#[test]
fn behind_envoy_and_past_it() {
    found(&BEHIND_ENVOY);
}

/// The attacks of one section find the mistake of a twin, first of all.
fn found_in(section: char, service: &Service) {
    let options = CampaignOptions {
        section: Some(section),
        random: false,
        sample_routes: true,
        bound: Bound::Catalogue,
        ..CampaignOptions::default()
    };
    let campaign = run(&target(service, true), options);
    let all: Vec<String> = campaign.findings.iter().map(|finding| told(finding, &campaign)).collect();
    let above = |finding: &&Finding| severity(finding, &campaign.catalogue) > Severity::Low && !is_leniency(finding);
    let first = campaign.findings.iter().find(above);
    assert!(
        first.is_some_and(|first| first.rules.contains(&service.mistake)),
        "{}\n{}",
        service.mistake,
        all.join("\n")
    );
}

macro_rules! named_tests {
    ($($service:ident, $clean:ident, $section:literal, $found:ident;)*) => {
        $(#[test]
        fn $clean() {
            clean(&$service);
        }

        #[test]
        fn $found() {
            if night() {
                found_in($section, &$service);
            }
        })*
    };
}

named_tests! {
    BY_COMMON_NAME, common_names_are_identities, 'G', the_first_common_name_is_none;
    BY_DNS_NAME, dns_names_are_identities, 'G', the_first_dns_name_is_none;
    BY_EMAIL, email_names_are_identities, 'G', the_first_email_name_is_none;
    BY_UNIT, organizational_units_are_identities, 'D', a_token_without_its_unit;
    BY_COOKIE, tokens_come_in_a_cookie, 'C', an_expired_cookie;
    OF_FOUR_ISSUERS, four_issuers_have_keys_of_their_own, 'A', keys_of_another_issuer;
}

/// Nine issuers are as good as one, and of more the policy says what is wrong.
#[test]
fn nine_issuers_are_a_world_and_ten_are_a_fault() {
    let policy = |count: usize| {
        let issuers: Vec<String> =
            (1..=count).map(|at| format!("{{ url = \"https://issuer{at}.example.test\" }}")).collect();
        format!(
            "profile = \"bearer\"\nissuers = [{}]\ntokens.algorithms = [\"ES256\"]\n[[routes]]\nmethod = \"GET\"\npath = \"/me\"\n",
            issuers.join(", ")
        )
    };
    let world = World::new(parse_policy("gate.toml", &policy(9)).unwrap(), WorldOptions::default()).unwrap();
    let sets: std::collections::BTreeSet<String> =
        (0..9).map(|place| world.jwks(gatecrash::model::IssuerRole::at(place))).collect();
    assert_eq!(sets.len(), 9, "each issuer has keys of its own");
    let said = parse_policy("gate.toml", &policy(10)).unwrap_err().to_string();
    assert_eq!(
        said,
        "gate.toml:2:1: issuers: 10 issuers; the world has keys for 9 issuers; leave out some that are alike"
    );
}

#[test]
fn every_profile_has_a_service() {
    assert!(Profile::ALL.iter().all(|profile| SERVICES.iter().any(|service| service.profile == *profile)));
}
