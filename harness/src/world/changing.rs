//! How a world changes under a running gate: its clock moves, trust is withdrawn, keys rotate. Whoever began it puts it back.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash_model::{Blueprint, Change, Changed, IssuerRole, KeyName, KeysFailure};

use super::{World, issuer::Publication, system_now};

/// How many keys a set has that is larger than anybody's.
const HUGE: usize = 4_000;

/// The world's clock, which goes on when [`World::advance`] moves it: for a service that takes its time from a value.
///
/// ```
/// # let world = gatecrash::World::new(gatecrash::example::policy(), gatecrash::WorldOptions::default())?;
/// let time = world.time();
/// let before = time.now();
/// world.advance(61);
/// assert_eq!(time.now(), before + 61);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct WorldTime {
    /// Where a frozen clock began; `None` where it is the system's.
    start: Option<i64>,
    moved: Arc<AtomicI64>,
}

impl WorldTime {
    /// The present, seconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        match self.start {
            Some(start) => start + self.moved.load(Ordering::Relaxed),
            None => system_now(),
        }
    }
}

/// What has changed, and who is to know.
#[derive(Default)]
pub(super) struct Changing {
    /// Whether anything has changed, so that most attempts need not ask.
    touched: AtomicBool,
    moved: Arc<AtomicI64>,
    /// Whether the gate took its time from the world.
    time_taken: AtomicBool,
    now: Mutex<Now>,
    /// The places where issuers publish their keys.
    places: Mutex<Vec<(IssuerRole, Publication)>>,
}

#[derive(Clone, Default)]
struct Now {
    changed: Changed,
    revoked_tokens: Vec<String>,
    keys_fail: Option<KeysFailure>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// The world's clock, for a service that takes its time from a value. A gate that asked for it can be told to wait.
    pub fn time(&self) -> WorldTime {
        self.changing.time_taken.store(true, Ordering::Relaxed);
        self.clock_hand()
    }

    /// The same, which says nothing of what the gate goes by.
    pub(crate) fn clock_hand(&self) -> WorldTime {
        let start = (self.clock() == super::Clock::Frozen).then_some(self.first_blueprint().now);
        WorldTime { start, moved: self.changing.moved.clone() }
    }

    /// Moves the clock on. A system clock does not move.
    ///
    /// ```
    /// # let world = gatecrash::World::new(gatecrash::example::policy(), gatecrash::WorldOptions::default())?;
    /// let before = world.now();
    /// world.advance(61);
    /// assert_eq!(world.now(), before + 61);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn advance(&self, seconds: u32) {
        self.changing.moved.fetch_add(i64::from(seconds), Ordering::Relaxed);
        self.changing.touched.store(true, Ordering::Relaxed);
    }

    /// Which tokens are revoked (RFC 7009), each by its `jti`.
    pub fn revoked_tokens(&self) -> Vec<String> {
        locked(&self.changing.now).revoked_tokens.clone()
    }

    /// How the place where keys are published fails, where it does. [`jwks`](World::jwks) has what can be read there.
    pub fn keys_fail(&self) -> Option<KeysFailure> {
        locked(&self.changing.now).keys_fail
    }

    /// Whether the gate that was built last takes its time from the world.
    pub(crate) fn moves_time(&self) -> bool {
        self.clock() == super::Clock::Frozen && self.changing.time_taken.load(Ordering::Relaxed)
    }

    /// Changes the world; `token` is the one that a change names.
    pub(crate) fn change(&self, change: &Change, token: Option<&str>) {
        match change {
            Change::Wait(seconds) => return self.advance(*seconds),
            Change::RevokeToken(_) => {
                let jti = token.and_then(token_id);
                locked(&self.changing.now).revoked_tokens.extend(jti);
            }
            Change::KeysFail(how) => locked(&self.changing.now).keys_fail = Some(*how),
            _ => {
                let mut blueprint = self.blueprint();
                blueprint.change(change);
                locked(&self.changing.now).changed = blueprint.changed;
            }
        }
        self.changing.touched.store(true, Ordering::Relaxed);
        self.publish();
    }

    /// Puts everything back as it was at the beginning.
    pub(crate) fn reset(&self) {
        if self.changing.touched.swap(false, Ordering::Relaxed) {
            self.changing.moved.store(0, Ordering::Relaxed);
            *locked(&self.changing.now) = Now::default();
            self.publish();
        }
    }

    /// The world as symbols, where something has changed.
    pub(super) fn as_changed(&self) -> Option<Blueprint> {
        if !self.changing.touched.load(Ordering::Relaxed) {
            return None;
        }
        let changed = locked(&self.changing.now).changed.clone();
        Some(Blueprint { changed, now: self.clock_hand().now(), ..self.first_blueprint().clone() })
    }

    /// The key set that can be read where an issuer publishes it, and how that fails.
    pub(super) fn publication(&self, role: IssuerRole) -> (String, Option<KeysFailure>) {
        let failure = self.keys_fail();
        let set = super::forge::secret::jwk_set(role, &self.present(), self.keyring());
        let set = match failure {
            None | Some(KeysFailure::Fails | KeysFailure::Slow) => set,
            Some(KeysFailure::Empty) => r#"{"keys":[]}"#.into(),
            Some(KeysFailure::Malformed) => "<html>Bad Gateway</html>".into(),
            Some(KeysFailure::Huge) => self.huge_set(),
        };
        (set, failure)
    }

    fn huge_set(&self) -> String {
        let members =
            self.keyring().secret(KeyName::Other).map(|key| key.jwk_members().to_string()).unwrap_or_default();
        let key = |number: usize| format!(r#"{{{members},"kid":"noise-{number}","alg":"ES256","use":"sig"}}"#);
        format!(r#"{{"keys":[{}]}}"#, (0..HUGE).map(key).collect::<Vec<_>>().join(","))
    }

    /// Publishes at `place` whatever the issuer's key set becomes.
    pub(super) fn publish_at(&self, role: IssuerRole, place: Publication) {
        locked(&self.changing.places).push((role, place));
    }

    fn publish(&self) {
        let mut places = locked(&self.changing.places);
        places.retain(|(_, place)| place.is_read());
        for (role, place) in places.iter() {
            let (set, failure) = self.publication(*role);
            place.set(set, failure);
        }
    }
}

/// The `jti` of a compact token.
fn token_id(token: &str) -> Option<String> {
    let claims = Base64UrlUnpadded::decode_vec(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims.get("jti")?.as_str().map(String::from)
}
