//! Who computes: signatures of tokens, certificates, and TLS. AWS-LC, unless a deployment brings its own.

use std::sync::Arc;

use jsonwebtoken::crypto::{CryptoProvider as TokenProvider, aws_lc};
use rustls::crypto::{CryptoProvider as TlsProvider, aws_lc_rs};

/// The providers, named: nothing is installed for the process, and another backend enabled elsewhere changes nothing.
#[derive(Clone, Debug)]
pub struct Cryptography {
    /// TLS, and the signatures of certificates.
    pub tls: Arc<TlsProvider>,
    /// The signatures of tokens.
    pub tokens: &'static TokenProvider,
}

impl Default for Cryptography {
    fn default() -> Cryptography {
        Cryptography { tls: Arc::new(aws_lc_rs::default_provider()), tokens: &aws_lc::DEFAULT_PROVIDER }
    }
}
