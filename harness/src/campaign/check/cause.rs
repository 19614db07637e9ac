//! Why a gate did what it should not have done: the mistake to fix, as far as the campaign knows it.

use std::fmt;

use gatecrash_model::{Change, Rule};

use super::FindingKind;

/// What a gate takes up while it runs, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TakenUp {
    /// Trust anchors.
    Anchors,
    /// Lists of revoked certificates.
    Crls,
    /// Key sets of issuers.
    Keys,
    /// Tokens that were revoked.
    RevokedTokens,
}

impl TakenUp {
    /// The subject of a change; `None` if a gate is not told of the change.
    pub(crate) fn of(change: &Change) -> Option<Self> {
        match change {
            Change::DropAnchor(_) => Some(TakenUp::Anchors),
            Change::Revoke(_) => Some(TakenUp::Crls),
            Change::PublishKey { .. } | Change::RetireKey { .. } => Some(TakenUp::Keys),
            Change::RevokeToken(_) => Some(TakenUp::RevokedTokens),
            Change::KeysFail(_) | Change::Restart | Change::Wait(_) => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            TakenUp::Anchors => "trust anchors",
            TakenUp::Crls => "revocation lists",
            TakenUp::Keys => "the issuers' keys",
            TakenUp::RevokedTokens => "revoked tokens",
        }
    }
}

/// The mistake behind a finding.
///
/// A case alone shows the broken rule. The mistakes that break many rules at once are found by further attempts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The route is behind no guard: a request without any credential runs it.
    NoGuard,
    /// A token is required, but its content is never read.
    TokenUnread,
    /// Claims are read from a token whose signature nobody verified.
    SignatureUnchecked,
    /// The named claim is not compared.
    ClaimUnchecked(String),
    /// The effect runs before the check that rejects the request.
    EffectFirst,
    /// The body is read before the caller is known.
    BodyFirst,
    /// The certificate is checked after the token, or never.
    CertificateAfterToken,
    /// The gate remembers an earlier decision and does not check again.
    Remembered,
    /// What changes outside is not taken up while the gate runs.
    NotTakenUp(TakenUp),
    /// The certificate is checked in the handshake alone, so that an open connection outlives it.
    HandshakeOnly,
    /// A resumed session is not checked again.
    ResumedUnchecked,
    /// A stream is checked when it begins, and never again.
    StreamUnchecked,
    /// Two requests at the same time pass a check that is made in two steps.
    Race,
    /// Requests at the same time share who asks.
    Shared,
    /// A lock that a panic has poisoned changes what later requests are held to.
    Poisoned,
    /// The id of a session that a client brought along names the session of whoever authenticates with it.
    SessionFixed,
    /// The guesses of one client make another one wait.
    LocksOut,
    /// When something fails, requests are rejected that do not depend on it.
    FailsClosed,
    /// A check that cannot be made counts as passed.
    FailsOpen,
    /// The gate lets requests in after it has rejected so many.
    FailsOpenAfter(u32),
    /// An assistant takes a text of the request for an instruction.
    Instruction,
    /// The OpenAPI document and the gate ask for different credentials.
    Document,
    /// This one rule is not enforced.
    Rule(Rule),
    /// Nothing that was asked violates a rule: the response itself is the problem.
    Response,
}

impl Cause {
    /// What the smallest case alone shows: the cause that its kind implies, else the first broken rule.
    ///
    /// ```
    /// use gatecrash::{campaign::check::{Cause, FindingKind}, model::Rule};
    /// let rules = [Rule::Audience].into();
    /// assert_eq!(Cause::of(FindingKind::Breach, &rules), Cause::Rule(Rule::Audience));
    /// assert_eq!(Cause::of(FindingKind::EarlyEffect, &rules), Cause::EffectFirst);
    /// ```
    pub fn of(kind: FindingKind, rules: &std::collections::BTreeSet<Rule>) -> Self {
        match (kind, rules.first()) {
            (FindingKind::EarlyEffect, _) => Cause::EffectFirst,
            (FindingKind::Carryover, _) => Cause::Remembered,
            (FindingKind::Unstable, _) | (_, None) => Cause::Response,
            (_, Some(rule)) => Cause::Rule(*rule),
        }
    }
}

/// The cause as machines read it, such as `claim-unchecked aud`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::NoGuard => f.write_str("no-guard"),
            Cause::TokenUnread => f.write_str("token-unread"),
            Cause::SignatureUnchecked => f.write_str("signature-unchecked"),
            Cause::ClaimUnchecked(claim) => write!(f, "claim-unchecked {claim}"),
            Cause::EffectFirst => f.write_str("effect-first"),
            Cause::BodyFirst => f.write_str("body-before-check"),
            Cause::CertificateAfterToken => f.write_str("certificate-after-token"),
            Cause::Remembered => f.write_str("remembered-state"),
            Cause::NotTakenUp(what) => write!(f, "not-taken-up {}", what.name()),
            Cause::HandshakeOnly => f.write_str("checked-in-handshake-only"),
            Cause::ResumedUnchecked => f.write_str("resumed-unchecked"),
            Cause::StreamUnchecked => f.write_str("stream-unchecked"),
            Cause::Race => f.write_str("race"),
            Cause::Shared => f.write_str("shared-between-requests"),
            Cause::Poisoned => f.write_str("poisoned-lock"),
            Cause::SessionFixed => f.write_str("session-fixed"),
            Cause::LocksOut => f.write_str("locks-out-others"),
            Cause::FailsClosed => f.write_str("fails-closed"),
            Cause::FailsOpen => f.write_str("fails-open"),
            Cause::FailsOpenAfter(count) => write!(f, "fails-open-after {count}"),
            Cause::Instruction => f.write_str("instruction-followed"),
            Cause::Document => f.write_str("document"),
            Cause::Rule(rule) => write!(f, "rule {}", rule.name()),
            Cause::Response => f.write_str("response"),
        }
    }
}
