//! One byte stream, from handshake to close: TLS, then HTTP by what ALPN agreed on, with a limit on every wait.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service;

use crate::cause::Cause;
use crate::server::Server;

/// The certificates a client proved possession of: the leaf first, then what it sent along.
///
/// Whoever terminates TLS puts it in the extensions of every request; nothing on the wire can.
#[derive(Clone, Debug)]
pub struct PeerCertificates(pub Arc<[CertificateDer<'static>]>);

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
        let stream = self.accept(io).await?;
        let (_, session) = stream.get_ref();
        let peer = PeerCertificates(session.peer_certificates().unwrap_or_default().iter().cloned().collect());
        let speaks_http2 = session.alpn_protocol() == Some(b"h2".as_slice());

        let router = self.router();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            // A router is always ready.
            router.clone().call(request)
        });
        let io = TokioIo::new(stream);
        let settings = self.settings();
        let served = if speaks_http2 {
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(settings.keep_alive_interval)
                .keep_alive_timeout(settings.keep_alive_interval)
                .max_concurrent_streams(settings.max_concurrent_streams)
                .max_header_list_size(u32::try_from(settings.header_limit).unwrap_or(u32::MAX))
                .serve_connection(io, service)
                .await
        } else {
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(settings.header_timeout)
                .max_header_size(settings.header_limit)
                .serve_connection(io, service)
                .await
        };
        served.map_err(|source| ConnectionError::Http { source })
    }

    async fn accept<IO>(&self, io: IO) -> Result<TlsStream<IO>, ConnectionError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.settings().handshake_timeout;
        match timeout(limit, TlsAcceptor::from(self.tls_config()).accept(io)).await {
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
