//! A bank that remembers: sessions, keys, verified tokens, refusals. Its habits are good ones until one of them is replaced.

mod streams;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use axum::{Router, body::Body};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash::{
    Applied, BoxError, Gate, World,
    model::{Change, KeysFailure},
    world::{Witness, WorldTime},
};
use http::request::Parts;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ServerConfig,
    pki_types::UnixTime,
    server::{ServerSessionMemoryCache, StoresServerSessions, danger::ClientCertVerifier},
};
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::{
    Refusal,
    authorize::Caller,
    certificate::{Holder, Peer},
    service::{Service, Steps, bind},
    tls::{ClientAuth, config, verifier},
    token::{Claims, Trust},
};

/// What a gate does with what it knows from before.
#[derive(Clone, Copy)]
pub(crate) struct Habits {
    /// Which changes it does not take up.
    pub(crate) ignores: fn(&Change) -> bool,
    pub(crate) sessions: Sessions,
    /// When it looks at the certificate of a connection.
    pub(crate) vets: Vets,
    /// What becomes of keys that are published no more, and of a set that cannot be read.
    pub(crate) keys: Keys,
    /// By what it remembers a token that it verified.
    pub(crate) cache: fn(&str) -> Option<String>,
    /// Whether a token that it remembers is verified again all the same.
    pub(crate) verifies_again: bool,
    /// Whether a remembered token is looked at again for its dates, its certificate, its revocation.
    pub(crate) looks_again: [bool; 3],
    /// Whether a token is remembered before it is verified.
    pub(crate) remembers_first: bool,
    /// By what it remembers a token that it refused.
    pub(crate) refusals: fn(&str) -> Option<String>,
    pub(crate) one_time: OneTime,
    pub(crate) throttle: Throttle,
    /// After how many refusals it lets everybody in.
    pub(crate) opens_after: Option<usize>,
    pub(crate) remembers: Remembers,
    /// Whether the effect is begun before it is known who asks, and ends later.
    pub(crate) begins_early: bool,
    /// Whether it looks at the credentials of a stream again before each event.
    pub(crate) streams_look_again: bool,
    pub(crate) poisoned: Poisoned,
    /// Whether a session goes on under the id that the client had before it was authenticated.
    pub(crate) session_fixed: bool,
}

/// Whether sessions can be resumed (RFC 8446 §2.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// They cannot.
    None,
    /// Those of one configuration.
    OfConfiguration,
    /// Those of any: the storage outlives a reload, as a clone of a configuration has it.
    OfAll,
    /// Those of any, in tickets whose key outlives a reload.
    TicketsOfAll,
}

/// When a connection's certificate is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vets {
    /// In the handshake alone.
    AtHandshake,
    /// At the first request after a reload.
    AfterReload,
    /// At each request.
    EachRequest,
}

/// What becomes of keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// A new set takes the place of the old one; one that cannot be read does not.
    Replaced,
    /// New keys are added.
    OnlyAdded,
    /// A key that is known by its name is not looked up again.
    ByName,
    /// Without keys nothing is verified.
    OpenWithout,
    /// After a set that cannot be read nothing is verified.
    OpenOnError,
    /// After a set that cannot be read nobody is served.
    ClosedForAll,
}

/// How a token is kept from working twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OneTime {
    /// It is not.
    NotAtAll,
    /// Its `jti` is stored.
    Stored,
    /// Its `jti` is remembered.
    InMemory,
    /// Its text is stored.
    ByText,
    /// Its `jti` is stored a little after it was looked for.
    LookThenStore,
}

/// Who has to wait after too many refusals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Throttle {
    /// Nobody.
    Nobody,
    /// Whoever was refused.
    Holder,
    /// Whomever the refused token named.
    Subject,
    /// Everybody.
    Everybody,
}

/// What becomes of a lock that a panic has poisoned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poisoned {
    /// Nothing panics while it is held.
    Never,
    /// What it guards is passed over.
    Opens,
    /// Everybody is refused.
    Closes,
}

/// Whom it takes somebody for who says nothing of himself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remembers {
    /// Nobody.
    Nobody,
    /// Whom this thread served last.
    OnThread,
    /// Whom the connection was for last, of the requests that are under way.
    OnConnection,
}

/// Refusals after which somebody has to wait, and for how long.
pub(crate) const FREE: usize = 10;
const WAIT: i64 = 60;

