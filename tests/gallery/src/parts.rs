//! Safe building blocks: a small service as teams write it, whose every step a flawed gate may replace.

pub(crate) mod authority;
pub(crate) mod authorize;
pub(crate) mod certificate;
pub(crate) mod credential;
pub(crate) mod forwarded;
pub(crate) mod listener;
pub(crate) mod service;
pub(crate) mod stateful;
pub(crate) mod tls;
pub(crate) mod token;

/// Why a request is refused; the answer says no more than the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400: no well-formed request.
    Malformed,
    /// 401: no acceptable credentials.
    Unauthorized,
    /// 403: not with these credentials.
    Forbidden,
    /// 421: for somebody else.
    Misdirected,
}

impl axum::response::IntoResponse for Refusal {
    fn into_response(self) -> axum::response::Response {
        let status = match self {
            Refusal::Malformed => http::StatusCode::BAD_REQUEST,
            Refusal::Unauthorized => http::StatusCode::UNAUTHORIZED,
            Refusal::Forbidden => http::StatusCode::FORBIDDEN,
            Refusal::Misdirected => http::StatusCode::MISDIRECTED_REQUEST,
        };
        match self {
            // RFC 6750 §3: whoever is refused learns what to come with.
            Refusal::Unauthorized => (status, [(http::header::WWW_AUTHENTICATE, "Bearer")]).into_response(),
            Refusal::Forbidden | Refusal::Malformed | Refusal::Misdirected => status.into_response(),
        }
    }
}
