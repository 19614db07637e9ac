//! The system under test: whatever turns an accepted byte stream into served HTTP.

mod answers;
mod authority;
mod budget;
pub(crate) mod client;
mod connection;
#[cfg(feature = "axum")]
mod extractor;
mod front;
mod https;
mod logs;
mod observation;
pub(crate) mod panics;
mod raw;
mod service;

use std::{any::Any, cell::RefCell, future::Future, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use rustls_pki_types::CertificateDer;
use tokio::io::DuplexStream;

pub use front::Tripwired;
pub use observation::{Answer, Handshake, Observation};
pub(crate) use raw::Said;

use crate::{
    factory::BoxError,
    forge::{ClientKey, Wire},
    tls,
    world::{Kept, World},
};

type Serve = Box<dyn Fn(DuplexStream) -> LocalBoxFuture<'static, ()>>;
type Call = Box<dyn Fn(http::Request<Bytes>) -> LocalBoxFuture<'static, Result<http::Response<Bytes>, String>>>;
type HandshakeFailed = Box<dyn Fn(&rustls::Error)>;

/// How deep attempts go into the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Bytes through the gate's own HTTP stack.
    Connection,
    /// A real handshake, then the request is handed to the service.
    Service,
}

impl Depth {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Depth::Connection => "connection",
            Depth::Service => "service",
        }
    }
}