impl Default for Habits {
    fn default() -> Self {
        Self {
            ignores: |_| false,
            sessions: Sessions::OfConfiguration,
            vets: Vets::EachRequest,
            keys: Keys::Replaced,
            cache: |token| Some(token.into()),
            verifies_again: true,
            looks_again: [true; 3],
            remembers_first: false,
            refusals: |_| None,
            one_time: OneTime::NotAtAll,
            throttle: Throttle::Nobody,
            opens_after: None,
            remembers: Remembers::Nobody,
            begins_early: false,
            streams_look_again: true,
            poisoned: Poisoned::Never,
            session_fixed: false,
        }
    }
}

/// What is trusted at the moment.
struct Current {
    tls: Arc<ServerConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
    service: Arc<Service>,
    router: Router,
    generation: u64,
    open: bool,
    closed: bool,
}

#[derive(Default)]
struct Memory {
    verified: BTreeMap<String, Claims>,
    refused: BTreeSet<String>,
    spent: BTreeSet<String>,
    revoked: Vec<String>,
    /// Every key that was ever looked up.
    keys: Vec<super::token::Key>,
    /// Refusals by holder: how many, and when the last was.
    guesses: BTreeMap<String, (usize, i64)>,
    refusals: usize,
    /// Who is known by the id of a session.
    sessions: BTreeMap<String, Caller>,
}

pub(crate) struct Bank {
    habits: Habits,
    time: WorldTime,
    witness: Witness,
    storage: Arc<dyn StoresServerSessions>,
    current: RwLock<Arc<Current>>,
    memory: Mutex<Memory>,
    /// How often tokens came, by their first letters.
    counts: Mutex<BTreeMap<String, usize>>,
}

/// What a request brings along: the bank, and its connection.
#[derive(Clone)]
struct Visit {
    bank: Arc<Bank>,
    born: u64,
    slot: Arc<Mutex<Option<Caller>>>,
}

