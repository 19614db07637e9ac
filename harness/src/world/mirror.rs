//! The mirror: what do the forged bytes say? Read with other parsers than they were written with.

mod chain;
mod forwarded;
mod irregular;
mod request;
mod token;

use gatecrash_model::{Attempt, Lifted, Transport};

use crate::{world::World, world::forge::Wire};

/// Reads the bytes. `attempt` only settles what no reader could tell apart: which of two equal secrets made a MAC.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{world::{forge::forge, mirror::{difference, lift}}, model::{Case, Stance, resolve}};
/// let (case, blueprint) = (Case::one(Stance::NoToken, "GET /v1/whoami", vec![]), world.blueprint());
/// let attempt = resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())?;
/// let wire = forge(&attempt, &blueprint, world.keyring(), world.mint(), 0)?;
/// let seen = lift(&wire, &attempt, &world, world.now());
/// assert_eq!(difference(&attempt.expected(&blueprint), &seen), None);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn lift(wire: &Wire, attempt: &Attempt, world: &World, now: i64) -> Lifted {
    let through = forwarded::read(wire, attempt, world, now);
    let presented = match &through {
        Some(through) => through.presented.as_slice(),
        None => wire.identity.as_ref().map(|identity| identity.chain.as_slice()).unwrap_or_default(),
    };
    let client = match &through {
        Some(through) => request::Client { chain: through.chain.clone(), forwarded: Some(through.seen.clone()) },
        None => request::Client {
            chain: wire.identity.as_ref().map(|identity| chain::read(identity, world, now)),
            forwarded: None,
        },
    };
    let seal = attempt.token.as_ref().map(|token| &token.seal);
    let reader = token::Reader { world, presented, seal, now };
    request::read(wire, &reader, client)
}

/// What differs between what was meant and what the bytes say; `None` when the mirror agrees.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{world::mirror::difference, model::{Case, Stance, resolve}};
/// let (case, blueprint) = (Case::one(Stance::NoToken, "GET /v1/whoami", vec![]), world.blueprint());
/// let attempt = resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())?;
/// let meant = attempt.expected(&blueprint);
/// let mut seen = meant.clone();
/// seen.method = "PUT".into();
/// assert_eq!(difference(&meant, &seen).as_deref(), Some("method: meant GET, but the bytes say PUT"));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn difference(expected: &Lifted, seen: &Lifted) -> Option<String> {
    if expected == seen {
        return None;
    }
    let pairs = [
        ("chain", format!("{:?}", expected.chain), format!("{:?}", seen.chain)),
        ("forwarded", format!("{:?}", expected.forwarded), format!("{:?}", seen.forwarded)),
        ("credential", format!("{:?}", expected.credential), format!("{:?}", seen.credential)),
        ("method", expected.method.clone(), seen.method.clone()),
        ("path", expected.path.clone(), seen.path.clone()),
        ("headers", format!("{:?}", expected.headers), format!("{:?}", seen.headers)),
        ("body", format!("{:?}", expected.body), format!("{:?}", seen.body)),
        ("message", format!("{:?}", expected.message), format!("{:?}", seen.message)),
        ("transport", name(expected.transport).into(), name(seen.transport).into()),
    ];
    let (part, meant, read) = pairs.into_iter().find(|(_, meant, read)| meant != read)?;
    Some(format!("{part}: meant {meant}, but the bytes say {read}"))
}

fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Garbage => "no TLS",
        Transport::Plain => "plain",
        Transport::Ssl2 => "SSL 2.0",
        Transport::Tls12 => "TLS 1.2",
        Transport::Tls13 => "TLS 1.3",
        Transport::Tls13Fragmented => "TLS 1.3 in fragments",
    }
}
