//! Whether a connection has a request under way, and since when it has none: for HTTP/2, where pings keep an idle
//! connection alive for ever. A request only counts; nobody is woken by it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The requests under way on one connection.
#[derive(Clone)]
pub(crate) struct Activity(Arc<Record>);

struct Record {
    opened: Instant,
    /// When the last request ended, in microseconds since the connection was opened.
    ended: AtomicU64,
    under_way: AtomicUsize,
}

/// One request; it ends when this is dropped.
pub(crate) struct UnderWay(Activity);

impl Default for Activity {
    fn default() -> Activity {
        let (ended, under_way) = (AtomicU64::new(0), AtomicUsize::new(0));
        Activity(Arc::new(Record { opened: Instant::now(), ended, under_way }))
    }
}

impl Activity {
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::AcqRel);
        UnderWay(self.clone())
    }

    /// Since when no request has been under way; `None` while one is.
    #[cfg(feature = "service")]
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        (self.0.under_way.load(Ordering::Acquire) == 0).then(|| self.ended())
    }

    /// Done when no request has been under way for so long, counted from now at the earliest.
    pub(crate) async fn idle_for(&self, limit: Duration) {
        let asked = Instant::now();
        loop {
            // What is still under way ends now at the earliest.
            let since = if self.0.under_way.load(Ordering::Acquire) == 0 { self.ended() } else { Instant::now() };
            match since.max(asked).checked_add(limit) {
                // Longer than time can tell.
                None => pending().await,
                Some(over) if Instant::now() >= over => return,
                Some(over) => sleep_until(over).await,
            }
        }
    }

    fn ended(&self) -> Instant {
        self.0.opened + Duration::from_micros(self.0.ended.load(Ordering::Acquire))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Record { opened, ended, under_way } = &*self.0.0;
        let now = u64::try_from(opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        ended.fetch_max(now, Ordering::AcqRel);
        under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep, timeout};

    use super::Activity;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn idleness_counts_from_the_end_of_the_last_request() {
        let (activity, start) = (Activity::default(), Instant::now());
        let busy = activity.clone();
        tokio::spawn(async move {
            sleep(Duration::from_secs(4)).await;
            let under_way = busy.begin();
            sleep(Duration::from_secs(25)).await;
            drop(under_way);
        });
        activity.idle_for(LIMIT).await;
        assert_eq!(start.elapsed().as_secs(), 39);
        // Asked anew, it counts anew.
        activity.idle_for(LIMIT).await;
        assert_eq!(start.elapsed().as_secs(), 49);
        // A limit beyond all time is none.
        assert!(timeout(LIMIT, activity.idle_for(Duration::MAX)).await.is_err());
    }
}
