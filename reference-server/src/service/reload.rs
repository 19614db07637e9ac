//! Takes up new files and fetched keys without a restart: all that is trusted changes at once, or nothing does.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::config::{Config, ConfigError};
use super::load::{Fetched, now};
use super::metrics::Metrics;
use crate::server::Server;

/// A key set that a URL answered: the issuer's URL, and the set.
pub(super) type Answered = (String, String);

/// The one task that changes what is trusted.
pub(super) struct Reloader {
    pub(super) config: Arc<Config>,
    pub(super) server: Server,
    pub(super) metrics: Metrics,
    pub(super) answered: mpsc::Receiver<Answered>,
}

impl Reloader {
    /// Runs for ever. Files are polled: unlike a watch on one, a look notices every way of replacing it (a rename,
    /// a folder behind a symbolic link, a network file system), and costs a few system calls.
    pub(super) async fn run(mut self, mut hangup: Signal) {
        let mut fetched = Fetched::new();
        let mut seen = Stamp::of(&self.config.files());
        let mut ticks = interval(self.config.reload.poll.max(Duration::from_millis(10)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = hangup.recv() => {
                    seen = Stamp::of(&self.config.files());
                    self.reload("signal", &fetched);
                }
                _ = ticks.tick() => {
                    // Taken before the files are read, so that a change meanwhile is seen at the next look.
                    let stamp = Stamp::of(&self.config.files());
                    if stamp != seen {
                        seen = stamp;
                        self.reload("file change", &fetched);
                    }
                }
                Some((issuer, jwks)) = self.answered.recv() => {
                    let before = fetched.insert(issuer.clone(), jwks);
                    if !self.reload("fetched keys", &fetched) {
                        match before {
                            Some(jwks) => fetched.insert(issuer, jwks),
                            None => fetched.remove(&issuer),
                        };
                    }
                }
            }
        }
    }

    fn reload(&self, why: &str, fetched: &Fetched) -> bool {
        let loaded = self.config.load(fetched, now()).and_then(|trust| {
            self.server.reload(trust).map_err(|source| ConfigError::Setup { path: self.config.path.clone(), source })
        });
        match &loaded {
            Ok(()) => tracing::info!(why, "reloaded"),
            Err(error) => tracing::error!(why, %error, "reload refused: what was trusted before stays in force"),
        }
        self.metrics.reloaded(loaded.is_ok());
        loaded.is_ok()
    }
}

/// What the file system says of some files, without reading them.
#[derive(PartialEq, Eq)]
struct Stamp(Vec<Option<(SystemTime, u64, u64)>>);

impl Stamp {
    fn of(files: &[PathBuf]) -> Stamp {
        use std::os::unix::fs::MetadataExt;
        let stamp = |file: &PathBuf| {
            let metadata = fs::metadata(file).ok()?;
            Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
        };
        Stamp(files.iter().map(stamp).collect())
    }
}
