//! The tables of the configuration file, as TOML has them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::settings::Settings;
use crate::throttle::ThrottleSettings;

/// What the server presents itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Own {
    /// PEM: its certificate, then its issuers.
    pub(in crate::service) chain: PathBuf,
    /// PEM: its private key.
    pub(in crate::service) key: PathBuf,
}

/// Whose certificates are accepted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Clients {
    /// PEM files of trust anchors.
    pub(in crate::service) anchors: Vec<PathBuf>,
    /// PEM files of revocation lists. With one, every certificate of a path needs a current list.
    #[serde(default)]
    pub(in crate::service) crls: Vec<PathBuf>,
}

/// What a token must say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Token {
    pub(in crate::service) audience: String,
    #[serde(default = "defaults::realm")]
    pub(in crate::service) realm: String,
    #[serde(default = "defaults::leeway", with = "humantime_serde")]
    pub(in crate::service) leeway: Duration,
    #[serde(default = "defaults::max_lifetime", with = "humantime_serde")]
    pub(in crate::service) max_lifetime: Duration,
}

/// An authorization server; its keys by file or by URL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Issuer {
    pub(in crate::service) url: String,
    pub(in crate::service) jwks: Option<PathBuf>,
    pub(in crate::service) jwks_url: Option<String>,
    /// PEM: trust anchors for the server behind an `https` URL.
    pub(in crate::service) jwks_anchors: Option<PathBuf>,
    /// Time between two looks at the URL.
    #[serde(default = "defaults::jwks_refresh", with = "humantime_serde")]
    pub(in crate::service) jwks_refresh: Duration,
    /// Least time between two looks, whatever tokens say.
    #[serde(default = "defaults::jwks_cooldown", with = "humantime_serde")]
    pub(in crate::service) jwks_cooldown: Duration,
    pub(in crate::service) speaks_for: Vec<String>,
    pub(in crate::service) may_grant: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Holder {
    pub(in crate::service) prefix: String,
    pub(in crate::service) scopes: Vec<String>,
}

/// An account of the bank that the binary keeps in memory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Account {
    pub(in crate::service) id: String,
    /// SPIFFE ID.
    pub(in crate::service) owner: String,
    #[serde(default)]
    pub(in crate::service) balance: u64,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Limits {
    /// Connections whose handshake is done; when all are taken, an idle one yields.
    pub(in crate::service) max_connections: usize,
    /// Handshakes in progress; when all places are taken, the oldest yields.
    pub(in crate::service) max_handshakes: usize,
    /// The same from one address, which for IPv6 is a /64.
    pub(in crate::service) max_handshakes_per_address: usize,
    pub(in crate::service) max_concurrent_streams: u32,
    /// Octets.
    pub(in crate::service) header: usize,
    /// Octets.
    pub(in crate::service) body: usize,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) handshake_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) header_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) body_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) request_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) idle_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) keep_alive_interval: Duration,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) recheck_interval: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        let settings = Settings::default();
        Limits {
            max_connections: 1024,
            max_handshakes: 512,
            max_handshakes_per_address: 128,
            max_concurrent_streams: settings.max_concurrent_streams,
            header: settings.header_limit,
            body: settings.body_limit,
            handshake_timeout: settings.handshake_timeout,
            header_timeout: settings.header_timeout,
            body_timeout: settings.body_timeout,
            request_timeout: settings.request_timeout,
            idle_timeout: settings.idle_timeout,
            keep_alive_interval: settings.keep_alive_interval,
            recheck_interval: settings.recheck_interval,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Throttle {
    pub(in crate::service) free: u32,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) first_wait: Duration,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) longest_wait: Duration,
    #[serde(with = "humantime_serde")]
    pub(in crate::service) forget_after: Duration,
    pub(in crate::service) most_certificates: usize,
}

impl Default for Throttle {
    fn default() -> Throttle {
        let ThrottleSettings { free, first_wait, longest_wait, forget_after, most_certificates } =
            ThrottleSettings::default();
        Throttle { free, first_wait, longest_wait, forget_after, most_certificates }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Reload {
    /// Time between two looks at the files; SIGHUP looks at once.
    #[serde(with = "humantime_serde")]
    pub(in crate::service) poll: Duration,
    /// Longest time to go on with old trust while the files cannot be taken up; for ever when absent.
    #[serde(with = "humantime_serde::option")]
    pub(in crate::service) max_staleness: Option<Duration>,
}

impl Default for Reload {
    fn default() -> Reload {
        Reload { poll: Duration::from_secs(5), max_staleness: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Shutdown {
    /// Longest wait for requests under way.
    #[serde(with = "humantime_serde")]
    pub(in crate::service) deadline: Duration,
}

impl Default for Shutdown {
    fn default() -> Shutdown {
        Shutdown { deadline: Duration::from_secs(30) }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Log {
    pub(in crate::service) format: LogFormat,
    /// Directives of `tracing-subscriber`, such as `info` or `info,hyper=debug`.
    pub(in crate::service) filter: String,
}

impl Default for Log {
    fn default() -> Log {
        Log { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// How decisions are recorded. They go where the log goes, whatever its filter.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Audit {
    pub(in crate::service) on_failure: AuditFailure,
    /// Most decisions that wait to be written.
    pub(in crate::service) queue: usize,
}

impl Default for Audit {
    fn default() -> Audit {
        Audit { on_failure: AuditFailure::Refuse, queue: 4096 }
    }
}

/// What happens when a decision cannot be written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::service) enum AuditFailure {
    /// Requests go on, and what was not written is counted.
    Continue,
    /// No effect without its record: requests are answered 503.
    Refuse,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::service) enum LogFormat {
    Json,
    Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::service) struct Metrics {
    /// A loopback address: what is behind it asks for no certificate.
    pub(in crate::service) listen: SocketAddr,
}

mod defaults {
    use std::time::Duration;

    use crate::settings::Settings;

    pub(super) fn realm() -> String {
        Settings::default().realm
    }

    pub(super) fn leeway() -> Duration {
        Settings::default().leeway
    }

    pub(super) fn max_lifetime() -> Duration {
        Settings::default().max_lifetime
    }

    pub(super) fn jwks_refresh() -> Duration {
        Duration::from_secs(300)
    }

    pub(super) fn jwks_cooldown() -> Duration {
        Duration::from_secs(30)
    }
}
