//! Flaws between the message and the guard: paths, methods, bodies, trailers, connections.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use gatecrash::{
    BoxError, Gate, World,
    model::Rule::{self, Route, TokenPresent},
};
use http::{HeaderValue, Method, Uri, header::AUTHORIZATION, request::Parts, uri::PathAndQuery};
use http_body_util::BodyExt as _;
use percent_encoding::percent_decode_str;
use rustls::version::{TLS12, TLS13};
use tower::ServiceExt as _;

use crate::parts::{
    Refusal,
    authorize::Caller,
    listener::{self, Session},
    service::{Service, Steps, admit, by_certificate, gate, guard, with_peer},
    tls::{ClientAuth, config},
};

/// A guard of its own for scopes: it looks at the method that a header names.
pub(super) fn scope_by_override(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    async fn overridden(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
        let (mut parts, body) = request.into_parts();
        let caller = match (service.steps.admit)(&service, &parts) {
            Ok(caller) => caller,
            Err(refusal) => return refusal.into_response(),
        };
        let mut asked = parts.clone();
        let named =
            parts.headers.get("x-http-method-override").and_then(|name| Method::from_bytes(name.as_bytes()).ok());
        asked.method = named.unwrap_or(asked.method);
        if !service.needed(&asked).iter().all(|scope| caller.scopes.contains(scope)) {
            return Refusal::Forbidden.into_response();
        }
        parts.extensions.insert(caller);
        next.run(Request::from_parts(parts, body)).await
    }
    let service = Service::new(world, Steps::default())?;
    let router = match flawed {
        true => service.customers().merge(service.staff()).layer(from_fn_with_state(service, overridden)),
        false => service.guarded(),
    };
    gate(world, router, ClientAuth::Required)
}

/// The handler answers whatever the method; the guard knows the methods that were meant.
pub(super) fn any_method(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.admit =
            |service, parts| match [Method::GET, Method::POST, Method::DELETE, Method::HEAD].contains(&parts.method) {
                true => admit(service, parts),
                false => by_certificate(service, parts),
            };
    }
    let service = Service::new(world, steps)?;
    let router = match flawed {
        true => {
            let handler = any(crate::parts::service::whoami).with_state(service.clone());
            let layer = from_fn_with_state(service.clone(), guard);
            service.without_whoami().merge(service.staff()).route("/v1/whoami", handler).layer(layer)
        }
        false => service.guarded(),
    };
    gate(world, router, ClientAuth::Required)
}

/// The path that the guard let pass.
#[derive(Clone)]
struct AsSent(String);

/// The guard looks at the path as it was sent, the router at what is left when the dots are gone.
pub(super) fn normalized_late(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.admit = |service, parts| match parts.extensions.get::<AsSent>() {
            Some(AsSent(path)) if path.starts_with("/healthz/") => by_certificate(service, parts),
            _ => admit(service, parts),
        };
    }
    rewriting(world, steps, |path| {
        let mut kept: Vec<&str> = Vec::new();
        for segment in path.split('/') {
            match segment {
                "." => {}
                ".." => {
                    kept.pop();
                }
                other => kept.push(other),
            }
        }
        if kept.len() > 1 { kept.join("/") } else { path.into() }
    })
}

/// What is not on the list of guarded paths is open, and the router decodes what the list does not.
pub(super) fn decoded_twice(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if !flawed {
        return rewriting(world, steps, |path| path.into());
    }
    steps.admit = |service, parts| match parts.extensions.get::<AsSent>() {
        Some(AsSent(path)) if !path.starts_with("/v1/") => by_certificate(service, parts),
        _ => admit(service, parts),
    };
    rewriting(world, steps, |path| {
        let once = percent_decode_str(path).decode_utf8_lossy().into_owned();
        percent_decode_str(&once).decode_utf8_lossy().into_owned()
    })
}

