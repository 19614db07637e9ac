//! The other ways to make a gate: a running server, a gate that cannot be instrumented, an issuer that is asked.

use std::net::SocketAddr;

use gatecrash::{
    Clock, Depth, Evidence, Gate, World, WorldOptions,
    campaign::check::{CheckOptions, FindingKind, Outcome, check},
    model::{Case, IssuerRole, Person, Rule, Stance},
};
use gatecrash_gallery::reference;

use crate::support::fetched;

const OPTIONS: CheckOptions = CheckOptions { depth: Depth::Connection, mirror: true, serial: 1 };

fn world(clock: Clock) -> World {
    World::new(gatecrash_gallery::policy().unwrap(), WorldOptions { clock, ..WorldOptions::default() }).unwrap()
}

/// Serves the reference server on 127.0.0.1 until the test ends.
fn listen(world: &World) -> SocketAddr {
    let server = reference::server(world).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve_connection(stream).await });
            }
        });
    });
    told.recv().unwrap()
}

#[test]
fn a_listening_server() {
    let world = world(Clock::System);
    let address = listen(&world);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let attempt = |gate: &Gate, stance: Stance| {
        let case = Case::one(stance, "GET /v1/whoami", Vec::new());
        runtime.block_on(check(gate, &world, &case, OPTIONS)).unwrap()
    };
    for evidence in [Evidence::Hit, Evidence::Status] {
        let gate = Gate::listening(&world, address).unwrap().evidence(evidence);
        let admitted = attempt(&gate, Stance::Complete(Person::Alice));
        assert!(matches!(admitted.outcome, Outcome::Agree), "{admitted:?}");
        assert_eq!(admitted.observation.answer.unwrap().status, 200);
        let refused = attempt(&gate, Stance::ExpiredToken);
        assert!(matches!(refused.outcome, Outcome::Agree), "{refused:?}");
        assert!(refused.verdict.refusals.contains(&Rule::Expiry));
    }
}

#[test]
fn a_server_elsewhere_or_in_another_time_is_refused() {
    assert!(Gate::listening(&world(Clock::System), "192.0.2.1:443".parse().unwrap()).is_err());
    assert!(Gate::listening(&world(Clock::Frozen), "127.0.0.1:443".parse().unwrap()).is_err());
}

/// A gate that answers everybody and cannot tell is convicted by its status.
#[test]
fn a_silent_gate_is_not_a_refusing_gate() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = world(Clock::System);
    let address = listen(&world);
    // The world of the attempts hears nothing of the server, which trusts the same seed.
    let deaf = world.again().unwrap();
    let case = |stance| Case::one(stance, "GET /healthz", Vec::new());
    let seen = |evidence: Evidence| {
        let gate = Gate::listening(&deaf, address).unwrap().evidence(evidence);
        runtime.block_on(check(&gate, &deaf, &case(Stance::Complete(Person::Bob)), OPTIONS)).unwrap().outcome
    };
    let Outcome::Disagree(list) = seen(Evidence::Hit) else { panic!("a success without a hit proves nothing") };
    assert!(list.iter().any(|it| it.kind == FindingKind::FalseRefusal), "{list:?}");
    assert!(matches!(seen(Evidence::Status), Outcome::Agree));
}

#[test]
fn look_ups_are_counted() {
    let world = world(Clock::Frozen);
    let issuer = world.loopback_issuer(IssuerRole::Home).unwrap();
    let metadata: serde_json::Value = serde_json::from_str(&fetched(&issuer.metadata_url())).unwrap();
    assert_eq!(metadata["issuer"], world.policy().issuers[0].url);
    assert_eq!(metadata["jwks_uri"], issuer.jwks_url());
    assert_eq!(fetched(&issuer.jwks_url()), world.jwks(IssuerRole::Home));
    assert_eq!(world.witness().take().look_ups, 2);
}

