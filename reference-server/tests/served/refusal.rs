//! What is refused behind the handshake: for which cause, and with an answer that tells only its class.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use gatecrash_reference::Cause;
use serde_json::{Value, json};

use crate::client::{Answer, ask, ask_as, ask_nameless, connect, request};
use crate::deployment::{ALICE, BOB, Deployment, ISSUER, NOW, issue, leaf, thumbprint};

/// Asserts that nothing ran, and why.
fn assert_refused(deployment: &Deployment, cause: Cause) {
    assert_eq!(deployment.audit.causes().last(), Some(&Some(cause)));
    assert_eq!(deployment.bank.effects(), [""; 0]);
}

fn assert_class(answers: &[Answer], status: StatusCode, challenge: &str, body: &str) {
    for answer in answers {
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("www-authenticate"), Some(challenge));
        assert_eq!(answer.body, body);
        assert_eq!(answer, &answers[0]);
    }
}

type Change = fn(&mut Value, &mut Value);

const TOKENS: &[(Change, Cause)] = &[
    (|header, _| header["alg"] = json!("none"), Cause::Algorithm),
    (|header, _| header["alg"] = json!("EdDSA"), Cause::Algorithm),
    (|header, _| header["crit"] = json!(["exp"]), Cause::CriticalHeader),
    (|header, _| header["typ"] = json!("JWT"), Cause::TokenType),
    (|header, _| header["kid"] = json!("k2"), Cause::KeyUnknown),
    (|header, _| header["kid"] = json!(1), Cause::HeaderMalformed),
    (|_, claims| claims["iss"] = json!("https://issuer.bank.example/"), Cause::Issuer),
    (|_, claims| claims["iss"] = json!([ISSUER]), Cause::ClaimsMalformed),
    (|_, claims| claims["aud"] = json!([]), Cause::Audience),
    (|_, claims| claims["aud"] = json!("https://API.bank.example"), Cause::Audience),
    (|_, claims| claims["aud"] = json!([1]), Cause::ClaimsMalformed),
    (|_, claims| claims["exp"] = json!(NOW - 30), Cause::Expired),
    (|_, claims| claims["exp"] = json!("2000000000"), Cause::ClaimsMalformed),
    (|_, claims| claims["exp"] = json!(1e300), Cause::Lifetime),
    (|_, claims| claims["nbf"] = json!(NOW + 31), Cause::NotYetValid),
    (|_, claims| claims["iat"] = json!(NOW + 31), Cause::IssuedInFuture),
    (|_, claims| claims["exp"] = json!(NOW - 10 + 3601), Cause::Lifetime),
    (|_, claims| claims["sub"] = json!(""), Cause::Subject),
    (|_, claims| claims["sub"] = json!("spiffe://bank.example/machines/1"), Cause::IssuerSpeaksFor),
    (|_, claims| claims["sub"] = json!(BOB), Cause::SubjectMismatch),
    (|_, claims| claims["client_id"] = json!(""), Cause::ClientId),
    (|_, claims| claims["jti"] = json!(""), Cause::TokenId),
    (|_, claims| claims["scope"] = json!(["accounts:read"]), Cause::ClaimsMalformed),
    (|_, claims| claims["cnf"] = json!({ "x5t#S256": "x" }), Cause::Confirmation),
    (|_, claims| claims["cnf"] = json!([]), Cause::Confirmation),
];

