//! Accepts connections up to a number, and on shutdown waits for those that have requests under way.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::metrics::Metrics;
use crate::server::Server;

/// How a listener ends.
pub(super) struct Listening {
    pub(super) server: Server,
    pub(super) metrics: Metrics,
    pub(super) max_connections: usize,
    /// Longest wait for open connections after the stop.
    pub(super) deadline: Duration,
}

impl Listening {
    /// Serves until `stop` holds `true`, then answers what is under way. Returns how many connections were cut off.
    pub(super) async fn serve(self, listener: TcpListener, mut stop: watch::Receiver<bool>) -> usize {
        let permits = Arc::new(Semaphore::new(self.max_connections));
        let mut connections = JoinSet::new();
        loop {
            // Beyond the number, clients wait in the system's queue and cost us nothing.
            let accepted = tokio::select! {
                accepted = async {
                    let permit = Arc::clone(&permits).acquire_owned().await;
                    (listener.accept().await, permit)
                } => accepted,
                Some(_) = connections.join_next() => continue,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (Ok((stream, _)), Ok(permit)) = accepted else {
                // Out of file descriptors, or the client has gone: neither gets better by asking at once.
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            // Answers are written whole; waiting for more to send only costs time.
            let _ = stream.set_nodelay(true);
            let (server, open, mut stop) = (self.server.clone(), self.metrics.open_connections.clone(), stop.clone());
            self.metrics.connections.inc();
            open.inc();
            connections.spawn(async move {
                let stopped = async move {
                    let _ = stop.wait_for(|stop| *stop).await;
                };
                if let Err(error) = server.serve_connection_until(stream, stopped).await {
                    tracing::debug!(%error, "connection ended");
                }
                open.dec();
                drop(permit);
            });
        }
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(self.deadline, all).await;
        connections.len()
    }
}
