//! Who is admitted and who is refused, over HTTP/1.1 and HTTP/2, with the cause in the log.

use reqwest::{StatusCode, Version};
use time::Duration;

use crate::deployment::{ALICES, Deployment};
use crate::running::Running;

#[tokio::test]
async fn honest_requests_are_admitted_over_both_protocols() {
    let running = Running::new();
    for (http2, version) in [(false, Version::HTTP_11), (true, Version::HTTP_2)] {
        let client = running.client(Some(&running.deployment.identity("alice")), http2);
        let answer = running.get(&client, ALICES, &running.deployment.token("alice")).await.unwrap();
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, version));
        assert_eq!(answer.text().await.unwrap(), r#"{"account":"alice-1","statement":"balance 100"}"#);
        let order = client
            .post(running.url("/v1/transfers"))
            .bearer_auth(running.deployment.token("alice"))
            .header("content-type", "application/json")
            .body(r#"{"from":"alice-1","to":"bob-1","amount":0}"#);
        assert_eq!(order.send().await.unwrap().status(), StatusCode::OK);
        // The certificate alone is enough for these two.
        for path in ["/healthz", "/openapi.json"] {
            assert_eq!(client.get(running.url(path)).send().await.unwrap().status(), StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn certificates_are_refused_in_the_handshake() {
    let deployment = Deployment::new();
    deployment.revoke(&[66]);
    let running = Running::of(deployment);
    let deployment = &running.deployment;
    let stranger = deployment.issue_by(&deployment.other_authority(), 1, Duration::HOUR);
    let revoked = deployment.issue(66, Duration::HOUR);
    let expired = deployment.issue(1, -Duration::MINUTE);
    for (identity, cause) in [
        (None, "certificate-missing"),
        (Some(&stranger), "certificate-untrusted"),
        (Some(&revoked), "certificate-revoked"),
        (Some(&expired), "certificate-expired"),
    ] {
        for http2 in [false, true] {
            let before = running.log().iter().filter(|line| line.contains(cause)).count();
            let client = running.client(identity, http2);
            // In TLS 1.3 the client may believe to be connected; an answer it never gets.
            assert!(running.get(&client, ALICES, &deployment.token("alice")).await.is_err(), "{cause}");
            let line = running.wait_for_count(cause, before + 1);
            assert!(line.contains("handshake"), "{line}");
        }
    }
    // Nobody of them got as far as a request.
    assert!(!running.log().iter().any(|line| line.contains("request=")), "{:#?}", running.log());
}

#[tokio::test]
async fn tokens_are_refused_after_the_handshake() {
    let running = Running::new();
    let deployment = &running.deployment;
    let (alice, bob) = (deployment.identity("alice"), deployment.identity("bob"));
    let narrow = deployment.token_for(&alice, |_, claims| claims["scope"] = "users:read".into());
    let late = deployment.token_for(&alice, |_, claims| claims["exp"] = 1_700_000_000.into());
    let own = deployment.token_for(&alice, |_, _| {});
    for (identity, token, path, status, cause) in [
        (&alice, None, ALICES, StatusCode::UNAUTHORIZED, "token-missing"),
        (&alice, Some(&narrow), ALICES, StatusCode::FORBIDDEN, "\"scope\""),
        (&alice, Some(&late), ALICES, StatusCode::UNAUTHORIZED, "\"expired\""),
        (&alice, Some(&own), "/v1/accounts/bob-1", StatusCode::FORBIDDEN, "owner"),
        (&bob, Some(&own), ALICES, StatusCode::UNAUTHORIZED, "confirmation"),
    ] {
        for http2 in [false, true] {
            let before = running.log().iter().filter(|line| line.contains(cause)).count();
            let request = running.client(Some(identity), http2).get(running.url(path));
            let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), status, "{cause}");
            assert!(answer.headers().contains_key("www-authenticate"), "{cause}");
            running.wait_for_count(cause, before + 1);
        }
    }
}

#[tokio::test]
async fn a_certificate_that_expires_on_an_open_connection_is_refused_at_the_next_request() {
    let running = Running::new();
    let brief = running.deployment.issue(5, Duration::seconds(3));
    let token = running.deployment.token_for(&brief, |_, _| {});
    for http2 in [false, true] {
        let brief = if http2 { &running.deployment.issue(6, Duration::seconds(3)) } else { &brief };
        let token = if http2 { running.deployment.token_for(brief, |_, _| {}) } else { token.clone() };
        let client = running.client(Some(brief), http2);
        assert_eq!(running.get(&client, ALICES, &token).await.unwrap().status(), StatusCode::OK);
        tokio::time::sleep(std::time::Duration::from_millis(4500)).await;
        assert_eq!(running.get(&client, ALICES, &token).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    // Had the connection been a new one, the handshake would have refused it.
    assert!(running.wait_for("certificate-expired").contains("request="));
}