thread_local! {
    static LAST: RefCell<Option<Caller>> = const { RefCell::new(None) };
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bank {
    fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tls(
        world: &World,
        habits: Habits,
        storage: &Arc<dyn StoresServerSessions>,
    ) -> Result<Arc<ServerConfig>, BoxError> {
        let mut tls = (*config(world, ClientAuth::Required)?).clone();
        match habits.sessions {
            Sessions::None => return Ok(Arc::new(tls)),
            Sessions::OfConfiguration => tls.session_storage = ServerSessionMemoryCache::new(256),
            Sessions::OfAll => tls.session_storage = storage.clone(),
            Sessions::TicketsOfAll => tls.ticketer = ticketer()?,
        }
        tls.send_tls13_tickets = 2;
        Ok(Arc::new(tls))
    }

    fn service(world: &World, time: &WorldTime) -> Result<Arc<Service>, BoxError> {
        let steps = Steps { admit, ..Steps::default() };
        let trust = Trust::of(world, steps.checks)?.with_time(time.clone());
        Service::with_trust(world, steps, trust)
    }

    fn build(world: &World, habits: Habits) -> Result<Arc<Self>, BoxError> {
        let time = world.time();
        let storage = ServerSessionMemoryCache::new(256);
        let service = Self::service(world, &time)?;
        let current = Current {
            tls: Self::tls(world, habits, &(storage.clone() as Arc<dyn StoresServerSessions>))?,
            verifier: verifier(world)?,
            router: streams::router(&service),
            service,
            generation: 0,
            open: false,
            closed: false,
        };
        let (witness, memory) = (world.witness().clone(), Mutex::new(Memory::default()));
        let current = RwLock::new(Arc::new(current));
        Ok(Arc::new(Self { habits, time, witness, storage, current, memory, counts: Mutex::default() }))
    }

    /// What operators do when something changes: reload, and where they restart, forget.
    fn change(&self, change: &Change, world: &World) -> Result<Applied, BoxError> {
        if (self.habits.ignores)(change) {
            return Ok(Applied::Done);
        }
        let before = self.current();
        match change {
            Change::Wait(_) => return Ok(Applied::Done),
            Change::RevokeToken(_) => locked(&self.memory).revoked = world.revoked_tokens(),
            Change::Restart => {
                let mut memory = locked(&self.memory);
                let stored =
                    if self.habits.one_time == OneTime::InMemory { BTreeSet::new() } else { memory.spent.clone() };
                *memory = Memory { spent: stored, revoked: memory.revoked.clone(), ..Memory::default() };
            }
            _ => {}
        }
        let fetched = !matches!(world.keys_fail(), Some(KeysFailure::Fails | KeysFailure::Slow));
        let service = if fetched { Self::service(world, &self.time) } else { Err("no key set".into()) };
        let broken = service.is_err();
        let service = match service {
            Ok(service) => self.merged(&before.service, service),
            Err(_) => before.service.clone(),
        };
        let open = match self.habits.keys {
            Keys::OpenWithout => service.trust.keys.is_empty(),
            Keys::OpenOnError => broken,
            _ => false,
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Current {
            tls: Self::tls(world, self.habits, &self.storage)?,
            verifier: verifier(world)?,
            router: streams::router(&service),
            service,
            generation: before.generation + 1,
            open,
            closed: broken && self.habits.keys == Keys::ClosedForAll,
        });
        Ok(Applied::Done)
    }

    /// The keys of a new set, with those of the old one that a habit holds on to.
    fn merged(&self, old: &Arc<Service>, new: Arc<Service>) -> Arc<Service> {
        let known = |key: &super::token::Key| (key.issuer.clone(), key.kid.clone());
        let mut new = match Arc::try_unwrap(new) {
            Ok(new) => new,
            Err(shared) => return shared,
        };
        match self.habits.keys {
            Keys::OnlyAdded => {
                let names: BTreeSet<_> = new.trust.keys.iter().map(known).collect();
                new.trust.keys.extend(old.trust.keys.iter().filter(|key| !names.contains(&known(key))).cloned());
            }
            Keys::ByName => {
                let mut memory = locked(&self.memory);
                let seen = memory.keys.len();
                if seen == 0 {
                    memory.keys.extend(old.trust.keys.iter().cloned());
                }
                for key in &mut new.trust.keys {
                    match memory.keys.iter().find(|old| known(old) == known(key)) {
                        Some(old) => *key = old.clone(),
                        None => memory.keys.push(key.clone()),
                    }
                }
            }
            _ => {}
        }
        Arc::new(new)
    }

    fn verified(&self, trust: &Trust, token: &str, holder: &Holder) -> Result<Claims, Refusal> {
        let [dates, binding, revocation] = self.habits.looks_again;
        let key = (self.habits.cache)(token);
        let refusal = (self.habits.refusals)(token);
        {
            let memory = locked(&self.memory);
            if refusal.as_ref().is_some_and(|refusal| memory.refused.contains(refusal)) {
                return Err(Refusal::Unauthorized);
            }
            if let Some(claims) = key.as_ref().and_then(|key| memory.verified.get(key)) {
                if dates {
                    trust.dates(claims)?;
                }
                if binding {
                    bind(claims, holder)?;
                }
                if revocation && claims.jti.as_ref().is_some_and(|jti| memory.revoked.contains(jti)) {
                    return Err(Refusal::Unauthorized);
                }
                // A key may be gone by now.
                if self.habits.verifies_again {
                    trust.verify(token)?;
                }
                return Ok(claims.clone());
            }
        }
        let done = trust.verify(token).and_then(|claims| bind(&claims, holder).map(|()| claims));
        let mut memory = locked(&self.memory);
        if done.is_err() {
            memory.refused.extend(refusal);
        }
        let remembered = match &done {
            Ok(claims) => Some(claims.clone()),
            Err(_) if self.habits.remembers_first => unverified(token),
            Err(_) => None,
        };
        if let (Some(key), Some(claims)) = (key, remembered) {
            memory.verified.insert(key, claims);
        }
        let claims = done?;
        if claims.jti.as_ref().is_some_and(|jti| memory.revoked.contains(jti)) {
            return Err(Refusal::Unauthorized);
        }
        Ok(claims)
    }

    /// Whether a token works once more.
    fn spend(&self, token: &str, claims: &Claims) -> Result<(), Refusal> {
        let by = match self.habits.one_time {
            OneTime::NotAtAll | OneTime::LookThenStore => return Ok(()),
            OneTime::ByText => token.to_string(),
            OneTime::InMemory | OneTime::Stored => claims.jti.clone().unwrap_or_default(),
        };
        if locked(&self.memory).spent.insert(by) { Ok(()) } else { Err(Refusal::Unauthorized) }
    }

    fn waits(&self, holder: &str) -> bool {
        let memory = locked(&self.memory);
        let now = self.time.now();
        let waits = |(count, last): &(usize, i64)| *count >= FREE && now - last < WAIT;
        match self.habits.throttle {
            Throttle::Nobody => false,
            Throttle::Holder | Throttle::Subject => memory.guesses.get(holder).is_some_and(waits),
            Throttle::Everybody => memory.guesses.values().any(waits),
        }
    }

    /// Whether the count of tokens is kept. A short token panics while the lock is held.
    fn counted(&self, token: &str) -> bool {
        let Ok(mut counts) = self.counts.lock() else { return false };
        *counts.entry(token[..8].into()).or_default() += 1;
        true
    }

    fn refused(&self, holder: &str) {
        let now = self.time.now();
        let mut memory = locked(&self.memory);
        memory.refusals += 1;
        let guesses = memory.guesses.entry(holder.into()).or_default();
        *guesses = (guesses.0 + 1, now);
    }
}

/// Who asks, with everything that the bank remembers.
fn admit(service: &Service, parts: &Parts) -> Result<Caller, Refusal> {
    let visit = parts.extensions.get::<Visit>().cloned().ok_or(Refusal::Unauthorized)?;
    let bank = &visit.bank;
    (service.steps.authority)(parts)?;
    let holder = (service.steps.holder)(parts)?;
    let current = bank.current();
    if current.closed {
        return Err(Refusal::Forbidden);
    }
    let vetted = match bank.habits.vets {
        Vets::AtHandshake => true,
        Vets::AfterReload if visit.born == current.generation => true,
        Vets::AfterReload | Vets::EachRequest => vetted(&current, parts, &bank.time),
    };
    if !vetted {
        return Err(Refusal::Unauthorized);
    }
    if service.is_open(parts) {
        return Ok(Caller { id: holder.id, scopes: Vec::new() });
    }
    let token = match (service.steps.bearer)(parts) {
        Ok(Some(token)) => token,
        Ok(None) if bank.habits.session_fixed => {
            let known = session(parts).and_then(|id| locked(&bank.memory).sessions.get(&id).cloned());
            return known.ok_or(Refusal::Unauthorized);
        }
        Ok(None) if bank.habits.remembers == Remembers::OnThread => {
            return LAST.with(|last| last.borrow().clone()).ok_or(Refusal::Unauthorized);
        }
        Ok(None) => return Err(Refusal::Unauthorized),
        Err(refusal) => return Err(refusal),
    };
    let counted = bank.habits.poisoned == Poisoned::Never || bank.counted(&token);
    if !counted && bank.habits.poisoned == Poisoned::Closes {
        return Err(Refusal::Unauthorized);
    }
    let open = current.open || !counted;
    let open = open || bank.habits.opens_after.is_some_and(|most| locked(&bank.memory).refusals >= most);
    let claims = match open {
        true => unverified(&token).ok_or(Refusal::Unauthorized),
        false => bank.verified(&service.trust, &token, &holder),
    };
    let claims = claims.and_then(|claims| bank.spend(&token, &claims).map(|()| claims));
    let named = || unverified(&token).map(|claims| claims.sub).unwrap_or_default();
    let claims = claims.inspect_err(|_| match bank.habits.throttle {
        Throttle::Subject => bank.refused(&named()),
        _ => bank.refused(&holder.id),
    })?;
    let caller = (service.steps.caller)(&service.trust.policy, &claims, &holder);
    if let (true, Some(id)) = (bank.habits.session_fixed, session(parts)) {
        locked(&bank.memory).sessions.insert(id, caller.clone());
    }
    LAST.with(|last| *last.borrow_mut() = Some(caller.clone()));
    if bank.habits.remembers == Remembers::OnConnection {
        return Ok(locked(&visit.slot).clone().unwrap_or(caller));
    }
    Ok(caller)
}

/// The id of a session, as the client says it.
fn session(parts: &Parts) -> Option<String> {
    let cookies = parts.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split("; "));
    pairs.find_map(|pair| pair.strip_prefix("session=")).map(String::from)
}

