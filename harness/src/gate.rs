//! The system under test: whatever turns an accepted byte stream into served HTTP.

mod adapt;
mod answers;
mod authority;
mod budget;
mod build;
mod changes;
pub(crate) mod client;
mod connection;
mod extractor;
pub mod factory;
mod front;
mod https;
mod logs;
pub mod loopback;
mod observation;
pub(crate) mod panics;
mod raw;
mod sequence;
mod service;
mod sessions;
mod stream;
pub mod tls;
mod unproven;

use std::{any::Any, cell::RefCell, future::Future, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use rustls_pki_types::CertificateDer;
use tokio::io::DuplexStream;

pub use changes::Applied;
pub use front::Tripwired;
pub use observation::{Answer, Handshake, Observation};
pub(crate) use raw::Said;
pub(crate) use sequence::{How, Made, Request, Sequence, Streamed};
pub(crate) use stream::Heard;

use crate::{
    cache::BoundedCache,
    world::World,
    world::forge::{ClientKey, Wire},
};

type Serve = Box<dyn Fn(DuplexStream) -> LocalBoxFuture<'static, ()>>;
type Call = Box<dyn Fn(http::Request<Bytes>) -> LocalBoxFuture<'static, Result<http::Response<Bytes>, String>>>;
type HandshakeFailed = Box<dyn Fn(&rustls::Error)>;

/// How deep attempts go into the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Depth {
    /// Bytes through the gate's own HTTP stack.
    Connection,
    /// A real handshake, then the request is handed to the service.
    Service,
}

impl Depth {
    /// Lower-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash::Depth::Service.name(), "service");
    /// ```
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
#[non_exhaustive]
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
#[non_exhaustive]
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
    on_change: Option<Box<changes::OnChange>>,
    /// Whether the accept loop is ours, and reads content before the service is asked.
    eager: bool,
}

struct Service {
    tls: Arc<rustls::ServerConfig>,
    call: Call,
    certificates: HandOver,
    handshake_failed: Option<HandshakeFailed>,
    /// The chains of clients whose handshake was accepted, where connections are kept.
    kept: Option<BoundedCache<ClientKey, Arc<[CertificateDer<'static>]>>>,
}

/// How many turns of the executor what an attempt has set going is waited for.
const LATE: usize = 4;

/// How many connections are kept at service depth.
const CONNECTIONS: usize = 64;

impl Gate {
    pub(crate) fn known_routes(&self) -> &[String] {
        &self.routes
    }

    /// Whether the service learns of the client's certificates, as far as we know: a gate that serves byte streams sees to that itself.
    pub(crate) fn hands_over_certificates(&self) -> bool {
        self.service.is_none() || self.certificates.0.borrow().is_some()
    }

    /// From now on clients that were accepted at service depth make further requests without another handshake.
    pub(crate) fn keep_connections(&mut self) {
        if let Some(service) = &mut self.service {
            service.kept = Some(BoundedCache::new(CONNECTIONS));
        }
    }

    pub(crate) fn per(&self) -> Per {
        self.fresh
    }

    /// Serves one byte stream, as an accept loop would.
    pub(crate) fn accept(&self, io: DuplexStream) -> LocalBoxFuture<'static, ()> {
        (self.serve)(io)
    }

    /// The depths at which the gate can be attempted.
    ///
    /// ```
    /// use gatecrash::{Depth, Gate};
    /// assert_eq!(Gate::serve(|_io| async {}).depths(), [Depth::Connection]);
    /// ```
    pub fn depths(&self) -> Vec<Depth> {
        if self.service.is_some() { vec![Depth::Connection, Depth::Service] } else { vec![Depth::Connection] }
    }

    /// Makes one attempt and reports what the server side did. Interprets nothing.
    ///
    /// What cannot be said at service depth is made at connection depth; the observation names the depth.
    /// [`check`](crate::campaign::check::check) forges, attempts and judges in one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), gatecrash::BoxError> {
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// # use gatecrash::example::gate;
    /// use gatecrash::{Depth, world::forge::forge, model::{Case, Person, Stance, resolve}};
    /// let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]);
    /// let blueprint = world.blueprint();
    /// let attempt = resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())?;
    /// let wire = forge(&attempt, &blueprint, world.keyring(), world.mint(), 0)?;
    /// let observation = gate(&world)?.attempt(&wire, &world, Depth::Service).await;
    /// assert_eq!(observation.seen.hits[0].route, "GET /v1/whoami");
    /// # Ok(())
    /// # }
    /// ```
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

    /// Says bytes that no attempt describes, and reports what the server side did.
    pub(crate) async fn attempt_raw(&self, said: &Said, world: &World) -> Observation {
        self.observe(world, raw::attempt(&self.serve, said, world)).await
    }

    /// A client that remembers connections and sessions from one attempt to the next.
    pub(crate) fn sequence<'a>(&'a self, world: &'a World) -> Sequence<'a> {
        Sequence::new(self, world)
    }

    /// Notes whom an answer says it was for.
    fn say_who(&self, observation: &mut Observation) {
        if let (Some(answered_as), Some(answer)) = (&self.answered_as, &observation.answer) {
            observation.answered_as = answered_as(answer);
        }
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
        let ended = guarded.await;
        // What an attempt has set going belongs to it, however late it comes.
        for _ in 0..LATE {
            tokio::task::yield_now().await;
        }
        let mut observation = match ended {
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
        self.say_who(&mut observation);
        observation.continued &= !self.eager;
        observation
    }
}
