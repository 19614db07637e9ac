//! An issuer on 127.0.0.1 for services that discover their keys: metadata, JWKS, and a count of look-ups.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gatecrash_model::KeysFailure;

use super::Witness;

/// A running issuer. It ends when dropped; keep it with [`Gate::keep`](crate::gate::Gate::keep).
///
/// It runs on a thread of its own, so that a runtime whose time is paused can ask it.
#[derive(Debug)]
pub struct LoopbackIssuer {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    publication: Publication,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What is published at the moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Publication(Arc<Mutex<(String, Option<KeysFailure>)>>);

impl Publication {
    pub(super) fn set(&self, set: String, failure: Option<KeysFailure>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (set, failure);
    }

    fn read(&self) -> (String, Option<KeysFailure>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether anybody but the world still holds it.
    pub(super) fn is_read(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

impl LoopbackIssuer {
    pub(super) fn publication(&self) -> Publication {
        self.publication.clone()
    }

    pub(super) fn start(
        issuer: String,
        set: String,
        failure: Option<KeysFailure>,
        witness: Witness,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let metadata = serde_json::json!({ "issuer": issuer, "jwks_uri": format!("http://{address}/jwks.json") });
        let (stopped, metadata) = (Arc::new(AtomicBool::new(false)), metadata.to_string());
        let stop = stopped.clone();
        let publication = Publication::default();
        publication.set(set, failure);
        let read = publication.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                // A client that breaks off is no concern of the others.
                let _ = answer(stream, &metadata, &read, &witness);
            }
        });
        Ok(Self { address, publication, stopped, thread: Some(thread) })
    }

    /// Where the metadata is (RFC 8414 §3, OpenID Connect Discovery 1.0 §4); `issuer` in it is the policy's.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// let issuer = world.loopback_issuer(gatecrash::model::IssuerRole::Home)?;
    /// assert!(issuer.metadata_url().ends_with("/.well-known/openid-configuration"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn metadata_url(&self) -> String {
        format!("http://{}/.well-known/openid-configuration", self.address)
    }

    /// Where the JWK Set is (RFC 7517 §5).
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use std::{io::{Read, Write}, net::TcpStream};
    /// let issuer = world.loopback_issuer(gatecrash::model::IssuerRole::Home)?;
    /// let url = issuer.jwks_url();
    /// let (host, path) = url.trim_start_matches("http://").split_once('/').ok_or("no path")?;
    /// let (mut stream, mut answer) = (TcpStream::connect(host)?, String::new());
    /// write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\n\r\n")?;
    /// stream.read_to_string(&mut answer)?;
    /// assert!(answer.starts_with("HTTP/1.1 200 OK"));
    /// // Whoever asks for keys too often is seen to do so.
    /// assert_eq!(world.witness().take().look_ups, 1);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn jwks_url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }
}

impl Drop for LoopbackIssuer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // A connection wakes the thread from its wait.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The most of a request that is read.
const MOST: u64 = 16 * 1024;

fn answer(stream: TcpStream, metadata: &str, keys: &Publication, witness: &Witness) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut lines = BufReader::new((&stream).take(MOST)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (jwks, failure) = keys.read();
    let (status, body) = match path {
        "/jwks.json" if failure == Some(KeysFailure::Fails) => ("500 Internal Server Error", ""),
        "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => ("200 OK", metadata),
        "/jwks.json" => ("200 OK", jwks.as_str()),
        _ => ("404 Not Found", ""),
    };
    // Whatever is asked is counted: a token that points elsewhere on this machine is asked for here.
    witness.look_up();
    if path == "/jwks.json" && failure == Some(KeysFailure::Slow) {
        // Until whoever asks gives up.
        let _ = (&stream).read(&mut [0]);
        return Ok(());
    }
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    (&stream).write_all(head.as_bytes())?;
    (&stream).write_all(body.as_bytes())
}
