//! What the harness adds to the stack under test: the same handshake, verification and router call, with and without it.
//!
//! `cargo bench -p gatecrash-tests`. Each round measures everything once, side by side, so that only ratios of one round are
//! compared: a machine that slows down slows both. That is why it is neither criterion nor divan, which measure one thing
//! after the other. The last lines are for machines: `ratio <name> <median> <spread>`, `rate <name> <per second>`.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body};
use gatecrash::{
    Depth, Gate, Layers, World, WorldOptions,
    campaign::{
        self, Bound, CampaignOptions, CryptoMode, Depths, Progress, Target,
        check::{CheckOptions, Outcome, check},
    },
    factory,
    model::{Attempt, Blueprint, Case, KeyName, Mutation, Person, Position, Stance, judge, resolve},
    world::forge::{self, Wire},
};
use gatecrash_gallery::reference;
use gatecrash_reference::{PeerCertificates, Server};
use rustls::{
    ClientConfig, ClientConnection, ServerConfig, ServerConnection,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Runtime,
};
use tower::ServiceExt as _;

const ROUNDS: usize = 5;
/// Attempts of one kind in a round.
const ROUND: u64 = 300;

fn main() {
    let mut figures = Figures::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let sides = [("real", Side::new(Layers::default())), ("ideal", Side::new(Layers::IDEAL))];
    let judged = judged();
    for round in 0..=ROUNDS {
        let mut cost = BTreeMap::new();
        for (name, side) in &sides {
            side.measure(&runtime, round as u64, |what, seconds| {
                cost.insert(format!("{name}-{what}"), seconds);
            });
        }
        cost.insert("judge".into(), judged());
        // The first one warms up.
        if round > 0 {
            figures.add(&cost);
        }
    }
    for round in 0..ROUNDS {
        figures.ratio("two-threads-to-one", threads(round as u64));
    }
    figures.print();
}

/// What was measured, by name.
#[derive(Default)]
struct Figures {
    ratios: BTreeMap<String, Vec<f64>>,
    rates: BTreeMap<String, Vec<f64>>,
}

impl Figures {
    fn ratio(&mut self, name: &str, value: f64) {
        self.ratios.entry(name.into()).or_default().push(value);
    }

    /// The costs of one round, each in seconds.
    fn add(&mut self, cost: &BTreeMap<String, f64>) {
        for side in ["real", "ideal"] {
            let of = |what: &str| cost[&format!("{side}-{what}")];
            self.ratio(&format!("{side}-service-to-bare"), of("service") / of("bare-service"));
            self.ratio(&format!("{side}-service-cold-to-bare"), of("service-cold") / of("bare-service"));
            self.ratio(&format!("{side}-connection-to-bare"), of("connection") / of("bare-connection"));
        }
        for what in ["service", "connection", "bare-service", "bare-connection"] {
            self.ratio(
                &format!("ideal-{what}-to-real"),
                cost[&format!("real-{what}")] / cost[&format!("ideal-{what}")],
            );
        }
        for (name, seconds) in cost {
            self.rates.entry(name.clone()).or_default().push(1.0 / seconds);
        }
    }

    fn print(mut self) {
        let median = |values: &mut Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        for (name, values) in &mut self.ratios {
            let middle = median(values);
            println!("ratio {name} {middle:.2} {:.2}", values[values.len() - 1] - values[0]);
        }
        for (name, values) in &mut self.rates {
            println!("rate {name} {:.0}", median(values));
        }
    }
}

/// The reference server in a world, and what an honest request of Alice to it consists of.
struct Side {
    world: World,
    gate: Gate,
    tls: Arc<ServerConfig>,
    router: Router,
    server: Server,
    client: Arc<ClientConfig>,
    wire: Wire,
    case: Case,
}

impl Side {
    fn new(layers: Layers) -> Self {
        let policy = gatecrash_gallery::policy().unwrap();
        let world = World::new(policy, WorldOptions { layers, ..WorldOptions::default() }).unwrap();
        let (gate, server) = (reference::gate(&world).unwrap(), reference::server(&world).unwrap());
        let (tls, router) = (server.tls_config(), server.router());
        let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", Vec::new());
        let blueprint = world.blueprint();
        let attempt = resolve(&case.steps[0], &blueprint).unwrap();
        let wire = forge::forge(&attempt, &blueprint, world.keyring(), world.mint(), 0).unwrap();
        let client = client(&world, &wire);
        Self { world, gate, tls, router, server, client, wire, case }
    }