/// Whether the connection's certificate would be accepted today.
fn vetted(current: &Current, parts: &Parts, time: &WorldTime) -> bool {
    let Some(Peer(chain)) = parts.extensions.get::<Peer>() else { return false };
    let Some((leaf, rest)) = chain.split_first() else { return false };
    let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(time.now()).unwrap_or_default()));
    current.verifier.verify_client_cert(leaf, rest, now).is_ok()
}

/// What a token says, whoever wrote it.
pub(crate) fn unverified(token: &str) -> Option<Claims> {
    let claims = Base64UrlUnpadded::decode_vec(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

fn ticketer() -> Result<Arc<dyn rustls::server::ProducesTickets>, BoxError> {
    static SHARED: std::sync::OnceLock<Arc<dyn rustls::server::ProducesTickets>> = std::sync::OnceLock::new();
    if let Some(known) = SHARED.get() {
        return Ok(known.clone());
    }
    let made = rustls::crypto::aws_lc_rs::Ticketer::new()?;
    Ok(SHARED.get_or_init(|| made).clone())
}

/// The gate of a bank with these habits.
pub(crate) fn gate(world: &World, habits: Habits) -> Result<Gate, BoxError> {
    let bank = Bank::build(world, habits)?;
    let told = bank.clone();
    let gate = Gate::serve(move |io| connection(bank.clone(), io));
    Ok(gate.on_change(move |change, world| told.change(change, world)))
}

async fn connection(bank: Arc<Bank>, io: DuplexStream) {
    let current = bank.current();
    let Ok(stream) = TlsAcceptor::from(current.tls.clone()).accept(io).await else { return };
    let (_, state) = stream.get_ref();
    let peer = Peer(state.peer_certificates().unwrap_or_default().iter().map(|der| der.clone().into_owned()).collect());
    let speaks_http2 = state.alpn_protocol() == Some(b"h2");
    let visit = Visit { bank, born: current.generation, slot: Arc::default() };
    let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        request.extensions_mut().insert(visit.clone());
        let visit = visit.clone();
        async move { Ok::<_, Infallible>(answer(visit, request.map(Body::new)).await) }
    });
    if speaks_http2 {
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    }
}

