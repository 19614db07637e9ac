//! A log that nobody reads, that broke, or that is full: no effect without its record, no request that waits for it,
//! and an end all the same.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};

use crate::deployment::{ALICES, Deployment};
use crate::running::{Reader, Running};

const ORDER: &str = r#"{"from":"alice-1","to":"bob-1","amount":1}"#;
/// More than Alice has coins and a pipe has room.
const RICH: &str = "balance = 1000000";

fn running(configuration: &str) -> Running {
    let deployment = Deployment::new();
    deployment.configure(|text| text.replace("balance = 100", RICH) + configuration);
    Running::of(deployment)
}

/// An answer's status, or `None` when there is no answer; and panics when it takes long.
async fn transfer(running: &Running, client: &Client, token: &str) -> Option<StatusCode> {
    let start = Instant::now();
    let request = client.post(running.url("/v1/transfers")).bearer_auth(token);
    let answer = request.header("content-type", "application/json").body(ORDER).send().await;
    assert!(start.elapsed() < Duration::from_secs(3), "an answer after {:?}", start.elapsed());
    answer.ok().map(|answer| answer.status())
}

/// How many transfers have taken effect, by the balance.
async fn effects(running: &Running, client: &Client, token: &str) -> u64 {
    let answer = running.get(client, ALICES, token).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.text().await.unwrap();
    let digits: String = text.chars().skip_while(|it| *it != 'b').filter(char::is_ascii_digit).collect();
    1_000_000 - digits.parse::<u64>().unwrap()
}

fn records(running: &Running) -> u64 {
    let log = running.log();
    log.iter().filter(|line| line.contains("admitted") && line.contains("/v1/transfers")).count() as u64
}

#[tokio::test]
async fn no_effect_without_its_record_while_the_log_is_stuck() {
    let running = running("");
    let metrics = running.metrics_address();
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    let client = running.client(Some(&alice), true);
    assert_eq!(transfer(&running, &client, &token).await, Some(StatusCode::OK));
    running.reader(Reader::Sleeps);
    let (mut accepted, mut refused) = (1, 0);
    let start = Instant::now();
    // A pipe has room for 64 KiB.
    while refused < 20 {
        match transfer(&running, &client, &token).await {
            Some(StatusCode::OK) => accepted += 1,
            Some(StatusCode::SERVICE_UNAVAILABLE) => refused += 1,
            other => panic!("{other:?}"),
        }
        assert!(start.elapsed() < Duration::from_secs(60), "the pipe never filled up");
    }
    running.reader(Reader::Reads);
    // The log has a reader again, and all goes on.
    while transfer(&running, &client, &token).await != Some(StatusCode::OK) {
        assert!(start.elapsed() < Duration::from_secs(60), "{:#?}", running.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let effects = effects(&running, &client, &token).await;
    assert_eq!(effects, accepted + 1, "an effect without an answer, or the other way round");
    running.wait_for_count("/v1/accounts/{id}", 1);
    assert!(records(&running) >= effects, "{} records of {effects} effects", records(&running));
    // Whatever more is recorded was taken back.
    let taken_back = running.log().iter().filter(|line| line.contains("audit-unavailable")).count() as u64;
    assert!(records(&running) - effects <= taken_back + 1, "{} {effects} {taken_back}", records(&running));
    assert_eq!(running.count(metrics, "reference_audit_lost_total").await, 0);
}

#[tokio::test]
async fn a_broken_log_refuses_and_ends_gracefully() {
    let mut running = running("");
    let metrics = running.metrics_address();
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    let client = running.client(Some(&alice), true);
    running.reader(Reader::IsGone);
    // The reader is in the middle of a line.
    assert_eq!(transfer(&running, &client, &token).await, Some(StatusCode::OK));
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..10 {
        assert_eq!(transfer(&running, &client, &token).await, Some(StatusCode::SERVICE_UNAVAILABLE));
    }
    let admitted = r#"reference_decisions_total{stage="authorization",cause="none",route="/v1/transfers"}"#;
    assert_eq!(running.count(metrics, admitted).await, 1);
    assert!(running.count(metrics, "reference_audit_lost_total").await >= 9);
    running.signal("TERM");
    assert_eq!(running.ended().code(), Some(0));
}

#[tokio::test]
async fn who_prefers_service_to_records_has_it_and_the_loss_is_counted() {
    let mut running = running("\n[audit]\non-failure = \"continue\"\n");
    let metrics = running.metrics_address();
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    let client = running.client(Some(&alice), true);
    running.reader(Reader::IsGone);
    for _ in 0..20 {
        assert_eq!(transfer(&running, &client, &token).await, Some(StatusCode::OK));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(running.count(metrics, "reference_audit_lost_total").await >= 18);
    running.signal("TERM");
    assert_eq!(running.ended().code(), Some(0));
}

#[tokio::test]
async fn a_full_disk_refuses_until_there_is_room() {
    let deployment = Deployment::new();
    let file = deployment.path("log");
    // The file may grow to 16 KiB, and no signal says that it must not.
    let mut command = std::process::Command::new("bash");
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\" 2>> \"$LOG\"";
    command.env("LOG", &file).args(["-c", script, crate::faulty::BINARY]);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    deployment
        .configure(|text| text.replace("balance = 100", RICH).replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1));
    let running = Running::without_log(command, deployment, port);
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    let client = running.client(Some(&alice), false);
    let (start, mut accepted) = (Instant::now(), 0);
    while transfer(&running, &client, &token).await == Some(StatusCode::OK) {
        accepted += 1;
        assert!(start.elapsed() < Duration::from_secs(60), "the disk never filled up");
    }
    let first = std::fs::read_to_string(&file).unwrap();
    // There is room again.
    std::fs::OpenOptions::new().write(true).truncate(true).open(&file).unwrap();
    while transfer(&running, &client, &token).await != Some(StatusCode::OK) {
        assert!(start.elapsed() < Duration::from_secs(60), "no room");
    }
    let effects = effects(&running, &client, &token).await;
    assert_eq!(effects, accepted + 1);
    let both = first + &std::fs::read_to_string(&file).unwrap();
    let written = both.lines().filter(|it| it.contains("/v1/transfers") && it.contains("admitted")).count() as u64;
    assert!(written >= effects, "{written} records of {effects} effects:\n{both}");
}
