//! TLS for gates that bring none of their own: a strict server configuration in a world.

use std::{sync::Arc, time::Duration};

use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, UnixTime},
    server::{
        NoServerSessionStorage, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    time_provider::{DefaultTimeProvider, TimeProvider},
    version::TLS13,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{
    error::BoxError,
    world::{Clock, World, WorldTime},
};

/// Whether a client must present a certificate in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// It may; the application is to look.
    Optional,
    /// It must (RFC 8446 §4.3.2).
    Required,
}

/// TLS 1.3 with the world's anchors, CRLs, server identity and clock, ALPN for HTTP/2 and HTTP/1.1, and without resumption.
///
/// A client certificate, where there is one, is verified by rustls-webpki, and for the usage and purpose that it does not
/// ask for (RFC 5280 §4.2.1.3, §4.2.1.12). `provider` is the backend that the gate's build has;
/// in an ideal world, that one takes its place.
///
/// `Err` when the world's certificates cannot be forged or used.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::gate::tls::{ClientAuth, server_config};
/// // In place of `rustls_graviola`, the backend of the service.
/// let config = server_config(&world, rustls_graviola::default_provider(), ClientAuth::Required)?;
/// assert_eq!(config.alpn_protocols, [&b"h2"[..], b"http/1.1"]);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn server_config(
    world: &World,
    provider: CryptoProvider,
    client_auth: ClientAuth,
) -> Result<Arc<ServerConfig>, BoxError> {
    server_config_with(world, world.provider(provider), client_auth)
}

/// The same with cryptography that is taken as it is, such as what [`World::provider`] gives with something around it.
///
/// `Err` as there.
///
/// ```
/// # let world = gatecrash::World::new(gatecrash::example::policy(), gatecrash::WorldOptions::default())?;
/// use gatecrash::gate::tls::{ClientAuth, server_config_with};
/// let mut provider = (*world.provider(rustls_graviola::default_provider())).clone();
/// provider.kx_groups.truncate(1);
/// assert_eq!(server_config_with(&world, provider.into(), ClientAuth::Required)?.alpn_protocols.len(), 2);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn server_config_with(
    world: &World,
    provider: Arc<CryptoProvider>,
    client_auth: ClientAuth,
) -> Result<Arc<ServerConfig>, BoxError> {
    let verifier = client_verifier(world, provider.clone(), client_auth)?;
    let time: Arc<dyn TimeProvider> = match world.clock() {
        Clock::Frozen => Arc::new(OfWorld(world.clock_hand())),
        Clock::System => Arc::new(DefaultTimeProvider),
    };
    let mut config = ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(world.server_chain()?, world.server_key())?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = [b"h2".to_vec(), b"http/1.1".to_vec()].into();
    Ok(Arc::new(config))
}

/// Verifies client certificates as [`server_config`] does: with the world's anchors and CRLs, for the usage and purpose of a client.
///
/// A service behind a proxy that forwards certificates verifies them with it, at the world's present.
///
/// `Err` when the world's certificates cannot be forged or used.
///
/// ```
/// # let world = gatecrash::World::new(gatecrash::example::policy(), gatecrash::WorldOptions::default())?;
/// use gatecrash::gate::tls::{ClientAuth, client_verifier};
/// let provider = world.provider(rustls_graviola::default_provider());
/// assert!(client_verifier(&world, provider, ClientAuth::Required)?.client_auth_mandatory());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn client_verifier(
    world: &World,
    provider: Arc<CryptoProvider>,
    client_auth: ClientAuth,
) -> Result<Arc<dyn ClientCertVerifier>, BoxError> {
    let mut roots = RootCertStore::empty();
    for anchor in world.client_anchors()? {
        roots.add(anchor)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .with_crls(world.crls()?)
        .enforce_revocation_expiration()
        .build()?;
    Ok(Arc::new(Strict { verifier, client_auth }))
}

#[derive(Debug)]
struct OfWorld(WorldTime);

impl TimeProvider for OfWorld {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.now().try_into().ok()?)))
    }
}

/// Asks for the key usage and purpose that rustls-webpki does not (RFC 5280 §4.2.1.3, §4.2.1.12).
#[derive(Debug)]
struct Strict {
    verifier: Arc<dyn ClientCertVerifier>,
    client_auth: ClientAuth,
}

impl ClientCertVerifier for Strict {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.client_auth == ClientAuth::Required
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.verifier.verify_client_cert(end_entity, intermediates, now)?;
        let used_well = usage(end_entity, false) && intermediates.iter().all(|issuer| usage(issuer, true));
        let refused = rustls::Error::InvalidCertificate(rustls::CertificateError::InvalidPurpose);
        if used_well { Ok(verified) } else { Err(refused) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn usage(der: &[u8], issues: bool) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    if issues {
        let signs = certificate.key_usage().is_ok_and(|it| it.is_none_or(|it| it.value.key_cert_sign()));
        return signs || !certificate.is_ca();
    }
    let signs = certificate.key_usage().is_ok_and(|it| it.is_none_or(|it| it.value.digital_signature()));
    let client = certificate.extended_key_usage().is_ok_and(|it| it.is_some_and(|it| it.value.client_auth));
    signs && client
}
