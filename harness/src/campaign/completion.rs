//! Whether a campaign did what it set out to do, and what ended it when it did not.

use std::sync::atomic::Ordering;

use super::{Campaign, Pass, Plan, Progress, Tally};

/// How much was done of what was to be tried at least: controls and catalogue, or the pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// What the time or the count left unasked; `None` when the whole catalogue was tried.
    pub unasked: Option<Unasked>,
    /// Families of the catalogue that were to be tried.
    pub families: usize,
    /// The signal that ended the campaign early.
    pub interrupted: Option<Interruption>,
}

/// What a campaign that ended early did not ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unasked {
    /// The pass that was not finished.
    pub pass: Pass,
    /// Attempts of the catalogue that were made.
    pub made: u64,
    /// Attempts that the catalogue has, in every way.
    pub all: u64,
    /// Attacks of which nothing at all was tried.
    pub attacks: usize,
}

/// A signal that ends a campaign after the attempt under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interruption {
    /// SIGHUP: the terminal has gone.
    Hangup,
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: somebody wants the process to end.
    Terminate,
}

impl Interruption {
    /// Every signal, by number.
    pub const ALL: &[Interruption] = &[Interruption::Hangup, Interruption::Interrupt, Interruption::Terminate];

    /// The signal's name.
    pub fn name(self) -> &'static str {
        match self {
            Interruption::Hangup => "SIGHUP",
            Interruption::Interrupt => "SIGINT",
            Interruption::Terminate => "SIGTERM",
        }
    }

    /// The exit status of a process that the signal ended: 128 and the signal's number.
    pub fn status(self) -> u8 {
        match self {
            Interruption::Hangup => 129,
            Interruption::Interrupt => 130,
            Interruption::Terminate => 143,
        }
    }
}

impl Progress {
    /// Ends the campaign after the attempts under way. The first call counts.
    pub fn interrupt(&self, by: Interruption) {
        let _ = self.interrupted.compare_exchange(0, by.status(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// What ends the campaign, if anything does.
    pub fn interrupted(&self) -> Option<Interruption> {
        let status = self.interrupted.load(Ordering::Relaxed);
        Interruption::ALL.iter().copied().find(|signal| signal.status() == status)
    }
}

impl Completion {
    /// `next` is the first index that was not run.
    pub(super) fn of(plan: &Plan, next: u64, tally: &Tally, interrupted: Option<Interruption>) -> Completion {
        Completion { unasked: plan.unasked(next, tally), families: plan.families(), interrupted }
    }
}

impl Campaign {
    /// Whether controls and catalogue, or all pairs, were tried.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// let report = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(20).run_blocking()?;
    /// assert!(!report.campaign.is_complete());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn is_complete(&self) -> bool {
        self.completion.unasked.is_none() && self.pairs.is_none_or(|pairs| pairs.next.is_none())
    }

    /// What was tried, where that is less than it was to be: `27 of 131 families`, or `14972 of 15653 attempts of the catalogue` where
    /// each family was.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// let report = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(20).run_blocking()?;
    /// assert!(report.campaign.unfinished().is_some_and(|tried| tried.ends_with("families")));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn unfinished(&self) -> Option<String> {
        let Completion { families, unasked, .. } = self.completion;
        if self.is_complete() {
            return None;
        }
        Some(match self.pairs {
            Some(pairs) => format!("pairs up to {} of {}", pairs.next.unwrap_or(pairs.total), pairs.total),
            None => match (self.tally.tried(&self.catalogue).0, unasked) {
                (tried, Some(Unasked { made, all, .. })) if tried >= families => {
                    format!("{made} of {all} attempts of the catalogue")
                }
                (tried, _) => format!("{tried} of {families} families"),
            },
        })
    }
}
