//! What the server side did. It does not interpret.

use gatecrash_model::Policy;

use crate::{
    gate::{Depth, Evidence},
    world::Seen,
};

/// How the handshake ended, as the server saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handshake {
    /// The server accepted the client.
    Accepted,
    /// There was none: the bytes travelled in the clear.
    #[default]
    None,
    /// The server refused the client, with this alert or for this reason.
    Refused(String),
    /// The connection ended without an alert and without an answer.
    Silent,
}

/// An HTTP answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields, in order; then trailers.
    pub headers: Vec<(String, String)>,
    /// The body, as received.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer without fields and content.
    ///
    /// ```
    /// assert_eq!(gatecrash::gate::Answer::new(204).status, 204);
    /// ```
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Whether the answer means *success*: below 400, and nothing that the policy declares to mean *refused*.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// let mut answer = gatecrash::gate::Answer::default();
    /// answer.status = 204;
    /// assert!(answer.succeeded(&policy));
    /// answer.status = 401;
    /// assert!(!answer.succeeded(&policy));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn succeeded(&self, policy: &Policy) -> bool {
        let answers = &policy.answers;
        let text = String::from_utf8_lossy(&self.body);
        let by_content = answers.refused_content.iter().any(|wanted| text.contains(wanted.as_str()));
        let by_field = self.headers.iter().any(|(name, value)| {
            let declared = answers.refused_fields.iter().find(|(declared, _)| declared.eq_ignore_ascii_case(name));
            declared.is_some_and(|(_, values)| values.iter().any(|declared| declared == value.trim()))
        });
        self.status < 400 && !answers.refused.contains(&self.status) && !by_content && !by_field
    }

    /// Whether the answer rejects the caller: by a status that the policy names, by 401 or 403 (RFC 9110 §15.5.2, §15.5.4), or by
    /// what else the policy says that a refusal holds.
    pub fn refused(&self, policy: &Policy) -> bool {
        let by_status = policy.answers.refused.contains(&self.status) || matches!(self.status, 401 | 403);
        by_status || (self.status < 400 && !self.succeeded(policy))
    }
}

/// Everything observed of one attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observation {
    /// How the handshake ended.
    pub handshake: Handshake,
    /// The alert with which the server ended the handshake (RFC 8446 §6), by its number, where the client could read it.
    pub alert: Option<u8>,
    /// The answer, if there was one.
    pub answer: Option<Answer>,
    /// Further answers on the same connection.
    pub further: Vec<Answer>,
    /// Whether the gate asked for the content before it answered (RFC 9110 §15.2.1).
    pub continued: bool,
    /// What the gate told of itself.
    pub seen: Seen,
    /// Messages of panics inside the gate.
    pub panics: Vec<String>,
    /// Whether the time budget was exceeded.
    pub hang: bool,
    /// What was wrong with the answer as HTTP, if anything.
    pub broken: Option<String>,
    /// The depth at which the attempt was really made.
    pub depth: Option<Depth>,
    /// What counts as proof that an effect ran.
    pub evidence: Evidence,
    /// Whom the answer says it was for, where the gate has a way to tell.
    pub answered_as: Option<String>,
}

impl Observation {
    /// Whether an effect ran, by the evidence that the gate gives.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// use gatecrash::{Evidence, gate::{Answer, Observation}};
    /// let (mut observation, mut answer) = (Observation::default(), Answer::default());
    /// answer.status = 200;
    /// observation.answer = Some(answer);
    /// assert!(!observation.entered(&policy), "an answer without a hit proves nothing");
    /// observation.evidence = Evidence::Status;
    /// assert!(observation.entered(&policy));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn entered(&self, policy: &Policy) -> bool {
        let by_status =
            self.evidence == Evidence::Status && self.answer.as_ref().is_some_and(|answer| answer.succeeded(policy));
        by_status || !self.seen.hits.is_empty()
    }

    /// Whether a rate limiter answered, which says nothing of whoever asked.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// let mut limited = policy;
    /// limited.answers.throttled = vec![429];
    /// let mut answer = gatecrash::gate::Answer::default();
    /// answer.status = 429;
    /// let mut observation = gatecrash::gate::Observation::default();
    /// observation.answer = Some(answer);
    /// assert!(observation.throttled(&limited));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn throttled(&self, policy: &Policy) -> bool {
        let limited = self.answer.as_ref().is_some_and(|answer| policy.answers.throttled.contains(&answer.status));
        limited && self.seen.hits.is_empty()
    }
}
