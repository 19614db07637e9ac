//! The server: trust and settings, checked once and shared by all connections.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use axum::Router;
use rustls::ServerConfig;

use crate::answers::Answers;
use crate::audit::{Audit, AuditEvent, Decision, Stage};
use crate::bank::Bank;
use crate::cause::Cause;
use crate::clock::Clock;
use crate::jwks::{self, VerificationKey};
use crate::settings::Settings;
use crate::setup::SetupError;
use crate::trust::{Holder, Issuer, Trust};
use crate::{authority, routes, tls};

/// The resource server. Clones share everything.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    answers: Answers,
    audit: Arc<dyn Audit>,
    bank: Arc<dyn Bank>,
    clock: Arc<dyn Clock>,
    holders: Vec<Holder>,
    issuers: Issuers,
    names: Vec<String>,
    settings: Settings,
    tls: Arc<ServerConfig>,
}

/// The trusted issuers, by the value of `iss`.
pub(crate) type Issuers = HashMap<String, TrustedIssuer>;

/// An issuer whose keys have been read.
pub(crate) struct TrustedIssuer {
    pub(crate) keys: HashMap<String, VerificationKey>,
    pub(crate) may_grant: Vec<String>,
    pub(crate) speaks_for: Vec<String>,
}

impl Server {
    /// Checks what the deployment trusts.
    ///
    /// # Errors
    ///
    /// When a certificate, a revocation list, a key or a setting cannot be used: nothing is skipped over.
    pub fn new(
        trust: Trust,
        settings: Settings,
        clock: Arc<dyn Clock>,
        bank: Arc<dyn Bank>,
        audit: Arc<dyn Audit>,
    ) -> Result<Server, SetupError> {
        if settings.audience.is_empty() {
            return Err(SetupError::AudienceMissing);
        }
        let tls = tls::server_config(&trust, &clock, &audit)?;
        let shared = Shared {
            answers: Answers::new(&settings.realm)?,
            audit,
            bank,
            clock,
            holders: unique_holders(trust.holders)?,
            issuers: read_issuers(trust.issuers)?,
            names: authority::names(&trust.server_chain),
            settings,
            tls,
        };
        Ok(Server { shared: Arc::new(shared) })
    }

    /// The TLS configuration: version 1.3, client certificate required.
    pub fn tls_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.shared.tls)
    }

    /// The service behind an accepted handshake. It expects [`PeerCertificates`](crate::PeerCertificates) in the
    /// extensions of every request, and refuses requests without.
    pub fn router(&self) -> Router {
        routes::router(self)
    }

    /// Records a failed handshake in the audit log, unless the certificate verifier has already done so.
    /// [`serve_connection`](Server::serve_connection) calls it; an accept loop of one's own should too.
    pub fn handshake_failed(&self, error: &rustls::Error) {
        if let Some(cause) = tls::cause_of(error) {
            self.record_handshake(cause);
        }
    }

    pub(crate) fn record_handshake(&self, cause: Cause) {
        self.audit().record(&AuditEvent {
            stage: Stage::Handshake,
            principal: None,
            method: None,
            path: None,
            decision: Decision::Refused(cause),
        });
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.shared.answers
    }

    pub(crate) fn audit(&self) -> &dyn Audit {
        self.shared.audit.as_ref()
    }

    pub(crate) fn bank(&self) -> &dyn Bank {
        self.shared.bank.as_ref()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.shared.clock.as_ref()
    }

    pub(crate) fn issuers(&self) -> &Issuers {
        &self.shared.issuers
    }

    /// The DNS names of the server's certificate.
    pub(crate) fn names(&self) -> &[String] {
        &self.shared.names
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The scopes that certificates of this SPIFFE ID may hold: those of the longest matching prefix.
    pub(crate) fn held_by(&self, id: &str) -> &[String] {
        let matches = |holder: &&Holder| {
            holder.prefix == id || (holder.prefix.ends_with('/') && id.starts_with(holder.prefix.as_str()))
        };
        let holder = self.shared.holders.iter().filter(matches).max_by_key(|holder| holder.prefix.len());
        holder.map(|holder| holder.scopes.as_slice()).unwrap_or_default()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("audience", &self.shared.settings.audience).finish_non_exhaustive()
    }
}

fn unique_holders(holders: Vec<Holder>) -> Result<Vec<Holder>, SetupError> {
    let mut prefixes = HashSet::new();
    if let Some(twice) = holders.iter().find(|holder| !prefixes.insert(holder.prefix.as_str())) {
        return Err(SetupError::HolderDuplicated { prefix: twice.prefix.clone() });
    }
    Ok(holders)
}

fn read_issuers(issuers: Vec<Issuer>) -> Result<Issuers, SetupError> {
    let mut trusted = Issuers::new();
    for Issuer { url, jwks, speaks_for, may_grant } in issuers {
        if let Some(prefix) = speaks_for.iter().find(|prefix| !prefix.ends_with('/')) {
            return Err(SetupError::SpeaksForOpenEnded { issuer: url, prefix: prefix.clone() });
        }
        let keys = jwks::verification_keys(&url, &jwks)?;
        if trusted.insert(url.clone(), TrustedIssuer { keys, may_grant, speaks_for }).is_some() {
            return Err(SetupError::IssuerDuplicated { issuer: url });
        }
    }
    Ok(trusted)
}
