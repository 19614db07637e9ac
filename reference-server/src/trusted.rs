//! What is trusted at one moment: read, checked, and never changed. A reload puts another in its place, so that a
//! request sees either all of the old or all of the new.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jsonwebtoken::crypto::CryptoProvider;
use rustls::ServerConfig;

use crate::audit::Audit;
use crate::clock::Clock;
use crate::cryptography::Cryptography;
use crate::jwks::{self, VerificationKey};
use crate::setup::SetupError;
use crate::trust::{Holder, Issuer, Trust};
use crate::verifier::ClientVerifier;
use crate::{authority, tls};

/// Trust that has been read and checked.
pub(crate) struct Trusted {
    /// Counts reloads: 0 is what the server started with.
    pub(crate) generation: u64,
    pub(crate) issuers: Issuers,
    /// The DNS names of the server's certificate.
    pub(crate) names: Vec<String>,
    pub(crate) tls: Arc<ServerConfig>,
    pub(crate) verifier: Arc<ClientVerifier>,
    holders: Holders,
}

/// Prefixes of SPIFFE IDs with the scopes that they may hold.
type Holders = Vec<(String, Arc<[String]>)>;

/// The trusted issuers, by the value of `iss`.
pub(crate) type Issuers = HashMap<String, TrustedIssuer>;

/// An issuer whose keys have been read.
pub(crate) struct TrustedIssuer {
    pub(crate) keys: HashMap<String, VerificationKey>,
    pub(crate) may_grant: Arc<[String]>,
    /// Computes the signatures.
    pub(crate) provider: &'static CryptoProvider,
    pub(crate) speaks_for: Vec<String>,
}

impl Trusted {
    pub(crate) fn read(
        trust: Trust,
        generation: u64,
        cryptography: &Cryptography,
        clock: &Arc<dyn Clock>,
        audit: &Arc<dyn Audit>,
    ) -> Result<Trusted, SetupError> {
        let (tls, verifier) = tls::server_config(&trust, &cryptography.tls, clock, audit)?;
        Ok(Trusted {
            generation,
            issuers: read_issuers(trust.issuers, cryptography.tokens)?,
            names: authority::names(&trust.server_chain),
            tls,
            verifier,
            holders: unique_holders(trust.holders)?,
        })
    }

    /// The scopes that certificates of this SPIFFE ID may hold: those of the longest matching prefix.
    pub(crate) fn held_by(&self, id: &str) -> Arc<[String]> {
        let matches = |prefix: &str| prefix == id || (prefix.ends_with('/') && id.starts_with(prefix));
        let holders = self.holders.iter().filter(|(prefix, _)| matches(prefix));
        holders.max_by_key(|(prefix, _)| prefix.len()).map(|(_, scopes)| Arc::clone(scopes)).unwrap_or_default()
    }
}

fn unique_holders(holders: Vec<Holder>) -> Result<Holders, SetupError> {
    let mut prefixes = HashSet::new();
    if let Some(twice) = holders.iter().find(|holder| !prefixes.insert(holder.prefix.as_str())) {
        return Err(SetupError::HolderDuplicated { prefix: twice.prefix.clone() });
    }
    Ok(holders.into_iter().map(|holder| (holder.prefix, holder.scopes.into())).collect())
}

fn read_issuers(issuers: Vec<Issuer>, provider: &'static CryptoProvider) -> Result<Issuers, SetupError> {
    let mut trusted = Issuers::new();
    for Issuer { url, jwks, speaks_for, may_grant } in issuers {
        if let Some(prefix) = speaks_for.iter().find(|prefix| !prefix.ends_with('/')) {
            return Err(SetupError::SpeaksForOpenEnded { issuer: url, prefix: prefix.clone() });
        }
        let (keys, may_grant) = (jwks::verification_keys(&url, &jwks)?, may_grant.into());
        if trusted.insert(url.clone(), TrustedIssuer { keys, may_grant, provider, speaks_for }).is_some() {
            return Err(SetupError::IssuerDuplicated { issuer: url });
        }
    }
    Ok(trusted)
}
