//! One byte stream, from handshake to close: TLS, then HTTP by what ALPN agreed on, with a limit on every wait.

use std::future::pending;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service;

use crate::activity::Activity;
use crate::cause::Cause;
use crate::clock;
use crate::server::Server;
use crate::settings::Settings;
use crate::vetting::Vetting;

/// The certificates a client proved possession of: the leaf first, then what it sent along.
///
/// Whoever terminates TLS puts it in the extensions of every request; nothing on the wire can.
#[derive(Clone, Debug)]
pub struct PeerCertificates(pub Arc<[CertificateDer<'static>]>);

/// Time for the last answer to be written, and for the peer to say goodbye.
pub(crate) const LINGER: Duration = Duration::from_secs(1);
/// The same when somebody else waits for the place of this connection.
#[cfg(feature = "service")]
pub(crate) const SHORT_LINGER: Duration = Duration::from_millis(50);

/// A stream whose handshake was accepted.
pub(crate) struct Accepted<IO> {
    stream: TlsStream<IO>,
    peer: PeerCertificates,
    vetting: Vetting,
    speaks_http2: bool,
}

/// Why a connection ended other than by being closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The handshake failed, or the peer left during it.
    #[error("the TLS handshake failed")]
    Handshake {
        /// What the stream or rustls says.
        source: io::Error,
    },
    /// The peer took too long over the handshake.
    #[error("the TLS handshake took longer than {limit:?}")]
    HandshakeTimeout {
        /// The limit it exceeded.
        limit: Duration,
    },
    /// The HTTP connection broke, or the peer broke its rules.
    #[error("the HTTP connection failed")]
    Http {
        /// What hyper says.
        source: hyper::Error,
    },
}

impl Server {
    /// Serves one accepted byte stream: the handshake, then requests until the peer closes.
    ///
    /// # Errors
    ///
    /// When the handshake fails or takes too long (the audit log says why), or when HTTP breaks down.
    pub async fn serve_connection<IO>(&self, io: IO) -> Result<(), ConnectionError>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.serve_connection_until(io, pending()).await
    }

    /// Serves one accepted byte stream until the peer closes, or until `shutdown` is done: requests under way are
    /// then answered, and no other is taken.
    ///
    /// # Errors
    ///
    /// As [`serve_connection`](Server::serve_connection).
    pub async fn serve_connection_until<IO>(
        &self,
        io: IO,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ConnectionError>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut shutdown = pin!(shutdown);
        let accepted = tokio::select! {
            accepted = self.handshake(io) => accepted?,
            () = &mut shutdown => return Ok(()),
        };
        let shutdown = async {
            shutdown.await;
            LINGER
        };
        self.serve_accepted(accepted, Activity::default(), shutdown).await
    }

    /// The handshake alone.
    pub(crate) async fn handshake<IO>(&self, io: IO) -> Result<Accepted<IO>, ConnectionError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let trusted = self.trusted();
        let stream = self.accept(io, Arc::clone(&trusted.tls)).await?;
        let (_, session) = stream.get_ref();
        let peer = PeerCertificates(session.peer_certificates().unwrap_or_default().iter().cloned().collect());
        let vetting = Vetting::of_handshake(&peer, trusted.generation, clock::whole_seconds(self.clock()));
        let speaks_http2 = session.alpn_protocol() == Some(b"h2".as_slice());
        Ok(Accepted { stream, peer, vetting, speaks_http2 })
    }

    /// Requests, until the peer closes, or until `shutdown` is done. It says how long an idle peer may take to go.
    pub(crate) async fn serve_accepted<IO>(
        &self,
        accepted: Accepted<IO>,
        activity: Activity,
        shutdown: impl Future<Output = Duration>,
    ) -> Result<(), ConnectionError>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Accepted { stream, peer, vetting, speaks_http2 } = accepted;
        let (router, requests) = (self.router(), activity.clone());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            request.extensions_mut().insert(vetting.clone());
            let under_way = requests.begin();
            // A router is always ready.
            let answer = router.clone().call(request);
            async move {
                let answer = answer.await;
                drop(under_way);
                answer
            }
        });
        let (io, settings) = (TokioIo::new(stream), self.settings());
        let ended = async {
            tokio::select! {
                linger = shutdown => linger,
                () = activity.idle_for(settings.idle_timeout) => LINGER,
            }
        };
        if speaks_http2 {
            let connection = http2_limits(settings).serve_connection(io, service);
            until(connection, ended, http2::Connection::graceful_shutdown, &activity).await
        } else {
            let connection = http1_limits(settings).serve_connection(io, service);
            until(connection, ended, http1::Connection::graceful_shutdown, &activity).await
        }
    }

    async fn accept<IO>(&self, io: IO, config: Arc<ServerConfig>) -> Result<TlsStream<IO>, ConnectionError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.settings().handshake_timeout;
        match timeout(limit, TlsAcceptor::from(config).accept(io)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(source)) => {
                match source.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) {
                    Some(error) => self.handshake_failed(error),
                    None => self.record_handshake(Cause::TlsProtocol),
                }
                Err(ConnectionError::Handshake { source })
            }
            Err(_) => {
                self.record_handshake(Cause::TlsProtocol);
                Err(ConnectionError::HandshakeTimeout { limit })
            }
        }
    }
}

fn http1_limits(settings: &Settings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_header_size(settings.header_limit);
    builder
}

fn http2_limits(settings: &Settings) -> http2::Builder<TokioExecutor> {
    /// Streams that the peer resets before they were looked at (CVE-2023-44487).
    const PENDING_RESETS: usize = 20;
    /// Streams that we reset because of the peer's mistakes.
    const LOCAL_RESETS: usize = 128;
    /// Octets that one stream may have in flight towards us, and that we buffer of one answer.
    const WINDOW: u32 = 64 * 1024;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(settings.keep_alive_interval)
        .keep_alive_timeout(settings.keep_alive_interval)
        .max_concurrent_streams(settings.max_concurrent_streams)
        .max_header_list_size(u32::try_from(settings.header_limit).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(LOCAL_RESETS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(4 * WINDOW)
        .max_send_buf_size(WINDOW as usize);
    builder
}

/// Drives an HTTP connection to its end. When `ended` is done no further request is taken, and those under way are
/// answered.
async fn until<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    ended: impl Future<Output = Duration>,
    stop: impl FnOnce(Pin<&mut C>),
    activity: &Activity,
) -> Result<(), ConnectionError> {
    let mut connection = pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        linger = ended => {
            stop(connection.as_mut());
            tokio::select! {
                served = connection => served,
                () = activity.idle_for(linger) => Ok(()),
            }
        }
    };
    served.map_err(|source| ConnectionError::Http { source })
}
