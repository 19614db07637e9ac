//! The client side of the handshake: presents what was forged, signs how it is told to.
//!
//! It does not verify the server, which is the system under test. Its cryptography is Graviola's, so that no backend of
//! rustls is turned on in the user's build.

use std::sync::{Arc, LazyLock};

use gatecrash_model::{HOST, OTHER_HOST, Proof, ServerName as Asked, Transport};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureAlgorithm, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::{CertifiedKey, Signer, SigningKey},
};

use super::unproven;
use crate::{
    profile::{self, Phase},
    world::World,
    world::crypto::{self, Crypto},
    world::forge::Wire,
    world::keys::Secret,
};

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls_graviola::default_provider()));
static UNPROVEN: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| unproven::provider(&PROVIDER));
static UNPROVEN_IDEAL: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| unproven::provider(&crypto::handshake_provider()));

/// The fewest octets that rustls puts into a record.
const FRAGMENT: usize = 32;

/// The name that the client asks for.
pub(crate) fn server_name(wire: &Wire) -> Option<ServerName<'static>> {
    ServerName::try_from(if wire.server_name == Asked::Other { OTHER_HOST } else { HOST }).ok()
}

/// A configuration that presents what was forged, without resumption; made once for what determines it.
pub(crate) fn config(wire: &Wire, world: &World) -> Result<Arc<ClientConfig>, rustls::Error> {
    world.kept().clients.get_or_make(&wire.into(), || made(wire, world).map(Arc::new))
}

pub(super) fn made(wire: &Wire, world: &World) -> Result<ClientConfig, rustls::Error> {
    let identity = wire.identity.as_ref();
    let unproven = identity.is_some_and(|identity| identity.proof == Proof::Absent);
    let provider = match (world.layers().handshake, unproven) {
        (Crypto::Ideal, false) => crypto::handshake_provider(),
        (Crypto::Ideal, true) => UNPROVEN_IDEAL.clone(),
        (Crypto::Real, false) => PROVIDER.clone(),
        (Crypto::Real, true) => UNPROVEN.clone(),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unverified));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let secret = world.keyring().secret(identity.key).cloned();
            let key = Arc::new(Key { secret, proof: identity.proof });
            let certified = Arc::new(CertifiedKey::new(identity.chain.clone(), key));
            builder.with_client_cert_resolver(Arc::new(Present(certified)))
        }
    };
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_sni = wire.server_name != Asked::Absent;
    config.alpn_protocols = wire.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config.max_fragment_size = (wire.transport == Transport::Tls13Fragmented).then_some(FRAGMENT);
    Ok(config)
}

#[derive(Debug)]
struct Present(Arc<CertifiedKey>);

impl ResolvesClientCert for Present {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Clone)]
struct Key {
    secret: Option<Secret>,
    proof: Proof,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("proof", &self.proof).finish_non_exhaustive()
    }
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::ECDSA_NISTP256_SHA256).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        // What is left out needs no key.
        if self.proof == Proof::Absent {
            return Ok(Vec::new());
        }
        let _spent = profile::spend(Phase::Sign);
        let servers = (self.proof == Proof::ServerContext).then(|| as_server(message));
        let message = servers.as_deref().unwrap_or(message);
        let signature = self.secret.as_ref().and_then(|secret| secret.sign_der(message));
        let mut signature =
            signature.ok_or_else(|| rustls::Error::General("the key cannot sign a handshake".into()))?;
        if self.proof == Proof::Corrupt
            && let Some(last) = signature.last_mut()
        {
            *last ^= 1;
        }
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}

/// The same content behind the context string of a server (RFC 8446 §4.4.3).
fn as_server(message: &[u8]) -> Vec<u8> {
    const OURS: &[u8] = b"TLS 1.3, client CertificateVerify";
    const THEIRS: &[u8] = b"TLS 1.3, server CertificateVerify";
    let mut message = message.to_vec();
    if let Some(at) = message.windows(OURS.len()).position(|window| window == OURS) {
        message[at..at + THEIRS.len()].copy_from_slice(THEIRS);
    }
    message
}

#[derive(Debug)]
struct Unverified;

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        PROVIDER.signature_verification_algorithms.supported_schemes()
    }
}
