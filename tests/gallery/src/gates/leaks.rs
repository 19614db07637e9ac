//! Flaws of what is told: the log and the answer hold what is nobody else's business, or hang on what is of no account.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash::{BoxError, Gate, World, campaign::check::FindingKind};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_LANGUAGE, WWW_AUTHENTICATE},
    request::Parts,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::parts::{
    credential::bearer,
    service::{Service, Steps, gate},
    tls::ClientAuth,
};

/// Builds a gate, with its flaw or without.
pub(super) type Build = fn(&World, bool) -> Result<Gate, BoxError>;

/// Name, what it does, what shows it, and how it is built.
pub(super) const GATES: &[(&str, &str, FindingKind, Build)] = &[
    ("logs-the-token", "logs the header lines of a request that it refuses", FindingKind::Leak, |world, flawed| {
        with_log(world, flawed, |parts| tracing::warn!(headers = ?parts.headers, "refused"))
    }),
    ("logs-the-claims", "logs what every token says, for the audit", FindingKind::Leak, |world, flawed| {
        with_log(world, flawed, |parts| {
            if let Some(claims) = claims(parts) {
                tracing::info!(%claims, "refused");
            }
        })
    }),
    ("tells-what-it-read", "explains a refusal with the claims that it read", FindingKind::Leak, |world, flawed| {
        let explain: Explain = |parts, answer| {
            let claims = claims(parts).map(|claims| claims.to_string()).unwrap_or_default();
            let claims = utf8_percent_encode(&claims, NON_ALPHANUMERIC);
            let text = format!("Bearer error=\"invalid_token\", error_uri=\"/why?{claims}\"");
            if let Ok(value) = HeaderValue::from_str(&text) {
                answer.headers_mut().insert(WWW_AUTHENTICATE, value);
            }
        };
        around(world, if flawed { explain } else { |_, _| {} })
    }),
    (
        "refuses-in-a-language",
        "answers 406 to whoever asks for a language that its pages of errors do not have",
        FindingKind::Unstable,
        |world, flawed| {
            let explain: Explain = |parts, answer| {
                let wanted = parts.headers.get(ACCEPT_LANGUAGE).map(|it| it.as_bytes());
                if wanted.is_some_and(|wanted| !wanted.starts_with(b"en")) {
                    *answer.status_mut() = StatusCode::NOT_ACCEPTABLE;
                }
            };
            around(world, if flawed { explain } else { |_, _| {} })
        },
    ),
    ("challenges-nobody", "answers 401 without saying what to come with", FindingKind::Fault, |world, flawed| {
        let explain: Explain = |_, answer| {
            answer.headers_mut().remove(WWW_AUTHENTICATE);
        };
        around(world, if flawed { explain } else { |_, _| {} })
    }),
    (
        "challenges-with-another-scheme",
        "asks for a password in answer to a bad token",
        FindingKind::Fault,
        |world, flawed| {
            let explain: Explain = |_, answer| {
                let basic = HeaderValue::from_static("Basic realm=\"bank\"");
                if answer.headers_mut().contains_key(WWW_AUTHENTICATE) {
                    answer.headers_mut().insert(WWW_AUTHENTICATE, basic);
                }
            };
            around(world, if flawed { explain } else { |_, _| {} })
        },
    ),
    ("tells-two-errors", "adds the error of each layer to one challenge", FindingKind::Fault, |world, flawed| {
        let explain: Explain = |_, answer| {
            let both = HeaderValue::from_static("Bearer error=\"invalid_request\", error=\"invalid_token\"");
            if answer.headers_mut().contains_key(WWW_AUTHENTICATE) {
                answer.headers_mut().insert(WWW_AUTHENTICATE, both);
            }
        };
        around(world, if flawed { explain } else { |_, _| {} })
    }),
    ("answers-499", "answers 499 to a token that it cannot use", FindingKind::Fault, |world, flawed| {
        let explain: Explain = |_, answer| {
            if answer.status() == StatusCode::UNAUTHORIZED {
                *answer.status_mut() = StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST);
            }
        };
        around(world, if flawed { explain } else { |_, _| {} })
    }),
];

/// What is done about a refusal.
type Explain = fn(&Parts, &mut Response);

/// Logs refusals: that there was one, or what `log` says of it.
fn with_log(world: &World, flawed: bool, log: fn(&Parts)) -> Result<Gate, BoxError> {
    let guarded = Service::new(world, Steps::default())?.guarded();
    // A target is what the client says, and some clients put a token into it.
    let safe: fn(&Parts) = |parts| tracing::warn!(method = %parts.method, "refused");
    wrapped(world, guarded, Arc::new(move |parts, _| if flawed { log(parts) } else { safe(parts) }))
}

fn around(world: &World, explain: Explain) -> Result<Gate, BoxError> {
    let guarded = Service::new(world, Steps::default())?.guarded();
    wrapped(world, guarded, Arc::new(explain))
}

type Shared = Arc<dyn Fn(&Parts, &mut Response) + Send + Sync>;

fn wrapped(world: &World, guarded: Router, explain: Shared) -> Result<Gate, BoxError> {
    async fn told(State(explain): State<Shared>, request: Request, next: Next) -> Response {
        let (parts, body) = request.into_parts();
        let mut answer = next.run(Request::from_parts(parts.clone(), body)).await;
        if answer.status().is_client_error() {
            explain(&parts, &mut answer);
        }
        answer.into_response()
    }
    gate(world, guarded.layer(from_fn_with_state(explain, told)), ClientAuth::Required)
}

/// The claims as they stand in the token, not believed.
fn claims(parts: &Parts) -> Option<Value> {
    let token = bearer(parts).ok()??;
    let octets = Base64UrlUnpadded::decode_vec(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&octets).ok()
}
