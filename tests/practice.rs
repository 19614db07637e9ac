//! What services do in practice neither breaks the harness nor makes false findings, nor hides what is wrong.

mod installed;
mod keys;
mod requests;
mod routers;
mod streams;

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{Next, from_fn, map_response},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use gatecrash::{
    BoxError, Gate, World, WorldOptions,
    campaign::{Bound, Campaign, CampaignOptions, CryptoMode, Target, check::FindingKind},
    factory,
    gate::{
        factory::Factory,
        tls::{ClientAuth, server_config},
    },
    model::{Answers, Policy},
};
use gatecrash_gallery::bank;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};

use crate::support::{campaign_of, night, run};

/// The catalogue once, and some random cases.
fn attacked(factory: Factory, answers: impl FnOnce(&mut Answers)) -> Campaign {
    attacked_in(answering(factory, answers), SOME)
}

fn answering(factory: Factory, answers: impl FnOnce(&mut Answers)) -> Target {
    let mut policy: Policy = gatecrash_gallery::policy().unwrap();
    answers(&mut policy.answers);
    Target { factory, policy, world: WorldOptions::default() }
}

/// Random cases by day: enough to see that a service works, and enough to come to what only random cases ask for.
const SOME: u64 = 40;
const MANY: u64 = 1200;

fn attacked_in(target: Target, random: u64) -> Campaign {
    // These tests are about the service around the guard, so by day its cryptography is ideal.
    let crypto = if night() { CryptoMode::Real } else { CryptoMode::Ideal };
    run(&target, CampaignOptions { jobs: 1, crypto, ..campaign_of(random, 2000) })
}

/// What is found on the bank as it stands, by fingerprint: practice around it adds nothing to that.
fn found_without() -> &'static BTreeSet<String> {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        bank(world, |router| router)
    }
    static FOUND: OnceLock<BTreeSet<String>> = OnceLock::new();
    FOUND.get_or_init(|| {
        attacked(factory!(gate), |_| {}).findings.into_iter().map(|finding| finding.fingerprint).collect()
    })
}

/// Every finding that the bank as it stands does not have, in words.
fn added(campaign: &Campaign) -> Vec<String> {
    let added = campaign.findings.iter().filter(|finding| !found_without().contains(&finding.fingerprint));
    added.map(|it| format!("{}: {}: {}", it.kind.name(), it.explanation(), it.seen)).collect()
}

fn clean(campaign: &Campaign) {
    assert_eq!(added(campaign), [""; 0]);
    assert_eq!(campaign.miswirings.len(), 0, "{:?}", campaign.miswirings.first());
    assert_eq!(campaign.harness_faults, [""; 0]);
    assert!(!campaign.tally.choked());
}

/// Whoever is refused gets another answer in place of the plain one.
fn refusing(world: &World, instead: fn() -> Response) -> Result<Gate, BoxError> {
    let other = move |response: Response| async move {
        match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => instead(),
            _ => response,
        }
    };
    bank(world, |router| router.layer(map_response(other)))
}

#[test]
fn a_login_page_in_place_of_a_refusal() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        refusing(world, || Redirect::to("/login").into_response())
    }
    clean(&attacked(factory!(gate), |answers| answers.refused.push(303)));
    let undeclared = attacked(factory!(gate), |_| {});
    assert!(undeclared.findings.iter().any(|it| it.kind == FindingKind::Unwitnessed), "a success that nobody declared");
}

#[test]
fn nothing_is_there_for_who_may_not_see_it() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        refusing(world, || StatusCode::NOT_FOUND.into_response())
    }
    clean(&attacked(factory!(gate), |_| {}));
}

#[test]
fn graphql_answers_200_with_errors() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        refusing(world, || r#"{"data":null,"errors":[{"message":"forbidden"}]}"#.into_response())
    }
    clean(&attacked(factory!(gate), |answers| answers.refused_content.push("\"errors\":".into())));
}

#[test]
fn grpc_tells_in_its_trailers() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        refusing(world, || {
            let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("16"))]);
            let body = Full::new(bytes::Bytes::new()).with_trailers(async { Some(Ok::<_, Infallible>(trailers)) });
            Response::new(Body::new(body))
        })
    }
    clean(&attacked(factory!(gate), |answers| {
        answers.refused_fields.insert("grpc-status".into(), vec!["7".into(), "16".into()]);
    }));
}

/// A limiter that answers every so-many-th request.
fn limited(world: &World, every: u64) -> Result<Gate, BoxError> {
    let count = Arc::new(AtomicU64::new(0));
    let limit = from_fn(move |request: Request, next: Next| {
        let turn = count.fetch_add(1, Ordering::Relaxed) % every;
        async move {
            if turn + 1 == every { StatusCode::TOO_MANY_REQUESTS.into_response() } else { next.run(request).await }
        }
    });
    bank(world, |router| router.layer(limit))
}

