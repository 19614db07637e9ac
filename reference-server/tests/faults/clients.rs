//! Clients by the thousand that finish nothing: an honest one is answered meanwhile.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tokio::io::AsyncReadExt;

use crate::deployment::ALICES;
use crate::running::Running;

/// The start of a record that holds a handshake.
const HALF_A_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01";

/// Asks on so many new connections, one after the other. Returns how long the slowest took.
async fn slowest(running: &Running, probes: usize) -> Duration {
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    let mut slowest = Duration::ZERO;
    for probe in 0..probes {
        let start = Instant::now();
        let client = running.client(Some(&alice), probe % 2 == 0);
        let answer = running.get(&client, ALICES, &token).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        slowest = slowest.max(start.elapsed());
    }
    slowest
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_handshakes_keep_nobody_waiting() {
    let running = Running::new();
    let metrics = running.metrics_address();
    let mut open: Vec<TcpStream> = (0..1024).map(|_| TcpStream::connect(running.address).unwrap()).collect();
    // Half of them say something.
    open.iter_mut().step_by(2).for_each(|stream| drop(stream.write_all(HALF_A_HELLO)));
    let slowest = slowest(&running, 20).await;
    assert!(slowest < Duration::from_secs(3), "an honest client waited {slowest:?}");
    assert!(running.count(metrics, "reference_handshakes_yielded_total").await >= 800);
}

/// How many connections a client holds, and how many there may be.
async fn idle(held: usize, allowed: usize) {
    let running = Running::with(&format!("\n[limits]\nmax-connections = {allowed}\n"));
    let metrics = running.metrics_address();
    let alice = running.deployment.identity("alice");
    let mut open = Vec::new();
    for at in 0..held {
        let protocol: &[u8] = if at % 2 == 0 { b"h2" } else { b"http/1.1" };
        open.push(running.connect(&alice, protocol).await);
    }
    let slowest = slowest(&running, 20).await;
    assert!(slowest < Duration::from_secs(3), "an honest client waited {slowest:?}");
    assert!(running.count(metrics, "reference_connections_yielded_total").await >= (held - allowed) as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_keep_nobody_waiting() {
    idle(150, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "two thousand handshakes: .ci/nightly faults"]
async fn two_thousand_idle_connections_keep_nobody_waiting() {
    idle(2000, 1024).await;
}

#[tokio::test]
async fn an_address_is_that_of_the_socket() {
    let running = Running::new();
    let mut stream = tokio::net::TcpStream::connect(running.address).await.unwrap();
    let header = b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, header).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    // An alert, fatal: what came is no TLS.
    assert_eq!(answer.first(), Some(&0x15), "{answer:?}");
    running.wait_for("tls-protocol");
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_do_not_keep_metrics_from_being_read() {
    let running = Running::new();
    let metrics = running.metrics_address();
    let silent: Vec<_> = (0..40).map(|_| TcpStream::connect(metrics).unwrap()).collect();
    let start = Instant::now();
    assert_eq!(running.count(metrics, "reference_connections_total").await, 0);
    // Sixteen at once, two seconds each.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let mut last = silent.into_iter().next().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // Whoever says nothing is let go.
    let mut seen = Vec::new();
    std::io::Read::read_to_end(&mut last, &mut seen).unwrap();
    assert!(!String::from_utf8_lossy(&seen).contains("200 OK"));
}
