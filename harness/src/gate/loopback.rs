//! Puts a gate on a real socket of this machine, with everything that another tool needs to speak to it.

mod openapi;

use std::{io, net::SocketAddr, path::Path, rc::Rc, time::Duration};

use gatecrash_model::{Case, IssuerRole, KeyName, Person, Stance, resolve};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

pub use openapi::document;

use crate::{
    gate::{Gate, client},
    world::forge::{self, ForgeError, Identity, Wire},
    world::{Hit, World},
};

/// Octets that fit into the pipe between socket and gate, each way.
const PIPE: usize = 64 * 1024;

/// How often the tokens are written anew; an honest one lives for five minutes.
const REFRESH: Duration = Duration::from_secs(60);

/// Why a gate cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is reachable from elsewhere.
    #[error("{address} is no loopback address; a flawed gate stays on this machine")]
    Address {
        /// The address.
        address: SocketAddr,
    },
    /// A file cannot be written.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Something cannot be forged.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The socket cannot be bound.
    #[error("{address}: {source}")]
    Socket {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Binds a loopback address. `Err` for any other.
///
/// ```
/// use gatecrash::gate::loopback::{ServeError, bind};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gatecrash::BoxError> {
/// assert!(bind("127.0.0.1:0".parse()?).await.is_ok());
/// assert!(matches!(bind("192.0.2.1:8443".parse()?).await, Err(ServeError::Address { .. })));
/// # Ok(())
/// # }
/// ```
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::Address { address });
    }
    TcpListener::bind(address).await.map_err(|source| ServeError::Socket { address, source })
}

/// Serves every connection until the process ends, and tells `seen` of every protected effect that ran.
///
/// With `plain` the socket speaks plain HTTP, and the certificate of that person is presented to the gate: for tools that
/// cannot present one. The tokens in `folder` are written anew every minute. It must run in a `LocalSet`.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gatecrash::BoxError> {
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// # use gatecrash::example::gate;
/// use gatecrash::gate::loopback::{bind, serve, write};
/// let (gate, folder) = (gate(&world)?, std::path::Path::new("target/served"));
/// let listener = bind("127.0.0.1:8443".parse()?).await?;
/// write(&world, folder, "https://localhost:8443")?;
/// let told = |hit: &gatecrash::world::Hit| println!("{} ran", hit.route);
/// tokio::task::LocalSet::new().run_until(serve(gate, world, listener, None, folder, told)).await?;
/// # Ok(())
/// # }
/// ```
pub async fn serve(
    gate: Gate,
    world: World,
    listener: TcpListener,
    plain: Option<Person>,
    folder: &Path,
    seen: impl Fn(&Hit) + 'static,
) -> Result<(), ServeError> {
    let (gate, world, seen) = (Rc::new(gate), Rc::new(world), Rc::new(seen));
    let mut refresh = tokio::time::interval(REFRESH);
    loop {
        tokio::select! {
            _ = refresh.tick() => write_tokens(&world, folder)?,
            accepted = listener.accept() => {
                // A connection that fails before it is one is no concern of the others.
                let Ok((stream, _)) = accepted else { continue };
                let (gate, world, seen) = (gate.clone(), world.clone(), seen.clone());
                tokio::task::spawn_local(async move {
                    connection(&gate, &world, stream, plain).await;
                    for hit in world.witness().take().hits {
                        seen(&hit);
                    }
                });
            }
        }
    }
}

async fn connection(gate: &Gate, world: &World, mut stream: TcpStream, plain: Option<Person>) {
    let (mut near, far) = tokio::io::duplex(PIPE);
    let pass_on = async {
        match plain {
            None => {
                let _ = copy_bidirectional(&mut stream, &mut near).await;
            }
            Some(person) => {
                let Ok(wire) = identity(world, person).map(|identity| Wire::of(Some(identity))) else { return };
                let (Ok(config), Some(name)) = (client::config(&wire, world), client::server_name(&wire)) else {
                    return;
                };
                if let Ok(mut inner) = tokio_rustls::TlsConnector::from(config).connect(name, near).await {
                    let _ = copy_bidirectional(&mut stream, &mut inner).await;
                }
            }
        }
    };
    futures_util::future::join(pass_on, gate.accept(far)).await;
}

