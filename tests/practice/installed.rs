//! What a process has installed before the harness comes, and that the harness installs nothing itself. Each in a process of its own.

use std::{
    io::Write,
    process::Command,
    sync::{Arc, Mutex},
};

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
};
use gatecrash::{
    BoxError, Gate, World,
    campaign::check::{Finding, FindingKind},
    factory,
};
use gatecrash_gallery::bank;
use http::StatusCode;
use jsonwebtoken::crypto::{CryptoProvider as TokenProvider, aws_lc};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tracing::level_filters::LevelFilter;

use super::{added, attacked, clean};

const ALONE: &str = "GATECRASH_TESTS_ALONE";

/// Acts in a process of its own, which runs this one test.
fn alone(test: &str, act: fn()) {
    if std::env::var_os(ALONE).is_some() {
        return act();
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    let done = again.args([test, "--exact", "--nocapture"]).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&done.stderr));
}

/// What the subscriber of the process wrote.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// Makes a subscriber for all threads that writes warnings here.
    fn install() -> Self {
        let written = Self::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_ansi(false);
        subscriber.with_writer(move || writer.clone()).init();
        written
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Warns of whoever is refused, and says more where nobody in production listens.
fn logging(world: &World, said: fn(&Request) -> String) -> Result<Gate, BoxError> {
    let log = from_fn(move |request: Request, next: Next| async move {
        let said = said(&request);
        tracing::info!(said, "asked");
        let response = next.run(request).await;
        if response.status() == StatusCode::UNAUTHORIZED {
            tracing::warn!("refused");
        }
        response
    });
    bank(world, |router| router.layer(log))
}

#[test]
fn a_subscriber_and_providers_are_installed_already() {
    fn quiet(world: &World) -> Result<Gate, BoxError> {
        logging(world, |request| request.method().to_string())
    }
    fn loud(world: &World) -> Result<Gate, BoxError> {
        logging(world, |request| format!("{:?}", request.headers().get("authorization")))
    }
    alone("practice::installed::a_subscriber_and_providers_are_installed_already", || {
        aws_lc_rs::default_provider().install_default().unwrap();
        aws_lc::DEFAULT_PROVIDER.install_default().unwrap();
        let theirs = CryptoProvider::get_default().unwrap();
        let written = Written::install();

        clean(&attacked(factory!(quiet), |_| {}));
        assert!(written.text().contains("refused"), "what the gate logs goes where it went before");
        assert!(!written.text().contains("asked"), "and no more of it");

        let campaign = attacked(factory!(loud), |_| {});
        let leak = |it: &Finding| it.kind == FindingKind::Leak;
        assert!(campaign.findings.iter().any(leak), "{:?}", added(&campaign));

        assert!(Arc::ptr_eq(theirs, CryptoProvider::get_default().unwrap()));
        tracing::warn!("nobody listens in between any more");
        assert!(written.text().contains("in between"));
    });
}

/// A gate that verifies nothing itself, so that whatever is installed afterwards was installed by the harness.
#[test]
fn nothing_is_installed() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        Gate::layer(world, from_fn(|_: Request, _: Next| async { StatusCode::UNAUTHORIZED }))
    }
    alone("practice::installed::nothing_is_installed", || {
        let campaign = attacked(factory!(gate), |_| {});
        assert!(campaign.tally.attempts > 0);
        assert!(CryptoProvider::get_default().is_none());
        TokenProvider::install_default(&aws_lc::DEFAULT_PROVIDER).unwrap();
        tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    });
}
