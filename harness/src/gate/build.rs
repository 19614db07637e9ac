//! The ways to make a gate: of a byte stream, a service, a middleware, an extractor, a server that runs.

use std::{future::Future, sync::Arc, time::Duration};

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::future::FutureExt as _;
use gatecrash_model::ClientCertificate;
use tokio::io::DuplexStream;

use super::{Evidence, Gate, HandOver, Per, Serve, Service, Tripwired, authority, extractor, front, https};
use crate::{
    error::BoxError,
    gate::tls,
    world::{Clock, World},
};

impl Gate {
    /// A gate that serves an accepted byte stream, TLS and all, until it is closed: the accept loop of the service itself is attacked.
    ///
    /// ```
    /// use gatecrash::{BoxError, Gate, World};
    /// # mod my_service {
    /// #     pub struct Auth;
    /// #     impl Auth {
    /// #         pub fn new(_: &str, _: &str) -> Self { Self }
    /// #     }
    /// #     #[derive(Clone)]
    /// #     pub struct Server;
    /// #     impl Server {
    /// #         pub fn new(_: Auth, _: (Vec<rustls_pki_types::CertificateDer<'static>>, rustls_pki_types::PrivateKeyDer<'static>)) -> Self { Self }
    /// #         pub async fn serve_connection<IO: tokio::io::AsyncRead + tokio::io::AsyncWrite>(&self, _: IO) {}
    /// #     }
    /// # }
    ///
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     let auth = my_service::Auth::new(&world.jwks(gatecrash::model::IssuerRole::Home), world.audience());
    ///     let server = my_service::Server::new(auth, (world.server_chain()?, world.server_key()));
    ///     Ok(Gate::serve(move |io| {
    ///         let server = server.clone();
    ///         async move { server.serve_connection(io).await }
    ///     }))
    /// }
    /// ```
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
            on_change: None,
            eager: false,
        }
    }

    /// A gate of a rustls configuration and a tower service that takes axum's body, such as an axum `Router`.
    ///
    /// Attempts are made at both depths. Over connections the gate speaks HTTP/2 where ALPN agrees on it, HTTP/1.1 otherwise.
    /// [`peer_certificates`](Gate::peer_certificates) hands the client's certificates to the service;
    /// [`https_with_body`](Gate::https_with_body) takes services with another body.
    ///
    /// ```
    /// use axum::{Extension, Router, extract::ConnectInfo, routing::get};
    /// use gatecrash::{BoxError, Gate, World, gate::tls::{ClientAuth, server_config}, world::Witness};
    /// use rustls_pki_types::CertificateDer;
    ///
    /// #[derive(Clone)]
    /// struct Peer(Vec<CertificateDer<'static>>);
    ///
    /// async fn whoami(Extension(witness): Extension<Witness>, ConnectInfo(peer): ConnectInfo<Peer>) -> String {
    ///     witness.hit("GET /v1/whoami", None, None);
    ///     format!("somebody with {} certificates", peer.0.len())
    /// }
    ///
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     // In place of `rustls_graviola`, the backend of the service; or the service's own `ServerConfig`.
    ///     let tls = server_config(world, rustls_graviola::default_provider(), ClientAuth::Required)?;
    ///     let router = Router::new().route("/v1/whoami", get(whoami)).layer(Extension(world.witness().clone()));
    ///     Ok(Gate::https(tls, router).peer_certificates(|extensions, chain| {
    ///         extensions.insert(ConnectInfo(Peer(chain.to_vec())));
    ///     }))
    /// }
    /// ```
    pub fn https<S, ResBody>(tls: Arc<rustls::ServerConfig>, service: S) -> Self
    where
        S: tower_service::Service<http::Request<Body>, Response = http::Response<ResBody>> + Clone + 'static,
        S::Error: std::fmt::Display,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<BoxError>,
    {
        Self::https_with_body(tls, service, Body::from)
    }

    /// The same as [`https`](Gate::https) for a service with another request body. `body` makes it from the octets.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use gatecrash::{BoxError, Gate, World, gate::tls::{ClientAuth, server_config}};
    /// use http_body_util::Full;
    /// # async fn answer(_: http::Request<Full<Bytes>>) -> Result<http::Response<Full<Bytes>>, std::convert::Infallible> {
    /// #     Ok(http::Response::default())
    /// # }
    ///
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     let tls = server_config(world, rustls_graviola::default_provider(), ClientAuth::Required)?;
    ///     Ok(Gate::https_with_body(tls, tower::service_fn(answer), Full::new))
    /// }
    /// ```
    pub fn https_with_body<S, ReqBody, ResBody>(
        tls: Arc<rustls::ServerConfig>,
        service: S,
        body: impl Fn(Bytes) -> ReqBody + Clone + 'static,
    ) -> Self
    where
        S: tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
        S::Error: std::fmt::Display,
        ReqBody: 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<BoxError>,
    {
        let certificates = HandOver::default();
        let serve = https::serve(tls.clone(), https::call(service.clone(), body.clone()), certificates.clone());
        Self { certificates, eager: true, ..Self::serve(serve) }.with_service_and_body(tls, service, body)
    }

    /// Adds the service depth to a gate that serves byte streams itself: most attempts need no HTTP bytes, and are faster there.
    ///
    /// ```
    /// use axum::Router;
    /// use gatecrash::{BoxError, Depth, Gate, World, gate::tls::{ClientAuth, server_config}};
    /// # async fn serve_connection(_: std::sync::Arc<rustls::ServerConfig>, _: Router, _: tokio::io::DuplexStream) {}
    ///
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     let tls = server_config(world, rustls_graviola::default_provider(), ClientAuth::Required)?;
    ///     let router = Router::new();
    ///     let (config, service) = (tls.clone(), router.clone());
    ///     let gate = Gate::serve(move |io| serve_connection(config.clone(), service.clone(), io));
    ///     Ok(gate.with_service(tls, router))
    /// }
    /// ```
    pub fn with_service<S, ResBody>(self, tls: Arc<rustls::ServerConfig>, service: S) -> Self
    where
        S: tower_service::Service<http::Request<Body>, Response = http::Response<ResBody>> + Clone + 'static,
        S::Error: std::fmt::Display,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<BoxError>,
    {
        self.with_service_and_body(tls, service, Body::from)
    }

    /// The same as [`with_service`](Gate::with_service) for a service with another request body.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use bytes::Bytes;
    /// # use gatecrash::Gate;
    /// # use http_body_util::Full;
    /// # async fn answer(_: http::Request<Full<Bytes>>) -> Result<http::Response<Full<Bytes>>, std::convert::Infallible> {
    /// #     Ok(http::Response::default())
    /// # }
    /// fn at_both_depths(gate: Gate, tls: Arc<rustls::ServerConfig>) -> Gate {
    ///     gate.with_service_and_body(tls, tower::service_fn(answer), Full::new)
    /// }
    /// ```
    pub fn with_service_and_body<S, ReqBody, ResBody>(
        mut self,
        tls: Arc<rustls::ServerConfig>,
        service: S,
        body: impl Fn(Bytes) -> ReqBody + Clone + 'static,
    ) -> Self
    where
        S: tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
        S::Error: std::fmt::Display,
        ReqBody: 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<BoxError>,
    {
        let call = https::call(service, body);
        let certificates = self.certificates.clone();
        self.service = Some(Service { tls, call, certificates, handshake_failed: None, kept: None });
        self
    }

    /// A whole application without TLS of its own, such as an axum `Router` of any version.
    ///
    /// The TLS in front of it belongs to the harness and is strict; so is the check of the host. Handlers report to
    /// [`World::witness`], or the gate is judged by its answers: [`Evidence::Status`].
    ///
    /// ```
    /// use axum::{Router, http::{HeaderMap, StatusCode}, routing::get};
    /// use gatecrash::{BoxError, Evidence, Gate, World};
    ///
    /// async fn whoami(headers: HeaderMap) -> StatusCode {
    ///     if headers.contains_key("authorization") { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    /// }
    ///
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     let app = Router::new().route("/v1/whoami", get(whoami));
    ///     Ok(Gate::router(world, app)?.evidence(Evidence::Status))
    /// }
    /// ```
    pub fn router<S, ResBody>(world: &World, router: S) -> Result<Self, BoxError>
    where
        S: tower_service::Service<http::Request<Body>, Response = http::Response<ResBody>> + Clone + 'static,
        S::Error: std::fmt::Display + 'static,
        S::Future: 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<BoxError>,
    {
        Ok(Self::https(tls_of_ours(world)?, authority::OwnHost::new(world, router)))
    }

    /// A middleware alone, in front of a service of ours that serves the policy's routes and tells the witness.
    ///
    /// The TLS in front of it is ours too, and strict; so is the look at the host. [`identity`](Gate::identity) says whom the middleware let in.
    /// Requests and responses have axum's body; [`layer_with_bodies`](Gate::layer_with_bodies) takes layers that want others.
    ///
    /// ```
    /// use axum::{extract::Request, http::StatusCode, middleware::{Next, from_fn}, response::Response};
    /// use gatecrash::{BoxError, Gate, World};
    ///
    /// #[derive(Clone)]
    /// struct Caller(String);
    ///
    /// async fn authenticate(mut request: Request, next: Next) -> Result<Response, StatusCode> {
    ///     let token = request.headers().get("authorization").ok_or(StatusCode::UNAUTHORIZED)?;
    ///     # fn verified(_: &axum::http::HeaderValue) -> Option<Caller> { None }
    ///     let caller = verified(token).ok_or(StatusCode::UNAUTHORIZED)?;
    ///     request.extensions_mut().insert(caller);
    ///     Ok(next.run(request).await)
    /// }
    ///
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     let gate = Gate::layer(world, from_fn(authenticate))?;
    ///     Ok(gate.identity(|left| Some(left.get::<Caller>()?.0.clone())))
    /// }
    /// ```
    pub fn layer<L, ResBody>(world: &World, layer: L) -> Result<Self, BoxError>
    where
        L: tower_layer::Layer<Tripwired<Body>>,
        L::Service: tower_service::Service<http::Request<Body>, Response = http::Response<ResBody>> + Clone + 'static,
        <L::Service as tower_service::Service<http::Request<Body>>>::Error: std::fmt::Display + 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<BoxError>,
    {
        Self::layer_with_bodies(world, layer, Body::from, Body::from)
    }

    /// The same as [`layer`](Gate::layer) for a layer with other bodies: `request` makes the body of the requests that it
    /// takes, `response` that of the responses of the service behind it.
    ///
    /// ```
    /// use gatecrash::{BoxError, Gate, World};
    /// use http_body_util::Full;
    ///
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     Gate::layer_with_bodies(world, tower_layer::Identity::new(), Full::new, Full::new)
    /// }
    /// ```
    ///
    /// For a layer of axum 0.7: `axum::body::Body::from`. For one of tonic: `|octets| tonic::body::Body::new(Full::new(octets))`.
    pub fn layer_with_bodies<L, ReqBody, Behind, ResBody>(
        world: &World,
        layer: L,
        request: impl Fn(Bytes) -> ReqBody + Clone + 'static,
        response: impl Fn(Bytes) -> Behind + Send + Sync + 'static,
    ) -> Result<Self, BoxError>
    where
        L: tower_layer::Layer<Tripwired<Behind>>,
        L::Service:
            tower_service::Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + 'static,
        <L::Service as tower_service::Service<http::Request<ReqBody>>>::Error: std::fmt::Display + 'static,
        ReqBody: 'static,
        ResBody: http_body::Body + 'static,
        ResBody::Error: Into<BoxError>,
    {
        let identity = front::IdentityOf::default();
        let service = layer.layer(Tripwired::new(world, identity.clone(), response));
        let service = authority::OwnHost::new(world, service);
        Ok(Self { identity, ..Self::https_with_body(tls_of_ours(world)?, service, request) })
    }

    /// An axum 0.8 extractor alone, before a handler of ours on the policy's routes: its rejection is the refusal.
    ///
    /// It implements `FromRequestParts` or `FromRequest`. The closure names its type.
    ///
    /// ```
    /// use axum::{extract::FromRequestParts, http::{StatusCode, request::Parts}};
    /// use gatecrash::{BoxError, Gate, World};
    ///
    /// #[derive(Clone)]
    /// struct Keys(String);
    /// struct Caller(String);
    ///
    /// impl FromRequestParts<Keys> for Caller {
    ///     type Rejection = StatusCode;
    ///
    ///     async fn from_request_parts(parts: &mut Parts, keys: &Keys) -> Result<Self, StatusCode> {
    ///         let token = parts.headers.get("authorization").ok_or(StatusCode::UNAUTHORIZED)?;
    ///         # fn verified(_: &axum::http::HeaderValue, _: &Keys) -> Option<Caller> { None }
    ///         verified(token, keys).ok_or(StatusCode::UNAUTHORIZED)
    ///     }
    /// }
    ///
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     let keys = Keys(world.jwks(gatecrash::model::IssuerRole::Home));
    ///     Gate::extractor(world, keys, |caller: &Caller| Some(caller.0.clone()))
    /// }
    /// ```
    pub fn extractor<E, S, M>(world: &World, state: S, principal: fn(&E) -> Option<String>) -> Result<Self, BoxError>
    where
        E: axum_core::extract::FromRequest<S, M> + 'static,
        S: Clone + 'static,
        M: 'static,
    {
        let service = extractor::Extracting::<E, S, M>::new(world, state, principal);
        Ok(Self::https(tls_of_ours(world)?, authority::OwnHost::new(world, service)))
    }

    /// A server that runs on this machine. It needs the system clock, and the address must be a loopback one.
    ///
    /// ```
    /// use gatecrash::{BoxError, Evidence, Gate, World};
    /// # struct Running;
    /// # fn start(_: Vec<rustls_pki_types::CertificateDer<'static>>) -> Result<(Running, std::net::SocketAddr), BoxError> { Err("".into()) }
    ///
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     let (running, address) = start(world.client_anchors()?)?;
    ///     // Another process cannot tell the witness what ran.
    ///     Ok(Gate::listening(world, address)?.evidence(Evidence::Status).keep(running))
    /// }
    /// gatecrash::suite!(gate, policy = "gate.toml", world = gatecrash::WorldOptions::system_clock());
    /// ```
    ///
    /// `Err` for any other address, and in a world whose clock stands still.
    pub fn listening(world: &World, address: std::net::SocketAddr) -> Result<Self, BoxError> {
        if !address.ip().is_loopback() {
            return Err(format!("{address} is no loopback address; attempts stay on this machine").into());
        }
        if world.clock() == Clock::Frozen {
            return Err("a listening server reads the system clock; give the world `Clock::System`".into());
        }
        Ok(Self::serve(move |mut io| async move {
            let Ok(mut tcp) = tokio::net::TcpStream::connect(address).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut io, &mut tcp).await;
        }))
    }
}

/// The TLS in front of a middleware that is tested alone.
fn tls_of_ours(world: &World) -> Result<Arc<rustls::ServerConfig>, BoxError> {
    let client_auth = match world.policy().certificates.client {
        ClientCertificate::Required => tls::ClientAuth::Required,
        ClientCertificate::None | ClientCertificate::Optional => tls::ClientAuth::Optional,
    };
    tls::server_config(world, rustls_graviola::default_provider(), client_auth)
}
