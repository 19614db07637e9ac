//! What the server side did. It does not interpret.

use gatecrash_model::Policy;

use crate::{
    gate::{Depth, Evidence},
    world::Seen,
};

/// How the handshake ended, as the server saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields, in order.
    pub headers: Vec<(String, String)>,
    /// The body, as received.
    pub body: Vec<u8>,
}

/// Everything observed of one attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// How the handshake ended.
    pub handshake: Handshake,
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
}

impl Observation {
    /// Whether an effect ran, by the evidence that the gate gives.
    pub fn entered(&self, policy: &Policy) -> bool {
        let success = |answer: &Answer| answer.status < 400 && !policy.answers.refused.contains(&answer.status);
        let by_status = self.evidence == Evidence::Status && self.answer.as_ref().is_some_and(success);
        by_status || !self.seen.hits.is_empty()
    }
}
