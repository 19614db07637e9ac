//! Counts of a campaign. Adding two tallies gives the tally of both.

use std::collections::{BTreeMap, BTreeSet};

use gatecrash_model::{Case, Rule};

use super::{Exercised, Source, check::Happened};
use crate::attacks::catalogue::Catalogue;

/// A control that was refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Miswiring {
    /// When.
    pub index: u64,
    /// The control.
    pub case: Case,
    /// What the gate did instead.
    pub answered: String,
    /// What to change; told of the first one of a campaign alone, since the others mostly have the same cause.
    pub advice: Option<String>,
}

/// Counts of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Attempts made.
    pub attempts: u64,
    /// Cases that mean nothing here, and were passed over.
    pub skipped: u64,
    /// Verdicts: exactly admit, exactly refuse, either.
    pub verdicts: [u64; 3],
    /// Attempts of which the server accepted the handshake, judged a token, ran the handler.
    pub reached: [u64; 3],
    /// Attempts that a rate limiter answered: they say nothing.
    pub throttled: u64,
    /// For each route of the policy: controls made, admitted with a witness, admitted by the status of the answer alone.
    pub evidence: BTreeMap<String, [u64; 3]>,
    /// Routes that the gate serves, as it says or as it told the witness, and that the policy does not name.
    pub undeclared: BTreeSet<String>,
    /// Controls made and admitted.
    pub controls: [u64; 2],
    /// Admissions by route.
    pub admitted: BTreeMap<String, u64>,
    /// Refusals by violated rule.
    pub refused: BTreeMap<Rule, u64>,
    /// Attempts by kind of stance.
    pub stances: BTreeMap<&'static str, u64>,
    /// Attempts by depth.
    pub depths: BTreeMap<&'static str, u64>,
    /// Attempts made with ideal cryptography.
    pub ideal: u64,
    /// Attempts made once more on a kept connection.
    pub kept: u64,
    /// What came of cases of several steps.
    pub sequences: Sequences,
    /// Attempts by catalogue entry.
    pub attacks: BTreeMap<usize, u64>,
    /// How the attempts of each source ended, and how deep they got.
    pub exercised: BTreeMap<Source, Exercised>,
    /// Attempts made again with inert changes, and those that were treated otherwise.
    pub twins: [u64; 2],
    /// Kinds of mutation that occurred.
    pub mutations: BTreeSet<&'static str>,
    /// Attempts whose bytes were lifted and agreed.
    pub mirrored: u64,
    /// Refusals with an audited cause: all, and those whose cause is among the verdict's rules.
    pub causes: [u64; 2],
    /// Alerts that speak of the client's certificate (RFC 8446 §6.2): all, and those that say what is wrong with it.
    pub alerts: [u64; 2],
    /// Alerts that say of a certificate what is not so, each with one case in words.
    pub wrong_alerts: BTreeMap<String, String>,
    /// Refusals without an audited cause.
    pub silent: u64,
    /// Audited causes that are not among the verdict's rules, each with one case in words.
    pub wrong_causes: BTreeMap<String, String>,
}

impl Tally {
    /// How many families and attacks of a catalogue were tried.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let options = gatecrash::campaign::CampaignOptions {
    /// #     bound: gatecrash::campaign::Bound::Attempts(20),
    /// #     sample_routes: true,
    /// #     ..Default::default()
    /// # };
    /// # let campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
    /// let (families, attacks) = campaign.tally.tried(&campaign.catalogue);
    /// assert!(0 < families && families <= attacks);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn tried(&self, catalogue: &Catalogue) -> (usize, usize) {
        let attacks = self.attacks.keys().filter_map(|index| catalogue.attacks.get(*index));
        let families: BTreeSet<&str> = attacks.map(|attack| attack.family.id.as_str()).collect();
        (families.len(), self.attacks.len())
    }

    /// Whether anything was attempted beside honest requests.
    pub fn attacked(&self) -> bool {
        self.attempts > self.controls[0]
    }

    /// Whether more than one attempt in ten was answered by a rate limiter, so that too little was tested.
    ///
    /// ```
    /// let mut tally = gatecrash::campaign::Tally::default();
    /// (tally.attempts, tally.throttled) = (100, 10);
    /// assert!(!tally.choked());
    /// tally.throttled += 1;
    /// assert!(tally.choked());
    /// ```
    pub fn choked(&self) -> bool {
        self.throttled * 10 > self.attempts
    }

    /// Adds another tally.
    ///
    /// ```
    /// use gatecrash::campaign::Tally;
    /// let (mut sum, mut more) = (Tally::default(), Tally::default());
    /// (sum.attempts, more.attempts) = (30, 12);
    /// sum.add(&more);
    /// assert_eq!(sum.attempts, 42);
    /// ```
    pub fn add(&mut self, other: &Tally) {
        self.attempts += other.attempts;
        self.skipped += other.skipped;
        self.mirrored += other.mirrored;
        self.ideal += other.ideal;
        self.kept += other.kept;
        self.sequences.add(&other.sequences);
        self.silent += other.silent;
        self.throttled += other.throttled;
        for i in 0..3 {
            self.verdicts[i] += other.verdicts[i];
            self.reached[i] += other.reached[i];
        }
        for i in 0..2 {
            self.controls[i] += other.controls[i];
            self.causes[i] += other.causes[i];
            self.alerts[i] += other.alerts[i];
            self.twins[i] += other.twins[i];
        }
        for (route, counts) in &other.evidence {
            let sum = self.evidence.entry(route.clone()).or_default();
            (0..3).for_each(|i| sum[i] += counts[i]);
        }
        self.undeclared.extend(other.undeclared.iter().cloned());
        merge(&mut self.admitted, &other.admitted);
        merge(&mut self.refused, &other.refused);
        merge(&mut self.stances, &other.stances);
        merge(&mut self.depths, &other.depths);
        merge(&mut self.attacks, &other.attacks);
        for (source, exercised) in &other.exercised {
            self.exercised.entry(*source).or_default().add(exercised);
        }
        self.mutations.extend(&other.mutations);
        for (known, more) in
            [(&mut self.wrong_causes, &other.wrong_causes), (&mut self.wrong_alerts, &other.wrong_alerts)]
        {
            for (what, case) in more {
                least(known, what.clone(), case.clone());
            }
        }
    }
}

/// What came of cases of several steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sequences {
    /// Those that were made.
    pub made: u64,
    /// Those of them in which nothing was resumed, reused, reloaded or waited for: they prove nothing.
    pub idle: u64,
    /// Those that do not apply to this gate, by the reason.
    pub inapplicable: BTreeMap<String, u64>,
    /// What really happened in those that were made.
    pub happened: Happened,
}

impl Sequences {
    pub(super) fn inapplicable(&mut self, why: &str) {
        *self.inapplicable.entry(why.into()).or_default() += 1;
    }

    pub(super) fn count(&mut self, happened: &Happened) {
        self.made += 1;
        self.idle += u64::from(happened.is_idle());
        self.happened.add(happened);
    }

    fn add(&mut self, other: &Self) {
        self.made += other.made;
        self.idle += other.idle;
        merge(&mut self.inapplicable, &other.inapplicable);
        self.happened.add(&other.happened);
    }
}

/// Keeps of several cases in words the first by the alphabet, so that the number of threads changes nothing.
pub(super) fn least(known: &mut BTreeMap<String, String>, what: String, case: String) {
    match known.get_mut(&what) {
        Some(kept) if *kept <= case => {}
        Some(kept) => *kept = case,
        None => {
            known.insert(what, case);
        }
    }
}

fn merge<K: Ord + Clone>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key.clone()).or_default() += count;
    }
}
