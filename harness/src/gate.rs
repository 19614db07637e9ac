//! The system under test: whatever turns an accepted byte stream into served HTTP.

mod client;
mod connection;
mod https;
mod observation;
pub(crate) mod panics;
mod service;

use std::{any::Any, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use rustls_pki_types::CertificateDer;
use tokio::io::DuplexStream;

pub use observation::{Answer, Handshake, Observation};

use crate::{forge::Wire, world::World};

type Serve = Box<dyn Fn(DuplexStream) -> LocalBoxFuture<'static, ()>>;
type Call = Box<dyn Fn(http::Request<Bytes>) -> LocalBoxFuture<'static, Result<http::Response<Bytes>, String>>>;
type Certificates = Box<dyn Fn(&mut http::Extensions, &[CertificateDer<'static>])>;
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
    keep: Vec<Box<dyn Any>>,
    budget: Duration,
}

struct Service {
    tls: Arc<rustls::ServerConfig>,
    call: Call,
    certificates: Option<Certificates>,
    handshake_failed: Option<HandshakeFailed>,
}

impl Gate {
    /// A gate that serves an accepted byte stream, TLS and all, until it is closed.
    pub fn serve<F, Fut>(serve: F) -> Self
    where
        F: Fn(DuplexStream) -> Fut + 'static,
        Fut: Future + 'static,
    {
        let serve: Serve = Box::new(move |io| serve(io).map(|_| ()).boxed_local());
        Self { serve, service: None, keep: Vec::new(), budget: Duration::from_secs(5) }
    }

    /// A gate of a rustls configuration and a tower service, at both depths; over connections it speaks HTTP/1.1.
    ///
    /// `certificates` hands the client's certificates to the service, in the way the service expects them.
    pub fn https<S, ReqBody, ResBody>(
        tls: Arc<rustls::ServerConfig>,
        service: S,
        certificates: impl Fn(&mut http::Extensions, &[CertificateDer<'static>]) + 'static,
    ) -> Self
    where
        S: tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
        S::Error: std::fmt::Display,
        ReqBody: From<Bytes> + 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let certificates = std::rc::Rc::new(certificates);
        let shared = certificates.clone();
        let serve = https::serve(tls.clone(), service.clone(), move |extensions, chain| shared(extensions, chain));
        Self::serve(serve).with_service(tls, service, move |extensions, chain| certificates(extensions, chain))
    }

    /// Adds the service depth to a gate that serves byte streams itself.
    pub fn with_service<S, ReqBody, ResBody>(
        mut self,
        tls: Arc<rustls::ServerConfig>,
        service: S,
        certificates: impl Fn(&mut http::Extensions, &[CertificateDer<'static>]) + 'static,
    ) -> Self
    where
        S: tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
        S::Error: std::fmt::Display,
        ReqBody: From<Bytes> + 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let call = https::call(service);
        self.service = Some(Service { tls, call, certificates: Some(Box::new(certificates)), handshake_failed: None });
        self
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

    /// The depths at which the gate can be attempted.
    pub fn depths(&self) -> Vec<Depth> {
        if self.service.is_some() { vec![Depth::Connection, Depth::Service] } else { vec![Depth::Connection] }
    }

    /// Makes one attempt and reports what the server side did. Interprets nothing.
    ///
    /// What cannot be said at service depth is made at connection depth; the observation names the depth.
    pub async fn attempt(&self, wire: &Wire, world: &World, depth: Depth) -> Observation {
        let _ = world.witness().take();
        let watch = panics::Watch::new();
        let made = async {
            if depth == Depth::Service
                && let Some(service) = &self.service
                && let Some(observation) = service::attempt(service, wire, world).await
            {
                return observation;
            }
            connection::attempt(&self.serve, wire, world).await
        };
        let guarded = std::panic::AssertUnwindSafe(tokio::time::timeout(self.budget, made)).catch_unwind();
        let mut observation = match guarded.await {
            Ok(Ok(observation)) => observation,
            Ok(Err(_)) => Observation { hang: true, ..Observation::default() },
            Err(payload) => Observation { panics: vec![panics::message(payload.as_ref())], ..Observation::default() },
        };
        let caught = watch.finish();
        if observation.panics.is_empty() {
            observation.panics = caught;
        }
        observation.seen = world.witness().take();
        observation
    }
}