#[test]
fn a_rate_limiter_is_counted_and_is_no_finding() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        limited(world, 40)
    }
    let campaign = attacked(factory!(gate), |answers| answers.throttled.push(429));
    assert!(campaign.tally.throttled > 10, "{}", campaign.tally.throttled);
    clean(&campaign);
}

#[test]
fn a_rate_limiter_that_leaves_too_little_to_test_is_told() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        limited(world, 3)
    }
    let campaign = attacked(factory!(gate), |answers| answers.throttled.push(429));
    assert!(campaign.tally.choked() && campaign.miswirings.is_empty());
    assert_eq!(added(&campaign), [""; 0]);
}

#[test]
fn a_preflight_is_answered_without_a_token() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        let cors = from_fn(|request: Request, next: Next| async {
            match *request.method() {
                Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
                _ => next.run(request).await,
            }
        });
        bank(world, |router| router.layer(cors))
    }
    clean(&attacked(factory!(gate), |answers| answers.preflight = true));
    // Who does not say so is told.
    assert!(!added(&attacked(factory!(gate), |_| {})).is_empty());
}

#[test]
fn events_without_an_end() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        let stream = |response: Response| async {
            let (mut parts, body) = response.into_parts();
            if parts.status != StatusCode::OK {
                return Response::from_parts(parts, body);
            }
            parts.headers.insert("content-type", HeaderValue::from_static("text/event-stream"));
            parts.headers.remove("content-length");
            Response::from_parts(parts, Body::new(body.with_trailers(std::future::pending())))
        };
        bank(world, |router| router.layer(map_response(stream)))
    }
    clean(&attacked(factory!(gate), |_| {}));
}

#[test]
fn a_panic_that_a_layer_catches_is_a_panic() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        let catch = from_fn(|request: Request, next: Next| async {
            let odd = request.headers().get("authorization").is_some_and(|value| value.to_str().is_err());
            let caught = std::panic::catch_unwind(|| assert!(!odd, "no text"));
            if caught.is_err() { StatusCode::BAD_REQUEST.into_response() } else { next.run(request).await }
        });
        bank(world, |router| router.layer(catch))
    }
    let campaign = attacked(factory!(gate), |_| {});
    let panicked =
        |it: &gatecrash::campaign::check::Finding| it.kind == FindingKind::Fault && it.seen.contains("no text");
    assert!(campaign.findings.iter().any(panicked));
    assert!(added(&campaign).iter().all(|it| it.contains("no text")), "and nothing else: {:?}", added(&campaign));
}

/// Handlers that are handed nothing tell the crate that stays in production; what nobody guards is found to have run.
#[test]
fn handlers_tell_what_ran_without_being_handed_a_witness() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        let whoami = async || {
            gatecrash_witness::hit("GET /v1/whoami", None, None);
            StatusCode::OK
        };
        let router = Router::new().route("/v1/whoami", get(whoami));
        let tls = server_config(world, rustls_graviola::default_provider(), ClientAuth::Required)?;
        Ok(Gate::https(tls, router))
    }
    let mut policy = gatecrash_gallery::policy().unwrap();
    policy.routes.retain(|route| route.path == "/v1/whoami");
    let target = Target { factory: factory!(gate), policy, world: WorldOptions::default() };
    let options =
        CampaignOptions { bound: Bound::Attempts(200), jobs: 1, sample_routes: true, ..CampaignOptions::default() };
    let campaign = run(&target, options);
    assert_eq!(campaign.miswirings.len(), 0, "{:?}", campaign.miswirings.first());
    let ran = |it: &gatecrash::campaign::check::Finding| {
        it.kind == FindingKind::Breach && it.observation.seen.hits.len() == 1
    };
    assert!(campaign.findings.iter().any(ran), "{:?}", campaign.findings.first());
    // After the attempts nobody listens.
    gatecrash_witness::hit("GET /v1/whoami", None, None);
}

/// An async factory that errs in its own way, and keeps a folder and an issuer as long as the gate lives.
#[test]
fn what_a_gate_needs_is_kept() {
    async fn gate(world: &World) -> Result<Gate, std::io::Error> {
        let (folder, issuer) = (tempfile::tempdir()?, world.loopback_issuer(gatecrash::model::IssuerRole::Home)?);
        let path = folder.path().to_path_buf();
        std::fs::write(path.join("state"), "open")?;
        let there = from_fn(move |request: Request, next: Next| {
            let kept = path.join("state").exists();
            async move { if kept { next.run(request).await } else { StatusCode::SERVICE_UNAVAILABLE.into_response() } }
        });
        let gate = bank(world, |router: Router| router.layer(there)).map_err(std::io::Error::other)?;
        Ok(gate.keep(folder).keep(issuer))
    }
    clean(&attacked(factory!(gate), |_| {}));
}
