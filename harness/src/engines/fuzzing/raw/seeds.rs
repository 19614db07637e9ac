//! What raw targets begin with: the honest bytes of the world, and their nearest kin.

use gatecrash_model::{Attempting, AuthorizationForm, Mutation, Person, SlotStage, Stance, resolve, vocabulary};

use super::{
    RawOracle, around_credential,
    hello::{self, Hello},
};
use crate::{
    attacks::casefile::Surface,
    world::World,
    world::forge::{Identity, forge},
};

pub(super) fn seeds(oracle: &RawOracle, world: &World) -> Vec<Vec<u8>> {
    let mut seeds = match oracle.surface {
        Surface::RawAuthorization => fields(oracle, world),
        Surface::RawCertificate => chains(oracle, world),
        Surface::RawHttp => requests(world),
        Surface::RawTls => records(oracle),
        Surface::IdealToken | Surface::RawToken => oracle.issued.iter().map(|(token, _)| token.clone()).collect(),
        _ => Vec::new(),
    };
    let mut known = std::collections::BTreeSet::new();
    // What cannot stand in a field is no input of its target.
    seeds.retain(|seed| oracle.attempt(seed).is_some() && known.insert(seed.clone()));
    seeds
}

/// The request of a step, where it means something and can be forged.
fn request(world: &World, stance: Stance, route: String, mutations: Vec<Mutation>) -> Option<Vec<u8>> {
    let blueprint = world.blueprint();
    let attempt = resolve(&Attempting::new(stance, route, mutations), &blueprint).ok()?;
    Some(forge(&attempt, &blueprint, world.keyring(), world.mint(), 1).ok()?.request)
}

/// Every way to carry a token in its field.
fn fields(oracle: &RawOracle, world: &World) -> Vec<Vec<u8>> {
    let blueprint = world.blueprint();
    let value = |request: &[u8]| {
        let (before, after) = around_credential(request)?;
        Some(request[before.len()..request.len() - after.len()].to_vec())
    };
    let routes = blueprint.policy.routes.iter().filter(|route| !route.token_optional());
    let Some(route) = routes.map(gatecrash_model::Route::id).next() else { return Vec::new() };
    let words = vocabulary(&blueprint).into_iter();
    let forms =
        words.filter(|word| matches!(word, Mutation::Authorization(form) if *form != AuthorizationForm::Absent));
    let alice = Stance::Complete(Person::Alice);
    let honest = value(&oracle.honest.request);
    let forms = forms.filter_map(|form| value(&request(world, alice, route.clone(), vec![form])?));
    honest.into_iter().chain(forms).collect()
}

/// The certificates of a chain, one after the other.
fn octets(identity: &Identity) -> Vec<u8> {
    identity.chain.iter().flat_map(|der| der.to_vec()).collect()
}

/// The chains of everybody who has one, then Alice's leaf alone and twice.
fn chains(oracle: &RawOracle, world: &World) -> Vec<Vec<u8>> {
    let blueprint = world.blueprint();
    let route = blueprint.policy.routes.first().map(gatecrash_model::Route::id).unwrap_or_default();
    let chain = |stance: Stance| {
        let step = Attempting::new(stance, route.clone(), Vec::new());
        let attempt = resolve(&step, &blueprint).ok()?;
        let wire = forge(&attempt, &blueprint, world.keyring(), world.mint(), 1).ok()?;
        Some(octets(&wire.identity?))
    };
    let honest = oracle.honest.identity.iter().map(octets);
    let others = Person::INSIDERS.into_iter().filter_map(|person| chain(Stance::Complete(person)));
    let leaf = oracle.honest.identity.iter().filter_map(|identity| identity.chain.first().map(|leaf| leaf.to_vec()));
    let twice = leaf.clone().map(|leaf| leaf.repeat(2));
    honest.chain(others).chain(leaf).chain(twice).collect()
}

/// Requests without a token on every route, as they are and with every change of the request that carries none.
fn requests(world: &World) -> Vec<Vec<u8>> {
    let blueprint = world.blueprint();
    let routes: Vec<String> = blueprint.policy.routes.iter().map(gatecrash_model::Route::id).collect();
    let plain = routes.iter().filter_map(|route| request(world, Stance::NoToken, route.clone(), Vec::new()));
    let words = vocabulary(&blueprint).into_iter().filter(|word| word.slot().stage == SlotStage::Request);
    let last = routes.last().cloned().unwrap_or_default();
    let changed = words.filter_map(|word| request(world, Stance::NoToken, last.clone(), vec![word]));
    let chunked =
        b"POST /v1/transfers HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n\r\n".to_vec();
    plain.chain(changed).chain([chunked]).collect()
}

/// A ClientHello, alone and with what may follow it; other records; and plain text.
fn records(oracle: &RawOracle) -> Vec<Vec<u8>> {
    let honest = Hello::honest();
    let hello = honest.records(1);
    let without = |kind: u16| {
        let mut hello = honest.clone();
        hello.extensions.retain(|(other, _)| *other != kind);
        hello
    };
    // A share that the server has to ask for; TLS 1.2; a ticket nobody issued, with early data behind it.
    let retried = {
        let mut hello = without(51);
        hello.extensions.push((51, vec![0, 0]));
        hello.records(1)
    };
    let older = without(43).records(1);
    let resumed = {
        let mut hello = honest.clone();
        let identity = [&[0, 32][..], &[0x54; 32], &[0; 4]].concat();
        let binder = [&[32][..], &[0x42; 32]].concat();
        let list = |octets: &[u8]| [&(octets.len() as u16).to_be_bytes(), octets].concat();
        hello.extensions.push((42, Vec::new()));
        hello.extensions.push((41, [list(&identity), list(&binder)].concat()));
        [hello.records(1), hello::record(23, &[0; 48])].concat()
    };
    let change = hello::record(20, &[1]);
    let alert = hello::record(21, &[1, 0]);
    let data = hello::record(23, &[0; 64]);
    let mut plain = oracle.honest.request.clone();
    if let Some((before, after)) = around_credential(&oracle.honest.request) {
        // Nobody here holds a token.
        plain = [before, b"Bearer e30.e30.", after].concat();
    }
    vec![
        hello.clone(),
        [&hello[..], &change, &data].concat(),
        [&hello[..], &hello].concat(),
        [&hello[..], &alert].concat(),
        honest.records(2),
        retried,
        older,
        resumed,
        alert,
        plain,
    ]
}
