//! What was decided, for whom, and why. An event never holds a token, a key or a certificate.

use std::pin::Pin;
use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;

use crate::cause::Cause;
use crate::request_id::RequestId;
use crate::routes;

/// Where the decisions go: once for each failed handshake and once for each request. A request whose admission was
/// recorded and which then took too long is recorded again, as refused.
pub trait Audit: Send + Sync + 'static {
    /// Takes one event. Called on the connection's task: it should not block.
    fn record(&self, event: &AuditEvent);

    /// Takes the admission of a request whose effect has not taken place. It takes place only if this answers, in the
    /// end, that the event is recorded. Otherwise the request is refused with 503.
    fn admit(&self, event: AuditEvent) -> Admission {
        self.record(&event);
        Admission::Recorded
    }

    /// Hears how long each request took, from the end of its header section to its answer's.
    fn answered(&self, _route: Option<&'static str>, _elapsed: Duration) {}
}

/// Whether an admission is recorded.
pub enum Admission {
    /// It is.
    Recorded,
    /// It is when this says `true`, and it is not when this says `false`.
    Pending(Pin<Box<dyn Future<Output = bool> + Send>>),
    /// It cannot be.
    Refused,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEvent {
    /// The step that decided.
    pub stage: Stage,
    /// Which request; `None` for a handshake.
    pub request: Option<RequestId>,
    /// The SPIFFE ID of the client certificate, once it is known.
    pub principal: Option<String>,
    /// The request's method, when it is a registered one: an extension method is free text of the client's.
    pub method: Option<String>,
    /// The route, as it stands in the table.
    pub route: Option<&'static str>,
    /// The request's path, when it belongs to a route: any other path is free text of the client's.
    pub path: Option<String>,
    /// The decision.
    pub decision: Decision,
    /// From the end of the request's header section to the decision; zero for a handshake.
    pub elapsed: Duration,
}

impl AuditEvent {
    /// A request, admitted until somebody says otherwise.
    pub(crate) fn request(id: RequestId, request: &Request) -> AuditEvent {
        AuditEvent {
            stage: Stage::Authorization,
            request: Some(id),
            principal: None,
            method: is_registered(request.method()).then(|| request.method().to_string()),
            route: route(request),
            path: known_path(request),
            decision: Decision::Admitted,
            elapsed: Duration::ZERO,
        }
    }

    /// A handshake that failed.
    pub(crate) fn handshake(cause: Cause) -> AuditEvent {
        AuditEvent {
            stage: Stage::Handshake,
            request: None,
            principal: None,
            method: None,
            route: None,
            path: None,
            decision: Decision::Refused(cause),
            elapsed: Duration::ZERO,
        }
    }
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

/// The route as it stands in the table, whatever the method.
fn route(request: &Request) -> Option<&'static str> {
    let matched = request.extensions().get::<MatchedPath>()?;
    routes::TABLE.iter().map(|route| route.path).find(|path| *path == matched.as_str())
}

fn known_path(request: &Request) -> Option<String> {
    let matched = request.extensions().get::<MatchedPath>()?;
    let path = request.uri().path();
    routes::object(matched.as_str(), path).map(|_| path.to_owned())
}

fn is_registered(method: &Method) -> bool {
    [
        Method::CONNECT,
        Method::DELETE,
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
        Method::POST,
        Method::PUT,
        Method::TRACE,
    ]
    .contains(method)
}

/// Sends events to the subscriber of the `tracing` crate, under the target `audit`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingAudit;

impl Audit for TracingAudit {
    fn record(&self, event: &AuditEvent) {
        let AuditEvent { stage, request, principal, method, route, path, decision, elapsed } = event;
        let (stage, micros) = (stage.name(), u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
        // Written where somebody listens alone.
        let (request, principal) = (request.as_ref().map(tracing::field::display), principal.as_deref());
        let (method, path) = (method.as_deref(), path.as_deref());
        match decision {
            Decision::Admitted => {
                tracing::info!(target: "audit", stage, request, principal, method, route, path, micros, "admitted");
            }
            Decision::Refused(cause) => {
                let (cause, rule) = (cause.name(), cause.clause());
                tracing::warn!(
                    target: "audit", stage, cause, rule, request, principal, method, route, path, micros, "refused"
                );
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