/// A gate that wakes itself for ever is found to hang, although a paused clock stands still meanwhile.
#[test]
fn a_busy_gate_is_a_hang() {
    let world = world(Clock::Frozen);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let busy = Gate::serve(|_io| async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let asleep = Gate::serve(|io| async move {
        tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        drop(io);
    });
    let panicking = Gate::serve(|_io| async { panic!("index out of bounds") });
    for (gate, seen) in [(busy.turns(10_000), "budget"), (asleep, "budget"), (panicking, "index out of bounds")] {
        let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", Vec::new());
        let outcome = runtime.block_on(check(&gate, &world, &case, OPTIONS)).unwrap().outcome;
        let Outcome::Disagree(list) = outcome else { panic!("{outcome:?}") };
        assert!(list.iter().any(|it| it.kind == FindingKind::Fault && it.seen.contains(seen)), "{list:?}");
    }
}

/// A middleware as libraries publish them: it names the body of its requests, or that of its responses, or both.
mod published {
    use std::marker::PhantomData;

    use tower::{Layer, Service};

    /// A layer that asks for `ReqBody` and for responses of `ResBody` behind it.
    pub(super) struct Named<ReqBody, ResBody>(pub(super) PhantomData<fn(ReqBody) -> ResBody>);

    pub(super) struct Naming<S, ReqBody, ResBody>(S, PhantomData<fn(ReqBody) -> ResBody>);

    impl<S: Clone, ReqBody, ResBody> Clone for Naming<S, ReqBody, ResBody> {
        fn clone(&self) -> Self {
            Naming(self.0.clone(), PhantomData)
        }
    }

    impl<S, ReqBody, ResBody> Layer<S> for Named<ReqBody, ResBody> {
        type Service = Naming<S, ReqBody, ResBody>;

        fn layer(&self, inner: S) -> Self::Service {
            Naming(inner, PhantomData)
        }
    }

    impl<S, ReqBody, ResBody> Service<http::Request<ReqBody>> for Naming<S, ReqBody, ResBody>
    where
        S: Service<http::Request<ReqBody>, Response = http::Response<ResBody>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<gatecrash::BoxError>,
    {
        type Response = S::Response;
        type Error = S::Error;
        type Future = S::Future;

        fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
            self.0.poll_ready(context)
        }

        fn call(&mut self, request: http::Request<ReqBody>) -> S::Future {
            self.0.call(request)
        }
    }
}

/// Layers, services and applications of any body become gates, and no type is spelled out.
#[test]
fn no_body_needs_a_turbofish() {
    use std::marker::PhantomData;

    use axum::{Router, body::Body, routing::get};
    use bytes::Bytes;
    use gatecrash::gate::tls::{ClientAuth, server_config};
    use http_body_util::{BodyExt as _, Full, combinators::BoxBody};

    let world = world(Clock::Frozen);
    let tls = || server_config(&world, rustls_graviola::default_provider(), ClientAuth::Required).unwrap();
    let boxed = |octets: Bytes| Full::new(octets).boxed();
    type Boxed = BoxBody<Bytes, std::convert::Infallible>;
    let router = || Router::new().route("/v1/whoami", get(|| async { "somebody" }));
    let echo = tower::service_fn(|request: http::Request<Full<Bytes>>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(request.into_body()))
    });
    let gates = [
        Gate::layer(&world, published::Named::<Body, Body>(PhantomData)).unwrap(),
        Gate::layer(
            &world,
            axum::middleware::from_fn(|request: axum::extract::Request, next: axum::middleware::Next| {
                next.run(request)
            }),
        )
        .unwrap(),
        Gate::layer_with_bodies(&world, published::Named::<Full<Bytes>, Boxed>(PhantomData), Full::new, boxed).unwrap(),
        Gate::layer_with_bodies(&world, published::Named::<Boxed, Body>(PhantomData), boxed, Body::from).unwrap(),
        Gate::router(&world, router()).unwrap().evidence(Evidence::Status),
        Gate::https(tls(), router()).evidence(Evidence::Status),
        Gate::https_with_body(tls(), echo, Full::new).evidence(Evidence::Status),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    for (index, gate) in gates.iter().enumerate() {
        for depth in gate.depths() {
            let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", Vec::new());
            let checked = runtime.block_on(check(gate, &world, &case, CheckOptions { depth, ..OPTIONS })).unwrap();
            assert_eq!(
                checked.observation.answer.map(|answer| answer.status),
                Some(200),
                "gate {index}, {}",
                depth.name()
            );
        }
    }
}
