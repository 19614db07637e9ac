//! Takes up new files and fetched keys without a restart: all that is trusted changes at once, or nothing does.
//! What could not be taken up is tried again until it can be.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::config::{Config, ConfigError};
use super::load::{Fetched, now};
use super::metrics::Metrics;
use crate::server::Server;

/// A key set that a URL answered: the issuer's URL, and the set.
pub(super) type Answered = (String, String);

/// The first wait before a failed reload is tried again; each further one is twice as long, up to `reload.poll`.
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// The one task that changes what is trusted.
pub(super) struct Reloader {
    pub(super) config: Arc<Config>,
    pub(super) server: Server,
    pub(super) metrics: Metrics,
    pub(super) answered: mpsc::Receiver<Answered>,
    /// Of the files as they were before they were read at the start.
    pub(super) loaded: Stamp,
}

/// A reload that failed.
struct Retry {
    at: Instant,
    wait: Duration,
}

impl Reloader {
    /// Runs for ever. Files are polled: unlike a watch on one, a look notices every way of replacing it (a rename,
    /// a folder behind a symbolic link, a network file system), and costs a few system calls.
    pub(super) async fn run(mut self, mut hangup: Signal) {
        let mut fetched = Fetched::new();
        let mut retry: Option<Retry> = None;
        let mut ticks = interval(self.config.reload.poll.max(Duration::from_millis(10)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Of the last try, whether it failed or not.
        let mut tried = self.loaded.clone();
        loop {
            let due = retry.as_ref().map_or_else(Instant::now, |retry| retry.at);
            let why = tokio::select! {
                _ = hangup.recv() => "signal",
                _ = ticks.tick() => "file change",
                () = sleep_until(due), if retry.is_some() => "retry",
                Some((issuer, jwks)) = self.answered.recv() => {
                    // The source has checked them: if this reload fails, another file is at fault, and the next
                    // try takes them up.
                    fetched.insert(issuer, jwks);
                    "fetched keys"
                }
            };
            // Taken before the files are read, so that a change meanwhile is seen at the next look.
            let stamp = self.stamp().await;
            if why == "file change" && stamp == tried {
                if retry.is_none() {
                    self.is_current();
                }
                continue;
            }
            tried = stamp;
            retry = match self.reload(&fetched).await {
                Ok(()) => {
                    tracing::info!(why, "reloaded");
                    self.metrics.reloaded(true);
                    self.is_current();
                    None
                }
                Err(error) => {
                    self.metrics.reloaded(false);
                    let longest = self.config.reload.poll.max(Duration::from_millis(10));
                    let wait = retry.map_or(FIRST_RETRY, |retry| retry.wait * 2).min(longest);
                    if why == "retry" {
                        tracing::warn!(%error, retry_in = ?wait, "reload still refused");
                    } else {
                        tracing::error!(
                            why, %error, retry_in = ?wait, "reload refused: what was trusted before stays in force"
                        );
                    }
                    Some(Retry { at: Instant::now() + wait, wait })
                }
            };
        }
    }

    /// What is in force is what the files say.
    fn is_current(&self) {
        self.server.trust_is_current();
        self.metrics.trust_is_current(now());
    }

    async fn stamp(&self) -> Stamp {
        let files = self.config.files();
        spawn_blocking(move || Stamp::of(&files)).await.unwrap_or_default()
    }

    /// Reads and puts in force, away from the threads that serve: a file system may take its time.
    async fn reload(&self, fetched: &Fetched) -> Result<(), ConfigError> {
        let (config, server, fetched) = (Arc::clone(&self.config), self.server.clone(), fetched.clone());
        let path = config.path.clone();
        let loaded = spawn_blocking(move || {
            let trust = config.load(&fetched, now())?;
            server.reload(trust).map_err(|source| ConfigError::Setup { path: config.path.clone(), source })
        });
        loaded.await.unwrap_or_else(|error| {
            let source = std::io::Error::other(error);
            Err(ConfigError::Unreadable { path, source })
        })
    }
}

/// What the file system says of some files, without reading them.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<FileStamp>>);

/// What changes when a file is written, replaced, or made readable.
#[derive(Clone, PartialEq, Eq)]
struct FileStamp {
    modified: SystemTime,
    changed: (i64, i64),
    length: u64,
    inode: u64,
}

impl Stamp {
    pub(super) fn of(files: &[PathBuf]) -> Stamp {
        use std::os::unix::fs::MetadataExt;
        let stamp = |file: &PathBuf| {
            let metadata = fs::metadata(file).ok()?;
            Some(FileStamp {
                modified: metadata.modified().ok()?,
                changed: (metadata.ctime(), metadata.ctime_nsec()),
                length: metadata.len(),
                inode: metadata.ino(),
            })
        };
        Stamp(files.iter().map(stamp).collect())
    }
}
