//! TLS 1.3 with client certificates, verified by rustls-webpki, and for the usages that it does not ask for.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::TLS13,
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

/// Clients show a certificate below `anchors` that no list of `crls` names; the server shows `chain`.
pub fn config(
    anchors: Vec<CertificateDer<'static>>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error + Send + Sync>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        roots.add(anchor)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .with_crls(crls)
        .enforce_revocation_expiration()
        .build()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(ForClients(verifier)))
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

/// Takes certificates that are meant for clients, below authorities that may sign them.
#[derive(Debug)]
struct ForClients(Arc<dyn ClientCertVerifier>);

/// Whether the key may sign a handshake (RFC 5280 §4.2.1.3), and the certificate is meant for a client (§4.2.1.12).
fn is_for_a_client(leaf: &X509Certificate<'_>) -> bool {
    leaf.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.digital_signature()))
        && leaf.extended_key_usage().is_ok_and(|purposes| purposes.is_some_and(|purposes| purposes.value.client_auth))
}

/// Whether an authority may sign certificates. What is no authority leads nowhere, and hurts nobody.
fn may_sign(issuer: &X509Certificate<'_>) -> bool {
    !issuer.is_ca() || issuer.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()))
}

fn read(der: &[u8], is_good: fn(&X509Certificate<'_>) -> bool) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, certificate)| is_good(&certificate))
}

impl ClientCertVerifier for ForClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.0.verify_client_cert(leaf, intermediates, now)?;
        match read(leaf, is_for_a_client) && intermediates.iter().all(|issuer| read(issuer, may_sign)) {
            true => Ok(verified),
            false => Err(CertificateError::InvalidPurpose.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