async fn answer(visit: Visit, request: http::Request<Body>) -> http::Response<Body> {
    let bank = &visit.bank;
    let current = bank.current();
    let (parts, body) = request.into_parts();
    let leaf = parts.extensions.get::<Peer>().and_then(|peer| peer.0.first()).map(|leaf| leaf.to_vec());
    let holder = leaf.and_then(|leaf| super::certificate::holder(&leaf).ok()).map(|holder| holder.id);
    let token = parts.headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = token.map(String::from);
    let known = match bank.habits.throttle {
        Throttle::Subject => token.as_deref().and_then(unverified).map(|claims| claims.sub),
        _ => holder,
    };
    if known.is_some_and(|known| bank.waits(&known)) {
        return status(http::StatusCode::TOO_MANY_REQUESTS);
    }
    if bank.habits.begins_early && parts.uri.path() == "/v1/whoami" {
        let (witness, claims) = (bank.witness.clone(), token.as_deref().and_then(unverified));
        let principal = claims.map(|claims| claims.sub);
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            witness.hit("GET /v1/whoami", principal, None);
        });
    }
    if bank.habits.one_time == OneTime::LookThenStore
        && let Some(jti) = token.as_deref().and_then(unverified).and_then(|claims| claims.jti)
    {
        if locked(&bank.memory).spent.contains(&jti) {
            return status(http::StatusCode::UNAUTHORIZED);
        }
        tokio::task::yield_now().await;
        locked(&bank.memory).spent.insert(jti);
    }
    if bank.habits.remembers == Remembers::OnConnection
        && let (Some(token), Some(holder)) = (&token, leaf_holder(&parts))
        && let Ok(claims) = bank.verified(&current.service.trust, token, &holder)
    {
        let caller = (current.service.steps.caller)(&current.service.trust.policy, &claims, &holder);
        *locked(&visit.slot) = Some(caller);
        tokio::task::yield_now().await;
    }
    let request = http::Request::from_parts(parts, body);
    current.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
}

fn leaf_holder(parts: &Parts) -> Option<Holder> {
    super::certificate::holder(parts.extensions.get::<Peer>()?.0.first()?).ok()
}

fn status(status: http::StatusCode) -> http::Response<Body> {
    let mut response = http::Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