/// A service behind something that rewrites paths before they are routed.
fn rewriting(world: &World, steps: Steps, rewrite: fn(&str) -> String) -> Result<Gate, BoxError> {
    let router = Service::new(world, steps)?.guarded();
    let service = router.map_request(move |mut request: Request| {
        let sent = request.uri().path().to_string();
        let mut parts = request.uri().clone().into_parts();
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        if let Ok(path) = PathAndQuery::try_from(format!("{}{query}", rewrite(&sent))) {
            parts.path_and_query = Some(path);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
        request.extensions_mut().insert(AsSent(sent));
        request
    });
    Ok(with_peer(Gate::https(config(world, ClientAuth::Required)?, service)))
}

/// Name, what it does, what it breaks, and the path that is open.
pub(super) const OPEN: &[(&str, &str, &[Rule], &str)] = &[
    ("open-admin", "has an administration page behind no guard", &[Route, TokenPresent], "/admin"),
    ("open-debug", "left the profiler in", &[Route, TokenPresent], "/debug/pprof/"),
    ("open-internal", "has a route for other services behind no guard", &[Route, TokenPresent], "/v1/internal/users"),
    ("open-description", "shows its OpenAPI document to everybody", &[Route, TokenPresent], "/openapi.json"),
    ("open-root", "answers at its root, whoever asks", &[Route, TokenPresent], "/"),
];

/// A route that was merged where the guard ends.
pub(super) fn open_at(world: &World, path: Option<&str>) -> Result<Gate, BoxError> {
    let service = Service::new(world, Steps::default())?;
    let router: Router = match path {
        Some(path) => service.guarded().merge(Router::new().route(path, get(|| async { "for us alone" }))),
        None => service.guarded(),
    };
    gate(world, router, ClientAuth::Required)
}

/// What a path becomes.
type Rewrite = fn(&str) -> String;

/// Name, what it does, and what a path becomes between the list of guarded paths and the router.
pub(super) const REWRITTEN: &[(&str, &str, Rewrite)] = &[
    ("slashes-merged-late", "guards the paths on a list, and merges slashes of what is not on it", |path| {
        path.split('/').filter(|segment| !segment.is_empty()).fold(String::new(), |path, segment| path + "/" + segment)
    }),
    ("case-folded-late", "guards the paths on a list, and routes what is not on it in lower case", |path| {
        path.to_ascii_lowercase()
    }),
    (
        "parameters-cut-late",
        "guards the paths on a list, and cuts the parameters of segments off what is not on it",
        |path| {
            path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect::<Vec<_>>().join("/")
        },
    ),
    ("slash-trimmed-late", "guards the paths on a list, and trims the last slash of what is not on it", |path| {
        path.trim_end_matches('/').to_string()
    }),
    ("backslash-turned-late", "guards the paths on a list, and turns the backslashes of what is not on it", |path| {
        path.replace("%5C", "/").replace("%5c", "/").replace('\\', "/")
    }),
];

/// Every path on the list is guarded exactly as it is written there. What is not on it is open, and is rewritten before it is routed.
pub(super) fn rewritten(world: &World, rewrite: Option<Rewrite>) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    let Some(rewrite) = rewrite else { return rewriting(world, steps, |path| path.into()) };
    steps.admit = |service, parts| match parts.extensions.get::<AsSent>() {
        Some(AsSent(path)) if *path != parts.uri.path() => by_certificate(service, parts),
        _ => admit(service, parts),
    };
    rewriting(world, steps, rewrite)
}

/// What the operators look at was merged where the guard ends.
pub(super) fn open_metrics(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let service = Service::new(world, Steps::default())?;
    let router: Router = match flawed {
        true => service.guarded().merge(Router::new().route("/metrics", get(|| async { "requests_total 7" }))),
        false => service.guarded(),
    };
    gate(world, router, ClientAuth::Required)
}

/// A layer in front of the guard that moves a token to where the guard looks for it.
fn moving<F, Fut>(world: &World, flawed: bool, fetch: F) -> Result<Gate, BoxError>
where
    F: Fn(Request) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Request> + Send,
{
    let router = Service::new(world, Steps::default())?.guarded();
    let layer = from_fn(move |request: Request, next: Next| {
        let fetch = fetch.clone();
        async move { next.run(fetch(request).await).await }
    });
    listener::gate(world, if flawed { router.layer(layer) } else { router }, None)
}

