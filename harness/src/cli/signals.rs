//! Signals during a run: the first ends it after the attempt under way, with all its reports; a second ends the process.

use std::sync::Arc;

use crate::campaign::{Interruption, Progress};

/// Watches for signals, on a thread of its own, for as long as the process lives.
pub(super) fn watch(progress: &Arc<Progress>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let context = runtime.enter();
    let mut signals = Signals::new()?;
    drop(context);
    let progress = Arc::clone(progress);
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                let by = signals.next().await;
                if progress.interrupted().is_some() {
                    std::process::exit(by.status().into());
                }
                progress.interrupt(by);
                // Whoever pressed Ctrl-C wants to see that something happens; nobody may be left to see it.
                let text = format!("{}: ending after the attempt under way; once more ends at once", by.name());
                let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{text}\n"));
            }
        });
    });
    Ok(())
}

/// A process that waits for another lives through Ctrl-C: the other one has been told, too, and has more to say.
pub fn outlive_interrupts() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let context = runtime.enter();
    // The handler stays when nobody listens any more.
    drop(Signals::new_interrupt()?);
    drop(context);
    Ok(())
}

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

#[cfg(unix)]
struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        let (hangup, terminate) = (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?);
        Ok(Self { hangup, interrupt: Self::new_interrupt()?, terminate })
    }

    fn new_interrupt() -> std::io::Result<Signal> {
        signal(SignalKind::interrupt())
    }

    async fn next(&mut self) -> Interruption {
        tokio::select! {
            _ = self.hangup.recv() => Interruption::Hangup,
            _ = self.interrupt.recv() => Interruption::Interrupt,
            _ = self.terminate.recv() => Interruption::Terminate,
        }
    }
}

/// Where there is Ctrl-C alone.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    fn new_interrupt() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Interruption {
        let _ = tokio::signal::ctrl_c().await;
        Interruption::Interrupt
    }
}
