//! What must be let in: every route, both protocols, and the freedoms the RFCs leave to clients.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use gatecrash_reference::{Decision, Stage};
use serde_json::json;

use crate::client::{ask, ask_as, connect, request};
use crate::deployment::{ALICE, AUDIENCE, Deployment, NOW, authority, issue, leaf, thumbprint, uri};

#[tokio::test]
async fn serves_both_protocols() {
    for protocol in [b"h2".as_slice(), b"http/1.1"] {
        let deployment = Deployment::new();
        let ask = request("GET", "/v1/accounts/1", &deployment.token());
        let answer = connect(&deployment, Some(&deployment.alice), protocol, ask).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(deployment.bank.effects(), [format!("account 1 {ALICE}")]);
        let events = deployment.audit.events();
        let [event] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((event.stage, event.decision), (Stage::Authorization, Decision::Admitted));
        assert_eq!(event.principal.as_deref(), Some(ALICE));
        assert_eq!((event.method.as_deref(), event.path.as_deref()), (Some("GET"), Some("/v1/accounts/1")));
    }
}

#[tokio::test(start_paused = true)]
async fn serves_under_a_paused_clock() {
    let deployment = Deployment::new();
    let ask = request("GET", "/v1/whoami", &deployment.token());
    let answer = connect(&deployment, Some(&deployment.alice), b"h2", ask).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn serves_every_route() {
    let deployment = Deployment::with(|trust, _| {
        let all = ["accounts:read", "transfers:write", "users:read", "users:delete"].map(str::to_owned).to_vec();
        trust.issuers[0].may_grant = all.clone();
        trust.holders[1].scopes = all;
    });
    let token = deployment.token_with(|_, claims| claims["scope"] = json!("users:delete users:read transfers:write"));
    for (method, path, effect) in [
        ("GET", "/v1/admin/users/bob", "user bob"),
        ("DELETE", "/v1/admin/users/bob", "delete bob"),
        (
            "GET",
            "/v1/whoami",
            "whoami spiffe://bank.example/people/alice [\"users:delete\", \"users:read\", \"transfers:write\"]",
        ),
    ] {
        let answer = ask(&deployment, request(method, path, &token)).await;
        let expected = if method == "DELETE" { StatusCode::NO_CONTENT } else { StatusCode::OK };
        assert_eq!(answer.status, expected, "{method} {path}");
        assert_eq!(deployment.bank.effects().last().map(String::as_str), Some(effect));
    }
    let mut order = request("POST", "/v1/transfers", &token);
    order.headers_mut().insert("content-type", "Application/JSON; charset=utf-8".parse().unwrap());
    *order.body_mut() = Body::from(r#"{"from":"1","to":"2","amount":5}"#);
    assert_eq!(ask(&deployment, order).await.status, StatusCode::OK);
    assert_eq!(deployment.bank.effects().last().map(String::as_str), Some("transfer 1 2 5"));
}

#[tokio::test]
async fn health_asks_for_a_certificate_alone() {
    let deployment = Deployment::new();
    let plain = Request::builder().uri("/healthz").body(Body::empty()).unwrap();
    assert_eq!(ask(&deployment, plain).await.status, StatusCode::OK);
    assert_eq!(ask(&deployment, request("GET", "/healthz", "nonsense")).await.status, StatusCode::OK);
    assert_eq!(deployment.bank.effects().len(), 2);
}

#[tokio::test]
async fn grants_the_clients_their_freedoms() {
    let deployment = Deployment::new();
    let changes: [fn(&mut serde_json::Value, &mut serde_json::Value); 7] = [
        |header, _| header["typ"] = json!("application/AT+jwt"),
        |header, _| header["zip"] = json!("DEF"),
        |header, _| header["jwk"] = json!({ "kty": "oct" }),
        |_, claims| claims["aud"] = json!(["https://other.example", AUDIENCE]),
        |_, claims| claims["exp"] = json!(NOW as f64 + 0.5),
        |_, claims| claims["exp"] = json!(NOW - 29),
        |_, claims| claims["nbf"] = json!(NOW + 30),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let token = deployment.token_with(change);
        assert_eq!(ask(&deployment, request("GET", "/v1/whoami", &token)).await.status, StatusCode::OK, "{index}");
    }
}

#[tokio::test]
async fn certificates_beside_the_path_do_not_matter() {
    let deployment = Deployment::new();
    let mut padded = issue(&deployment.authority, leaf(ALICE));
    let stranger = authority("stranger");
    padded.chain.push(stranger.der().clone());
    padded.chain.push(deployment.authority.der().clone());
    padded.chain.push(issue(&stranger, leaf("spiffe://bank.example/people/bob")).chain.remove(0));
    let ask = request("GET", "/healthz", "");
    assert_eq!(connect(&deployment, Some(&padded), b"h2", ask).await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn other_kinds_of_names_may_stand_beside_the_uri() {
    let deployment = Deployment::new();
    let mut params = leaf(ALICE);
    params.subject_alt_names.insert(0, rcgen::SanType::DnsName("alice.bank.example".try_into().unwrap()));
    let identity = issue(&deployment.authority, params);
    let token =
        deployment.token_with(|_, claims| claims["cnf"] = json!({ "x5t#S256": thumbprint(&identity.chain[0]) }));
    let answer = ask_as(&deployment, &identity, request("GET", "/v1/whoami", &token)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut two = leaf(ALICE);
    two.subject_alt_names.push(uri("https://alice.example"));
    let answer = ask_as(&deployment, &issue(&deployment.authority, two), request("GET", "/healthz", "")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