fn identity(world: &World, person: Person) -> Result<Identity, ForgeError> {
    forge::identity(&world.blueprint().chain(person), world.mint())
}

/// Writes what other tools need into `folder`: `ca.pem` to verify the server with, the clients' anchors, CRLs and JWK Sets
/// that the gate trusts, `openapi.json`, and for each person `NAME.pem` (the chain), `NAME.key` and `NAME.jwt`.
///
/// `base` is the address of the server in the OpenAPI document.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// let folder = std::env::temp_dir().join("gatecrash-doc-served");
/// gatecrash::gate::loopback::write(&world, &folder, "https://localhost:8443")?;
/// for file in ["ca.pem", "alice.pem", "alice.key", "alice.jwt", "jwks-home.json", "openapi.json"] {
///     assert!(folder.join(file).is_file(), "{file}");
/// }
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn write(world: &World, folder: &Path, base: &str) -> Result<(), ServeError> {
    let put = |name: &str, text: String| put(folder, name, &text);
    put("ca.pem", forge::pem("CERTIFICATE", &world.server_anchor()?))?;
    let anchors = world.client_anchors()?;
    put("client-anchors.pem", anchors.iter().map(|der| forge::pem("CERTIFICATE", der)).collect())?;
    put("crls.pem", world.crls()?.iter().map(|der| forge::pem("X509 CRL", der)).collect())?;
    put("jwks-home.json", world.jwks(IssuerRole::Home))?;
    put("jwks-partner.json", world.jwks(IssuerRole::Partner))?;
    let document = document(world.policy(), &world.blueprint(), base);
    put("openapi.json", format!("{document:#}\n"))?;
    for &person in Person::ALL {
        let chain = identity(world, person)?.chain;
        put(&format!("{}.pem", person.name()), chain.iter().map(|der| forge::pem("CERTIFICATE", der)).collect())?;
        if let Some(secret) = world.keyring().secret(KeyName::Leaf(person)) {
            put(&format!("{}.key", person.name()), forge::pem("PRIVATE KEY", &secret.private_der()))?;
        }
    }
    write_tokens(world, folder)
}

/// A fresh token for each person.
fn write_tokens(world: &World, folder: &Path) -> Result<(), ServeError> {
    for &person in Person::ALL {
        if let Some(token) = token(world, person)? {
            put(folder, &format!("{}.jwt", person.name()), &token)?;
        }
    }
    Ok(())
}

/// The honest token of a person, as it stands in a request; `None` where the policy has no route that takes one.
fn token(world: &World, person: Person) -> Result<Option<String>, ForgeError> {
    let blueprint = world.blueprint();
    let steps = blueprint.policy.routes.iter().filter(|route| !route.token_optional());
    let mut steps = steps.filter_map(|route| {
        let case = Case::one(Stance::Complete(person), route.id(), Vec::new());
        resolve(case.judged()?, &blueprint).ok()
    });
    let Some(attempt) = steps.next() else { return Ok(None) };
    let serial = blueprint.now.unsigned_abs();
    let wire = forge::forge(&attempt, &blueprint, world.keyring(), world.mint(), serial)?;
    let text = String::from_utf8_lossy(&wire.request);
    let line = text.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
    Ok(line.map(str::to_string))
}

fn put(folder: &Path, name: &str, text: &str) -> Result<(), ServeError> {
    let file = folder.join(name);
    // Written beside and moved, so that nobody reads half a token.
    let beside = folder.join(format!(".{name}"));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&beside, text))
        .and_then(|()| std::fs::rename(&beside, &file))
        .map_err(|source| ServeError::File { file: file.display().to_string(), source })
}
