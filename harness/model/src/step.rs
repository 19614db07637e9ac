//! One step of a case: somebody attempts something, or the world changes.

use serde::{Deserialize, Serialize};

use crate::{IssuerRole, KeyName, Mutation, Person, Stance, TokenKey};

/// A step of a case. Steps are numbered from 1, in files and wherever one step names another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StepFile", into = "StepFile")]
pub enum Step {
    /// Somebody attempts something.
    Attempt(Attempting),
    /// The world changes, and the gate is told.
    Change(Change),
}

impl Step {
    /// The attempt, where the step is one.
    ///
    /// ```
    /// use gatecrash_model::{Change, Step};
    /// assert!(Step::Change(Change::Wait(61)).attempt().is_none());
    /// ```
    pub fn attempt(&self) -> Option<&Attempting> {
        match self {
            Step::Attempt(attempting) => Some(attempting),
            Step::Change(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn attempt_mut(&mut self) -> Option<&mut Attempting> {
        match self {
            Step::Attempt(attempting) => Some(attempting),
            Step::Change(_) => None,
        }
    }

    /// The change, where the step is one.
    pub fn change(&self) -> Option<&Change> {
        match self {
            Step::Attempt(_) => None,
            Step::Change(change) => Some(change),
        }
    }
}

impl From<Attempting> for Step {
    fn from(attempting: Attempting) -> Self {
        Step::Attempt(attempting)
    }
}

impl From<Change> for Step {
    fn from(change: Change) -> Self {
        Step::Change(change)
    }
}

impl<'a> From<&'a Step> for Option<&'a Attempting> {
    fn from(step: &'a Step) -> Self {
        step.attempt()
    }
}

/// A stance on a route, with mutations, over a connection. The order of the mutations does not matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempting {
    /// Who attempts, and what they lack.
    pub stance: Stance,
    /// The route, as `GET /v1/whoami`.
    pub route: String,
    /// The deliberate changes.
    pub mutations: Vec<Mutation>,
    /// The connection that the request comes over.
    pub over: Over,
    /// Which token it carries.
    pub token: TokenOf,
    /// How often it is made in a row, each time with a token of its own.
    pub times: u32,
}

impl Attempting {
    /// One attempt on a connection of its own, with a token of its own.
    ///
    /// ```
    /// use gatecrash_model::{Attempting, Over, Stance};
    /// let attempting = Attempting::new(Stance::NoToken, "GET /v1/whoami", vec![]);
    /// assert_eq!((attempting.over, attempting.times), (Over::Fresh, 1));
    /// ```
    pub fn new(stance: Stance, route: impl Into<String>, mutations: Vec<Mutation>) -> Self {
        Self { stance, route: route.into(), mutations, over: Over::Fresh, token: TokenOf::New, times: 1 }
    }

    /// The same over another connection.
    pub fn over(self, over: Over) -> Self {
        Self { over, ..self }
    }

    /// The same with another token.
    pub fn token(self, token: TokenOf) -> Self {
        Self { token, ..self }
    }

    /// The earlier steps that this one names.
    pub fn names(&self) -> impl Iterator<Item = usize> {
        let token = match self.token {
            TokenOf::New => None,
            TokenOf::SameAs(number) => Some(number),
        };
        self.over.step().into_iter().chain(token)
    }
}

/// The connection that a request comes over. Steps are named by their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// A connection of its own.
    #[default]
    Fresh,
    /// The connection of an earlier step, which was kept open.
    Kept(usize),
    /// A new connection of the same client, which resumes the session of an earlier step (RFC 8446 §2.2). It presents the
    /// same certificate where the server refuses to resume.
    Resumed(usize),
    /// The same, and the request comes as early data where the server's ticket allows that (RFC 8446 §2.3).
    Early(usize),
    /// Under way at the same time as the step right before: another stream of its connection over HTTP/2, another connection
    /// over HTTP/1.1. Neither is answered before both were sent.
    Beside(usize),
    /// The answer to an earlier step, which has no end: nothing is asked, and what still comes is listened to. Over a
    /// WebSocket one message is sent.
    Stream(usize),
}

impl Over {
    /// The number of the step that it names.
    ///
    /// ```
    /// use gatecrash_model::Over;
    /// assert_eq!((Over::Fresh.step(), Over::Kept(1).step()), (None, Some(1)));
    /// ```
    pub fn step(self) -> Option<usize> {
        match self {
            Over::Fresh => None,
            Over::Kept(number)
            | Over::Resumed(number)
            | Over::Early(number)
            | Over::Beside(number)
            | Over::Stream(number) => Some(number),
        }
    }

    /// The same relation to another step.
    pub(crate) fn to(self, number: usize) -> Self {
        match self {
            Over::Fresh => Over::Fresh,
            Over::Kept(_) => Over::Kept(number),
            Over::Resumed(_) => Over::Resumed(number),
            Over::Early(_) => Over::Early(number),
            Over::Beside(_) => Over::Beside(number),
            Over::Stream(_) => Over::Stream(number),
        }
    }

