//! What the operator sees: a log for machines, and counts; in neither a token, a key or a certificate.

use reqwest::StatusCode;
use serde_json::Value;

use crate::deployment::ALICES;
use crate::running::{Running, plain_client};

#[tokio::test]
async fn decisions_are_logged_and_counted_without_secrets() {
    let running = Running::with("\n[log]\nformat = \"json\"\n");
    let deployment = &running.deployment;
    let (alice, token) = (deployment.identity("alice"), deployment.token("alice"));
    let client = running.client(Some(&alice), true);
    assert_eq!(running.get(&client, ALICES, &token).await.unwrap().status(), StatusCode::OK);
    assert_eq!(running.get(&client, "/v1/accounts/bob-1", &token).await.unwrap().status(), StatusCode::FORBIDDEN);
    // Free text of a client is not for a log.
    let secret = format!("/{}", token.replace('.', "-"));
    assert_eq!(running.get(&client, &secret, &token).await.unwrap().status(), StatusCode::NOT_FOUND);
    running.wait_for("route-unknown");

    let events: Vec<Value> = running.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let decisions: Vec<&Value> = events.iter().filter(|event| event["target"] == "audit").collect();
    assert_eq!(decisions.len(), 3, "{decisions:#?}");
    assert_eq!(decisions[0]["message"], "admitted");
    let refused = decisions[1];
    for (member, value) in [
        ("message", "refused"),
        ("cause", "owner"),
        ("rule", "OWASP API1:2023"),
        ("stage", "authorization"),
        ("principal", "spiffe://dev.example/people/alice"),
        ("route", "/v1/accounts/{id}"),
        ("method", "GET"),
    ] {
        assert_eq!(refused[member], value, "{refused}");
    }
    assert_eq!(refused["request"].as_str().unwrap().len(), 16);
    assert_ne!(decisions[0]["request"], refused["request"]);

    let metrics = format!("http://{}/metrics", running.metrics_address());
    let counts = plain_client().get(metrics).send().await.unwrap().text().await.unwrap();
    for line in [
        r#"reference_decisions_total{stage="authorization",cause="owner",route="/v1/accounts/{id}"} 1"#,
        r#"reference_decisions_total{stage="authorization",cause="none",route="/v1/accounts/{id}"} 1"#,
        r#"reference_decisions_total{stage="authorization",cause="route-unknown",route="none"} 1"#,
        r#"reference_request_seconds_count{route="/v1/accounts/{id}"} 2"#,
        "reference_connections_total 1",
    ] {
        assert!(counts.contains(line), "{line} is not in\n{counts}");
    }

    let log = running.log().join("\n") + &counts;
    let certificate: String = alice.certificate.lines().filter(|line| !line.starts_with('-')).collect();
    for segment in token.split('.').chain([&certificate[..40], &deployment.read("issuer.key")[40..80]]) {
        assert!(!log.contains(segment), "{segment} stands in the log");
    }
}
