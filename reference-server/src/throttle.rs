//! Slows down who keeps guessing (CWE-307): after some refusals a client certificate waits, twice as long each time.
//! Counts by certificate, so that nobody can use up another's tries; remembers a bounded number of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::audit::Refusal;
use crate::binding::Digest;
use crate::cause::Cause;
use crate::connection::PeerCertificates;
use crate::vetting::Vetting;
use crate::{answers, binding};
use axum::extract::Request;
use axum::response::Response;

/// How refusals slow a client certificate down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Refusals that cost nothing.
    pub free: u32,
    /// The first wait; each further refusal doubles it.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// Time without a refusal after which all is forgotten.
    pub forget_after: Duration,
    /// Most certificates remembered; the one refused longest ago makes room.
    pub most_certificates: usize,
}

impl Default for ThrottleSettings {
    fn default() -> ThrottleSettings {
        ThrottleSettings {
            free: 10,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(300),
            forget_after: Duration::from_secs(900),
            most_certificates: 4096,
        }
    }
}

/// The refusals of late, by certificate. Times are in seconds since the Unix epoch.
pub(crate) struct Throttle {
    settings: ThrottleSettings,
    records: Mutex<HashMap<Digest, Record>>,
}

#[derive(Clone, Copy)]
struct Record {
    refusals: u32,
    last: f64,
    free_at: f64,
}

impl Throttle {
    pub(crate) fn new(settings: ThrottleSettings) -> Throttle {
        Throttle { settings, records: Mutex::new(HashMap::new()) }
    }

    /// How long the certificate has to wait, in whole seconds, rounded up; `None` when it need not.
    fn wait(&self, certificate: &Digest, now: f64) -> Option<u64> {
        let record = *self.lock().get(certificate)?;
        let left = record.free_at - now;
        // The cast saturates.
        (left > 0.0).then(|| left.ceil() as u64)
    }

    /// Notes a refusal.
    fn refused(&self, certificate: Digest, now: f64) {
        let ThrottleSettings { free, first_wait, longest_wait, forget_after, most_certificates } = &self.settings;
        let mut records = self.lock();
        let known = records.get(&certificate).filter(|record| now - record.last < forget_after.as_secs_f64());
        let refusals = known.map_or(0, |record| record.refusals).saturating_add(1);
        let free_at = match refusals.checked_sub(free.saturating_add(1)) {
            None => now,
            Some(doublings) => {
                let wait = first_wait.as_secs_f64() * 2_f64.powi(i32::try_from(doublings).unwrap_or(i32::MAX));
                now + wait.min(longest_wait.as_secs_f64())
            }
        };
        if !records.contains_key(&certificate) && records.len() >= *most_certificates {
            let oldest = records.iter().min_by(|left, right| left.1.last.total_cmp(&right.1.last));
            if let Some(oldest) = oldest.map(|(fingerprint, _)| *fingerprint) {
                records.remove(&oldest);
            }
        }
        records.insert(certificate, Record { refusals, last: now, free_at });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the throttle has to do with one request: nothing, when there is none.
pub(crate) struct Tries<'a>(Option<(&'a Throttle, Digest)>);

impl Tries<'_> {
    pub(crate) fn of<'a>(throttle: Option<&'a Throttle>, request: &Request) -> Tries<'a> {
        let Some(throttle) = throttle else { return Tries(None) };
        // A connection's is known; a leaf that cannot be read, or of somebody else's accept loop, is hashed anew.
        let known = request.extensions().get::<Vetting>().and_then(|vetting| Some(vetting.leaf().ok()?.digest));
        let of_peer = || Some(binding::digest(request.extensions().get::<PeerCertificates>()?.0.first()?));
        Tries(known.or_else(of_peer).map(|digest| (throttle, digest)))
    }

    /// Whether the certificate need not wait.
    pub(crate) fn permit(&self, now: f64) -> Result<(), Cause> {
        match &self.0 {
            Some((throttle, certificate)) if throttle.wait(certificate, now).is_some() => Err(Cause::Throttled),
            _ => Ok(()),
        }
    }

    /// Notes a guess, and says when the next is looked at.
    pub(crate) fn settle(self, response: Response, now: f64) -> Response {
        let cause = response.extensions().get::<Refusal>().map(|refusal| refusal.cause);
        let (Some((throttle, certificate)), Some(cause)) = (self.0, cause) else { return response };
        if cause == Cause::Throttled {
            // A wait that has ended meanwhile is still one second.
            return answers::retry_after(response, throttle.wait(&certificate, now).unwrap_or(1));
        }
        if is_guess(cause) {
            throttle.refused(certificate, now);
        }
        response
    }
}

/// Whether a refusal may have been a guess: at a credential, a token, a scope or somebody's account. An honest
/// client's mistakes about routes and bodies are none.
fn is_guess(cause: Cause) -> bool {
    !matches!(
        cause,
        Cause::AuditUnavailable
            | Cause::ContentTooLarge
            | Cause::HandlerTimeout
            | Cause::MethodUnknown
            | Cause::RequestMalformed
            | Cause::RequestTimeout
            | Cause::RouteUnknown
            | Cause::Throttled
            | Cause::TokenMissing
            | Cause::TrustStale
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Throttle, ThrottleSettings};

    fn throttle() -> Throttle {
        Throttle::new(ThrottleSettings {
            free: 2,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(6),
            forget_after: Duration::from_secs(60),
            most_certificates: 2,
        })
    }

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let throttle = throttle();
        let waits = [1; 7].map(|who| {
            throttle.refused([who; 32], 100.0);
            throttle.wait(&[who; 32], 100.0)
        });
        assert_eq!(waits, [None, None, Some(1), Some(2), Some(4), Some(6), Some(6)]);
        assert_eq!(throttle.wait(&[1; 32], 105.5), Some(1));
        assert_eq!(throttle.wait(&[1; 32], 106.0), None);
        assert_eq!(throttle.wait(&[2; 32], 100.0), None);
        // A refusal long after the last starts from nothing.
        throttle.refused([1; 32], 160.0);
        assert_eq!(throttle.wait(&[1; 32], 160.0), None);
    }

    #[test]
    fn remembers_a_bounded_number() {
        let throttle = throttle();
        for who in 0..200_u8 {
            throttle.refused([who; 32], f64::from(who));
        }
        assert_eq!(throttle.lock().len(), 2);
        assert!(throttle.lock().contains_key(&[199; 32]));
    }
}
