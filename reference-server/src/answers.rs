//! The answers of the server: one per class of refusal, to the byte, whatever the cause. Nothing of the request is
//! in them, so that they tell nobody how near an attempt came.

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;

use crate::audit::Refusal;
use crate::cause::Cause;
use crate::routes;
use crate::setup::SetupError;

/// The refusals, prepared once.
pub(crate) struct Answers {
    insufficient_scope: HeaderValue,
    invalid_request: HeaderValue,
    invalid_token: HeaderValue,
    no_credentials: HeaderValue,
}

impl Answers {
    pub(crate) fn new(realm: &str) -> Result<Answers, SetupError> {
        if !realm.bytes().all(|octet| matches!(octet, b' '..=b'~') && octet != b'"' && octet != b'\\') {
            return Err(SetupError::RealmUnprintable);
        }
        let challenge = |error: &str| {
            HeaderValue::try_from(format!("Bearer realm=\"{realm}\"{error}")).map_err(|_| SetupError::RealmUnprintable)
        };
        Ok(Answers {
            insufficient_scope: challenge(", error=\"insufficient_scope\"")?,
            invalid_request: challenge(", error=\"invalid_request\"")?,
            invalid_token: challenge(", error=\"invalid_token\"")?,
            no_credentials: challenge("")?,
        })
    }

    /// The answer of the cause's class. The refusal travels along for the audit log, and stays in the process.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Response {
        let (status, error, challenge) = match refusal.cause {
            Cause::CertificateMissing | Cause::TokenMissing => {
                (StatusCode::UNAUTHORIZED, "unauthorized", Some(&self.no_credentials))
            }
            Cause::CredentialDuplicated
            | Cause::CredentialMalformed
            | Cause::HostMalformed
            | Cause::RequestMalformed => (StatusCode::BAD_REQUEST, "invalid_request", Some(&self.invalid_request)),
            Cause::CertificateCap | Cause::IssuerMayGrant | Cause::Owner | Cause::Scope => {
                (StatusCode::FORBIDDEN, "insufficient_scope", Some(&self.insufficient_scope))
            }
            Cause::ContentTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "content_too_large", None),
            Cause::AuditUnavailable | Cause::HandlerTimeout | Cause::TrustStale => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", None)
            }
            Cause::Misdirected => (StatusCode::MISDIRECTED_REQUEST, "misdirected_request", None),
            Cause::MethodUnknown => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", None),
            Cause::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout", None),
            Cause::RouteUnknown => (StatusCode::NOT_FOUND, "not_found", None),
            Cause::Throttled => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", None),
            // Whatever is wrong with the token or the certificate under it.
            _ => (StatusCode::UNAUTHORIZED, "invalid_token", Some(&self.invalid_token)),
        };
        let mut response = json(status, &serde_json::json!({ "error": error }));
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge.clone());
        }
        response.extensions_mut().insert(refusal);
        response
    }

    /// The answer to a method that the resource at this path of the table does not have: it lists those it has
    /// (RFC 9110 §15.5.6).
    pub(crate) fn refuse_method(&self, refusal: Refusal, path: &str) -> Response {
        let mut response = self.refuse(refusal);
        let methods = routes::TABLE.iter().filter(|route| route.path == path).map(|route| route.method.as_str());
        if let Ok(allow) = HeaderValue::try_from(methods.collect::<Vec<_>>().join(", ")) {
            response.headers_mut().insert(ALLOW, allow);
        }
        response
    }
}

/// The refusal, with the seconds until another try is looked at (RFC 6585 §4).
pub(crate) fn retry_after(mut response: Response, seconds: u64) -> Response {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// A JSON answer that no cache keeps.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response {
    let mut response = empty(status);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(value.to_string());
    response
}

/// An answer without content that no cache keeps.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
