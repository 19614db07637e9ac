//! The binary's two ways to use a configuration: check it, or serve by it until told to stop.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use super::accounts::Accounts;
use super::config::{Config, ConfigError};
use super::descriptors::Budget;
use super::listener::Listening;
use super::load::{Fetched, now};
use super::log::{Lines, Trail};
use super::metrics::{Counted, Metrics};
use super::reload::{Reloader, Stamp};
use crate::audit::{Audit, TracingAudit};
use crate::clock::SystemClock;
use crate::server::Server;

/// Longest wait for the last lines of the log to be written.
const LAST_LINES: std::time::Duration = std::time::Duration::from_secs(2);

/// Why the server did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration, or a file that it names.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A part of the server ended that should not: what is left of it must not go on as if it were whole.
    #[error("a part of the server has died: {0}")]
    Part(String),
    /// An address cannot be listened on, or signals cannot be taken.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// What a configuration amounts to.
#[derive(Debug)]
pub struct Summary {
    anchors: usize,
    crls: usize,
    issuers: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { anchors, crls, issuers } = self;
        write!(formatter, "{anchors} trust anchor(s), {crls} revocation list(s), {} issuer(s)", issuers.len())?;
        issuers.iter().try_for_each(|issuer| write!(formatter, "\n  {issuer}"))
    }
}

/// Reads a configuration and every file it names, and builds the server. Listens nowhere, and asks no URL.
///
/// # Errors
///
/// Whatever would keep the server from starting, its addresses aside.
pub fn check(path: &Path) -> Result<Summary, ConfigError> {
    let config = Config::read(path)?;
    let trust = config.load(&Fetched::new(), now())?;
    config.sources(now())?;
    let issuers = config.issuers.iter().map(|issuer| {
        let keys = issuer.jwks_url.as_deref().map_or("keys by file".to_owned(), |url| format!("keys from {url}"));
        format!("{}: {keys}", issuer.url)
    });
    let summary = Summary { anchors: trust.client_anchors.len(), crls: trust.crls.len(), issuers: issuers.collect() };
    build(&config, trust, Arc::new(TracingAudit))?;
    Ok(summary)
}

/// Serves by a configuration until SIGTERM or SIGINT. Returns how many connections the deadline cut off.
///
/// # Errors
///
/// When the server cannot start.
pub async fn run(path: &Path) -> Result<usize, RunError> {
    let config = Arc::new(Config::read(path)?);
    let lines = config.start_log()?;
    let ended = serve(config, &lines).await;
    // What decided the last requests is written, if it can be.
    lines.close(LAST_LINES);
    ended
}

async fn serve(config: Arc<Config>, lines: &Arc<Lines>) -> Result<usize, RunError> {
    let metrics = Metrics::new(lines.lost());
    // Before the files are read, so that a change meanwhile is seen at the first look.
    let loaded = Stamp::of(&config.files());
    let trust = config.load(&Fetched::new(), now())?;
    let sources = config.sources(now())?;
    let trail = Trail { lines: Arc::clone(lines), format: config.log.format, on_failure: config.audit.on_failure };
    let server = build(&config, trust, Arc::new(Counted { metrics: metrics.clone(), next: trail }))?;
    metrics.trust_is_current(now());

    let on = |kind, what: &str| {
        signal(kind).map_err(|source| RunError::System { what: format!("the signal {what}"), source })
    };
    let (hangup, mut terminate) = (on(SignalKind::hangup(), "SIGHUP")?, on(SignalKind::terminate(), "SIGTERM")?);
    let mut interrupt = on(SignalKind::interrupt(), "SIGINT")?;
    let listening = |source| RunError::System { what: format!("listen: {}", config.listen), source };
    let listener = TcpListener::bind(config.listen).await.map_err(listening)?;
    let address = listener.local_addr().map_err(listening)?;

    let wanted = Budget { connections: config.limits.max_connections, handshakes: config.limits.max_handshakes };
    let budget = Budget::reserve(wanted).ok_or_else(|| RunError::System {
        what: "file descriptors".to_owned(),
        source: std::io::Error::other("the limit of this process (ulimit -n) leaves none for clients"),
    })?;
    if budget != wanted {
        tracing::warn!(
            max_connections = budget.connections,
            max_handshakes = budget.handshakes,
            "the limit of file descriptors (ulimit -n) allows fewer connections than the configuration"
        );
    }

    let (send, answered) = mpsc::channel(1);
    let unknown: Vec<_> = sources.iter().map(|it| (it.issuer.clone(), Arc::clone(&it.unknown_key))).collect();
    server.on_unknown_key(move |issuer| {
        if let Some((_, notify)) = unknown.iter().find(|(url, _)| url == issuer) {
            notify.notify_one();
        }
    });
    let mut parts = JoinSet::new();
    for source in sources {
        parts.spawn(source.run(send.clone(), metrics.clone()));
    }
    let reloader =
        Reloader { config: Arc::clone(&config), server: server.clone(), metrics: metrics.clone(), answered, loaded };
    parts.spawn(reloader.run(hangup));
    if let Some(address) = config.metrics.as_ref().map(|metrics| metrics.listen) {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| RunError::System { what: format!("metrics.listen: {address}"), source })?;
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "metrics");
        }
        parts.spawn(metrics.clone().serve(listener));
    }

    tracing::info!(%address, "serving");
    let (stop, stopped) = watch::channel(false);
    let listening = Listening {
        server,
        metrics,
        budget,
        handshakes_of_address: config.limits.max_handshakes_per_address,
        deadline: config.shutdown.deadline,
    };
    let mut serving = tokio::spawn(listening.serve(listener, stopped));
    tokio::select! {
        ended = &mut serving => return Err(died(ended.map(drop))),
        Some(ended) = parts.join_next() => return Err(died(ended)),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: requests under way are answered, new connections are not taken");
    let _ = stop.send(true);
    let cut_off = serving.await.map_err(|error| died(Err(error)))?;
    tracing::info!(cut_off, "stopped");
    Ok(cut_off)
}

/// What to say of a part that ended.
fn died(ended: Result<(), JoinError>) -> RunError {
    let why = ended.err().map_or("it ended by itself".to_owned(), |error| match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
            format!("it panicked: {text}")
        }
        Err(error) => error.to_string(),
    });
    tracing::error!(why, "a part of the server has died");
    RunError::Part(why)
}

fn build(config: &Config, trust: crate::trust::Trust, audit: Arc<dyn Audit>) -> Result<Server, ConfigError> {
    let bank = Arc::new(Accounts::new(&config.accounts));
    Server::new(trust, config.settings(), Arc::new(SystemClock), bank, audit)
        .map_err(|source| ConfigError::Setup { path: config.path.clone(), source })
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::died;

    #[tokio::test]
    async fn a_part_that_dies_is_told_with_its_last_words() {
        let mut parts = JoinSet::new();
        parts.spawn(async { panic!("no more {}", "permits") });
        let ended = parts.join_next().await.unwrap();
        assert_eq!(died(ended).to_string(), "a part of the server has died: it panicked: no more permits");
        assert_eq!(died(Ok(())).to_string(), "a part of the server has died: it ended by itself");
    }
}
