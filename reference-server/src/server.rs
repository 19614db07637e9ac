//! The server: trust and settings, checked before use and shared by all connections.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use axum::Router;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::time::Instant;

use crate::answers::Answers;
use crate::audit::{Audit, AuditEvent};
use crate::bank::Bank;
use crate::cause::Cause;
use crate::clock::Clock;
use crate::settings::Settings;
use crate::setup::SetupError;
use crate::throttle::Throttle;
use crate::token::Jws;
use crate::trust::Trust;
use crate::trusted::Trusted;
use crate::{routes, tls};

/// The resource server. Clones share everything.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

/// Hears of the issuer's URL.
type OnUnknownKey = Box<dyn Fn(&str) + Send + Sync>;

struct Shared {
    answers: Answers,
    audit: Arc<dyn Audit>,
    bank: Arc<dyn Bank>,
    clock: Arc<dyn Clock>,
    /// When what is trusted was last known to be what the deployment would load.
    current_at: Mutex<Instant>,
    on_unknown_key: OnceLock<OnUnknownKey>,
    reloading: Mutex<()>,
    settings: Settings,
    throttle: Option<Throttle>,
    trusted: RwLock<Arc<Trusted>>,
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
        let trusted = Trusted::read(trust, 0, &settings.cryptography, &clock, &audit)?;
        let shared = Shared {
            answers: Answers::new(&settings.realm)?,
            audit,
            bank,
            clock,
            current_at: Mutex::new(Instant::now()),
            on_unknown_key: OnceLock::new(),
            reloading: Mutex::new(()),
            throttle: settings.throttle.clone().map(Throttle::new),
            settings,
            trusted: RwLock::new(Arc::new(trusted)),
        };
        Ok(Server { shared: Arc::new(shared) })
    }

    /// Puts other trust in place of the present one, all of it at once. Requests and handshakes under way end with
    /// what they began with. The certificates of open connections are judged again at their next request.
    ///
    /// # Errors
    ///
    /// As [`Server::new`]; what was trusted before then stays in force.
    pub fn reload(&self, trust: Trust) -> Result<(), SetupError> {
        // One at a time, so that each generation is one trust.
        let _one = self.shared.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.trusted().generation + 1;
        let Shared { audit, clock, settings, .. } = &*self.shared;
        let trusted = Trusted::read(trust, generation, &settings.cryptography, clock, audit)?;
        *self.shared.trusted.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(trusted);
        Ok(())
    }

    /// Says that what is trusted now is what the deployment would load now. With `max_staleness` among the
    /// [`Settings`], requests are refused when this has not been said for longer.
    pub fn trust_is_current(&self) {
        *self.shared.current_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Refuses when what is trusted may be out of date for too long.
    pub(crate) fn check_staleness(&self) -> Result<(), Cause> {
        let Some(longest) = self.settings().max_staleness else { return Ok(()) };
        let current_at = *self.shared.current_at.lock().unwrap_or_else(PoisonError::into_inner);
        if current_at.elapsed() > longest { Err(Cause::TrustStale) } else { Ok(()) }
    }

    /// Has `notify` called with an issuer's URL when a token names a key that the issuer does not have. The client
    /// certificate has been accepted by then; the request is refused all the same. It should not block. The first
    /// call counts.
    pub fn on_unknown_key(&self, notify: impl Fn(&str) + Send + Sync + 'static) {
        let _ = self.shared.on_unknown_key.set(Box::new(notify));
    }

    /// The TLS configuration: version 1.3, client certificate required. It is that of the present trust.
    pub fn tls_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.trusted().tls)
    }

    /// Judges a chain of client certificates, leaf first, as the handshake would now, and records nothing: for trying
    /// out what a deployment accepts.
    ///
    /// # Errors
    ///
    /// The cause for which the handshake would refuse it.
    pub fn judge_chain(&self, chain: &[CertificateDer<'_>]) -> Result<(), Cause> {
        let (leaf, intermediates) = chain.split_first().ok_or(Cause::CertificateMissing)?;
        self.trusted().verifier.judge(leaf, intermediates)
    }

    /// Judges form, algorithm, key and signature of a JWS in compact serialization by an issuer's present keys
    /// (RFC 7515 §5.2), and says what was signed. No claim is looked at: it admits nobody.
    ///
    /// # Errors
    ///
    /// The cause for which a token with this header and signature would be refused.
    pub fn judge_signature(&self, issuer: &str, jws: &str) -> Result<Vec<u8>, Cause> {
        let trusted = self.trusted();
        let issuer = trusted.issuers.get(issuer).ok_or(Cause::Issuer)?;
        Ok(Jws::parse(jws)?.signed_octets(issuer, || ())?.to_vec())
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
        self.audit().record(&AuditEvent::handshake(cause));
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.shared.answers
    }

    pub(crate) fn audit(&self) -> &dyn Audit {
        self.shared.audit.as_ref()
    }

    /// For what is no effect. Handlers ask [`bank`](Server::bank).
    pub(crate) fn bank_unrecorded(&self) -> &dyn Bank {
        self.shared.bank.as_ref()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.shared.clock.as_ref()
    }

    pub(crate) fn key_is_unknown(&self, issuer: &str) {
        if let Some(notify) = self.shared.on_unknown_key.get() {
            notify(issuer);
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub(crate) fn throttle(&self) -> Option<&Throttle> {
        self.shared.throttle.as_ref()
    }

    /// What is trusted now. A request asks once.
    pub(crate) fn trusted(&self) -> Arc<Trusted> {
        Arc::clone(&self.shared.trusted.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("audience", &self.shared.settings.audience).finish_non_exhaustive()
    }
}
