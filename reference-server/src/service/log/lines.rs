//! Lines on their way to standard error: a bounded queue, and one thread that writes. Nobody else ever waits for
//! whoever reads the log, and nobody fails because it cannot be written.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

/// Most lines of the log that wait; decisions have a limit of their own.
const MOST_LOG_LINES: usize = 4096;
/// Octets written at once.
const BATCH: usize = 32 * 1024;
/// Longest wait for a record to be written. A log that takes longer is stuck.
const PATIENCE: Duration = Duration::from_millis(500);
/// Wait before a failed write is followed by another.
const AFTER_FAILURE: Duration = Duration::from_millis(20);

/// Says `true` once the line has been written.
type Receipt = Pin<Box<dyn Future<Output = bool> + Send>>;

/// How many lines were lost since the start.
#[derive(Debug, Default)]
pub(in crate::service) struct Lost {
    pub(in crate::service) audit: AtomicU64,
    pub(in crate::service) log: AtomicU64,
}

/// The queue.
pub(in crate::service) struct Lines {
    lost: Arc<Lost>,
    most_audit: usize,
    state: Mutex<State>,
    /// Something to write, the end, or everything written.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Line>,
    audit: usize,
    /// Since when the thread has been writing what it writes now.
    writing: Option<Instant>,
    closed: bool,
    done: bool,
}

struct Line {
    text: Vec<u8>,
    kind: Kind,
}

enum Kind {
    Log,
    Audit,
    /// Somebody waits for it, unless they have given up.
    Awaited(oneshot::Sender<bool>),
}

impl Lines {
    /// Starts the thread that writes.
    pub(in crate::service) fn start(output: impl Write + Send + 'static, most_audit: usize) -> Arc<Lines> {
        let lines =
            Arc::new(Lines { lost: Arc::default(), most_audit, state: Mutex::default(), changed: Condvar::new() });
        let writing = Arc::clone(&lines);
        thread::spawn(move || writing.write(output));
        lines
    }

    pub(in crate::service) fn lost(&self) -> Arc<Lost> {
        Arc::clone(&self.lost)
    }

