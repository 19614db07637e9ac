//! `serve`: a gate on a real socket of this machine, for other tools.

use crate::cli::out::say_line;
use gatecrash_model::Person;

use super::{Failure, Gates, arguments::ServeOptions};
use crate::{
    campaign::CampaignError,
    gate::loopback::{self, ServeError},
    world::{Clock, Hit, World},
};

pub(super) fn serve(gates: &Gates, options: &ServeOptions) -> Result<u8, Failure> {
    let exhibit = gates.find(options.gate.as_deref())?;
    let mut target = exhibit.target.clone();
    target.world.seed = options.seed;
    // Other tools live in the present.
    target.world.clock = Clock::System;
    let plain = options.plain.then(|| person(&options.person)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CampaignError::Runtime)?;
    let world = World::new(target.policy.clone(), target.world.clone()).map_err(CampaignError::World)?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let gate = (target.factory)(&world).await.map_err(CampaignError::Gate)?;
        let listener = loopback::bind(options.listen).await.map_err(failure)?;
        let address =
            listener.local_addr().map_err(|source| failure(ServeError::Socket { address: options.listen, source }))?;
        // By name: a request for an address is for nobody that the certificate names.
        let scheme = if plain.is_some() { "http" } else { "https" };
        let base = format!("{scheme}://localhost:{}", address.port());
        loopback::write(&world, &options.dir, &base).map_err(failure)?;
        greet(&exhibit.name, &base, options, plain);
        loopback::serve(gate, world, listener, plain, &options.dir, told).await.map_err(failure)?;
        Ok(0)
    })
}

fn failure(error: ServeError) -> Failure {
    Failure::Usage(error.to_string())
}

fn person(name: &str) -> Result<Person, Failure> {
    let names = || Person::ALL.iter().copied().map(Person::name).collect::<Vec<_>>().join(", ");
    let found = Person::ALL.iter().copied().find(|person| person.name() == name);
    found.ok_or_else(|| Failure::Usage(format!("there is no person `{name}`; the cast is {}", names())))
}

fn greet(gate: &str, base: &str, options: &ServeOptions, plain: Option<Person>) {
    let dir = options.dir.display();
    say_line!("gate `{gate}` listens on {base}");
    say_line!("certificates, keys, tokens (fresh every minute) and openapi.json lie in {dir}");
    say_line!("none of them protects anything: never trust them outside a test\n");
    let token = format!("-H \"Authorization: Bearer $(cat {dir}/alice.jwt)\"");
    match plain {
        Some(person) => {
            say_line!("plain HTTP; the gate sees the certificate of {}", person.title());
            say_line!("  curl {token} {base}/PATH\n");
        }
        None => say_line!(
            "  curl --cacert {dir}/ca.pem --cert {dir}/alice.pem --key {dir}/alice.key \\\n    {token} {base}/PATH\n"
        ),
    }
    say_line!("every protected effect that runs is told here; end with Ctrl-C");
}

fn told(hit: &Hit) {
    let whom = hit.principal.as_ref().map_or(String::new(), |principal| format!(" as {principal}"));
    let what = hit.object.as_ref().map_or(String::new(), |object| format!(" on {object}"));
    say_line!("{} ran{whom}{what}", hit.route);
}
