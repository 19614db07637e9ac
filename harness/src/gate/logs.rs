//! Hears the `tracing` events of a gate while an attempt runs on this thread, and passes them on to whoever listened before.
//!
//! Nothing is installed process-wide: the ear is the thread's default for the time of the attempt alone.

use std::{cell::RefCell, fmt::Write as _};

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    dispatcher::{DefaultGuard, get_default, set_default},
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
    subscriber::Interest,
};

/// The most octets of log that one attempt is searched for; what is beyond is not kept.
const MOST: usize = 256 * 1024;

#[derive(Default)]
struct Heard {
    text: String,
    level: Option<Level>,
    before: Option<Dispatch>,
}

thread_local! {
    static HEARD: RefCell<Heard> = RefCell::default();
    /// One for each thread: to make a dispatcher is dear, to set it is not.
    static EAR: Dispatch = Dispatch::new(Ear);
}

/// Listens until it is finished.
pub(super) struct Listening(#[expect(dead_code, reason = "dropping it ends the listening")] Option<DefaultGuard>);

impl Listening {
    /// Listens for events of `level` and above; `None` listens for nothing.
    pub(super) fn new(level: Option<Level>) -> Self {
        let before = get_default(Dispatch::clone);
        let listens = level.is_some() && !before.is::<Ear>();
        HEARD.with_borrow_mut(|heard| *heard = Heard { text: String::new(), level, before: Some(before) });
        Self(listens.then(|| EAR.with(set_default)))
    }

    /// What was heard, one event a line.
    pub(super) fn finish(self) -> String {
        drop(self);
        HEARD.take().text
    }
}

struct Ear;

/// Calls whoever listened before. Spans may outlive the attempt: then nobody is left to be told.
fn before<T>(tell: impl FnOnce(&Dispatch) -> T) -> Option<T> {
    let before = HEARD.with_borrow(|heard| heard.before.clone());
    before.as_ref().map(tell)
}

impl Subscriber for Ear {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        // What is heard is another matter from attempt to attempt, and from thread to thread.
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = HEARD.with_borrow(|heard| heard.level.is_some_and(|level| *metadata.level() <= level));
        (ours && metadata.is_event()) || before(|dispatch| dispatch.enabled(metadata)).unwrap_or(false)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Each thread's interest is another, and what is never said costs nothing.
        None
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        before(|dispatch| dispatch.new_span(attributes)).unwrap_or_else(|| span::Id::from_u64(1))
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        before(|dispatch| dispatch.record(span, values));
    }

    fn record_follows_from(&self, span: &span::Id, follows: &span::Id) {
        before(|dispatch| dispatch.record_follows_from(span, follows));
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}:", event.metadata().level(), event.metadata().target()));
        let ours = HEARD.with_borrow(|heard| heard.level.is_some_and(|level| *event.metadata().level() <= level));
        if ours {
            event.record(&mut line);
            HEARD.with_borrow_mut(|heard| {
                if heard.text.len() + line.0.len() < MOST {
                    heard.text.push_str(&line.0);
                    heard.text.push('\n');
                }
            });
        }
        before(|dispatch| {
            if dispatch.enabled(event.metadata()) {
                dispatch.event(event);
            }
        });
    }

    fn enter(&self, span: &span::Id) {
        before(|dispatch| dispatch.enter(span));
    }

    fn exit(&self, span: &span::Id) {
        before(|dispatch| dispatch.exit(span));
    }

    fn clone_span(&self, span: &span::Id) -> span::Id {
        before(|dispatch| dispatch.clone_span(span)).unwrap_or_else(|| span.clone())
    }

    fn try_close(&self, span: span::Id) -> bool {
        before(|dispatch| dispatch.try_close(span)).unwrap_or(false)
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {}={value}", field.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_hears_what_is_loud_enough_and_only_while_it_listens() {
        tracing::info!("before");
        let listening = Listening::new(Some(Level::INFO));
        let span = tracing::info_span!("request");
        span.in_scope(|| tracing::info!(token = "secret", "refused"));
        tracing::debug!("quiet");
        let heard = listening.finish();
        drop(span);
        tracing::info!("after");
        assert!(heard.contains("refused") && heard.contains("token=secret"), "{heard}");
        assert!(!heard.contains("quiet") && !heard.contains("before") && !heard.contains("after"), "{heard}");
        let deaf = Listening::new(None);
        tracing::error!("loud");
        assert_eq!(deaf.finish(), "");
    }

    #[test]
    fn whoever_listened_before_still_hears() {
        struct Counting(std::sync::Arc<std::sync::atomic::AtomicUsize>);
        impl Subscriber for Counting {
            fn enabled(&self, _: &Metadata<'_>) -> bool {
                true
            }
            fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
                span::Id::from_u64(7)
            }
            fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
            fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
            fn event(&self, _: &Event<'_>) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            fn enter(&self, _: &span::Id) {}
            fn exit(&self, _: &span::Id) {}
        }
        let count = std::sync::Arc::default();
        let theirs = Dispatch::new(Counting(std::sync::Arc::clone(&count)));
        tracing::dispatcher::with_default(&theirs, || {
            let listening = Listening::new(Some(Level::INFO));
            tracing::info!("one");
            tracing::debug!("two");
            assert_eq!(listening.finish().lines().count(), 1);
            tracing::info!("three");
        });
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 3);
    }
}
