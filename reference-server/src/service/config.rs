//! The configuration file: TOML with strict keys, durations with units, and every path relative to the file.

mod sense;
mod tables;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;

use crate::cryptography::Cryptography;
use crate::settings::Settings;
use crate::setup::SetupError;
use crate::throttle::ThrottleSettings;

pub(super) use self::tables::{Account, AuditFailure, Issuer, LogFormat};
use self::tables::{Audit, Clients, Holder, Limits, Log, Metrics, Own, Reload, Shutdown, Throttle, Token};

/// Why a configuration cannot be used. Names the file, and the place in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that the configuration names cannot be read.
    #[error("{key}: {}: {source}", path.display())]
    File {
        /// The key that names it.
        key: String,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file that the configuration names does not hold what it should.
    #[error("{key}: {}: {problem}", path.display())]
    FileContent {
        /// The key that names it.
        key: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A key of the file has a value that means nothing.
    #[error("{}: {key}: {problem}", path.display())]
    Key {
        /// The configuration file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong with its value.
        problem: String,
    },
    /// The library refuses what was loaded.
    #[error("{}: {source}", path.display())]
    Setup {
        /// The configuration file.
        path: PathBuf,
        /// What the library says.
        source: SetupError,
    },
    /// The file is not TOML of the expected shape.
    #[error("{}:{line}:{column}: {problem}", path.display())]
    Syntax {
        /// The configuration file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The configuration file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The configuration file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A configuration, read and checked. The files it names have not been looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    #[serde(skip)]
    pub(super) path: PathBuf,
    pub(super) listen: SocketAddr,
    pub(super) server: Own,
    pub(super) clients: Clients,
    pub(super) token: Token,
    pub(super) issuers: Vec<Issuer>,
    #[serde(default)]
    pub(super) holders: Vec<Holder>,
    #[serde(default)]
    pub(super) accounts: Vec<Account>,
    #[serde(default)]
    pub(super) limits: Limits,
    pub(super) throttle: Option<Throttle>,
    #[serde(default)]
    pub(super) reload: Reload,
    #[serde(default)]
    pub(super) shutdown: Shutdown,
    #[serde(default)]
    pub(super) log: Log,
    #[serde(default)]
    pub(super) audit: Audit,
    pub(super) metrics: Option<Metrics>,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is not TOML of the expected shape, or a value means nothing.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let mut config: Config = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
        config.path = path.to_owned();
        config.check()?;
        Ok(config)
    }

    /// A path of the file, taken from the folder that the file is in.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    pub(super) fn settings(&self) -> Settings {
        let Limits { header, body, max_concurrent_streams, .. } = self.limits;
        let throttle = self.throttle.as_ref().map(|throttle| ThrottleSettings {
            free: throttle.free,
            first_wait: throttle.first_wait,
            longest_wait: throttle.longest_wait,
            forget_after: throttle.forget_after,
            most_certificates: throttle.most_certificates,
        });
        Settings {
            audience: self.token.audience.clone(),
            body_limit: body,
            body_timeout: self.limits.body_timeout,
            cryptography: Cryptography::default(),
            description: true,
            handshake_timeout: self.limits.handshake_timeout,
            header_limit: header,
            header_timeout: self.limits.header_timeout,
            idle_timeout: self.limits.idle_timeout,
            keep_alive_interval: self.limits.keep_alive_interval,
            leeway: self.token.leeway,
            max_concurrent_streams,
            max_lifetime: self.token.max_lifetime,
            max_staleness: self.reload.max_staleness,
            realm: self.token.realm.clone(),
            recheck_interval: self.limits.recheck_interval,
            request_timeout: self.limits.request_timeout,
            throttle,
        }
    }

    /// What the types cannot say.
    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, problem: &str| {
            Err(ConfigError::Key { path: self.path.clone(), key: key.to_owned(), problem: problem.to_owned() })
        };
        if self.metrics.as_ref().is_some_and(|metrics| !metrics.listen.ip().is_loopback()) {
            return refuse("metrics.listen", "is not a loopback address, and asks for no certificate");
        }
        if let Some((key, problem)) = self.nonsense() {
            return refuse(&key, &problem);
        }
        if self.reload.max_staleness.is_some_and(|longest| longest <= self.reload.poll) {
            return refuse(
                "reload.max-staleness",
                "is not longer than reload.poll: trust would be stale between looks",
            );
        }
        let mut ids = HashSet::new();
        if let Some(at) = self.accounts.iter().position(|account| !ids.insert(&account.id)) {
            return refuse(&format!("accounts[{at}].id"), "is listed twice");
        }
        for (at, issuer) in self.issuers.iter().enumerate() {
            let key = format!("issuers[{at}]");
            match (&issuer.jwks, &issuer.jwks_url) {
                (Some(_), None) => {}
                (None, Some(url)) => self.check_url(&key, issuer, url)?,
                (None, None) => return refuse(&key, "has neither jwks nor jwks-url"),
                (Some(_), Some(_)) => return refuse(&key, "has both jwks and jwks-url"),
            }
        }
        Ok(())
    }

    fn check_url(&self, key: &str, issuer: &Issuer, url: &str) -> Result<(), ConfigError> {
        let refuse = |member: &str, problem: &str| {
            let key = format!("{key}.{member}");
            Err(ConfigError::Key { path: self.path.clone(), key, problem: problem.to_owned() })
        };
        if issuer.jwks_cooldown.is_zero() || issuer.jwks_refresh < issuer.jwks_cooldown {
            return refuse("jwks-cooldown", "is zero, or longer than jwks-refresh");
        }
        let Ok(parsed) = reqwest::Url::parse(url) else {
            return refuse("jwks-url", "is not a URL");
        };
        // Keys from the network are as trustworthy as the connection they come over (RFC 8725 §3.10).
        let is_loopback = matches!(parsed.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        match parsed.scheme() {
            "https" if issuer.jwks_anchors.is_none() => refuse("jwks-anchors", "is missing; https needs trust anchors"),
            "https" => Ok(()),
            "http" if is_loopback => Ok(()),
            _ => refuse("jwks-url", "is neither https nor http on a loopback address"),
        }
    }
}

fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    ConfigError::Syntax {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        problem: error.message().replace('\n', " "),
    }
}