    /// Measures everything once, in seconds an attempt.
    fn measure(&self, runtime: &Runtime, round: u64, mut tell: impl FnMut(&str, f64)) {
        for (depth, name) in [(Depth::Service, "service"), (Depth::Connection, "connection")] {
            let options = |serial| CheckOptions { depth, mirror: false, serial };
            tell(name, each(|index| self.check(runtime, &self.case, options(round * ROUND + index))));
        }
        let options = |serial| CheckOptions { depth: Depth::Service, mirror: false, serial };
        let cold = each(|index| {
            // A leaf that nobody has minted before.
            let not_after = 3600 + (round * ROUND + index) as i64;
            let mutation = Mutation::CertificateValidity { at: Position::Leaf, not_before: -3600, not_after };
            let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![mutation]);
            self.check(runtime, &case, options(index));
        });
        tell("service-cold", cold);
        tell("bare-service", each(|_| runtime.block_on(self.bare_service())));
        tell("bare-connection", each(|_| runtime.block_on(self.bare_connection())));
    }

    fn check(&self, runtime: &Runtime, case: &Case, options: CheckOptions) {
        let checked = runtime.block_on(check(&self.gate, &self.world, case, options)).unwrap();
        assert!(matches!(checked.outcome, Outcome::Agree) && checked.observation.seen.hits.len() == 1);
    }

    /// A handshake in memory, and the request handed to the router.
    async fn bare_service(&self) {
        let mut client = ClientConnection::new(self.client.clone(), name()).unwrap();
        let mut server = ServerConnection::new(self.tls.clone()).unwrap();
        let mut bytes = Vec::new();
        while client.is_handshaking() || server.is_handshaking() {
            bytes.clear();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            server.read_tls(&mut &bytes[..]).unwrap();
            server.process_new_packets().unwrap();
            bytes.clear();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            client.read_tls(&mut &bytes[..]).unwrap();
            client.process_new_packets().unwrap();
        }
        let chain = server.peer_certificates().unwrap().iter().map(|der| der.clone().into_owned());
        let authorization = format!("Bearer {}", self.wire.token.as_deref().unwrap());
        let mut request = http::Request::get("/v1/whoami")
            .header("host", gatecrash::model::HOST)
            .header("authorization", authorization)
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(PeerCertificates(chain.collect()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
    }

    /// The same bytes over a connection.
    async fn bare_connection(&self) {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let speak = async {
            let mut stream = tokio_rustls::TlsConnector::from(self.client.clone()).connect(name(), near).await.unwrap();
            stream.write_all(&self.wire.request).await.unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            assert!(answer.starts_with(b"HTTP/1.1 200"));
        };
        let _ = tokio::join!(speak, self.server.serve_connection(far));
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from(gatecrash::model::HOST).unwrap()
}

/// Seconds for each of a round.
fn each(mut make: impl FnMut(u64)) -> f64 {
    let start = Clock::now();
    for index in 0..ROUND {
        make(index);
    }
    start.elapsed() / ROUND as f64
}

/// The time that this thread has had a processor, where the system tells it (Linux); else the time that passed. What others
/// do on the machine is not counted.
enum Clock {
    Passed(Instant),
    Processor(u64),
}

impl Clock {
    fn now() -> Self {
        Self::processor().map_or_else(|| Self::Passed(Instant::now()), Self::Processor)
    }

    /// Nanoseconds.
    fn processor() -> Option<u64> {
        std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
    }

    /// Seconds.
    fn elapsed(&self) -> f64 {
        match self {
            Self::Passed(since) => since.elapsed().as_secs_f64(),
            Self::Processor(since) => (Self::processor().unwrap_or(*since) - since) as f64 / 1e9,
        }
    }
}

/// A client as people configure one, with the backend that the harness has.
fn client(world: &World, wire: &Wire) -> Arc<ClientConfig> {
    let key = world.keyring().secret(KeyName::Leaf(Person::Alice)).unwrap().private_der();
    let provider = world.provider(rustls_graviola::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(provider)))
        .with_client_auth_cert(wire.identity.as_ref().unwrap().chain.clone(), PrivatePkcs8KeyDer::from(key).into())
        .unwrap();
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

/// The harness does not verify the server, which is under test; neither does the bare client.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The target of a campaign against the reference server.
fn target() -> Target {
    let policy = gatecrash_gallery::policy().unwrap();
    let world = WorldOptions::default();
    Target { factory: factory!(reference::gate), policy, world }
}

/// Judges many distinct attempts that were resolved before; seconds for each.
fn judged() -> impl Fn() -> f64 {
    let plan = campaign::plan(&target(), CampaignOptions::default()).unwrap();
    let blueprint = Blueprint::new(gatecrash_gallery::policy().unwrap(), 1_790_000_000);
    let drawn = (0..5000).map(|index| plan.random(index));
    let attempts: Vec<Attempt> = drawn.filter_map(|case| resolve(&case.steps[0], &blueprint).ok()).collect();
    move || {
        let start = Clock::now();
        for attempt in &attempts {
            black_box(judge(attempt, &blueprint));
        }
        start.elapsed() / attempts.len() as f64
    }
}

/// How many times as fast two threads are, over random cases at both depths.
fn threads(round: u64) -> f64 {
    let rate = |jobs: usize| {
        let mut target = target();
        target.world.seed = round;
        let options = CampaignOptions {
            bound: Bound::Time(Duration::from_secs(4)),
            depths: Depths::Both,
            jobs,
            // The letter of no section: random cases alone.
            section: Some('-'),
            crypto: CryptoMode::Ideal,
            shrink: false,
            ..CampaignOptions::default()
        };
        let campaign = campaign::run(&target, options, &Arc::new(Progress::default())).unwrap();
        campaign.tally.attempts as f64 / campaign.elapsed.as_secs_f64()
    };
    rate(2) / rate(1)
}
