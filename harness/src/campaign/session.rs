//! One world and one gate for a whole process, on a thread of their own: services keep statics, and tests come in parallel.

use std::sync::{Mutex, PoisonError, mpsc};

use gatecrash_model::Case;

use super::{Campaign, CampaignError, CampaignOptions, Ground, Progress, Target, replay_on, run_on};
use crate::check::Checked;

type Job = Box<dyn FnOnce(&mut Ground) + Send>;

/// A world and a gate that outlive a campaign. Campaigns that come at the same time wait for each other.
///
/// Worlds of the same seed are alike to the octet, but for the clock; what a session adds is that the gate is built once, and that
/// its witness is one.
pub struct Session {
    jobs: Mutex<mpsc::Sender<Job>>,
}

impl Session {
    /// Builds world and gate. `Err` when one of them cannot be built.
    pub fn start(target: Target) -> Result<Self, CampaignError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (tell, told) = mpsc::channel();
        std::thread::Builder::new().name("gatecrash".into()).spawn(move || {
            let mut ground = match Ground::new(&target) {
                Ok(ground) => ground,
                Err(error) => {
                    let _ = tell.send(Err(error));
                    return;
                }
            };
            let _ = tell.send(Ok(()));
            while let Ok(job) = queue.recv() {
                job(&mut ground);
            }
        })?;
        told.recv().map_err(|_| CampaignError::Thread)??;
        Ok(Self { jobs: Mutex::new(jobs) })
    }

    /// Runs a campaign on the session's one thread.
    pub fn run(&self, options: CampaignOptions) -> Result<Campaign, CampaignError> {
        self.on(move |ground| run_on(ground, options, &Progress::default()))
    }

    /// Replays one case on a fresh gate in the session's world, at every depth that the gate has.
    pub fn replay(&self, case: &Case) -> Result<Vec<Checked>, CampaignError> {
        let case = case.clone();
        self.on(move |ground| replay_on(ground, &case))
    }

    fn on<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Ground) -> Result<T, CampaignError> + Send + 'static,
    ) -> Result<T, CampaignError> {
        let (tell, told) = mpsc::channel();
        let job: Job = Box::new(move |ground| {
            let _ = tell.send(job(ground));
        });
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.send(job).map_err(|_| CampaignError::Thread)?;
        drop(jobs);
        told.recv().map_err(|_| CampaignError::Thread)?
    }
}
