//! Judges a connection's certificate again: after a reload, and from time to time, since a connection may outlive
//! what made its certificate acceptable: an anchor, an intermediate, a revocation list.

use std::sync::{Arc, Mutex, PoisonError};

use crate::cause::Cause;
use crate::certificate::Leaf;
use crate::connection::PeerCertificates;
use crate::trusted::Trusted;

/// What a connection's certificate says, and when and against which trust it was last accepted. One for each
/// connection, in the extensions of its requests.
#[derive(Clone)]
pub(crate) struct Vetting {
    leaf: Result<Arc<Leaf>, Cause>,
    accepted: Arc<Mutex<Accepted>>,
}

#[derive(Clone, Copy)]
struct Accepted {
    generation: u64,
    /// Seconds since the Unix epoch.
    at: u64,
}

impl Vetting {
    /// A handshake was accepted.
    pub(crate) fn of_handshake(peer: &PeerCertificates, generation: u64, now: u64) -> Vetting {
        Vetting { leaf: leaf(peer), accepted: Arc::new(Mutex::new(Accepted { generation, at: now })) }
    }

    /// What the leaf says.
    pub(crate) fn leaf(&self) -> Result<Arc<Leaf>, Cause> {
        self.leaf.clone()
    }

    /// Whether the certificate is still acceptable; judged anew when trust has changed since, or `interval` seconds
    /// have passed.
    pub(crate) fn renew(
        &self,
        trusted: &Trusted,
        peer: &PeerCertificates,
        now: u64,
        interval: u64,
    ) -> Result<(), Cause> {
        let last = *self.lock();
        if last.generation == trusted.generation && now.abs_diff(last.at) < interval {
            return Ok(());
        }
        judge(trusted, peer)?;
        // Judged outside the lock. Of two requests that did so, either may write last: each is true of what it names.
        *self.lock() = Accepted { generation: trusted.generation, at: now };
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Accepted> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the leaf.
pub(crate) fn leaf(peer: &PeerCertificates) -> Result<Arc<Leaf>, Cause> {
    let leaf = peer.0.first().ok_or(Cause::CertificateMissing)?;
    Leaf::read(leaf).map(Arc::new)
}

/// For a connection of somebody else's accept loop, of which nothing is known: judged at every request, once trust is
/// no longer what the server started with.
pub(crate) fn without_record(trusted: &Trusted, peer: &PeerCertificates) -> Result<(), Cause> {
    if trusted.generation == 0 { Ok(()) } else { judge(trusted, peer) }
}

fn judge(trusted: &Trusted, peer: &PeerCertificates) -> Result<(), Cause> {
    let (leaf, intermediates) = peer.0.split_first().ok_or(Cause::CertificateMissing)?;
    trusted.verifier.judge(leaf, intermediates)
}