    /// Whether a handshake is made, so that whoever presents the certificate can be refused there.
    pub fn opens(self) -> bool {
        !matches!(self, Over::Kept(_) | Over::Stream(_))
    }
}

/// Which token a request carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenOf {
    /// One that was issued for it.
    #[default]
    New,
    /// That of an earlier step, octet by octet but for the changes of this step.
    SameAs(usize),
}

/// What changes in the world. The gate is told of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// So many seconds pass on the clock that the gate is given.
    Wait(u32),
    /// Somebody's certificate is on the CRL from now on (RFC 5280 §5.1.2.6).
    Revoke(Person),
    /// The token of an earlier step is revoked (RFC 7009 §2).
    RevokeToken(usize),
    /// A trust anchor is trusted no more.
    DropAnchor(AnchorName),
    /// An issuer publishes a key no more.
    RetireKey {
        /// The issuer.
        issuer: IssuerRole,
        /// The key.
        key: TokenKey,
    },
    /// An issuer publishes a key beside the others.
    PublishKey {
        /// The issuer.
        issuer: IssuerRole,
        /// The key.
        key: TokenKey,
        /// The key whose `kid` it takes over; its own where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        under: Option<TokenKey>,
    },
    /// The place where keys are published fails.
    KeysFail(KeysFailure),
    /// The gate is restarted. What it stores outlives that, what it remembers does not.
    Restart,
}

impl Change {
    /// Kebab-case name of the kind.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Change::Wait(61).name(), "wait");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Change::Wait(_) => "wait",
            Change::Revoke(_) => "revoke",
            Change::RevokeToken(_) => "revoke-token",
            Change::DropAnchor(_) => "drop-anchor",
            Change::RetireKey { .. } => "retire-key",
            Change::PublishKey { .. } => "publish-key",
            Change::KeysFail(_) => "keys-fail",
            Change::Restart => "restart",
        }
    }
}

/// A trust anchor of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnchorName {
    /// The one above everybody's certificates.
    Root,
    /// One that is trusted beside it.
    SecondRoot,
}

impl AnchorName {
    /// Its key.
    pub fn key(self) -> KeyName {
        match self {
            AnchorName::Root => KeyName::Root,
            AnchorName::SecondRoot => KeyName::SecondRoot,
        }
    }
}

/// How the place where keys are published fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeysFailure {
    /// A set without keys.
    Empty,
    /// An answer of 500.
    Fails,
    /// A set with more keys than anybody has.
    Huge,
    /// No JSON at all.
    Malformed,
    /// An answer that does not come.
    Slow,
}

impl KeysFailure {
    /// Every way to fail.
    pub const ALL: &[KeysFailure] =
        &[KeysFailure::Empty, KeysFailure::Fails, KeysFailure::Huge, KeysFailure::Malformed, KeysFailure::Slow];
}

/// A step as it is written: one table with the keys of an attempt, or with `change`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct StepFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change: Option<Change>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stance: Option<Stance>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mutations: Option<Vec<Mutation>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over: Option<Over>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<TokenOf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

/// Why a table is no step.
#[derive(Debug)]
struct StepFault(&'static str);

impl std::fmt::Display for StepFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl TryFrom<StepFile> for Step {
    type Error = StepFault;

    fn try_from(file: StepFile) -> Result<Self, StepFault> {
        let StepFile { change, stance, route, mutations, over, token, times } = file;
        if let Some(change) = change {
            let attempts = stance.is_some() || route.is_some() || mutations.is_some() || over.is_some();
            if attempts || token.is_some() || times.is_some() {
                return Err(StepFault("a step with `change` attempts nothing; write the attempt as a step of its own"));
            }
            return Ok(Step::Change(change));
        }
        let stance = stance.ok_or(StepFault("missing field `stance`: a step attempts something, or has a `change`"))?;
        let route = route.ok_or(StepFault("missing field `route`: a step attempts something, or has a `change`"))?;
        let times = times.unwrap_or(1);
        if times == 0 {
            return Err(StepFault("`times` is 1 or more"));
        }
        Ok(Step::Attempt(Attempting {
            stance,
            route,
            mutations: mutations.unwrap_or_default(),
            over: over.unwrap_or_default(),
            token: token.unwrap_or_default(),
            times,
        }))
    }
}

impl From<Step> for StepFile {
    fn from(step: Step) -> Self {
        match step {
            Step::Change(change) => Self {
                change: Some(change),
                stance: None,
                route: None,
                mutations: None,
                over: None,
                token: None,
                times: None,
            },
            Step::Attempt(Attempting { stance, route, mutations, over, token, times }) => Self {
                change: None,
                stance: Some(stance),
                route: Some(route),
                mutations: Some(mutations),
                over: (over != Over::Fresh).then_some(over),
                token: (token != TokenOf::New).then_some(token),
                times: (times != 1).then_some(times),
            },
        }
    }
}
