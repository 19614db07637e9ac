//! The TLS sessions that one client remembers, whatever name it asks for: servers are to tell names apart, not this client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{
    ClientConfig, NamedGroup,
    client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue},
    pki_types::ServerName,
};

/// The tickets of one client, the latest last.
#[derive(Default)]
pub(super) struct Tickets(Mutex<Vec<Tls13ClientSessionValue>>);

impl Tickets {
    fn held(&self) -> MutexGuard<'_, Vec<Tls13ClientSessionValue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many tickets there are.
    pub(super) fn count(&self) -> usize {
        self.held().len()
    }
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tickets").field(&self.count()).finish()
    }
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.held().push(value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.held().pop()
    }
}

/// A client with a memory of its own.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) config: Arc<ClientConfig>,
    pub(super) tickets: Arc<Tickets>,
}

impl Client {
    pub(super) fn new(mut config: ClientConfig) -> Self {
        let tickets = Arc::new(Tickets::default());
        config.resumption = Resumption::store(tickets.clone());
        Self { config: Arc::new(config), tickets }
    }

    /// The same client, which says other things in its hello.
    pub(super) fn with(&self, change: impl FnOnce(&mut ClientConfig)) -> Self {
        let mut config = (*self.config).clone();
        change(&mut config);
        Self { config: Arc::new(config), tickets: self.tickets.clone() }
    }
}