/// How the client's certificates come to the service; the gate's adapters set it.
type Deliver = dyn Fn(&mut http::Extensions, &[CertificateDer<'static>]);

#[derive(Clone, Default)]
struct HandOver(Rc<RefCell<Option<Box<Deliver>>>>);

impl HandOver {
    fn hand_over(&self, extensions: &mut http::Extensions, chain: &[CertificateDer<'static>]) {
        if let (Some(deliver), false) = (self.0.borrow().as_ref(), chain.is_empty()) {
            deliver(extensions, chain);
        }
    }
}

/// Whom an answer says it was for.
type AnsweredAs = dyn Fn(&Answer) -> Option<String>;

/// How often a gate is built anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Per {
    /// For every attempt.
    Attempt,
    /// For every thread of a campaign and every scene.
    #[default]
    Campaign,
    /// For every case.
    Case,
}

/// What counts as proof that an effect ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// A hit that the gate told the world's witness.
    #[default]
    Hit,
    /// An answer below 400, for a gate that cannot be instrumented. It says nothing of principal and object.
    Status,
}

/// A system under test.
///
/// It lives on one thread; a campaign builds one for each of its threads.
///
/// ```
/// use tokio::io::AsyncWriteExt;
/// let gate = gatecrash::Gate::serve(|mut io| async move {
///     let _ = io.shutdown().await;
/// });
/// assert_eq!(gate.depths(), [gatecrash::Depth::Connection]);
/// ```
pub struct Gate {
    serve: Serve,
    service: Option<Service>,
    certificates: HandOver,
    identity: front::IdentityOf,
    keep: Vec<Box<dyn Any>>,
    budget: Duration,
    turns: u64,
    fresh: Per,
    evidence: Evidence,
    answered_as: Option<Box<AnsweredAs>>,
    routes: Vec<String>,
    log_level: Option<tracing::Level>,
    /// Whether the accept loop is ours, and reads content before the service is asked.
    eager: bool,
}

struct Service {
    tls: Arc<rustls::ServerConfig>,
    call: Call,
    certificates: HandOver,
    handshake_failed: Option<HandshakeFailed>,
    /// The chains of clients whose handshake was accepted, where connections are kept.
    kept: Option<Kept<ClientKey, Arc<[CertificateDer<'static>]>>>,
}

/// How many connections are kept at service depth.
const CONNECTIONS: usize = 64;

impl Gate {
    /// A gate that serves an accepted byte stream, TLS and all, until it is closed.
    pub fn serve<F, Fut>(serve: F) -> Self
    where
        F: Fn(DuplexStream) -> Fut + 'static,
        Fut: Future + 'static,
    {
        let serve: Serve = Box::new(move |io| serve(io).map(|_| ()).boxed_local());
        Self {
            serve,
            service: None,
            certificates: HandOver::default(),
            identity: front::IdentityOf::default(),
            keep: Vec::new(),
            budget: Duration::from_secs(5),
            turns: 1_000_000,
            fresh: Per::default(),
            evidence: Evidence::default(),
            answered_as: None,
            routes: Vec::new(),
            log_level: Some(tracing::Level::INFO),
            eager: false,
        }
    }

    /// A gate of a rustls configuration and a tower service, at both depths; over connections it speaks HTTP/2 where ALPN agrees on it,
    /// HTTP/1.1 otherwise.
    ///
    /// [`peer_certificates`](Gate::peer_certificates) says how the service learns of the client's certificates.
    pub fn https<S, ReqBody, ResBody>(tls: Arc<rustls::ServerConfig>, service: S) -> Self
    where
        S: tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
        S::Error: std::fmt::Display,
        ReqBody: From<Bytes> + 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let certificates = HandOver::default();
        let serve = https::serve(tls.clone(), service.clone(), certificates.clone());
        Self { certificates, eager: true, ..Self::serve(serve) }.with_service(tls, service)
    }

    /// Adds the service depth to a gate that serves byte streams itself.
    pub fn with_service<S, ReqBody, ResBody>(mut self, tls: Arc<rustls::ServerConfig>, service: S) -> Self
    where
        S: tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
        S::Error: std::fmt::Display,
        ReqBody: From<Bytes> + 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let call = https::call(service);
        let certificates = self.certificates.clone();
        self.service = Some(Service { tls, call, certificates, handshake_failed: None, kept: None });
        self
    }

    /// A middleware alone, in front of a service of ours that serves the policy's routes and tells the witness.
    ///
    /// The TLS in front of it is ours too, and strict; so is the look at the host. [`identity`](Gate::identity) says whom the middleware let in.
    pub fn layer<L, ReqBody, ResBody>(world: &World, layer: L) -> Result<Self, BoxError>
    where
        L: tower_layer::Layer<Tripwired<ReqBody>>,
        L::Service:
            tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
        <L::Service as tower_service::Service<http::Request<ReqBody>>>::Error: std::fmt::Display,
        ReqBody: http_body::Body + From<Bytes> + Send + 'static,
        ReqBody::Data: Send,
        ReqBody::Error: Send,
        <L::Service as tower_service::Service<http::Request<ReqBody>>>::Error: 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let identity = front::IdentityOf::default();
        let service = authority::OwnHost(layer.layer(Tripwired::new(world, identity.clone())));
        Ok(Self { identity, ..Self::https(tls_of_ours(world)?, service) })
    }

    /// An axum extractor alone, before a handler of ours on the policy's routes: its rejection is the refusal.
    #[cfg(feature = "axum")]
    pub fn extractor<E, S>(world: &World, state: S, principal: fn(&E) -> Option<String>) -> Result<Self, BoxError>
    where
        E: axum_core::extract::FromRequestParts<S> + 'static,
        S: Clone + 'static,
    {
        let service = extractor::Extracting::<E, S>::new(world, state, principal);
        Ok(Self::https::<_, axum_core::body::Body, _>(tls_of_ours(world)?, authority::OwnHost(service)))
    }

    /// A server that runs on this machine. It needs the system clock, and the address must be a loopback one.
    pub fn listening(world: &World, address: std::net::SocketAddr) -> Result<Self, BoxError> {
        if !address.ip().is_loopback() {
            return Err(format!("{address} is no loopback address; attempts stay on this machine").into());
        }
        if world.clock() == crate::world::Clock::Frozen {
            return Err("a listening server reads the system clock; give the world `Clock::System`".into());
        }
        Ok(Self::serve(move |mut io| async move {
            let Ok(mut tcp) = tokio::net::TcpStream::connect(address).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut io, &mut tcp).await;
        }))
    }

    /// How the service learns of the client's certificates, leaf first.
    pub fn peer_certificates(
        self,
        deliver: impl Fn(&mut http::Extensions, &[CertificateDer<'static>]) + 'static,
    ) -> Self {
        *self.certificates.0.borrow_mut() = Some(Box::new(deliver));
        self
    }

    /// Whom a [`layer`](Gate::layer) let in, out of the extensions that it left on the request.
    pub fn identity(self, principal: impl Fn(&http::Extensions) -> Option<String> + Send + 'static) -> Self {
        self.identity.set(principal);
        self
    }

    /// How often the gate is built anew. Default: for every campaign.
    pub fn fresh(mut self, per: Per) -> Self {
        self.fresh = per;
        self
    }

    /// What counts as proof that an effect ran. Default: a hit.
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// Whom the gate let in, out of its answer: a field, a member of JSON content, or whatever a closure makes of it.
    ///
    /// For gates that cannot be instrumented. It says who, not what ran. `None` where the answer does not tell.
    ///
    /// ```
    /// use gatecrash::{Evidence, Gate};
    /// let gate = Gate::serve(|_io| async {}).evidence(Evidence::Status).answered_as(|answer| {
    ///     let content: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    ///     content["user"].as_str().map(String::from)
    /// });
    /// # drop(gate);
    /// ```
    pub fn answered_as(mut self, principal: impl Fn(&Answer) -> Option<String> + 'static) -> Self {
        self.answered_as = Some(Box::new(principal));
        self
    }

    /// Every route that the service has, such as `GET /v1/whoami`: a report warns of those that the policy does not name.
    ///
    /// ```
    /// let gate = gatecrash::Gate::serve(|_io| async {}).routes(["GET /healthz", "GET /v1/whoami"]);
    /// # drop(gate);
    /// ```
    pub fn routes<R: Into<String>>(mut self, routes: impl IntoIterator<Item = R>) -> Self {
        self.routes = routes.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn known_routes(&self) -> &[String] {
        &self.routes
    }

    /// From which level on what the gate logs is searched for secrets. Default: INFO. `None` turns the search off.
    ///
    /// Events of `tracing` are heard on the thread of the attempt, and passed on to the subscriber that was there before;
    /// nothing is installed process-wide. Of any other log, tell [`Witness::log`](crate::world::Witness::log).
    pub fn logs(mut self, level: impl Into<Option<tracing::Level>>) -> Self {
        self.log_level = level.into();
        self
    }

    /// Whether the service learns of the client's certificates, as far as we know: a gate that serves byte streams sees to that itself.
    pub(crate) fn hands_over_certificates(&self) -> bool {
        self.service.is_none() || self.certificates.0.borrow().is_some()
    }

    /// From now on clients that were accepted at service depth make further requests without another handshake.
    pub(crate) fn keep_connections(&mut self) {
        if let Some(service) = &mut self.service {
            service.kept = Some(Kept::new(CONNECTIONS));
        }
    }

    pub(crate) fn per(&self) -> Per {
        self.fresh
    }

    /// What to tell the gate when the handshake fails at service depth, where its own accept loop does not run.
    pub fn handshake_failed(mut self, tell: impl Fn(&rustls::Error) + 'static) -> Self {
        if let Some(service) = &mut self.service {
            service.handshake_failed = Some(Box::new(tell));
        }
        self
    }

    /// Keeps something alive as long as the gate.
    pub fn keep(mut self, guard: impl Any) -> Self {
        self.keep.push(Box::new(guard));
        self
    }

    /// How long one attempt may take before it counts as a hang. Default: 5 seconds.
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// How many turns of the executor one attempt may take before it counts as a hang. Default: a million.
    pub fn turns(mut self, turns: u64) -> Self {
        self.turns = turns;
        self
    }

    /// Serves one byte stream, as an accept loop would.
    pub(crate) fn accept(&self, io: DuplexStream) -> LocalBoxFuture<'static, ()> {
        (self.serve)(io)
    }

    /// The depths at which the gate can be attempted.
    pub fn depths(&self) -> Vec<Depth> {
        if self.service.is_some() { vec![Depth::Connection, Depth::Service] } else { vec![Depth::Connection] }
    }

    /// Makes one attempt and reports what the server side did. Interprets nothing.
    ///
    /// What cannot be said at service depth is made at connection depth; the observation names the depth.
    pub async fn attempt(&self, wire: &Wire, world: &World, depth: Depth) -> Observation {
        let made = async {
            if depth == Depth::Service
                && let Some(service) = &self.service
                && let Some(observation) = service::attempt(service, wire, world).await
            {
                return observation;
            }
            connection::attempt(&self.serve, wire, world).await
        };
        self.observe(world, made).await
    }

    /// Makes several attempts over one connection and reports what the server side did in answer to the last.
    ///
    /// They share what determines the client. There is no answer where the gate closed the connection before.
    pub(crate) async fn attempt_kept(&self, before: &[Wire], last: &Wire, world: &World) -> Observation {
        self.observe(world, connection::attempt_kept(&self.serve, before, last, world)).await
    }

    /// Says bytes that no attempt describes, and reports what the server side did.
    pub(crate) async fn attempt_raw(&self, said: &Said, world: &World) -> Observation {
        self.observe(world, raw::attempt(&self.serve, said, world)).await
    }

    /// Runs one attempt within the budget, listening for panics, and adds what the gate told of itself.
    async fn observe(&self, world: &World, made: impl Future<Output = Observation>) -> Observation {
        let _ = world.witness().take();
        let heard = world.witness().clone();
        let _hears = gatecrash_witness::listen(move |hit| {
            heard.hit(hit.route, hit.principal.map(String::from), hit.object.map(String::from));
        });
        let watch = panics::Watch::new();
        let listening = logs::Listening::new(self.log_level);
        let made = budget::Turns::new(tokio::time::timeout(self.budget, made), self.turns);
        let guarded = std::panic::AssertUnwindSafe(made).catch_unwind();
        let mut observation = match guarded.await {
            Ok(Ok(Ok(observation))) => observation,
            Ok(Ok(Err(_)) | Err(budget::OutOfTurns)) => Observation { hang: true, ..Observation::default() },
            Err(payload) => Observation { panics: vec![panics::message(payload.as_ref())], ..Observation::default() },
        };
        let logged = listening.finish();
        let caught = watch.finish();
        if observation.panics.is_empty() {
            observation.panics = caught;
        }
        observation.seen = world.witness().take();
        observation.seen.logs.insert_str(0, &logged);
        observation.evidence = self.evidence;
        if let (Some(answered_as), Some(answer)) = (&self.answered_as, &observation.answer) {
            observation.answered_as = answered_as(answer);
        }
        observation.continued &= !self.eager;
        observation
    }
}

/// The TLS in front of a middleware that is tested alone.
fn tls_of_ours(world: &World) -> Result<Arc<rustls::ServerConfig>, BoxError> {
    tls::server_config(world, rustls_graviola::default_provider(), tls::ClientAuth::Required)
}
