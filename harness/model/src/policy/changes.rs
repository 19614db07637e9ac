//! What a gate promises about changes: how soon it heeds them. What is left out is not promised, and not tested.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Change, Policy};

/// How soon the gate heeds what changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct ChangePolicy {
    /// Certificates that are revoked, or whose trust anchor is trusted no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Promptness>,
    /// Tokens that are revoked (RFC 7009).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_revocation: Option<Promptness>,
    /// Keys that issuers publish, and keys that they publish no more (RFC 8725 §3.10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Promptness>,
    /// What ends when the client certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_ends: Option<ExpiryEnds>,
    /// Whether a token works once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_time: Option<OneTime>,
    /// Whether somebody who keeps guessing is slowed down (CWE-307).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<ThrottlePolicy>,
    /// What becomes of early data (RFC 8470).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_data: Option<EarlyData>,
    /// A stream under way ends within so many seconds after its credentials would be refused; 0 for at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streams_end: Option<u32>,
    /// The cookie by which the service knows a session. An id that a client brings along before it authenticates is never
    /// the id of its session afterwards (CWE-384).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_cookie: Option<String>,
}

impl ChangePolicy {
    /// Everything, at once.
    ///
    /// ```
    /// use gatecrash_model::{ChangePolicy, Promptness};
    /// assert_eq!(ChangePolicy::strict().keys, Some(Promptness::NextRequest));
    /// ```
    pub fn strict() -> Self {
        Self {
            revocation: Some(Promptness::NextRequest),
            token_revocation: Some(Promptness::NextRequest),
            keys: Some(Promptness::NextRequest),
            expiry_ends: Some(ExpiryEnds::Request),
            one_time: Some(OneTime::Always),
            throttle: Some(ThrottlePolicy::default()),
            early_data: Some(EarlyData::Refused),
            streams_end: Some(0),
            session_cookie: Some("session".into()),
        }
    }

    /// How soon a change is heeded; `None` where nothing is promised of it.
    pub fn of(&self, change: &Change) -> Option<Promptness> {
        match change {
            Change::DropAnchor(_) | Change::Revoke(_) => self.revocation,
            Change::RevokeToken(_) => self.token_revocation,
            Change::KeysFail(_) | Change::PublishKey { .. } | Change::RetireKey { .. } => self.keys,
            Change::Restart | Change::Wait(_) => Some(Promptness::NextRequest),
        }
    }

    /// What is not promised, by the keys of the policy.
    ///
    /// ```
    /// use gatecrash_model::ChangePolicy;
    /// assert!(ChangePolicy::default().absent().contains(&"revocation"));
    /// assert!(ChangePolicy::strict().absent().is_empty());
    /// ```
    pub fn absent(&self) -> Vec<&'static str> {
        let all = [
            ("revocation", self.revocation.is_some()),
            ("token-revocation", self.token_revocation.is_some()),
            ("keys", self.keys.is_some()),
            ("expiry-ends", self.expiry_ends.is_some()),
            ("one-time", self.one_time.is_some()),
            ("throttle", self.throttle.is_some()),
            ("early-data", self.early_data.is_some()),
            ("streams-end", self.streams_end.is_some()),
            ("session-cookie", self.session_cookie.is_some()),
        ];
        all.into_iter().filter(|(_, promised)| !promised).map(|(name, _)| name).collect()
    }

    pub(super) fn faults(&self, policy: &Policy, fault: &mut impl FnMut(String, String, &str)) {
        if self.throttle.is_some_and(|throttle| throttle.after == 0 || throttle.wait == 0) {
            let right = "write how many refusals are free and for how many seconds the next one waits, each 1 or more";
            fault("changes.throttle".into(), "promises nothing".into(), right);
        }
        if self.session_cookie.as_deref().is_some_and(|name| name.is_empty() || !name.bytes().all(is_cookie_name)) {
            let right = "name a cookie as it stands in the field, such as \"session\" (RFC 6265 §4.1.1)";
            fault("changes.session-cookie".into(), "is no name of a cookie".into(), right);
        }
        if self.throttle.is_some() && policy.answers.throttled.is_empty() {
            let right = "name the status of a client that is slowed down, such as [429]";
            fault("changes.throttle".into(), "is promised, and `answers.throttled` is empty".into(), right);
        }
    }
}

fn is_cookie_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// How soon a change is heeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Promptness {
    /// From the next request on, whatever connection it comes over.
    NextRequest,
    /// From the next connection on.
    NextConnection,
    /// After so many seconds at the latest, whatever connection a request comes over.
    Within(u32),
    /// Not before a restart.
    Never,
}

impl std::fmt::Display for Promptness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Promptness::NextRequest => f.write_str("from the next request on"),
            Promptness::NextConnection => f.write_str("from the next connection on"),
            Promptness::Within(seconds) => write!(f, "within {seconds} s"),
            Promptness::Never => f.write_str("after a restart"),
        }
    }
}

/// As it is written: a word, or a number of seconds.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Seconds(i64),
    Word(String),
}

impl Serialize for Promptness {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = |word: &str| Written::Word(word.into());
        match self {
            Promptness::NextRequest => word("next-request"),
            Promptness::NextConnection => word("next-connection"),
            Promptness::Within(seconds) => Written::Seconds(i64::from(*seconds)),
            Promptness::Never => word("never"),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Promptness {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || {
            serde::de::Error::custom("write \"next-request\", \"next-connection\", \"never\", or a number of seconds")
        };
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::Seconds(seconds) => u32::try_from(seconds).map(Promptness::Within).map_err(|_| wrong()),
            Written::Word(word) => match word.as_str() {
                "next-request" => Ok(Promptness::NextRequest),
                "next-connection" => Ok(Promptness::NextConnection),
                "never" => Ok(Promptness::Never),
                _ => Err(wrong()),
            },
        }
    }
}

/// What ends when a client certificate expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpiryEnds {
    /// Requests: the next one is refused, on an open connection as well.
    Request,
    /// The same, after so many seconds at the latest.
    Within(u32),
    /// Connections: a new or a resumed one is refused, and an open one goes on.
    Connection,
}

impl Serialize for ExpiryEnds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ExpiryEnds::Request => Written::Word("request".into()),
            ExpiryEnds::Within(seconds) => Written::Seconds(i64::from(*seconds)),
            ExpiryEnds::Connection => Written::Word("connection".into()),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ExpiryEnds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || serde::de::Error::custom("write \"request\", \"connection\", or a number of seconds");
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::Seconds(seconds) => u32::try_from(seconds).map(ExpiryEnds::Within).map_err(|_| wrong()),
            Written::Word(word) => match word.as_str() {
                "request" => Ok(ExpiryEnds::Request),
                "connection" => Ok(ExpiryEnds::Connection),
                _ => Err(wrong()),
            },
        }
    }
}

/// How long a token that works once is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OneTime {
    /// For as long as the token would work, over restarts as well.
    Always,
    /// Until the gate is restarted.
    UntilRestart,
}

/// What becomes of somebody who keeps guessing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ThrottlePolicy {
    /// After so many refused credentials of one client the next request has to wait.
    pub after: u32,
    /// For so many seconds at least.
    pub wait: u32,
}

impl Default for ThrottlePolicy {
    fn default() -> Self {
        Self { after: 10, wait: 1 }
    }
}

/// What becomes of early data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EarlyData {
    /// No effect runs before the handshake is finished.
    Refused,
}
