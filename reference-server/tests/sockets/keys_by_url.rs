//! Keys by URL: taken up when they change, kept when the URL fails, and asked for no more often than allowed.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::KeyPair;
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::deployment::{ALICES, Deployment, key_set, token_by};
use crate::running::Running;

/// A key source that counts how often it is asked.
struct Source {
    address: SocketAddr,
    state: Arc<Mutex<(String, usize)>>,
}

impl Source {
    async fn new(body: &str) -> Source {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new((body.to_owned(), 0)));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let body = {
                    let mut state = shared.lock().unwrap();
                    state.1 += 1;
                    state.0.clone()
                };
                let answer =
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Source { address, state }
    }

    fn asked(&self) -> usize {
        self.state.lock().unwrap().1
    }

    fn answers(&self, body: &str) {
        self.state.lock().unwrap().0 = body.to_owned();
    }
}

fn deployment(source: &Source, refresh: &str, cooldown: &str) -> Deployment {
    let deployment = Deployment::new();
    let by_url = format!(
        "jwks-url = \"http://{}/jwks\"\njwks-refresh = \"{refresh}\"\njwks-cooldown = \"{cooldown}\"\n",
        source.address
    );
    deployment.configure(|text| text.replace("jwks = \"jwks.json\"\n", &by_url));
    deployment
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_no_flood_and_a_stranger_asks_for_nothing() {
    let own = Deployment::new();
    let source = Source::new(&own.read("jwks.json")).await;
    let running = Running::of(deployment(&source, "1h", "2s"));
    // Its issuer's keys are those of another deployment, whose key signs here.
    let key = KeyPair::from_pem(&own.read("issuer.key")).unwrap();
    running.wait_for("reloaded");
    assert_eq!(source.asked(), 1);
    let identity = running.deployment.identity("alice");
    let alice = running.client(Some(&identity), true);
    let token = token_by(&key, &identity, |_, _| {});
    assert_eq!(running.get(&alice, ALICES, &token).await.unwrap().status(), StatusCode::OK);

    // Without a certificate, or with one that is refused, no token is looked at.
    let unknown = |at: usize| token_by(&key, &identity, |header, _| header["kid"] = format!("unknown-{at}").into());
    tokio::time::sleep(Duration::from_millis(2200)).await;
    let deployment = &running.deployment;
    let stranger = deployment.issue_by(&deployment.other_authority(), 1, time::Duration::HOUR);
    for identity in [None, Some(&stranger)] {
        let client = running.client(identity, true);
        assert!(running.get(&client, ALICES, &unknown(0)).await.is_err());
    }
    let _ = TcpStream::connect(running.address).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(source.asked(), 1, "a key source was asked before a certificate was accepted");

    for at in 0..100 {
        let answer = running.get(&alice, ALICES, &unknown(at)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!((2..=4).contains(&source.asked()), "asked {} times for a hundred unknown keys", source.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_are_taken_up_and_failures_keep_the_last_good() {
    let (first, second) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let source = Source::new(&key_set("first", &first)).await;
    let running = Running::of(deployment(&source, "200ms", "100ms"));
    running.wait_for("reloaded");
    let identity = running.deployment.identity("alice");
    let alice = running.client(Some(&identity), true);
    let token = |kid: &str, key| token_by(key, &identity, |header, _| header["kid"] = kid.into());
    assert_eq!(running.get(&alice, ALICES, &token("first", &first)).await.unwrap().status(), StatusCode::OK);
    let symmetric = r#"{"keys":[{"kty":"oct","kid":"first","k":"AA"}]}"#;
    for (count, broken) in ["", "{}", symmetric, &" ".repeat(300 * 1024)].into_iter().enumerate() {
        source.answers(broken);
        running.wait_for_count("not refreshed", count + 1);
        assert_eq!(running.get(&alice, ALICES, &token("first", &first)).await.unwrap().status(), StatusCode::OK);
    }
    source.answers(&key_set("second", &second));
    running.wait_for_count("reloaded", 2);
    assert_eq!(running.get(&alice, ALICES, &token("second", &second)).await.unwrap().status(), StatusCode::OK);
    assert_eq!(running.get(&alice, ALICES, &token("first", &first)).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
