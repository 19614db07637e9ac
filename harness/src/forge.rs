//! From symbols to bytes. It never knows whether what it forges should pass.

pub mod chain;
mod der;
mod irregular;
mod names;
mod request;
pub(crate) use request::HOST;
pub(crate) mod secret;
mod signature;
pub(crate) mod token;
pub(crate) use token::pem;

use std::sync::Arc;

use gatecrash_model::{Attempt, Blueprint, ChainSpec, KeyName, Proof, Transport};
use rustls_pki_types::CertificateDer;

use crate::{keys::Keyring, world::Mint};

/// The forged bytes of one attempt.
#[derive(Clone, Debug)]
pub struct Wire {
    /// What they travel in.
    pub transport: Transport,
    /// What the client presents in the handshake.
    pub identity: Option<Identity>,
    /// The HTTP/1.1 request.
    pub request: Vec<u8>,
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
pub fn forge(
    attempt: &Attempt,
    blueprint: &Blueprint,
    keyring: &Keyring,
    mint: &Mint,
    serial: u64,
) -> Result<Wire, ForgeError> {
    let identity = attempt.chain.as_ref().map(|chain| identity(chain, mint)).transpose()?;
    let presented = identity.as_ref().map(|identity| identity.chain.as_slice()).unwrap_or_default();
    let smith = token::Smith { blueprint, keyring, mint, presented, serial };
    let token = attempt.token.as_ref().map(|token| smith.token(token)).transpose()?;
    let request = request::bytes(&attempt.request, token.as_deref(), blueprint, mint)?;
    Ok(Wire { transport: attempt.transport, identity, request })
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
