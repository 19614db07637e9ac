//! File descriptors: how many the process may open, and how many of them clients may hold. The rest is reserved, so
//! that no number of clients keeps the server from reading a revocation list.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for everything except clients: files that are reloaded, key sets by URL, metrics, listeners, signals, the log.
const RESERVED: usize = 64;

/// What one limit of clients becomes under the limit of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// Connections whose handshake is done.
    pub(super) connections: usize,
    /// Handshakes in progress.
    pub(super) handshakes: usize,
}

impl Budget {
    /// Raises the process's soft limit to what is wanted and allowed, and cuts down what does not fit.
    /// `None` when nothing is left for clients.
    pub(super) fn reserve(wanted: Budget) -> Option<Budget> {
        let needed = wanted.connections.saturating_add(wanted.handshakes).saturating_add(RESERVED);
        let limit = getrlimit(Resource::Nofile);
        let needed_now = u64::try_from(needed).unwrap_or(u64::MAX);
        if limit.current.is_some_and(|current| current < needed_now) {
            let raised = limit.maximum.map_or(needed_now, |maximum| maximum.min(needed_now));
            // A limit that cannot be raised is one to live with.
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum });
        }
        let allowed = getrlimit(Resource::Nofile).current.and_then(|current| usize::try_from(current).ok());
        wanted.within(allowed.unwrap_or(usize::MAX))
    }

    /// A quarter at most for handshakes, and the rest for connections.
    fn within(self, descriptors: usize) -> Option<Budget> {
        let for_clients = descriptors.checked_sub(RESERVED).filter(|left| *left >= 4)?;
        if self.connections.saturating_add(self.handshakes) <= for_clients {
            return Some(self);
        }
        let handshakes = self.handshakes.min(for_clients / 4);
        Some(Budget { connections: self.connections.min(for_clients - handshakes), handshakes })
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn clients_get_what_is_not_reserved() {
        let wanted = Budget { connections: 1024, handshakes: 256 };
        assert_eq!(wanted.within(4096), Some(wanted));
        assert_eq!(wanted.within(464), Some(Budget { connections: 300, handshakes: 100 }));
        assert_eq!(wanted.within(67), None);
        assert_eq!(wanted.within(0), None);
    }
}
