//! What the checks cost on a kept connection, against the exchange without them; what an idle connection costs in
//! memory; and whether memory stays flat. Everything on 127.0.0.1.
//!
//! `cargo bench -p gatecrash-reference --bench load` compares and counts; `-- --soak 1000000` makes so many requests.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

mod plain;
mod process;

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatecrash_reference::service::write_deployment;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::process::Process;

const PATH: &str = "/v1/accounts/alice-1";
/// Requests of a round; rounds of the two servers alternate.
const ROUND: usize = 1000;
const ROUNDS: usize = 20;
/// Connections that do nothing.
const IDLE: usize = 400;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let soak = arguments.iter().position(|argument| argument == "--soak").map(|at| arguments[at + 1].parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // The comparison starts this benchmark once more, as the other server.
        if let Some(at) = arguments.iter().position(|argument| argument == "--plain") {
            return plain::serve(arguments[at + 1].as_ref()).await;
        }
        match soak {
            None => {
                compare().await;
                idle().await;
            }
            Some(requests) => endure(requests).await,
        }
    });
}

/// A folder with a development deployment that listens on any port and logs warnings alone.
fn deployment() -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().unwrap();
    write_deployment(folder.path()).unwrap();
    let path = folder.path().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("127.0.0.1:8443\"\n", "127.0.0.1:0\"\n").replace("127.0.0.1:9443", "127.0.0.1:0");
    let more = "\n[limits]\nidle-timeout = \"1h\"\nheader-timeout = \"1h\"\n\n[log]\nfilter = \"warn,gatecrash_reference=info\"\n";
    std::fs::write(path, text + more).unwrap();
    folder
}

/// The mean time of a request, over rounds, of the two servers in turn, each in a process of its own.
async fn compare() {
    let folder = deployment();
    let (ours, plain) = (Process::reference(folder.path()), Process::plain(folder.path()));
    let mut connections = [connect(folder.path(), &ours).await, connect(folder.path(), &plain).await];
    let token = token(folder.path());
    let mut means = [Vec::new(), Vec::new()];
    let mut processor = [0.0, 0.0];
    for round in 0..=ROUNDS {
        for (at, (connection, means)) in connections.iter_mut().zip(&mut means).enumerate() {
            let before = [&ours, &plain][at].processor();
            let start = Instant::now();
            for _ in 0..ROUND {
                ask(connection, &token).await;
            }
            // The first round warms up.
            if round > 0 {
                means.push(start.elapsed().as_secs_f64() * 1e6 / ROUND as f64);
                processor[at] += [&ours, &plain][at].processor() - before;
            }
        }
    }
    let [ours, plain] = means.map(|mut means| {
        means.sort_by(f64::total_cmp);
        (means[0], means[means.len() / 2])
    });
    println!("time of a request on a kept connection, of {ROUNDS} rounds of {ROUND} each, best and median, µs:");
    println!("  certificate and signature alone  {:8.1} {:8.1}", plain.0, plain.1);
    println!("  reference server                 {:8.1} {:8.1}", ours.0, ours.1);
    let percent = |ours: f64, plain: f64| 100.0 * (ours / plain - 1.0);
    println!(
        "  the checks cost                  {:+7.1}% {:+7.1}%",
        percent(ours.0, plain.0),
        percent(ours.1, plain.1)
    );
    // On a busy machine this is the figure to trust: it does not count who else is running.
    let [ours, plain] = processor.map(|seconds| seconds * 1e6 / (ROUNDS * ROUND) as f64);
    println!("time of a processor for a request, µs:");
    println!("  {plain:.1} alone, {ours:.1} with the checks: {:+.1}%", percent(ours, plain));
}

/// The growth of the process by connections that have made one request each.
async fn idle() {
    let folder = deployment();
    let process = Process::reference(folder.path());
    let token = token(folder.path());
    let mut kept = Vec::new();
    for _ in 0..50 {
        kept.push(connect(folder.path(), &process).await);
    }
    let before = process.memory();
    for _ in 0..IDLE {
        let mut connection = connect(folder.path(), &process).await;
        ask(&mut connection, &token).await;
        kept.push(connection);
    }
    let after = process.memory();
    println!("memory of an idle connection, over {IDLE}: {:.1} KiB", (after - before) as f64 / IDLE as f64);
}

/// Requests on four kept connections, with the memory of the process as they go.
async fn endure(requests: usize) {
    const CONNECTIONS: usize = 4;
    let folder = deployment();
    let process = Process::reference(folder.path());
    let token = Arc::new(token(folder.path()));
    let (start, step) = (Instant::now(), requests / 10);
    for tenth in 1..=10 {
        let mut workers = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = connect(folder.path(), &process).await;
            let token = Arc::clone(&token);
            workers.push(tokio::spawn(async move {
                for _ in 0..step / CONNECTIONS {
                    ask(&mut connection, &token).await;
                }
            }));
        }
        for worker in workers {
            worker.await.unwrap();
        }
        let rate = (step * tenth) as f64 / start.elapsed().as_secs_f64();
        println!("{:>9} requests, {rate:.0}/s, {} KiB", step * tenth, process.memory());
    }
}

fn token(folder: &std::path::Path) -> String {
    std::fs::read_to_string(folder.join("alice.token")).unwrap()
}

async fn connect(folder: &std::path::Path, process: &Process) -> SendRequest<Empty<Bytes>> {
    let pem = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem("server-ca.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(&pem("alice.pem")).unwrap()],
            PrivateKeyDer::from_pem_slice(&pem("alice.key")).unwrap(),
        )
        .unwrap();
    let stream = TcpStream::connect(process.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn ask(connection: &mut SendRequest<Empty<Bytes>>, token: &str) {
    let request = Request::get(PATH).header("host", "localhost").header("authorization", format!("Bearer {token}"));
    connection.ready().await.unwrap();
    let answer = connection.send_request(request.body(Empty::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = tokio::time::timeout(Duration::from_secs(30), answer.into_body().collect()).await.unwrap().unwrap();
    assert!(!body.to_bytes().is_empty());
}
