//! Tells a test harness that a protected effect ran.
//!
//! A service calls [`hit`] where the effect is, as its innermost act: in the handler, after everything that may still refuse.
//! Nobody listens in production, where the call costs a look at a thread-local variable. No request, whatever it says, makes
//! anybody listen: only [`listen`] does, which a harness calls around an attempt, on the thread of the attempt.
//!
//! ```
//! fn delete_user(caller: &str, user: &str) {
//!     gatecrash_witness::hit("DELETE /v1/users/{id}", Some(caller), Some(user));
//!     // … and the effect.
//! }
//!
//! let heard = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
//! let listening = gatecrash_witness::listen({
//!     let heard = heard.clone();
//!     move |hit| heard.borrow_mut().push(hit.route.to_string())
//! });
//! delete_user("alice", "bob");
//! drop(listening);
//! delete_user("alice", "bob");
//! assert_eq!(*heard.borrow(), ["DELETE /v1/users/{id}"]);
//! ```

use std::{cell::RefCell, rc::Rc};

type Listener = Rc<dyn Fn(Hit<'_>)>;

thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// A protected effect that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The route: method, space, path template, such as `GET /v1/accounts/{id}`.
    pub route: &'a str,
    /// As whom; `None` when the service does not know.
    pub principal: Option<&'a str>,
    /// On what, where the route names an object.
    pub object: Option<&'a str>,
}

/// The effect of `route` runs, as `principal`, on `object`. Nothing happens unless somebody listens on this thread.
///
/// ```
/// gatecrash_witness::hit("GET /v1/whoami", Some("spiffe://example.org/staff/alice"), None);
/// ```
pub fn hit(route: &str, principal: Option<&str>, object: Option<&str>) {
    // A thread that ends has no variable any more, and nobody who listens.
    let listener = LISTENER.try_with(|listener| listener.borrow().clone()).ok().flatten();
    if let Some(listener) = listener {
        listener(Hit { route, principal, object });
    }
}

/// Listens to the hits of this thread until the result is dropped; whoever listened before does so again then.
///
/// ```
/// let listening = gatecrash_witness::listen(|hit| println!("{} ran", hit.route));
/// gatecrash_witness::hit("GET /v1/whoami", None, None);
/// drop(listening);
/// ```
pub fn listen(listener: impl Fn(Hit<'_>) + 'static) -> Listening {
    let listener: Listener = Rc::new(listener);
    Listening { before: LISTENER.with_borrow_mut(|place| place.replace(listener)) }
}

/// That somebody listens. It belongs to one thread.
#[must_use = "nobody listens any more once it is dropped"]
pub struct Listening {
    before: Option<Listener>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = LISTENER.try_with(|listener| *listener.borrow_mut() = self.before.take());
    }
}
