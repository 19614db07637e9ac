//! One world and one gate for a whole process, on a thread of their own: services keep statics, and tests come in parallel.

use std::sync::{Mutex, PoisonError, mpsc};

use gatecrash_model::Case;

use super::{Campaign, CampaignError, CampaignOptions, Progress, Target, WorkerEnv, replay_on, run_on};
use crate::campaign::check::Checked;

type Job = Box<dyn FnOnce(&mut WorkerEnv) + Send>;

/// A world and a gate that outlive a campaign. Campaigns that come at the same time wait for each other.
///
/// Worlds of the same seed are alike to the octet, but for the clock; what a session adds is that the gate is built once, and that
/// its witness is one.
pub struct Session {
    jobs: Mutex<mpsc::Sender<Job>>,
}

impl Session {
    /// Builds world and gate. `Err` when one of them cannot be built.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::{BoxError, Gate, World, campaign::{Session, Target}};
    /// fn broken(_: &World) -> Result<Gate, BoxError> {
    ///     Err("the database does not start".into())
    /// }
    /// let target = Target { factory: gatecrash::factory!(broken), ..target };
    /// let error = Session::start(target).err().ok_or("it cannot be built")?;
    /// assert_eq!(error.to_string(), "the gate cannot be built: the database does not start");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn start(target: Target) -> Result<Self, CampaignError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (tell, told) = mpsc::channel();
        std::thread::Builder::new().name("gatecrash".into()).spawn(move || {
            let mut env = match WorkerEnv::new(&target) {
                Ok(env) => env,
                Err(error) => {
                    let _ = tell.send(Err(error));
                    return;
                }
            };
            let _ = tell.send(Ok(()));
            while let Ok(job) = queue.recv() {
                job(&mut env);
            }
        })?;
        told.recv().map_err(|_| CampaignError::Thread)??;
        Ok(Self { jobs: Mutex::new(jobs) })
    }

    /// Runs a campaign on the session's one thread.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::campaign::{Bound, CampaignOptions, Session};
    /// let session = Session::start(target)?;
    /// let options = CampaignOptions { bound: Bound::Attempts(50), ..CampaignOptions::default() };
    /// assert_eq!(session.run(options)?.tally.attempts, 50);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn run(&self, options: CampaignOptions) -> Result<Campaign, CampaignError> {
        self.on(move |env| run_on(env, options, &Progress::default()))
    }

    /// Replays one case on a fresh gate in the session's world, at every depth that the gate has.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::{campaign::{Session, check::Outcome}, model::{Case, Person, Stance}};
    /// let session = Session::start(target)?;
    /// let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]);
    /// for checked in session.replay(&honest)? {
    ///     assert!(matches!(checked.outcome, Outcome::Agree));
    /// }
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn replay(&self, case: &Case) -> Result<Vec<Checked>, CampaignError> {
        let case = case.clone();
        self.on(move |env| replay_on(env, &case))
    }

    /// Holds the gate to an OpenAPI document, and adds what differs to a campaign of the session.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::campaign::{Bound, CampaignOptions, Session};
    /// let text = r#"{"openapi": "3.1.0", "paths": {"/elsewhere": {"get": {"responses": {}}}}}"#;
    /// let document = gatecrash::input::openapi::parse("openapi.json", text)?;
    /// let session = Session::start(target)?;
    /// let campaign = session.run(CampaignOptions { bound: Bound::Attempts(4), ..CampaignOptions::default() })?;
    /// let campaign = session.hold_to_document(&document, campaign)?;
    /// assert_eq!(campaign.documented.map(|documented| documented.routes), Some(1));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    #[cfg(feature = "openapi")]
    pub fn hold_to_document(
        &self,
        document: &crate::attacks::openapi::Document,
        mut campaign: Campaign,
    ) -> Result<Campaign, CampaignError> {
        let document = document.clone();
        self.on(move |env| super::document::hold_on(env, &document, &mut campaign).map(|()| campaign))
    }

    /// Replays one case, and says besides what an OpenAPI document says of it.
    #[cfg(feature = "openapi")]
    pub(crate) fn replay_with_document(
        &self,
        document: &crate::attacks::openapi::Document,
        case: &Case,
    ) -> Result<Vec<Checked>, CampaignError> {
        let (document, case) = (document.clone(), case.clone());
        self.on(move |env| super::document::replay_on(env, &document, &case))
    }

    fn on<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WorkerEnv) -> Result<T, CampaignError> + Send + 'static,
    ) -> Result<T, CampaignError> {
        let (tell, told) = mpsc::channel();
        let job: Job = Box::new(move |env| {
            let _ = tell.send(job(env));
        });
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.send(job).map_err(|_| CampaignError::Thread)?;
        drop(jobs);
        told.recv().map_err(|_| CampaignError::Thread)?
    }
}
