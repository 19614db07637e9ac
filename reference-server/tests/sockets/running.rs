//! The binary running in a folder of its own, and clients for it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::deployment::{Deployment, Identity};

/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// The binary, serving a deployment until this is dropped.
pub(crate) struct Running {
    pub(crate) deployment: Deployment,
    pub(crate) address: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    reader: Arc<Mutex<Reader>>,
}

/// Whether somebody reads the log.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Reader {
    #[default]
    Reads,
    /// The pipe fills up.
    Sleeps,
    /// The pipe breaks.
    IsGone,
}

impl Running {
    /// Starts the default deployment.
    pub(crate) fn new() -> Running {
        Running::of(Deployment::new())
    }

    /// Starts a deployment with more in its configuration.
    pub(crate) fn with(configuration: &str) -> Running {
        let deployment = Deployment::new();
        deployment.configure(|text| text + configuration);
        Running::of(deployment)
    }

    pub(crate) fn of(deployment: Deployment) -> Running {
        Running::by(Command::new(env!("CARGO_BIN_EXE_gatecrash-reference")), deployment)
    }

    /// Starts a deployment by a command that ends in the binary.
    pub(crate) fn by(mut command: Command, deployment: Deployment) -> Running {
        let mut child =
            command.arg("--config").arg(deployment.path("server.toml")).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let reader = Arc::new(Mutex::new(Reader::Reads));
        if let Some(pipe) = child.stderr.take() {
            let (mut lines, shared, state) = (BufReader::new(pipe).lines(), Arc::clone(&log), Arc::clone(&reader));
            std::thread::spawn(move || {
                loop {
                    let now = *state.lock().unwrap();
                    match now {
                        Reader::Reads => match lines.next() {
                            Some(Ok(line)) => shared.lock().unwrap().push(line),
                            Some(Err(_)) | None => return,
                        },
                        Reader::Sleeps => std::thread::sleep(Duration::from_millis(5)),
                        Reader::IsGone => return,
                    }
                }
            });
        }
        let mut running = Running { deployment, address: ([127, 0, 0, 1], 0).into(), child, log, reader };
        running.address = running.address_in(&running.wait_for("serving"));
        running
    }

    /// Starts a deployment that listens on this port, by a command that keeps the log to itself.
    pub(crate) fn without_log(mut command: Command, deployment: Deployment, port: u16) -> Running {
        let child = command.arg("--config").arg(deployment.path("server.toml")).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let running =
            Running { deployment, address: ([127, 0, 0, 1], port).into(), child, log, reader: Arc::default() };
        let start = Instant::now();
        while std::net::TcpStream::connect(running.address).is_err() {
            assert!(start.elapsed() < PATIENCE, "nobody listens");
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }

    fn address_in(&self, line: &str) -> SocketAddr {
        let digits = |text: &str| text.trim_matches(|letter: char| !letter.is_ascii_digit()).to_owned();
        let (_, rest) = line.split_once("127.0.0.1:").unwrap();
        let port = rest.split([' ', '"']).next().map(digits).unwrap();
        ([127, 0, 0, 1], port.parse().unwrap()).into()
    }

    pub(crate) fn metrics_address(&self) -> SocketAddr {
        self.address_in(&self.wait_for("metrics"))
    }

    /// Has the log read or not, from the next line on.
    pub(crate) fn reader(&self, reader: Reader) {
        *self.reader.lock().unwrap() = reader;
    }

    /// What is counted under exactly this name and these labels.
    pub(crate) async fn count(&self, metrics: SocketAddr, name: &str) -> u64 {
        let text = plain_client().get(format!("http://{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
        let values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<u64>().ok());
        values.sum()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// The first line of the log with this text, now or soon.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_for_count(text, 1)
    }

    /// The last of so many lines with this text.
    pub(crate) fn wait_for_count(&self, text: &str, count: usize) -> String {
        let start = Instant::now();
        loop {
            let log = self.log();
            if let Some(line) = log.iter().filter(|line| line.contains(text)).nth(count - 1) {
                return line.clone();
            }
            assert!(start.elapsed() < PATIENCE, "no {text:?} in {log:#?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the process to end by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "still running: {:#?}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// A client that presents this certificate, and speaks HTTP/2 or HTTP/1.1 alone.
    pub(crate) fn client(&self, identity: Option<&Identity>, http2: bool) -> Client {
        let protocol: &[u8] = if http2 { b"h2" } else { b"http/1.1" };
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls(identity, protocol))
            .no_proxy()
            .timeout(PATIENCE)
            .resolve("localhost", self.address);
        if http2 { builder.http2_prior_knowledge() } else { builder.http1_only() }.build().unwrap()
    }

    fn tls(&self, identity: Option<&Identity>, protocol: &[u8]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.deployment.read("server-ca.pem").as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&version::TLS13])
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(Identity { certificate, key }) => {
                let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
            }
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        config
    }

    /// A TLS connection to write octets on.
    pub(crate) async fn connect(&self, identity: &Identity, protocol: &[u8]) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(self.tls(Some(identity), protocol))).connect(name, stream).await.unwrap()
    }

    /// Asks for a path with a client and a token.
    pub(crate) async fn get(&self, client: &Client, path: &str, token: &str) -> reqwest::Result<Response> {
        client.get(self.url(path)).bearer_auth(token).send().await
    }
}

/// A client for what speaks no TLS; reqwest wants a configuration that was built without a provider of the process.
pub(crate) fn plain_client() -> Client {
    let tls = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap()
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
