//! Keys that are fetched from their issuer, and the clock that most services read.

use gatecrash::{
    BoxError, Gate, World, WorldOptions,
    campaign::{
        Target,
        check::{Finding, FindingKind},
    },
    factory,
    model::{IssuerRole, Rule},
    world::LoopbackIssuer,
};
use gatecrash_gallery::{bank, bank_with_keys, reference};

use super::{SOME, added, attacked, attacked_in, clean};
use crate::support::{exhibit, fetched};

/// The JWK Set of an issuer, by way of its metadata.
fn discovered(issuer: &LoopbackIssuer) -> Result<String, BoxError> {
    let metadata: serde_json::Value = serde_json::from_str(&fetched(&issuer.metadata_url()))?;
    Ok(fetched(metadata["jwks_uri"].as_str().ok_or("no `jwks_uri`")?))
}

#[test]
fn keys_of_the_loopback_issuer() {
    async fn gate(world: &World) -> Result<Gate, BoxError> {
        let [home, partner] = [IssuerRole::Home, IssuerRole::Partner].map(|role| world.loopback_issuer(role));
        let (home, partner) = (home?, partner?);
        let gate = bank_with_keys(world, |role| discovered(if role == IssuerRole::Home { &home } else { &partner }))?;
        Ok(gate.keep(home).keep(partner))
    }
    clean(&attacked(factory!(gate), |_| {}));
}

/// Whoever connects makes the gate ask its issuer anew, with whatever certificate.
#[test]
fn an_issuer_that_is_asked_for_anybody_is_found() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        let (server, issuer) = (reference::server(world)?, world.loopback_issuer(IssuerRole::Home)?);
        let url = issuer.jwks_url();
        let serve = move |io| {
            let _ = fetched(&url);
            let server = server.clone();
            async move { server.serve_connection(io).await }
        };
        Ok(Gate::serve(serve).keep(issuer))
    }
    let campaign = attacked(factory!(gate), |_| {});
    let asked = |it: &Finding| it.kind == FindingKind::LateRefusal && it.seen.contains("the key source was asked");
    assert!(campaign.findings.iter().any(asked), "{:?}", added(&campaign));
    assert!(added(&campaign).iter().all(|it| it.contains("the key source was asked")), "{:?}", added(&campaign));
}

fn under_the_system_clock(target: Target) -> Target {
    Target { world: WorldOptions::system_clock(), ..target }
}

#[test]
fn the_system_clock() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        bank(world, |router| router)
    }
    let policy = gatecrash_gallery::policy().unwrap();
    let target = Target { factory: factory!(gate), policy, world: WorldOptions::default() };
    clean(&attacked_in(under_the_system_clock(target), SOME));
}

#[test]
fn dates_that_nobody_looks_at_are_found_under_the_system_clock() {
    let campaign = attacked_in(under_the_system_clock(exhibit("extractor-without-dates").target), SOME);
    let breach = |it: &Finding| it.kind == FindingKind::Breach && it.rules.iter().eq([&Rule::Expiry]);
    assert!(campaign.findings.iter().any(breach), "{:?}", added(&campaign));
}
