//! Whether a connection has a request under way, and since when it has none: for HTTP/2, where pings keep an idle
//! connection alive for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

/// The requests under way on one connection.
#[derive(Clone)]
pub(crate) struct Activity(Arc<watch::Sender<usize>>);

/// One request; it ends when this is dropped.
pub(crate) struct UnderWay(Activity);

impl Default for Activity {
    fn default() -> Activity {
        Activity(Arc::new(watch::Sender::new(0)))
    }
}

impl Activity {
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.send_modify(|count| *count += 1);
        UnderWay(self.clone())
    }

    /// Done when no request has been under way for so long.
    pub(crate) async fn idle_for(&self, limit: Duration) {
        let mut count = self.0.subscribe();
        loop {
            let idle = *count.borrow_and_update() == 0;
            tokio::select! {
                // The sender lives as long as `self`.
                _ = count.changed() => {}
                () = sleep(limit), if idle => return,
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}