    /// A line of the log; dropped and counted when too many wait.
    pub(in crate::service) fn log(&self, text: Vec<u8>) {
        let mut state = self.lock();
        if state.closed || state.waiting.len() - state.audit >= MOST_LOG_LINES {
            self.lost.log.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.waiting.push_back(Line { text, kind: Kind::Log });
        self.changed.notify_all();
    }

    /// A decision that nobody waits for; dropped and counted when too many wait.
    pub(in crate::service) fn audit(&self, text: Vec<u8>) {
        let _ = self.push_audit(Line { text, kind: Kind::Audit });
    }

    /// A decision that must be written before it is carried out. `None` when it cannot be; what is returned says
    /// whether it was, within bounded time.
    pub(in crate::service) fn audit_first(&self, text: Vec<u8>) -> Option<Receipt> {
        let (written, receipt) = oneshot::channel();
        self.push_audit(Line { text, kind: Kind::Awaited(written) })?;
        Some(Box::pin(async move { timeout(PATIENCE, receipt).await.is_ok_and(|receipt| receipt.unwrap_or(false)) }))
    }

    fn push_audit(&self, line: Line) -> Option<()> {
        let mut state = self.lock();
        let is_awaited = matches!(line.kind, Kind::Awaited(_));
        // Whoever floods the log with refusals keeps nobody's admission from being recorded.
        let most = if is_awaited { self.most_audit } else { self.most_audit.div_ceil(2) };
        let is_stuck = state.writing.is_some_and(|since| since.elapsed() > PATIENCE);
        if state.closed || state.audit >= most || (is_stuck && is_awaited) {
            // What is awaited is refused, not lost.
            if !is_awaited {
                self.lost.audit.fetch_add(1, Ordering::Relaxed);
            }
            return None;
        }
        state.audit += 1;
        state.waiting.push_back(line);
        self.changed.notify_all();
        Some(())
    }

    /// Waits until everything is written, but not for ever.
    pub(in crate::service) fn close(&self, longest: Duration) {
        let mut state = self.lock();
        state.closed = true;
        self.changed.notify_all();
        let _ = self.changed.wait_timeout_while(state, longest, |state| !state.done);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: writes batches until the queue is closed and empty.
    fn write(&self, mut output: impl Write) {
        // Whether the last octet written was in the middle of a line.
        let mut is_torn = false;
        let mut told = (0, 0);
        while let Some(batch) = self.next_batch() {
            let text: Vec<u8> = batch.iter().flat_map(|line| &line.text).copied().collect();
            let repaired = if is_torn { write_whole(&mut output, b"\n").1.is_ok() } else { true };
            let (written, result) = if repaired { write_whole(&mut output, &text) } else { (0, Err(())) };
            is_torn = !repaired || text.get(..written).and_then(<[u8]>::last).is_some_and(|last| *last != b'\n');
            let mut end = 0;
            for Line { text, kind } in batch {
                end += text.len();
                let is_written = end <= written;
                match kind {
                    Kind::Awaited(written) => drop(written.send(is_written)),
                    _ if is_written => {}
                    Kind::Audit => drop(self.lost.audit.fetch_add(1, Ordering::Relaxed)),
                    Kind::Log => drop(self.lost.log.fetch_add(1, Ordering::Relaxed)),
                }
            }
            self.lock().writing = None;
            if result.is_err() {
                thread::sleep(AFTER_FAILURE);
                continue;
            }
            let lost = (self.lost.audit.load(Ordering::Relaxed), self.lost.log.load(Ordering::Relaxed));
            if lost != told {
                told = lost;
                tracing::warn!(audit = lost.0, log = lost.1, "lines were lost, since the start");
            }
        }
        let _ = output.flush();
        self.lock().done = true;
        self.changed.notify_all();
    }

    fn next_batch(&self) -> Option<Vec<Line>> {
        let mut state = self
            .changed
            .wait_while(self.lock(), |state| state.waiting.is_empty() && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let (mut batch, mut octets) = (Vec::new(), 0);
        while octets < BATCH
            && let Some(line) = state.waiting.pop_front()
        {
            state.audit -= usize::from(!matches!(line.kind, Kind::Log));
            if !matches!(&line.kind, Kind::Awaited(written) if written.is_closed()) {
                octets += line.text.len();
                batch.push(line);
            }
        }
        state.writing = (!batch.is_empty()).then(Instant::now);
        if batch.is_empty() && state.closed && state.waiting.is_empty() { None } else { Some(batch) }
    }
}

/// Writes, and says how many octets went out before it failed.
fn write_whole(output: &mut impl Write, text: &[u8]) -> (usize, Result<(), ()>) {
    let mut written = 0;
    while let Some(rest) = text.get(written..).filter(|rest| !rest.is_empty()) {
        match output.write(rest) {
            Ok(0) => return (written, Err(())),
            Ok(octets) => written += octets,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Whoever shares the pipe has made it so.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(5)),
            Err(_) => return (written, Err(())),
        }
    }
    (written, Ok(()))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::atomic::Ordering;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    use super::{Lines, MOST_LOG_LINES};

    /// Takes so many octets, then fails until there is more room.
    #[derive(Clone)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Disk {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            let fits = text.len().min(disk.1);
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            disk.0.extend(&text[..fits]);
            disk.1 -= fits;
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_lines_stay_whole() {
        let disk = Disk(Arc::new(Mutex::new((Vec::new(), 10))));
        let lines = Lines::start(disk.clone(), 16);
        assert!(lines.audit_first(b"first\n".to_vec()).unwrap().await);
        assert!(!lines.audit_first(b"second\n".to_vec()).unwrap().await);
        lines.audit(b"third\n".to_vec());
        let start = Instant::now();
        while lines.lost().audit.load(Ordering::Relaxed) == 0 {
            assert!(start.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        disk.0.lock().unwrap().1 = 1000;
        assert!(lines.audit_first(b"fourth\n".to_vec()).unwrap().await);
        lines.close(Duration::from_secs(5));
        let text = String::from_utf8(disk.0.lock().unwrap().0.clone()).unwrap();
        assert_eq!(text, "first\nseco\nfourth\n");
    }

    /// Never returns from a write.
    struct Stuck;

    impl Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            loop {
                std::thread::sleep(Duration::from_secs(60));
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_a_log_that_is_stuck() {
        let lines = Lines::start(Stuck, 16);
        let start = Instant::now();
        assert!(!lines.audit_first(b"a\n".to_vec()).unwrap().await);
        // From now on it is known.
        assert!(lines.audit_first(b"b\n".to_vec()).is_none());
        for _ in 0..MOST_LOG_LINES + 5 {
            lines.log(b"c\n".to_vec());
        }
        assert_eq!(lines.lost().log.load(Ordering::Relaxed), 5);
        lines.close(Duration::from_millis(100));
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}