#[tokio::test]
async fn invalid_tokens_are_told_apart_in_the_log_alone() {
    let mut answers = Vec::new();
    for (change, cause) in TOKENS {
        let deployment = Deployment::new();
        answers.push(ask(&deployment, request("GET", "/v1/whoami", &deployment.token_with(change))).await);
        assert_refused(&deployment, *cause);
    }
    for (claim, cause) in [
        ("aud", Cause::Audience),
        ("client_id", Cause::ClientId),
        ("cnf", Cause::Confirmation),
        ("exp", Cause::Expired),
        ("iat", Cause::IssuedInFuture),
        ("iss", Cause::Issuer),
        ("jti", Cause::TokenId),
        ("nbf", Cause::NotYetValid),
        ("sub", Cause::Subject),
    ] {
        let deployment = Deployment::new();
        let token = deployment.token_with(|_, claims| {
            claims.as_object_mut().unwrap().remove(claim);
        });
        answers.push(ask(&deployment, request("GET", "/v1/whoami", &token)).await);
        assert_refused(&deployment, cause);
    }
    let challenge = r#"Bearer realm="api", error="invalid_token""#;
    assert_class(&answers, StatusCode::UNAUTHORIZED, challenge, r#"{"error":"invalid_token"}"#);
}

#[tokio::test]
async fn a_token_is_read_to_the_letter() {
    let deployment = Deployment::new();
    let token = deployment.token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let header = br#"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#;
    let other = if signature.starts_with('A') { "B" } else { "A" };
    for (token, cause) in [
        (format!("{signed}."), Cause::Signature),
        (format!("{signed}.{other}{}", &signature[1..]), Cause::Signature),
        (format!("{token}=="), Cause::TokenMalformed),
        (format!("{token}."), Cause::TokenMalformed),
        (deployment.sign(header, br#"{"iss":"a","iss":"a"}"#), Cause::ClaimsMalformed),
        (deployment.sign(header, br#"{"iss":"https://issuer.bank.example","exp":1e400}"#), Cause::ClaimsMalformed),
        (deployment.sign(header, b"[]"), Cause::ClaimsMalformed),
        (deployment.sign(b"{\"alg\":\"ES256\"\xff}", b"{}"), Cause::HeaderMalformed),
    ] {
        assert_eq!(ask(&deployment, request("GET", "/v1/whoami", &token)).await.status, StatusCode::UNAUTHORIZED);
        assert_refused(&deployment, cause);
    }
}

#[tokio::test]
async fn missing_credentials_are_one_class() {
    let deployment = Deployment::new();
    let plain = |uri: &str, field: Option<&str>| {
        let builder = Request::builder().uri(uri);
        let builder = field.into_iter().fold(builder, |builder, value| builder.header("authorization", value));
        builder.body(Body::empty()).unwrap()
    };
    let mut answers = vec![ask_nameless(&deployment, plain("/healthz", None)).await];
    assert_refused(&deployment, Cause::CertificateMissing);
    for (uri, field) in [
        ("/v1/whoami", None),
        ("/v1/unknown", None),
        ("/v1/whoami?access_token=a", None),
        ("/v1/whoami", Some("Basic YTpi")),
        ("/v1/whoami", Some("")),
    ] {
        answers.push(ask(&deployment, plain(uri, field)).await);
        assert_refused(&deployment, Cause::TokenMissing);
    }
    assert_class(&answers, StatusCode::UNAUTHORIZED, r#"Bearer realm="api""#, r#"{"error":"unauthorized"}"#);
}

#[tokio::test]
async fn malformed_requests_are_one_class() {
    let deployment = Deployment::new();
    let token = deployment.token();
    let mut twice = request("GET", "/v1/whoami", &token);
    twice.headers_mut().append("authorization", format!("Bearer {token}").parse().unwrap());
    let mut answers = vec![ask(&deployment, twice).await];
    assert_refused(&deployment, Cause::CredentialDuplicated);
    answers.push(ask(&deployment, request("GET", "/v1/whoami?access%5Ftoken=a", &token)).await);
    assert_refused(&deployment, Cause::CredentialDuplicated);
    answers.push(ask(&deployment, request("GET", "/v1/whoami", "a b")).await);
    assert_refused(&deployment, Cause::CredentialMalformed);
    for (kind, body) in [
        (Some("text/plain"), r#"{"from":"1","to":"2","amount":1}"#),
        (None, r#"{"from":"1","to":"2","amount":1}"#),
        (Some("application/json"), ""),
        (Some("application/json"), r#"{"from":"1","to":"2","amount":-1}"#),
        (Some("application/json"), r#"{"from":"1","to":"2","amount":1,"memo":""}"#),
        (Some("application/json"), r#"{"from":"2","from":"1","to":"2","amount":1}"#),
    ] {
        answers.push(transfer(&deployment, kind, body).await);
        assert_refused(&deployment, Cause::RequestMalformed);
    }
    let challenge = r#"Bearer realm="api", error="invalid_request""#;
    assert_class(&answers, StatusCode::BAD_REQUEST, challenge, r#"{"error":"invalid_request"}"#);
}

#[tokio::test]
async fn a_long_body_is_refused_unread() {
    let deployment = Deployment::new();
    let long = format!(r#"{{"from":"1","to":"2","amount":1{}}}"#, " ".repeat(16 * 1024));
    let answer = transfer(&deployment, Some("application/json"), &long).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_refused(&deployment, Cause::ContentTooLarge);
}

async fn transfer(deployment: &Deployment, kind: Option<&str>, body: &str) -> Answer {
    let mut order = request("POST", "/v1/transfers", &deployment.token());
    if let Some(kind) = kind {
        order.headers_mut().insert("content-type", kind.parse().unwrap());
    }
    *order.body_mut() = Body::from(body.to_owned());
    ask(deployment, order).await
}

#[tokio::test]
async fn missing_rights_are_one_class() {
    let deployment = Deployment::new();
    let mut answers = Vec::new();
    for (method, path, scope, cause) in [
        ("GET", "/v1/accounts/1", "Accounts:read accounts:read\ttransfers:write", Cause::Scope),
        ("DELETE", "/v1/admin/users/bob", "users:delete", Cause::IssuerMayGrant),
        ("GET", "/v1/admin/users/bob", "users:read", Cause::CertificateCap),
        ("GET", "/v1/accounts/2", "accounts:read", Cause::Owner),
        ("GET", "/v1/accounts/3", "accounts:read", Cause::Owner),
    ] {
        let token = deployment.token_with(|_, claims| claims["scope"] = json!(scope));
        answers.push(ask(&deployment, request(method, path, &token)).await);
        assert_refused(&deployment, cause);
    }
    answers.push(transfer(&deployment, Some("application/json"), r#"{"from":"2","to":"1","amount":1}"#).await);
    assert_refused(&deployment, Cause::Owner);
    let challenge = r#"Bearer realm="api", error="insufficient_scope""#;
    assert_class(&answers, StatusCode::FORBIDDEN, challenge, r#"{"error":"insufficient_scope"}"#);
}

#[tokio::test]
async fn only_the_table_is_served() {
    let deployment = Deployment::new();
    let token = deployment.token();
    for path in ["/", "/v1", "/v1/whoami/", "//v1/whoami", "/V1/whoami", "/v1/accounts/%31", "/v1/accounts/1/"] {
        let answer = ask(&deployment, request("GET", path, &token)).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::NOT_FOUND, r#"{"error":"not_found"}"#),
            "{path}"
        );
        assert_refused(&deployment, Cause::RouteUnknown);
    }
    for (method, path, allow) in [
        ("HEAD", "/v1/accounts/1", "GET"),
        ("OPTIONS", "/v1/whoami", "GET"),
        ("HEAD", "/healthz", "GET"),
        ("get", "/v1/whoami", "GET"),
        ("PUT", "/v1/admin/users/bob", "GET, DELETE"),
        ("GET", "/v1/transfers", "POST"),
    ] {
        let answer = ask(&deployment, request(method, path, &token)).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        assert_refused(&deployment, Cause::MethodUnknown);
    }
}

#[tokio::test]
async fn a_refusal_reads_no_body() {
    let deployment = Deployment::new();
    let token = deployment.token_with(|_, claims| claims["scope"] = json!("accounts:read"));
    let mut order = request("POST", "/v1/transfers", &token);
    order.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *order.body_mut() = untouchable_body();
    assert_eq!(ask(&deployment, order).await.status, StatusCode::FORBIDDEN);
}

/// A body that panics when it is read.
fn untouchable_body() -> Body {
    struct Untouchable;
    impl hyper::body::Body for Untouchable {
        type Data = hyper::body::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
            panic!("the body was read");
        }
    }
    Body::new(Untouchable)
}

#[tokio::test]
async fn a_connection_does_not_outlive_its_certificate() {
    let deployment = Deployment::new();
    for (change, cause) in [
        (
            (|params| params.not_after = rcgen::date_time_ymd(2030, 2, 1)) as fn(&mut rcgen::CertificateParams),
            Cause::CertificateExpired,
        ),
        (|params| params.not_before = rcgen::date_time_ymd(2030, 4, 1), Cause::CertificateNotYetValid),
        (|params| params.subject_alt_names.clear(), Cause::CertificateIdentity),
    ] {
        let mut params = leaf(ALICE);
        change(&mut params);
        let identity = issue(&deployment.authority, params);
        let answer = ask_as(&deployment, &identity, request("GET", "/healthz", "")).await;
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="api", error="invalid_token""#));
        assert_refused(&deployment, cause);
    }
}

#[tokio::test]
async fn a_stolen_token_is_of_no_use() {
    let deployment = Deployment::new();
    let bob = issue(&deployment.authority, leaf(BOB));
    let answer = ask_as(&deployment, &bob, request("GET", "/v1/accounts/1", &deployment.token())).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_refused(&deployment, Cause::Confirmation);
    let rebound = deployment.token_with(|_, claims| claims["cnf"] = json!({ "x5t#S256": thumbprint(&bob.chain[0]) }));
    ask_as(&deployment, &bob, request("GET", "/v1/accounts/1", &rebound)).await;
    assert_refused(&deployment, Cause::SubjectMismatch);
}

#[tokio::test]
async fn both_protocols_refuse_alike() {
    let deployment = Deployment::new();
    let mut answers = Vec::new();
    for protocol in [b"h2".as_slice(), b"http/1.1"] {
        let ask = request("HEAD", "/v1/accounts/1", &deployment.token());
        let head = connect(&deployment, Some(&deployment.alice), protocol, ask).await.unwrap();
        assert_eq!(head.status, StatusCode::METHOD_NOT_ALLOWED);
        let ask = request("GET", "/v1/accounts/2", &deployment.token());
        answers.push(connect(&deployment, Some(&deployment.alice), protocol, ask).await.unwrap());
        assert_refused(&deployment, Cause::Owner);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn the_log_holds_nothing_of_the_clients_invention() {
    let deployment = Deployment::new();
    let token = deployment.token();
    for path in [format!("/{token}"), format!("/v1/accounts/{token}"), format!("/v1/whoami?access_token={token}")] {
        ask(&deployment, request("GET", &path, &token)).await;
    }
    ask(&deployment, request(token.split('.').next().unwrap(), "/v1/whoami", &token)).await;
    let log = format!("{:?}", deployment.audit.events());
    assert_eq!(deployment.audit.events().len(), 4);
    for segment in token.split('.') {
        assert!(!log.contains(segment), "{log}");
    }
}
