//! Limits and names of one deployment.

use std::time::Duration;

use crate::cryptography::Cryptography;
use crate::throttle::ThrottleSettings;

/// Limits and names. `audience` has no default: [`Server::new`](crate::Server::new) refuses an empty one.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The value this server expects in a token's `aud`.
    pub audience: String,
    /// Most octets in a request's body.
    pub body_limit: usize,
    /// Longest wait for a request's body.
    pub body_timeout: Duration,
    /// Who computes signatures and TLS.
    pub cryptography: Cryptography,
    /// Whether the OpenAPI document is served, where the feature `service` has one.
    pub description: bool,
    /// Longest wait for a TLS handshake.
    pub handshake_timeout: Duration,
    /// Most octets in a request's header section.
    pub header_limit: usize,
    /// Longest wait for an HTTP/1.1 header section, and for the first one of a connection.
    pub header_timeout: Duration,
    /// Longest wait for the next request on a connection without one under way.
    pub idle_timeout: Duration,
    /// Interval between HTTP/2 pings, and longest wait for their answer: ends dead connections.
    pub keep_alive_interval: Duration,
    /// How far the clocks of issuers may be from ours.
    pub leeway: Duration,
    /// Most concurrent HTTP/2 streams on a connection.
    pub max_concurrent_streams: u32,
    /// Longest accepted difference of `exp` and `iat`.
    pub max_lifetime: Duration,
    /// Longest time that trust is relied on without [`Server::trust_is_current`](crate::Server::trust_is_current):
    /// after it every request is refused with 503. For ever when `None`.
    pub max_staleness: Option<Duration>,
    /// Longest time a certificate stays accepted on an open connection before its path is judged again.
    pub recheck_interval: Duration,
    /// The `realm` of challenges (RFC 9110 §11.5): printable ASCII without `"` and `\`.
    pub realm: String,
    /// Longest time from the end of a request's header section to its answer's.
    pub request_timeout: Duration,
    /// How refusals slow a client down; not at all when `None`.
    pub throttle: Option<ThrottleSettings>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            audience: String::new(),
            body_limit: 16 * 1024,
            body_timeout: Duration::from_secs(10),
            cryptography: Cryptography::default(),
            description: false,
            handshake_timeout: Duration::from_secs(10),
            header_limit: 32 * 1024,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            keep_alive_interval: Duration::from_secs(20),
            leeway: Duration::from_secs(30),
            max_concurrent_streams: 64,
            max_lifetime: Duration::from_secs(3600),
            max_staleness: None,
            recheck_interval: Duration::from_secs(60),
            realm: "api".to_owned(),
            request_timeout: Duration::from_secs(30),
            throttle: None,
        }
    }
}
