//! Everything at once: load, reloads every second, an attack at random, and an honest client that must be answered.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::deployment::{ALICES, Deployment};
use crate::running::{Reader, Running};

/// Resident memory in KiB, and open descriptors.
fn size(running: &Running) -> (u64, usize) {
    let folder = format!("/proc/{}", running.id());
    let status = std::fs::read_to_string(format!("{folder}/status")).unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let memory = memory.split_whitespace().next().unwrap().parse().unwrap();
    (memory, std::fs::read_dir(format!("{folder}/fd")).unwrap().count())
}

/// One attack, of those that were tried from outside; it is over when this returns.
async fn attack(running: &Running, which: u64) {
    let (alice, address) = (running.deployment.identity("alice"), running.address);
    // Another machine floods: the honest client of this process gets its turn meanwhile.
    let flood = async |count: usize, octets: &[u8]| {
        let mut open = Vec::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let _ = stream.write_all(octets).await;
            open.push(stream);
        }
        open
    };
    match which % 8 {
        // Half-open handshakes: silent, with half a hello, and with rubbish.
        0 => drop(flood(600, b"").await),
        1 => {
            let _open = flood(300, b"\x16\x03\x01\x02\x00\x01\x00").await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        2 => drop(flood(200, b"GET / HTTP/1.1\r\n\r\n").await),
        // Idle connections with a certificate.
        3 => {
            let mut open = Vec::new();
            for _ in 0..100 {
                open.push(running.connect(&alice, b"h2").await);
            }
        }
        // Guesses, from two sides.
        4 | 5 => {
            let client = running.client(Some(&alice), which % 8 == 4);
            for token in ["a.b.c", "", "e30.e30.e30", &"a".repeat(8000)] {
                let status = running.get(&client, ALICES, token).await.map(|answer| answer.status());
                assert_ne!(status.ok(), Some(StatusCode::OK));
            }
        }
        6 => {
            let client = running.client(None, true);
            assert!(running.get(&client, ALICES, "a.b.c").await.is_err());
        }
        // A log that nobody reads for a moment: less than it takes to be stuck.
        _ => {
            running.reader(Reader::Sleeps);
            tokio::time::sleep(Duration::from_millis(200)).await;
            running.reader(Reader::Reads);
        }
    }
}

/// Runs for so long. Of an hour, 10,000 probes are the least.
async fn soak(time: Duration) {
    let deployment = Deployment::new();
    deployment.configure(|text| text + "\n[reload]\npoll = \"200ms\"\n");
    let running = Running::of(deployment);
    let list = running.deployment.read("clients.crl");
    let (alice, token) = (running.deployment.identity("alice"), running.deployment.token("alice"));
    let (start, mut round) = (Instant::now(), 0);
    let (mut probes, mut slow, mut first) = (0_u64, 0_u64, None);
    while start.elapsed() < time {
        running.deployment.write("clients.crl", &format!("{list}\n{}", "\n".repeat(round as usize % 7)));
        let probing = async {
            for probe in 0..10 {
                let (client, asked) = (running.client(Some(&alice), probe % 2 == 0), Instant::now());
                let during = round % 8;
                let answer = running.get(&client, ALICES, &token).await;
                let answer = answer.unwrap_or_else(|error| panic!("refused during attack {during}: {error:?}"));
                assert_eq!(answer.status(), StatusCode::OK, "an honest client was answered wrongly");
                let took = asked.elapsed();
                assert!(took < Duration::from_secs(3), "an honest client waited {took:?} during attack {during}");
                probes += 1;
                slow += u64::from(took > Duration::from_secs(1));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::join!(probing, attack(&running, round));
        round += 1;
        // What is warm by then stays as it is.
        if round == 16 {
            first = Some(size(&running));
        }
    }
    println!("{probes} probes, {slow} of them slower than a second");
    assert!(time < Duration::from_secs(3600) || probes >= 10_000, "{probes} probes");
    // 99.9 %, and one where there are fewer than a thousand.
    assert!(slow <= 1 + probes / 1000, "{slow} of {probes} probes took longer than a second");
    tokio::time::sleep(Duration::from_secs(2)).await;
    if let Some((memory, descriptors)) = first {
        let (memory_now, descriptors_now) = size(&running);
        assert!(memory_now < memory * 3 / 2 + 16 * 1024, "{memory} KiB, then {memory_now} KiB");
        assert!(descriptors_now < descriptors + 200, "{descriptors} descriptors, then {descriptors_now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_soak() {
    soak(Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an hour: .ci/nightly faults"]
async fn a_long_soak() {
    let seconds = std::env::var("GATECRASH_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    soak(Duration::from_secs(seconds)).await;
}