fn authorize(parts: &mut Parts, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value)
        && !parts.headers.contains_key(AUTHORIZATION)
    {
        parts.headers.insert(AUTHORIZATION, value);
    }
}

/// Takes the token from a form in the body as well.
pub(super) fn token_in_form(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    moving(world, flawed, |request| async {
        let (mut parts, body) = request.into_parts();
        let octets = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        if let Some(token) = octets.strip_prefix(b"access_token=") {
            authorize(&mut parts, &[b"Bearer ".as_slice(), token].concat());
        }
        Request::from_parts(parts, Body::from(octets))
    })
}

/// Merges trailers into the fields before it guards.
pub(super) fn trailers_merged(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    moving(world, flawed, |request| async {
        let (mut parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return Request::from_parts(parts, Body::empty()) };
        if let Some(value) = body.trailers().and_then(|trailers| trailers.get(AUTHORIZATION)).cloned() {
            authorize(&mut parts, value.as_bytes());
        }
        Request::from_parts(parts, Body::from(body.to_bytes()))
    })
}

/// Reads the body, then asks who sent it.
pub(super) fn body_first(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    moving(world, flawed, |request| async {
        let (parts, body) = request.into_parts();
        let octets = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        Request::from_parts(parts, Body::from(octets))
    })
}

/// Remembers, for the whole connection, whom it let in.
pub(super) fn remembered(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    with_memory(world, flawed, |service, parts| recall(service, parts, false))
}

/// Whoever was let in on this connection before, where the request brings a token or brings none.
fn recall(service: &Service, parts: &Parts, with_token: bool) -> Result<Caller, Refusal> {
    let session = parts.extensions.get::<Session>();
    match session.and_then(Session::kept) {
        Some(caller) if parts.headers.contains_key(AUTHORIZATION) == with_token => Ok(caller),
        _ => {
            let caller = admit(service, parts)?;
            if let Some(session) = session {
                session.keep(&caller);
            }
            Ok(caller)
        }
    }
}

fn with_memory(
    world: &World,
    flawed: bool,
    recall: fn(&Service, &Parts) -> Result<Caller, Refusal>,
) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.admit = recall;
    }
    listener::gate(world, Service::new(world, steps)?.guarded(), None)
}

/// Authenticates the first request of a connection, and takes every later one that brings a token for the same caller's.
pub(super) fn first_caller(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    with_memory(world, flawed, |service, parts| recall(service, parts, true))
}

/// A front that tidies up: where there are two framings, it passes one on.
pub(super) fn framing_tidied(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    fn tidy(octets: Vec<u8>) -> Vec<u8> {
        let end = octets.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(octets.len());
        let (head, rest) = octets.split_at(end);
        let Ok(head) = std::str::from_utf8(head) else { return octets };
        if !head.contains("\r\ntransfer-encoding: chunked") {
            return octets;
        }
        let kept: Vec<&str> = head.split("\r\n").filter(|line| !line.starts_with("content-length:")).collect();
        [kept.join("\r\n").as_bytes(), rest].concat()
    }
    let router = Service::new(world, Steps::default())?.guarded();
    listener::gate(world, router, flawed.then_some(tidy))
}

/// Still speaks TLS 1.2, for an old client that nobody remembers.
pub(super) fn old_tls(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let router = Service::new(world, Steps::default())?.guarded();
    if !flawed {
        return gate(world, router, ClientAuth::Required);
    }
    let safe = config(world, ClientAuth::Required)?;
    let mut old =
        rustls::ServerConfig::builder_with_details(safe.crypto_provider().clone(), safe.time_provider.clone())
            .with_protocol_versions(&[&TLS12, &TLS13])?
            .with_client_cert_verifier(crate::parts::tls::verifier(world)?)
            .with_single_cert(world.server_chain()?, world.server_key())?;
    old.alpn_protocols.clone_from(&safe.alpn_protocols);
    Ok(with_peer(Gate::https(Arc::new(old), router)))
}
