//! A ledger over gRPC, served by tonic behind mutual TLS: an interceptor asks for a token that is bound to the client's
//! certificate (RFC 8705). A layer before it looks at what an interceptor does not see: method, host and query.

mod authenticate;
mod front;
mod ledger;
mod tls;

use std::{convert::Infallible, future::ready, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::server::Connected;

pub use authenticate::{Authenticate, Caller};
pub use front::Front;
pub use ledger::{BalanceReply, BalanceRequest, TransferReply, TransferRequest};
pub use tls::config;

/// How many handshakes go on at once, and how long one may take.
const HANDSHAKES: usize = 256;
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves the connections of `incoming` until there are no more; those that are open go on.
pub async fn serve<IO>(
    tls: Arc<ServerConfig>,
    front: Front,
    authenticate: Authenticate,
    incoming: impl Stream<Item = IO>,
) -> Result<(), tonic::transport::Error>
where
    IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    let acceptor = TlsAcceptor::from(tls);
    let connections = incoming
        .map(|io| handshake(acceptor.clone(), io))
        .buffer_unordered(HANDSHAKES)
        .filter_map(ready)
        .map(Ok::<_, Infallible>);
    tonic::transport::Server::builder()
        .layer(front)
        .add_service(ledger::LedgerServer::with_interceptor(ledger::Accounts, authenticate.behind::<IO>()))
        .serve_with_incoming(connections)
        .await
}

/// The connection, once the client has proved whose certificate it is, and agreed on HTTP/2 (RFC 9113 §3.2).
async fn handshake<IO: AsyncRead + AsyncWrite + Unpin>(acceptor: TlsAcceptor, io: IO) -> Option<TlsStream<IO>> {
    let stream = tokio::time::timeout(PATIENCE, acceptor.accept(io)).await.ok()?.ok()?;
    (stream.get_ref().1.alpn_protocol() == Some(b"h2")).then_some(stream)
}
