//! The TLS configuration: client certificates by rustls-webpki, and what that is too lax about.

use std::{sync::Arc, time::Duration};

use gatecrash::{BoxError, Clock, World};
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, UnixTime},
    server::{
        NoServerSessionStorage, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    time_provider::{DefaultTimeProvider, TimeProvider},
    version::TLS13,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Whether a client must present a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    Optional,
    Required,
}

/// TLS 1.3 with the world's anchors and CRLs.
pub(crate) fn config(world: &World, client_auth: ClientAuth) -> Result<Arc<ServerConfig>, BoxError> {
    let mut roots = RootCertStore::empty();
    for anchor in world.client_anchors()? {
        roots.add(anchor)?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .with_crls(world.crls()?)
        .enforce_revocation_expiration()
        .build()?;
    let time: Arc<dyn TimeProvider> = match world.clock() {
        Clock::Frozen => Arc::new(Still(UnixTime::since_unix_epoch(Duration::from_secs(world.now().try_into()?)))),
        Clock::System => Arc::new(DefaultTimeProvider),
    };
    let mut config = ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(Strict { verifier, client_auth }))
        .with_single_cert(world.server_chain()?, world.server_key())?;
    // A resumed session would carry a certificate that nobody has looked at again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Still(UnixTime);

impl TimeProvider for Still {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// Adds what RFC 5280 §4.2.1.3 and §4.2.1.12 ask for beyond rustls-webpki.
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
        let refused = rustls::Error::InvalidCertificate(rustls::CertificateError::InvalidPurpose);
        if !may_sign_handshakes(end_entity) || !intermediates.iter().all(|issuer| may_sign_certificates(issuer)) {
            return Err(refused);
        }
        Ok(verified)
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

fn may_sign_handshakes(der: &[u8]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    let usage = certificate.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.digital_signature()));
    let purpose = certificate.extended_key_usage().is_ok_and(|it| it.is_some_and(|it| it.value.client_auth));
    usage && purpose
}

/// A certificate that is sent along and not part of the path must meet this too; an honest client sends none.
fn may_sign_certificates(der: &[u8]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    let leaf = !certificate.is_ca();
    leaf || certificate.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()))
}
