//! The reference server as a gate, flawed gates with safe twins, and what each of them breaks.

pub mod article;
pub mod book;
pub mod docs;
pub mod documented;
pub mod first;
mod gates;
pub mod kills;
mod parts;
pub mod reference;

use axum::{Router, routing::MethodRouter};
use gatecrash::{
    __internals::exhibit::Exhibit,
    BoxError, Gate, World, WorldOptions,
    campaign::Target,
    factory,
    input::{InputError, parse_policy},
    model::{IssuerRole, Policy},
};

use parts::service;

/// What the reference server promises.
pub const POLICY: &str = include_str!("../gate.toml");

/// The file of [`POLICY`].
pub const POLICY_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/gate.toml");

/// [`POLICY`], read.
pub fn policy() -> Result<Policy, InputError> {
    parse_policy("tests/gallery/gate.toml", POLICY)
}

/// A sound bank behind TLS, with something of somebody's practice around its router.
pub fn bank(world: &World, around: impl FnOnce(Router) -> Router) -> Result<Gate, BoxError> {
    let router = service::Service::new(world, service::Steps::default())?.guarded();
    service::gate(world, around(router), parts::tls::ClientAuth::Required)
}

/// The same bank behind an accept loop of its own, which sends what comes as it comes.
pub fn bank_with_its_own_loop(world: &World, around: impl FnOnce(Router) -> Router) -> Result<Gate, BoxError> {
    let router = service::Service::new(world, service::Steps::default())?.guarded();
    parts::listener::gate(world, around(router), None)
}

/// The same bank with the JWK Sets that `jwks` has of the issuers.
pub fn bank_with_keys(world: &World, jwks: impl Fn(IssuerRole) -> Result<String, BoxError>) -> Result<Gate, BoxError> {
    let steps = service::Steps::default();
    let trust = parts::token::Trust::of_keys(world, steps.checks, &jwks)?;
    service::gate(world, service::Service::with_trust(world, steps, trust)?.guarded(), parts::tls::ClientAuth::Required)
}

/// The same bank with one more route behind the same guard.
pub fn bank_with_a_route(world: &World, path: &str, method: MethodRouter) -> Result<Gate, BoxError> {
    let router = service::Service::new(world, service::Steps::default())?.beside(Router::new().route(path, method));
    service::gate(world, router, parts::tls::ClientAuth::Required)
}

/// The same bank with a route that is asked in the query whose statement it shall tell, and may tell that of another: the last
/// one named.
pub fn bank_with_statements(world: &World, tells_the_last: bool) -> Result<Gate, BoxError> {
    let told = if tells_the_last { service::last } else { service::first };
    let router = service::Service::new(world, service::Steps::default())?.with_statements(told);
    service::gate(world, router, parts::tls::ClientAuth::Required)
}

/// The same bank as a tree of routers, whose staff may have been left without a guard.
pub fn bank_as_a_tree(world: &World, staff_guarded: bool) -> Result<Gate, BoxError> {
    let router = service::Service::new(world, service::Steps::default())?.tree(staff_guarded);
    service::gate(world, router, parts::tls::ClientAuth::Required)
}

/// Every gate: the reference server first, then the flawed ones.
pub fn exhibits() -> Result<Vec<Exhibit>, InputError> {
    let reference = Exhibit {
        name: "reference".into(),
        what: "the reference server: mutual TLS, bound tokens, scopes by table".into(),
        breaks: Default::default(),
        shows: Default::default(),
        needs: None,
        target: Target { factory: factory!(reference::gate), policy: policy()?, world: WorldOptions::default() },
        twin: None,
    };
    let mut exhibits = vec![reference];
    exhibits.extend(gates::all()?);
    Ok(exhibits)
}
