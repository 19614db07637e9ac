//! New files without a restart: all at once, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rcgen::KeyPair;
use reqwest::StatusCode;
use time::Duration;

use crate::deployment::{ALICES, key_set, token_by};
use crate::running::Running;

#[tokio::test]
async fn a_revoked_certificate_is_refused_on_its_open_connection() {
    let running = Running::new();
    let deployment = &running.deployment;
    let other = deployment.issue(66, Duration::HOUR);
    let (alice, other) =
        (running.client(Some(&deployment.identity("alice")), true), (running.client(Some(&other), true), other));
    let token = deployment.token_for(&other.1, |_, _| {});
    assert_eq!(running.get(&other.0, ALICES, &token).await.unwrap().status(), StatusCode::OK);
    assert_eq!(running.get(&alice, ALICES, &deployment.token("alice")).await.unwrap().status(), StatusCode::OK);
    deployment.revoke(&[66]);
    running.signal("HUP");
    running.wait_for("reloaded");
    assert_eq!(running.get(&other.0, ALICES, &token).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert!(running.wait_for("certificate-revoked").contains("request="));
    assert_eq!(running.get(&alice, ALICES, &deployment.token("alice")).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_says_so() {
    let running = Running::new();
    let deployment = &running.deployment;
    let alice = running.client(Some(&deployment.identity("alice")), true);
    let keys = deployment.read("jwks.json");
    for (name, broken, complaint) in [
        ("jwks.json", r#"{"keys":[{"kty":"oct","kid":"s","k":"AA"}]}"#.to_owned(), "is symmetric"),
        ("clients-ca.pem", "no certificate".to_owned(), "holds no certificate"),
        ("clients.crl", deployment.read("clients-ca.pem"), "holds no revocation list"),
    ] {
        let good = deployment.read(name);
        deployment.write(name, &broken);
        // Another file is new and sound: it must not be taken up alone.
        let next = KeyPair::generate().unwrap();
        if name != "jwks.json" {
            deployment.write("jwks.json", &key_set("next", &next));
        }
        running.signal("HUP");
        let line = running.wait_for(complaint);
        assert!(line.contains(name) && line.contains("stays in force"), "{line}");
        assert_eq!(running.get(&alice, ALICES, &deployment.token("alice")).await.unwrap().status(), StatusCode::OK);
        deployment.write(name, &good);
        deployment.write("jwks.json", &keys);
    }
    running.signal("HUP");
    running.wait_for("reloaded");
}

#[tokio::test]
async fn a_changed_file_is_taken_up_by_itself() {
    let running = Running::with("\n[reload]\npoll = \"50ms\"\n");
    let deployment = &running.deployment;
    let identity = deployment.identity("alice");
    let alice = running.client(Some(&identity), false);
    let next = KeyPair::generate().unwrap();
    let token = token_by(&next, &identity, |header, _| header["kid"] = "next".into());
    assert_eq!(running.get(&alice, ALICES, &token).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    deployment.write("jwks.json", &key_set("next", &next));
    running.wait_for("file change");
    assert_eq!(running.get(&alice, ALICES, &token).await.unwrap().status(), StatusCode::OK);
    // The old key is gone, and with it its tokens.
    assert_eq!(
        running.get(&alice, ALICES, &deployment.token("alice")).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_under_load_refuse_nobody() {
    let running = Arc::new(Running::new());
    let keys = running.deployment.read("jwks.json");
    let done = Arc::new(AtomicBool::new(false));
    let mut workers = Vec::new();
    for http2 in [true, false, true, false] {
        let (running, done) = (Arc::clone(&running), Arc::clone(&done));
        workers.push(tokio::spawn(async move {
            let client = running.client(Some(&running.deployment.identity("alice")), http2);
            let token = running.deployment.token("alice");
            let mut admitted = 0;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(running.get(&client, ALICES, &token).await.unwrap().status(), StatusCode::OK);
                admitted += 1;
            }
            admitted
        }));
    }
    for round in 1..=20 {
        // Every third is broken.
        let text = if round % 3 == 0 { "{".to_owned() } else { format!("{keys}{}", " ".repeat(round)) };
        running.deployment.write("jwks.json", &text);
        running.signal("HUP");
        let (text, count) =
            if round % 3 == 0 { ("reload refused", round / 3) } else { ("reloaded", round - round / 3) };
        running.wait_for_count(text, count);
    }
    done.store(true, Ordering::Relaxed);
    let mut admitted = 0;
    for worker in workers {
        admitted += worker.await.unwrap();
    }
    assert!(admitted > 100, "{admitted} requests are no load");
}
