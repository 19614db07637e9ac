//! A campaign as a value, for programs: what to attack, within which bounds, and the report that comes of it.

use std::{
    fmt,
    sync::{Arc, mpsc},
    time::Duration,
};

use gatecrash_model::Policy;

use crate::{
    campaign::specimen::Exhibit,
    campaign::{self, Bound, Campaign, CampaignError, CampaignOptions, Progress, Target},
    gate::factory::Factory,
    report::{self, Subject},
    world::WorldOptions,
};

/// Plans a campaign against the gate that `factory` builds, which promises `policy`.
///
/// ```
/// use std::time::Duration;
/// # fn gate(_: &gatecrash::World) -> gatecrash::Gate { gatecrash::Gate::serve(|_io| async {}) }
/// # async fn attack() -> Result<(), gatecrash::BoxError> {
/// let policy = gatecrash::input::policy("gate.toml".as_ref())?;
/// let report = gatecrash::campaign(gatecrash::factory!(gate), policy).for_duration(Duration::from_secs(60)).run().await?;
/// assert!(report.is_clean(), "{report}");
/// # Ok(())
/// # }
/// ```
pub fn campaign(factory: Factory, policy: Policy) -> CampaignBuilder {
    let target = Target { factory, policy, world: WorldOptions::default() };
    CampaignBuilder { target, options: CampaignOptions::default() }
}

/// A campaign that has not begun.
#[derive(Clone)]
#[must_use = "nothing is attempted before it is run"]
pub struct CampaignBuilder {
    target: Target,
    options: CampaignOptions,
}

impl CampaignBuilder {
    /// How the world is built. Default: a frozen clock, seed 0.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// use gatecrash::WorldOptions;
    /// let planned = gatecrash::campaign(gatecrash::factory!(gate), policy).in_world(WorldOptions::system_clock());
    /// let report = planned.for_attempts(1).run_blocking()?;
    /// assert_eq!(report.campaign.tally.attempts, 1);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn in_world(mut self, world: WorldOptions) -> Self {
        self.target.world = world;
        self
    }

    /// The catalogue, the sharpest attacks first, then random cases, until the time is up. Default: 30 seconds.
    ///
    /// ```no_run
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// use std::time::Duration;
    /// let planned = gatecrash::campaign(gatecrash::factory!(gate), policy).for_duration(Duration::from_secs(10));
    /// let report = planned.run_blocking()?;
    /// assert!(report.campaign.elapsed >= Duration::from_secs(10));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn for_duration(mut self, time: Duration) -> Self {
        self.options.bound = Bound::Time(time);
        self
    }

    /// So many attempts, in place of a time; then a run repeats exactly.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// let planned = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(50);
    /// let (once, again) = (planned.clone().run_blocking()?, planned.run_blocking()?);
    /// assert_eq!(once.campaign.tally, again.campaign.tally);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn for_attempts(mut self, count: u64) -> Self {
        self.options.bound = Bound::Attempts(count);
        self
    }

    /// How many threads, each with a world and a gate of its own. Default: 2.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// let planned = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(50);
    /// let (alone, together) = (planned.clone().on_threads(1).run_blocking()?, planned.on_threads(2).run_blocking()?);
    /// assert_eq!(alone.campaign.tally, together.campaign.tally);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn on_threads(mut self, jobs: usize) -> Self {
        self.options.jobs = jobs.max(1);
        self
    }

    /// Everything else that can be set.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// use gatecrash::corpus::catalogue::Artefact;
    /// let planned = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(50).with(|options| {
    ///     options.artefact = Some(Artefact::Claims);
    ///     options.sample_routes = true;
    /// });
    /// let report = planned.run_blocking()?;
    /// assert!(!report.is_clean(), "the gate looks at no token");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn with(mut self, change: impl FnOnce(&mut CampaignOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// Runs the campaign on threads of its own. `Err` when world or gate cannot be built.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), gatecrash::BoxError> {
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// let report = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(50).run().await?;
    /// println!("{report}");
    /// assert_eq!(report.campaign.tally.attempts, 50);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(self) -> Result<Report, CampaignError> {
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::Builder::new().name("gatecrash".into()).spawn(move || {
            let _ = tell.send(self.run_here());
        })?;
        told.await.map_err(|_| CampaignError::Thread)?
    }

    /// The same, and the calling thread waits.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// let report = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(50).run_blocking()?;
    /// assert!(!report.is_clean(), "the gate looks at no token");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn run_blocking(self) -> Result<Report, CampaignError> {
        let (tell, told) = mpsc::channel();
        std::thread::Builder::new().name("gatecrash".into()).spawn(move || {
            let _ = tell.send(self.run_here());
        })?;
        told.recv().map_err(|_| CampaignError::Thread)?
    }

    fn run_here(self) -> Result<Report, CampaignError> {
        let subject = Subject {
            gate: Exhibit::OWN.into(),
            seed: self.target.world.seed,
            jobs: self.options.jobs,
            command: Subject::IN_TESTS.into(),
            named: false,
            folder: crate::engines::suite::folder(),
            policy: None,
        };
        let campaign = campaign::run(&self.target, self.options, &Arc::new(Progress::default()))?;
        Ok(Report { campaign, subject })
    }
}

/// What a campaign found. It is displayed as one screen.
#[derive(Debug)]
pub struct Report {
    /// Counts, findings, controls that were refused.
    pub campaign: Campaign,
    /// What is said of the gate beside it, such as where cases are saved.
    pub subject: Subject,
}

impl Report {
    /// Whether nothing unauthorized got through, everything authorized did, and enough was tested to say so.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// // A gate that answers nothing admits nobody, which is not clean either.
    /// fn gate(_: &gatecrash::World) -> gatecrash::Gate {
    ///     gatecrash::Gate::serve(|_io| async {})
    /// }
    /// let report = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(4).run_blocking()?;
    /// assert!(!report.is_clean());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn is_clean(&self) -> bool {
        report::status(&self.campaign) == 0 && self.campaign.tally.attacked()
    }

    /// Writes the case of every finding, to be replayed. `Err` names the file that could not be written.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// let mut report = gatecrash::campaign(gatecrash::factory!(gate), policy).for_attempts(50).run_blocking()?;
    /// report.subject.folder = std::env::temp_dir().join("gatecrash-doc-save");
    /// report.save()?;
    /// for finding in &report.campaign.findings {
    ///     assert!(report.subject.file(finding).is_file());
    /// }
    /// # std::fs::remove_dir_all(&report.subject.folder)?;
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn save(&self) -> Result<(), String> {
        self.subject.save(&self.campaign.findings)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&report::screen(&self.campaign, &self.subject))
    }
}
