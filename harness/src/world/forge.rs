//! From symbols to bytes. It never knows whether what it forges should pass.

pub mod chain;
mod forwarded;
pub(crate) mod hello;
mod http1;
mod http2;
mod irregular;
mod mint;
mod names;
mod request;
pub(crate) mod secret;
mod signature;
pub(crate) mod token;
pub use mint::Mint;
pub(crate) use token::pem;

use std::sync::Arc;

use gatecrash_model::{Attempt, Blueprint, ChainSpec, Framing, KeyName, Proof, Protocol, ServerName, Transport};
use rustls_pki_types::CertificateDer;

use crate::world::keys::Keyring;

/// The forged bytes of one attempt.
#[derive(Clone, Debug)]
pub struct Wire {
    /// What they travel in.
    pub transport: Transport,
    /// The name that the handshake asks for.
    pub server_name: ServerName,
    /// The protocol that ALPN offers; none for what was there before it (RFC 7301 §3.1).
    pub alpn: Option<&'static str>,
    /// What the client presents in the handshake.
    pub identity: Option<Identity>,
    /// Everything that is written into the connection.
    pub request: Vec<u8>,
    /// Whether the client leaves the connection open until the other side has nothing more to say.
    pub persistent: bool,
    /// The text of the token, wherever it is carried.
    pub token: Option<String>,
}

impl Wire {
    /// The same request without the wish that the connection be closed after it; `None` where it is no plain request of
    /// HTTP/1.1 over TLS, after which another may follow.
    pub(crate) fn kept(&self) -> Option<Self> {
        const CLOSE: &[u8] = b"\r\nconnection: close\r\n";
        let plain = !self.persistent && self.alpn.is_none() && self.transport == Transport::Tls13;
        let at = self.request.windows(CLOSE.len()).position(|window| window == CLOSE).filter(|_| plain)?;
        let mut request = self.request.clone();
        request.drain(at..at + CLOSE.len() - 2);
        Some(Self { request, ..self.clone() })
    }

    /// A handshake that presents `identity`, if any, and nothing after it.
    pub(crate) fn of(identity: Option<Identity>) -> Self {
        Self {
            transport: Transport::Tls13,
            server_name: ServerName::Own,
            alpn: None,
            identity,
            request: Vec::new(),
            persistent: false,
            token: None,
        }
    }
}

/// What the client presents in the handshake.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificates, as presented.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key that signs the handshake.
    pub key: KeyName,
    /// How it signs.
    pub proof: Proof,
}

/// What determines the configuration of a client: who it is, and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey {
    identity: Option<(Vec<CertificateDer<'static>>, KeyName, Proof)>,
    transport: Transport,
    server_name: ServerName,
    alpn: Option<&'static str>,
}

impl From<&Wire> for ClientKey {
    fn from(wire: &Wire) -> Self {
        let identity = wire.identity.as_ref().map(|it| (it.chain.clone(), it.key, it.proof));
        Self { identity, transport: wire.transport, server_name: wire.server_name, alpn: wire.alpn }
    }
}

/// Why something cannot be forged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForgeError {
    /// What is meant to differ happens to be the same.
    #[error("the thumbprint has no letter in which the two alphabets differ")]
    Alike,
    /// The certificate writer refused.
    #[error("the certificate cannot be written: {reason}")]
    Certificate {
        /// What the writer said.
        reason: String,
    },
    /// The key cannot compute the algorithm.
    #[error("{key} cannot compute {algorithm}")]
    Key {
        /// The key.
        key: KeyName,
        /// The algorithm.
        algorithm: &'static str,
    },
}

/// Forges the bytes of an attempt. `serial` makes its unique strings unique.
///
/// `Err` when the attempt names what no writer can say.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{world::forge::forge, model::{Case, Person, Stance, resolve}};
/// let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]);
/// let blueprint = world.blueprint();
/// let attempt = resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())?;
/// let wire = forge(&attempt, &blueprint, world.keyring(), world.mint(), 0)?;
/// assert!(wire.request.starts_with(b"GET /v1/whoami HTTP/1.1\r\n"));
/// assert!(wire.token.is_some_and(|token| token.split('.').count() == 3));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn forge(
    attempt: &Attempt,
    blueprint: &Blueprint,
    keyring: &Keyring,
    mint: &Mint,
    serial: u64,
) -> Result<Wire, ForgeError> {
    let own = attempt.chain.as_ref().map(|chain| identity(chain, mint)).transpose()?;
    let presented = own.as_ref().map(|identity| identity.chain.as_slice()).unwrap_or_default();
    let token_forge = token::TokenForge { blueprint, keyring, mint, presented, serial };
    let token = attempt.token.as_ref().map(|token| token_forge.token(token)).transpose()?;
    let companion = attempt.request.companion.as_ref().map(|token| token_forge.token(token)).transpose()?;
    let forwarded = forwarded::fields(attempt, presented, blueprint, mint)?;
    let credentials = request::Credentials { token: token.as_deref(), companion: companion.as_deref(), forwarded };
    let request = request::bytes(&attempt.request, &credentials, blueprint, mint)?;
    // Behind a proxy it is the proxy that speaks TLS.
    let identity = match &attempt.forwarded {
        Some(forwarded) => forwarded.presented.as_ref().map(|chain| identity(chain, mint)).transpose()?,
        None => own,
    };
    let alpn = match attempt.request.protocol {
        Protocol::Http10 | Protocol::Http11 => None,
        Protocol::Http2(_) => Some("h2"),
        Protocol::PriorKnowledge => Some("http/1.1"),
    };
    let persistent = attempt.request.framing.has_second() || attempt.request.framing == Framing::WebSocket;
    let (transport, server_name) = (attempt.transport, attempt.server_name);
    Ok(Wire { transport, server_name, alpn, identity, request, persistent, token })
}

/// What is presented for a chain.
pub(crate) fn identity(chain: &ChainSpec, mint: &Mint) -> Result<Identity, ForgeError> {
    let certificates = chain.certificates.iter().map(|spec| mint.certificate(spec));
    let certificates = certificates.collect::<Result<Vec<Arc<_>>, _>>()?;
    let leaf = chain.certificates.first().map_or(KeyName::Other, |leaf| leaf.key);
    let key = if chain.proof == Proof::OtherKey { KeyName::Other } else { leaf };
    let chain_der = certificates.iter().map(|der| CertificateDer::from(der.to_vec())).collect();
    Ok(Identity { chain: chain_der, key, proof: chain.proof })
}
