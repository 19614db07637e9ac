//! Where the time of a campaign goes, on each thread by itself. Costs nothing but a look where nobody wants to know.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

/// What time is spent on. Time within time counts for the inner alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// The gate's own service, where the request is handed to it.
    Gate,
    /// The handshake, of both sides.
    Handshake,
    /// The exchange over the connection, the gate's service included.
    Http,
    /// Comparing, and looking for leaks.
    Judge,
    /// The mirror.
    Lift,
    /// Certificates.
    Mint,
    /// Resolving the case, writing the request, counting.
    Other,
    /// Signatures of tokens and of the client's handshake.
    Sign,
}

impl Phase {
    /// Every phase, in the order of an attempt.
    ///
    /// ```
    /// use gatecrash::campaign::profile::Phase;
    /// assert_eq!(Phase::ALL[0].name(), "mint");
    /// ```
    pub const ALL: &[Self] = {
        use Phase::*;
        &[Mint, Sign, Handshake, Http, Gate, Judge, Lift, Other]
    };

    /// Lower-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash::campaign::profile::Phase::Handshake.name(), "handshake");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Phase::Gate => "gate",
            Phase::Handshake => "handshake",
            Phase::Http => "http",
            Phase::Judge => "judge",
            Phase::Lift => "lift",
            Phase::Mint => "mint",
            Phase::Other => "other",
            Phase::Sign => "sign",
        }
    }
}

/// How much time each phase took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile([Duration; Phase::ALL.len()]);

impl Profile {
    /// What a phase took.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::{campaign::{Bound, CampaignOptions, Session, profile::Phase}};
    /// let options = CampaignOptions { bound: Bound::Attempts(8), profile: true, ..CampaignOptions::default() };
    /// let profile = Session::start(target)?.run(options)?.profile.ok_or("it was measured")?;
    /// assert!(!profile.of(Phase::Handshake).is_zero());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn of(&self, phase: Phase) -> Duration {
        self.0[phase as usize]
    }

    /// What all of them took.
    ///
    /// ```
    /// use gatecrash::campaign::profile::{Phase, Profile};
    /// let profile = Profile::default();
    /// assert!(Phase::ALL.iter().copied().all(|phase| profile.of(phase) <= profile.total()));
    /// ```
    pub fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

struct Watch {
    spent: Profile,
    phase: Phase,
    since: Instant,
}

impl Watch {
    /// Charges the time since the last turn; the phase before.
    fn turn(&mut self, phase: Phase) -> Phase {
        let now = Instant::now();
        self.spent.0[self.phase as usize] += now - self.since;
        self.since = now;
        std::mem::replace(&mut self.phase, phase)
    }
}

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Has this thread's time measured from now on.
pub(crate) fn start() {
    WATCH.set(Some(Watch { spent: Profile::default(), phase: Phase::Other, since: Instant::now() }));
}

/// What was measured on this thread.
pub(crate) fn finish() -> Profile {
    WATCH.take().map_or(Profile::default(), |mut watch| {
        watch.turn(Phase::Other);
        watch.spent
    })
}

/// The time until it is dropped is that of a phase.
pub(crate) struct Spent(Option<Phase>);

/// From now on time counts for `phase`.
pub(crate) fn spend(phase: Phase) -> Spent {
    Spent(WATCH.with_borrow_mut(|watch| watch.as_mut().map(|watch| watch.turn(phase))))
}

impl Drop for Spent {
    fn drop(&mut self) {
        if let Some(before) = self.0 {
            WATCH.with_borrow_mut(|watch| watch.as_mut().map(|watch| watch.turn(before)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_within_time_counts_for_the_inner_alone() {
        let wait = || std::thread::sleep(Duration::from_millis(4));
        start();
        {
            let _outer = spend(Phase::Handshake);
            wait();
            let _inner = spend(Phase::Sign);
            wait();
        }
        let profile = finish();
        for phase in [Phase::Handshake, Phase::Sign] {
            assert!(profile.of(phase) >= Duration::from_millis(4), "{profile:?}");
        }
        assert_eq!(profile.of(Phase::Mint), Duration::ZERO);
        assert!(profile.of(Phase::Handshake) + profile.of(Phase::Sign) <= profile.total());
        drop(spend(Phase::Mint));
        assert_eq!(finish(), Profile::default());
    }
}
