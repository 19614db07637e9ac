//! Catches panics of the gate, in its tasks too, while an attempt runs on this thread. Chains the hook that was there.

use std::{
    any::Any,
    cell::RefCell,
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

thread_local! {
    static CAUGHT: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Whether one thread makes all attempts, so that a panic on any other one is the gate's.
static ALONE: AtomicBool = AtomicBool::new(false);

/// Panics of the gate's own threads, while an attempt runs alone.
static ELSEWHERE: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// Installs the hook for a process in which one thread makes all attempts, such as a fuzz target.
///
/// It stands before libFuzzer's, which would abort before a panic unwinds and can be explained.
pub(crate) fn listen_everywhere() {
    ALONE.store(true, Ordering::Relaxed);
    install();
}

fn install() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let here = CAUGHT.with(|caught| note(caught.borrow_mut().as_mut(), info.payload()));
            let heard = here || (ALONE.load(Ordering::Relaxed) && note(elsewhere().as_mut(), info.payload()));
            if !heard {
                before(info);
            }
        }));
    });
}

fn elsewhere() -> std::sync::MutexGuard<'static, Option<Vec<String>>> {
    ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(caught: Option<&mut Vec<String>>, payload: &(dyn Any + Send)) -> bool {
    caught.map(|messages| messages.push(message(payload))).is_some()
}

/// Listens for panics on this thread until it is finished.
pub(crate) struct Watch;

impl Watch {
    pub(crate) fn new() -> Self {
        install();
        if ALONE.load(Ordering::Relaxed) {
            *elsewhere() = Some(Vec::new());
        }
        CAUGHT.set(Some(Vec::new()));
        Self
    }

    pub(crate) fn finish(self) -> Vec<String> {
        let mut messages = CAUGHT.take().unwrap_or_default();
        if ALONE.load(Ordering::Relaxed) {
            messages.extend(elsewhere().take().unwrap_or_default());
        }
        messages
    }
}

pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_string());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".into())
}
