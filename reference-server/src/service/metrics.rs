//! Counts for Prometheus. No label holds anything a client wrote: routes are those of the table.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, LabelSetEncoder};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tower_service::Service;

use super::log::Lost;
use crate::audit::{Admission, Audit, AuditEvent, Decision};

/// Labels with these names, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Labels(&'static [&'static str], Vec<Cow<'static, str>>);

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        use prometheus_client::encoding::EncodeLabel;
        for (name, value) in self.0.iter().zip(&self.1) {
            EncodeLabel::encode(&(*name, &**value), encoder.encode_label())?;
        }
        Ok(())
    }
}

type Seconds = Family<Labels, Histogram, fn() -> Histogram>;

/// The counts. Clones share everything.
#[derive(Clone)]
pub(super) struct Metrics {
    pub(super) connections: Counter,
    pub(super) connections_yielded: Counter,
    pub(super) handshakes: Gauge,
    pub(super) handshakes_yielded: Counter,
    pub(super) open_connections: Gauge,
    current_at: Gauge,
    decisions: Family<Labels, Counter>,
    fetches: Family<Labels, Counter>,
    generation: Gauge<u64, AtomicU64>,
    registry: Arc<Registry>,
    reload_failing: Gauge,
    reloads: Family<Labels, Counter>,
    seconds: Seconds,
}

impl Metrics {
    /// `lost` counts the lines of the log that could not be written.
    pub(super) fn new(lost: Arc<Lost>) -> Metrics {
        let buckets = || Histogram::new([0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0]);
        let (connections, open_connections, generation) = (Counter::default(), Gauge::default(), Gauge::default());
        let (connections_yielded, handshakes, handshakes_yielded) =
            (Counter::default(), Gauge::default(), Counter::default());
        let (current_at, reload_failing) = (Gauge::default(), Gauge::default());
        let (decisions, fetches, reloads) = (Family::default(), Family::default(), Family::default());
        let seconds: Seconds = Family::new_with_constructor(buckets as fn() -> Histogram);
        let mut registry = Registry::with_prefix("reference");
        registry.register("connections", "Connections accepted", connections.clone());
        registry.register("open_connections", "Connections now open", open_connections.clone());
        registry.register(
            "connections_yielded",
            "Idle connections that made room for another",
            connections_yielded.clone(),
        );
        registry.register("handshakes", "Handshakes in progress", handshakes.clone());
        registry.register(
            "handshakes_yielded",
            "Unfinished handshakes that made room for another",
            handshakes_yielded.clone(),
        );
        registry.register("decisions", "Decisions by stage, cause and route", decisions.clone());
        registry.register_collector(Box::new(Collected(lost)));
        registry.register("jwks_fetches", "Looks at key sets by URL", fetches.clone());
        registry.register(
            "trust_current_timestamp_seconds",
            "When what is in force was last known to be what the files say",
            current_at.clone(),
        );
        registry.register("reload_failing", "Whether a failed reload is being tried again", reload_failing.clone());
        registry.register("reloads", "Reloads of files and key sets", reloads.clone());
        registry.register("trust_generation", "Reloads that succeeded", generation.clone());
        registry.register("request_seconds", "Time from a request's header section to its answer's", seconds.clone());
        let registry = Arc::new(registry);
        Metrics {
            connections,
            connections_yielded,
            handshakes,
            handshakes_yielded,
            open_connections,
            current_at,
            decisions,
            fetches,
            generation,
            registry,
            reload_failing,
            reloads,
            seconds,
        }
    }

    pub(super) fn reloaded(&self, success: bool) {
        self.reloads.get_or_create(&Labels(&["result"], vec![result(success)])).inc();
        self.reload_failing.set(i64::from(!success));
        if success {
            self.generation.inc();
        }
    }

    /// `now` is in seconds since the Unix epoch.
    pub(super) fn trust_is_current(&self, now: i64) {
        self.current_at.set(now);
    }

    pub(super) fn fetched(&self, issuer: &str, success: bool) {
        self.fetches
            .get_or_create(&Labels(&["issuer", "result"], vec![Cow::Owned(issuer.to_owned()), result(success)]))
            .inc();
    }

    fn decided(&self, event: &AuditEvent) {
        let cause = match event.decision {
            Decision::Admitted => "none",
            Decision::Refused(cause) => cause.name(),
        };
        let route = event.route.unwrap_or("none");
        let values = [event.stage.name(), cause, route].map(Cow::Borrowed);
        self.decisions.get_or_create(&Labels(&["stage", "cause", "route"], values.into())).inc();
    }

    fn answered(&self, route: Option<&'static str>, elapsed: Duration) {
        let labels = Labels(&["route"], vec![Cow::Borrowed(route.unwrap_or("none"))]);
        self.seconds.get_or_create(&labels).observe(elapsed.as_secs_f64());
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// Serves `GET /metrics` in plain HTTP. The address has been checked to be a loopback one.
    pub(super) async fn serve(self, listener: TcpListener) {
        const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        /// Most connections at once; the next waits.
        const CONNECTIONS: usize = 16;
        /// Longest wait for a header section.
        const HEADER: Duration = Duration::from_secs(2);
        /// Longest life of a connection, which is good for one request.
        const WHOLE: Duration = Duration::from_secs(5);
        let answer = move || {
            let text = self.text();
            async move { ([(CONTENT_TYPE, TEXT)], text) }
        };
        let router = Router::new().route("/metrics", get(answer));
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            let Ok((stream, _)) = listener.accept().await else {
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            let router = router.clone();
            let service = service_fn(move |request: hyper::Request<Incoming>| router.clone().call(request));
            tokio::spawn(async move {
                let mut http = http1::Builder::new();
                http.timer(TokioTimer::new()).header_read_timeout(HEADER).keep_alive(false);
                let _ = timeout(WHOLE, http.serve_connection(TokioIo::new(stream), service)).await;
                drop(place);
            });
        }
    }
}

/// Counts that the log keeps.
#[derive(Debug)]
struct Collected(Arc<Lost>);

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for (name, help, lost) in [
            ("audit_lost", "Decisions that could not be written", &self.0.audit),
            ("log_lost", "Lines of the log that could not be written", &self.0.log),
        ] {
            let counter = ConstCounter::new(lost.load(Ordering::Relaxed));
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}

fn result(success: bool) -> Cow<'static, str> {
    Cow::Borrowed(if success { "success" } else { "failure" })
}

/// Counts each decision, then hands it on.
pub(super) struct Counted<A> {
    pub(super) metrics: Metrics,
    pub(super) next: A,
}

impl<A: Audit> Audit for Counted<A> {
    fn record(&self, event: &AuditEvent) {
        self.metrics.decided(event);
        self.next.record(event);
    }

    fn admit(&self, event: AuditEvent) -> Admission {
        match self.next.admit(event.clone()) {
            Admission::Recorded => self.metrics.decided(&event),
            Admission::Refused => return Admission::Refused,
            Admission::Pending(receipt) => {
                let metrics = self.metrics.clone();
                return Admission::Pending(Box::pin(async move {
                    let is_recorded = receipt.await;
                    if is_recorded {
                        metrics.decided(&event);
                    }
                    is_recorded
                }));
            }
        }
        Admission::Recorded
    }

    fn answered(&self, route: Option<&'static str>, elapsed: Duration) {
        self.metrics.answered(route, elapsed);
        self.next.answered(route, elapsed);
    }
}
