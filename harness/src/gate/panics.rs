//! Catches panics of the gate, in its tasks too, while an attempt runs on this thread. Chains the hook that was there.

use std::{any::Any, cell::RefCell, sync::Once};

thread_local! {
    static CAUGHT: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Listens for panics on this thread until it is finished.
pub(crate) struct Watch;

impl Watch {
    pub(crate) fn new() -> Self {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                let listening = CAUGHT.with(|caught| match caught.borrow_mut().as_mut() {
                    Some(messages) => {
                        messages.push(message(info.payload()));
                        true
                    }
                    None => false,
                });
                if !listening {
                    before(info);
                }
            }));
        });
        CAUGHT.set(Some(Vec::new()));
        Self
    }

    pub(crate) fn finish(self) -> Vec<String> {
        CAUGHT.take().unwrap_or_default()
    }
}

pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_string());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".into())
}
