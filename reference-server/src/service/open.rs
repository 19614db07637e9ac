//! Open connections, by how long they have been idle. When all are taken, one without a request under way yields to
//! the client that comes next.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::activity::Activity;

/// Time for an idle connection to go away before the next is asked.
const GOES_AWAY: Duration = Duration::from_millis(100);

/// The open connections.
pub(super) struct Open {
    slots: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    connections: HashMap<u64, Entry>,
}

struct Entry {
    address: IpAddr,
    activity: Activity,
    yields: Arc<Notify>,
}

/// One of them; it is no longer when this is dropped.
pub(super) struct Connected {
    open: Arc<Open>,
    number: u64,
    yields: Arc<Notify>,
    _slot: OwnedSemaphorePermit,
}

impl Open {
    pub(super) fn new(most: usize) -> Arc<Open> {
        Arc::new(Open { slots: Arc::new(Semaphore::new(most)), state: Mutex::default() })
    }

    /// A place among the open connections, as soon as there is one. An idle connection makes room.
    pub(super) async fn enter(self: &Arc<Open>, address: IpAddr, activity: &Activity) -> Connected {
        let slot = loop {
            if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
                break slot;
            }
            self.yield_idlest();
            // The semaphore is never closed, and lets those in first who came first.
            if let Ok(Ok(slot)) = timeout(GOES_AWAY, Arc::clone(&self.slots).acquire_owned()).await {
                break slot;
            }
        };
        let yields = Arc::new(Notify::new());
        let entry = Entry { address, activity: activity.clone(), yields: Arc::clone(&yields) };
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.connections.insert(number, entry);
        drop(state);
        Connected { open: Arc::clone(self), number, yields, _slot: slot }
    }

    /// The longest idle of the address that has the most idle ones: whoever holds many loses theirs first.
    fn yield_idlest(&self) {
        let mut state = self.lock();
        let mut idle: HashMap<IpAddr, Vec<(tokio::time::Instant, u64)>> = HashMap::new();
        for (number, entry) in &state.connections {
            if let Some(since) = entry.activity.idle_since() {
                idle.entry(entry.address).or_default().push((since, *number));
            }
        }
        let greediest = idle.into_values().max_by_key(Vec::len);
        if let Some((_, number)) = greediest.and_then(|idle| idle.into_iter().min())
            && let Some(entry) = state.connections.remove(&number)
        {
            entry.yields.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected {
    /// Done when the connection is to make room.
    pub(super) async fn yielded(&self) {
        self.yields.notified().await;
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.open.lock().connections.remove(&self.number);
    }
}
