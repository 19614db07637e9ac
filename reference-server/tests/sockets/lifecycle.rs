//! The end: on SIGTERM no request under way is lost, and none waits for ever.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::deployment::ALICES;
use crate::running::Running;

const ORDER: &str = r#"{"from":"alice-1","to":"bob-1","amount":1}"#;

/// The head of an order whose body is still to come.
fn head(token: &str) -> String {
    format!(
        "POST /v1/transfers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        ORDER.len()
    )
}

#[tokio::test]
async fn requests_under_way_are_answered_after_sigterm() {
    let mut running = Running::new();
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    // An idle connection of each kind must not hold up the end.
    let _idle = [running.connect(&alice, b"h2").await, running.connect(&alice, b"http/1.1").await];
    let mut waiting = Vec::new();
    for _ in 0..16 {
        let mut stream = running.connect(&alice, b"http/1.1").await;
        stream.write_all(head(&token).as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        waiting.push(stream);
    }
    // So that the server has them all.
    tokio::time::sleep(Duration::from_millis(500)).await;
    running.signal("TERM");
    running.wait_for("stopping");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(TcpStream::connect(running.address).await.is_err(), "a new connection was taken");
    let mut answered = 0;
    for mut stream in waiting {
        stream.write_all(ORDER.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answered += usize::from(answer.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(answered, 16, "lost some");
    assert_eq!(running.ended().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_requests_under_way_are_answered_after_sigterm() {
    let mut running = Running::new();
    let client = running.client(Some(&running.deployment.identity("alice")), true);
    let token = running.deployment.token("alice");
    assert_eq!(running.get(&client, ALICES, &token).await.unwrap().status(), StatusCode::OK);
    let requests = (0..64).map(|_| client.get(running.url(ALICES)).bearer_auth(&token).send());
    let requests: Vec<_> = requests.map(tokio::spawn).collect();
    // A request is under way once the server has it. Those that come later it may decline, and the client is told.
    running.wait_for_count("admitted", 2);
    running.signal("TERM");
    let mut answered = 0;
    for request in requests {
        match request.await.unwrap() {
            Ok(answer) => {
                assert_eq!(answer.status(), StatusCode::OK);
                answered += 1;
            }
            Err(error) => assert!(error.is_request() || error.is_connect(), "{error:?}"),
        }
    }
    assert_eq!(running.ended().code(), Some(0));
    // Whatever the server did was told to the client.
    let admitted = running.log().iter().filter(|line| line.contains("admitted")).count();
    assert_eq!(answered + 1, admitted);
}

#[tokio::test]
async fn the_deadline_ends_who_does_not() {
    let mut running = Running::with("\n[shutdown]\ndeadline = \"500ms\"\n");
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    let mut stream = running.connect(&alice, b"http/1.1").await;
    stream.write_all(head(&token).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    running.signal("TERM");
    assert_eq!(running.ended().code(), Some(1));
    running.wait_for("cut_off=1");
}
