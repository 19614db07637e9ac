//! The TLS configuration: version 1.3 alone, client certificate required, no resumption, no early data.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{Error, HandshakeType, ServerConfig, version};

use crate::audit::Audit;
use crate::cause::Cause;
use crate::clock::{Clock, TlsTime};
use crate::setup::SetupError;
use crate::trust::Trust;
use crate::verifier::ClientVerifier;

/// Builds the configuration. The provider is passed on explicitly: nothing is installed for the process.
pub(crate) fn server_config(
    trust: &Trust,
    provider: &Arc<CryptoProvider>,
    clock: &Arc<dyn Clock>,
    audit: &Arc<dyn Audit>,
) -> Result<(Arc<ServerConfig>, Arc<ClientVerifier>), SetupError> {
    let verifier = Arc::new(ClientVerifier::new(
        &trust.client_anchors,
        &trust.crls,
        provider.signature_verification_algorithms,
        TlsTime(Arc::clone(clock)),
        Arc::clone(audit),
    )?);
    let chain: Vec<CertificateDer<'static>> = trust.server_chain.clone();
    let key: PrivateKeyDer<'static> = trust.server_key.clone_key();
    let mut config = ServerConfig::builder_with_details(Arc::clone(provider), Arc::new(TlsTime(Arc::clone(clock))))
        .with_protocol_versions(&[&version::TLS13])
        .and_then(|builder| builder.with_client_cert_verifier(verifier.clone()).with_single_cert(chain, key))
        .map_err(|source| SetupError::ServerCertificate { source })?;
    // A resumed session would skip the certificate, and with it revocation (RFC 8446 §4.6.1).
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), verifier))
}

/// The cause of a failure that the verifier has not recorded; `None` when it has.
pub(crate) fn cause_of(error: &Error) -> Option<Cause> {
    match error {
        // Only the verifier says this, and it has recorded why.
        Error::InvalidCertificate(_) => None,
        Error::NoCertificatesPresented => Some(Cause::CertificateMissing),
        Error::InappropriateHandshakeMessage { expect_types, .. }
            if expect_types.contains(&HandshakeType::CertificateVerify) =>
        {
            Some(Cause::ProofOfPossession)
        }
        _ => Some(Cause::TlsProtocol),
    }
}
