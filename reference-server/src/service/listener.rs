//! Accepts connections. Handshakes in progress and open connections have limits of their own, and both make room for
//! whoever comes next. On shutdown, waits for connections that have requests under way.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::descriptors::Budget;
use super::handshakes::{Handshakes, Place};
use super::metrics::Metrics;
use super::open::Open;
use crate::activity::Activity;
use crate::connection::{LINGER, SHORT_LINGER};
use crate::server::Server;

/// How a listener ends.
pub(super) struct Listening {
    pub(super) server: Server,
    pub(super) metrics: Metrics,
    pub(super) budget: Budget,
    pub(super) handshakes_of_address: usize,
    /// Longest wait for open connections after the stop.
    pub(super) deadline: Duration,
}

/// What each connection needs.
#[derive(Clone)]
struct Reception {
    server: Server,
    metrics: Metrics,
    open: Arc<Open>,
    stop: watch::Receiver<bool>,
}

impl Listening {
    /// Serves until `stop` holds `true`, then answers what is under way. Returns how many connections were cut off.
    pub(super) async fn serve(self, listener: TcpListener, mut stop: watch::Receiver<bool>) -> usize {
        let Budget { connections: most, handshakes: most_handshakes } = self.budget;
        let sockets = Arc::new(Semaphore::new(most + most_handshakes));
        let handshakes = Handshakes::new(most_handshakes, self.handshakes_of_address);
        let reception =
            Reception { server: self.server, metrics: self.metrics, open: Open::new(most), stop: stop.clone() };
        let mut connections = JoinSet::new();
        loop {
            if sockets.available_permits() == 0 {
                handshakes.yield_oldest();
            }
            let accepted = tokio::select! {
                accepted = async {
                    let socket = Arc::clone(&sockets).acquire_owned().await;
                    (listener.accept().await, socket)
                } => accepted,
                Some(_) = connections.join_next() => continue,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (Ok((stream, peer)), Ok(socket)) = accepted else {
                // Out of file descriptors, or the client has gone: neither gets better by asking at once.
                handshakes.yield_oldest();
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            if handshakes.is_full(peer.ip()) {
                // Whoever has said something by now gets to be heard before somebody has to yield.
                tokio::task::yield_now().await;
            }
            let place = handshakes.enter(peer.ip());
            let reception = reception.clone();
            connections.spawn(async move {
                reception.receive(stream, peer.ip(), place).await;
                drop(socket);
            });
        }
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(self.deadline, all).await;
        connections.len()
    }
}

impl Reception {
    /// One connection, from its handshake to its end.
    async fn receive(mut self, stream: TcpStream, address: IpAddr, place: Place) {
        let Reception { server, metrics, open, stop } = &mut self;
        // Answers are written whole; waiting for more to send only costs time.
        let _ = stream.set_nodelay(true);
        metrics.connections.inc();
        metrics.handshakes.inc();
        let activity = Activity::default();
        let received = tokio::select! {
            received = async {
                let accepted = server.handshake(place.watch(stream)).await?;
                Ok((accepted, open.enter(address, &activity).await))
            } => received,
            () = place.yielded() => {
                metrics.handshakes_yielded.inc();
                metrics.handshakes.dec();
                return;
            }
            _ = stop.wait_for(|stop| *stop) => {
                metrics.handshakes.dec();
                return;
            }
        };
        drop(place);
        metrics.handshakes.dec();
        let ended = match received {
            Err(error) => Err(error),
            Ok((accepted, connected)) => {
                metrics.open_connections.inc();
                let (yielded, counted) = (&connected, metrics.connections_yielded.clone());
                let shutdown = async move {
                    tokio::select! {
                        _ = stop.wait_for(|stop| *stop) => LINGER,
                        () = yielded.yielded() => {
                            counted.inc();
                            SHORT_LINGER
                        }
                    }
                };
                let ended = server.serve_accepted(accepted, activity, shutdown).await;
                metrics.open_connections.dec();
                ended
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }
}
