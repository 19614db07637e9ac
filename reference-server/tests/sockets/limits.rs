//! Slow, greedy and numerous clients: each meets its limit, and honest ones are served meanwhile.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::deployment::ALICES;
use crate::running::Running;

/// The time limits of these tests: short, and still long enough for an honest client on a busy machine.
const SHORT: &str =
    "\n[limits]\nhandshake-timeout = \"1s\"\nheader-timeout = \"1s\"\nbody-timeout = \"1s\"\nidle-timeout = \"1s\"\n";

/// Reads until the peer closes; panics when it does not for a long time.
async fn until_closed(stream: &mut (impl AsyncReadExt + Unpin)) -> (String, Duration) {
    let start = Instant::now();
    let mut seen = Vec::new();
    // A peer that closes in the middle is as good as one that says so.
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut seen)).await.unwrap();
    (String::from_utf8_lossy(&seen).into_owned(), start.elapsed())
}

#[tokio::test]
async fn slow_clients_are_let_go() {
    let running = Running::with(SHORT);
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));

    let mut silent = TcpStream::connect(running.address).await.unwrap();
    let (seen, after) = until_closed(&mut silent).await;
    assert!(seen.is_empty() && after >= Duration::from_millis(800), "{seen} {after:?}");

    let mut headers = running.connect(&alice, b"http/1.1").await;
    headers.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc").await.unwrap();
    let (seen, _) = until_closed(&mut headers).await;
    assert!(!seen.contains("200"), "{seen}");

    let mut idle = running.connect(&alice, b"h2").await;
    until_closed(&mut idle).await;

    let mut body = running.connect(&alice, b"http/1.1").await;
    let head = format!(
        "POST /v1/transfers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    body.write_all(head.as_bytes()).await.unwrap();
    let (seen, _) = until_closed(&mut body).await;
    assert!(seen.starts_with("HTTP/1.1 408"), "{seen}");
}

#[tokio::test]
async fn greedy_clients_are_refused() {
    let running = Running::new();
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    for http2 in [false, true] {
        let client = running.client(Some(&alice), http2);
        let long = client.get(running.url("/healthz")).header("x-long", "a".repeat(64 * 1024)).send().await;
        // Over HTTP/2 the server may also reset the stream.
        if let Ok(answer) = long {
            assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        let order = client
            .post(running.url("/v1/transfers"))
            .bearer_auth(&token)
            .header("content-type", "application/json")
            .body(" ".repeat(32 * 1024));
        assert_eq!(order.send().await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
        // The rest of a body that nobody reads ends an HTTP/1.1 connection; the next is as good as ever.
        let client = running.client(Some(&alice), http2);
        assert_eq!(running.get(&client, ALICES, &token).await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn idle_handshakes_keep_nobody_out() {
    let running = Running::new();
    let mut idle = Vec::new();
    for _ in 0..64 {
        idle.push(TcpStream::connect(running.address).await.unwrap());
    }
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    for http2 in [false, true] {
        for _ in 0..10 {
            let client = running.client(Some(&alice), http2);
            assert_eq!(running.get(&client, ALICES, &token).await.unwrap().status(), StatusCode::OK);
        }
    }
    drop(idle);
}

/// A connection with an order under way, whose body never comes.
async fn busy(running: &Running) -> impl Sized + use<> {
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    let mut stream = running.connect(&alice, b"http/1.1").await;
    let head = format!(
        "POST /v1/transfers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    stream
}

#[tokio::test]
async fn no_more_connections_than_allowed() {
    let running = Running::with("\n[limits]\nmax-connections = 2\n");
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    let ask = async |longest| {
        let client = running.client(Some(&alice), true);
        tokio::time::timeout(Duration::from_millis(longest), running.get(&client, ALICES, &token)).await
    };
    // Two that do nothing make room.
    let _idle = [running.connect(&alice, b"h2").await, running.connect(&alice, b"h2").await];
    assert_eq!(ask(10_000).await.unwrap().unwrap().status(), StatusCode::OK);
    // Two with requests under way do not.
    let (first, _second) = (busy(&running).await, busy(&running).await);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(ask(700).await.is_err(), "a third connection was served");
    drop(first);
    assert_eq!(ask(10_000).await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn who_guesses_waits_and_others_do_not() {
    let running = Running::with("\n[throttle]\nfree = 3\nfirst-wait = \"2s\"\n");
    let deployment = &running.deployment;
    let (alice, bob) = (deployment.identity("alice"), deployment.identity("bob"));
    let (hers, his) = (deployment.token("alice"), deployment.token("bob"));
    let bob = running.client(Some(&bob), true);
    for _ in 0..4 {
        assert_eq!(running.get(&bob, ALICES, &hers).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    // His own token is not looked at either.
    let answer = running.get(&bob, "/v1/accounts/bob-1", &his).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    running.wait_for("throttled");
    let alice = running.client(Some(&alice), true);
    assert_eq!(running.get(&alice, ALICES, &hers).await.unwrap().status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(running.get(&bob, "/v1/accounts/bob-1", &his).await.unwrap().status(), StatusCode::OK);
}
