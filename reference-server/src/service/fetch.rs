//! Keys by URL: asked for at a steady pace, and sooner when a token names a key that is not known, but never more
//! often than the cooldown allows. What does not answer with a usable key set changes nothing.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore, version};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

use super::config::{Config, ConfigError};
use super::metrics::Metrics;
use super::reload::Answered;
use crate::jwks;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Most octets of an answer.
const LONGEST: usize = 256 * 1024;

/// One issuer's URL.
pub(super) struct Source {
    pub(super) issuer: String,
    /// Wakes the task when a token names an unknown key.
    pub(super) unknown_key: Arc<Notify>,
    url: String,
    client: reqwest::Client,
    refresh: Duration,
    cooldown: Duration,
}

/// Why an answer was of no use.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the answer is longer than {LONGEST} octets")]
    Long,
    #[error("the key set is of no use: {0}")]
    Keys(#[from] crate::setup::SetupError),
    #[error("the key set holds no key that verifies signatures")]
    NoKeys,
    #[error("no answer: {}", innermost(.0))]
    Request(#[from] reqwest::Error),
    #[error("the answer is not UTF-8")]
    Utf8(#[from] std::string::FromUtf8Error),
}

/// What went wrong, below what was being tried.
fn innermost(error: &reqwest::Error) -> &dyn Error {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

impl Config {
    /// The issuers whose keys come by URL.
    pub(super) fn sources(&self, now: i64) -> Result<Vec<Source>, ConfigError> {
        let mut sources = Vec::new();
        for (at, issuer) in self.issuers.iter().enumerate() {
            let Some(url) = &issuer.jwks_url else { continue };
            let mut roots = RootCertStore::empty();
            if let Some(path) = &issuer.jwks_anchors {
                let key = format!("issuers[{at}].jwks-anchors");
                for certificate in self.certificates(&key, path, now)? {
                    roots.add(certificate).map_err(|error| ConfigError::FileContent {
                        key: key.clone(),
                        path: self.resolve(path),
                        problem: error.to_string(),
                    })?;
                }
            }
            let client = client(roots).map_err(|problem| ConfigError::Key {
                path: self.path.clone(),
                key: format!("issuers[{at}].jwks-url"),
                problem,
            })?;
            sources.push(Source {
                issuer: issuer.url.clone(),
                unknown_key: Arc::default(),
                url: url.clone(),
                client,
                refresh: issuer.jwks_refresh,
                cooldown: issuer.jwks_cooldown,
            });
        }
        Ok(sources)
    }
}

/// A client that trusts these anchors alone, follows no redirect and asks no proxy.
fn client(roots: RootCertStore) -> Result<reqwest::Client, String> {
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&version::TLS13])
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(TIMEOUT)
        .timeout(TIMEOUT)
        .build();
    client.map_err(|error| error.to_string())
}

impl Source {
    /// Runs until nobody takes the answers.
    pub(super) async fn run(self, answered: mpsc::Sender<Answered>, metrics: Metrics) {
        let mut last = String::new();
        loop {
            let asked = Instant::now();
            let answer = self.fetch().await;
            metrics.fetched(&self.issuer, answer.is_ok());
            // A failure is tried again after the cooldown, like an unknown key.
            let mut next = asked + self.refresh;
            match answer {
                Ok(jwks) if jwks == last => {}
                Ok(jwks) => {
                    last.clone_from(&jwks);
                    if answered.send((self.issuer.clone(), jwks)).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(issuer = self.issuer, %error, "keys not refreshed: those known stay in force");
                    next = asked + self.cooldown;
                }
            }
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.unknown_key.notified() => sleep_until(next.min(asked + self.cooldown)).await,
            }
        }
    }

    async fn fetch(&self) -> Result<String, FetchError> {
        let mut response = self.client.get(&self.url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LONGEST {
                return Err(FetchError::Long);
            }
            body.extend_from_slice(&chunk);
        }
        let jwks = String::from_utf8(body)?;
        if jwks::verification_keys(&self.issuer, &jwks)?.is_empty() {
            return Err(FetchError::NoKeys);
        }
        Ok(jwks)
    }
}
