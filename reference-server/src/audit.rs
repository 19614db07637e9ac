//! What was decided, for whom, and why. An event never holds a token, a key or a certificate.

use crate::cause::Cause;

/// Where the decisions go. Called once for each failed handshake and once for each request.
pub trait Audit: Send + Sync + 'static {
    /// Takes one event. Called on the connection's task: it should not block.
    fn record(&self, event: &AuditEvent);
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEvent {
    /// The step that decided.
    pub stage: Stage,
    /// The SPIFFE ID of the client certificate, once it is known.
    pub principal: Option<String>,
    /// The request's method, when it is a registered one: an extension method is free text of the client's.
    pub method: Option<String>,
    /// The request's path, when it belongs to a route: any other path is free text of the client's.
    pub path: Option<String>,
    /// The decision.
    pub decision: Decision,
}

/// Let in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The handler ran.
    Admitted,
    /// The handler's effect did not run.
    Refused(Cause),
}

/// The steps, in the order in which they decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// TLS, and the path of the client certificate.
    Handshake,
    /// The identity in the certificate, the syntax of the credential and of the body.
    Request,
    /// The token by itself.
    Token,
    /// The token against the certificate.
    Binding,
    /// The route, the scope, the owner.
    Authorization,
}

impl Stage {
    /// The stage in lower case, as it is logged.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Authorization => "authorization",
            Stage::Binding => "binding",
            Stage::Handshake => "handshake",
            Stage::Request => "request",
            Stage::Token => "token",
        }
    }
}

/// Sends events to the subscriber of the `tracing` crate, under the target `audit`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingAudit;

impl Audit for TracingAudit {
    fn record(&self, event: &AuditEvent) {
        let stage = event.stage.name();
        let principal = event.principal.as_deref();
        let method = event.method.as_deref();
        let path = event.path.as_deref();
        match event.decision {
            Decision::Admitted => tracing::info!(target: "audit", stage, principal, method, path, "admitted"),
            Decision::Refused(cause) => {
                tracing::warn!(target: "audit", stage, principal, method, path, cause = cause.name(), "refused");
            }
        }
    }
}

/// A cause and the step that found it; how steps say no to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) stage: Stage,
    pub(crate) cause: Cause,
}

impl Stage {
    /// For `map_err`: the step's causes as refusals.
    pub(crate) fn refuses(self, cause: Cause) -> Refusal {
        Refusal { stage: self, cause }
    }
}
