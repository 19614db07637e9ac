//! The one source of time: certificates, revocation lists and tokens are all judged by the same clock.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Seconds since the Unix epoch, fractions allowed (a NumericDate, RFC 7519 §2).
    fn now(&self) -> f64;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> f64 {
        // A system clock before 1970 yields 0, at which no certificate and no token is valid: it fails closed.
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
    }
}

/// Whole seconds, as X.509 counts: a certificate is valid through all of its last second (RFC 5280 §4.1.2.5).
pub(crate) fn whole_seconds(clock: &dyn Clock) -> u64 {
    // The cast saturates, and takes NaN to 0.
    clock.now() as u64
}

/// Hands the clock to rustls.
pub(crate) struct TlsTime(pub(crate) Arc<dyn Clock>);

impl TlsTime {
    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(whole_seconds(self.0.as_ref())))
    }
}

impl TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.now())
    }
}

impl fmt::Debug for TlsTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TlsTime")
    }
}
