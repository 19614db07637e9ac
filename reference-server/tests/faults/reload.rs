//! A revocation is in force in the end, whatever is in its way, or the server refuses.

use std::fs;
use std::net::TcpStream;
use std::time::Instant;

use reqwest::StatusCode;
use time::Duration;

use crate::deployment::{ALICES, Deployment};
use crate::faulty::{allow, with_descriptors, without_privileges};
use crate::running::Running;

const QUICK: &str = "\n[reload]\npoll = \"200ms\"\n";
const BOUND: std::time::Duration = std::time::Duration::from_secs(5);

fn deployment(configuration: &str) -> Deployment {
    let deployment = Deployment::new();
    deployment.configure(|text| text + configuration);
    deployment
}

/// Asks until the certificate with this serial number is refused.
async fn until_refused(running: &Running, serial: u64) {
    let revoked = running.deployment.issue(serial, Duration::HOUR);
    let token = running.deployment.token_for(&revoked, |_, _| {});
    let start = Instant::now();
    while let Ok(answer) = running.get(&running.client(Some(&revoked), true), ALICES, &token).await
        && answer.status() == StatusCode::OK
    {
        assert!(start.elapsed() < BOUND, "still admitted after {BOUND:?}: {:#?}", running.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_list_that_becomes_readable_later_is_taken_up() {
    let running = without_privileges(deployment(QUICK));
    let list = running.deployment.path("clients.crl");
    // As an administrator's umask may have it, and written beside the list so that nobody sees it before.
    running.deployment.revoke_into("next.crl", &[66]);
    allow(&running.deployment.path("next.crl"), 0o000);
    fs::rename(running.deployment.path("next.crl"), &list).unwrap();
    let line = running.wait_for("reload refused");
    assert!(line.contains("Permission denied"), "{line}");
    running.wait_for_count("reload still refused", 2);
    allow(&list, 0o644);
    until_refused(&running, 66).await;
}

#[tokio::test]
async fn connections_do_not_keep_a_list_from_being_read() {
    let running = with_descriptors(160, deployment(QUICK));
    let clients: Vec<_> = (0..300).map(|_| TcpStream::connect(running.address)).collect();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    running.deployment.revoke(&[66]);
    running.wait_for("file change");
    drop(clients);
    until_refused(&running, 66).await;
    assert!(!running.log().iter().any(|line| line.contains("Too many open files")), "{:#?}", running.log());
}

#[tokio::test]
async fn old_trust_is_not_relied_on_for_ever() {
    let running = Running::of(deployment("\n[reload]\npoll = \"100ms\"\nmax-staleness = \"1500ms\"\n"));
    let alice = running.client(Some(&running.deployment.identity("alice")), true);
    let token = running.deployment.token("alice");
    let ask = async || running.get(&alice, ALICES, &token).await.unwrap().status();
    // As long as the files are those in force, nothing is stale.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(ask().await, StatusCode::OK);
    let list = running.deployment.read("clients.crl");
    running.deployment.write("clients.crl", "half a list");
    running.wait_for("reload refused");
    assert_eq!(ask().await, StatusCode::OK);
    let start = Instant::now();
    while ask().await == StatusCode::OK {
        assert!(start.elapsed() < BOUND, "old trust after {BOUND:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    running.wait_for("trust-stale");
    running.deployment.write("clients.crl", &list);
    running.wait_for("reloaded");
    assert_eq!(ask().await, StatusCode::OK);
}
