//! A service of hyper behind one tower layer, without a framework: tokens are bound to the client's certificate (RFC 8705).

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::Full;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, get_current_timestamp,
    jwk::{Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tower_layer::Layer;
use tower_service::Service;

/// The longest that a token may live, and how far clocks may lie apart, seconds.
const LIFETIME: f64 = 3600.0;
const LEEWAY: f64 = 60.0;

/// The certificate that the client proved to hold the key of, in DER; whoever accepts the connection puts it there.
#[derive(Clone)]
pub struct ClientCertificate(pub Vec<u8>);

/// Who was let in.
#[derive(Clone)]
pub struct Caller(pub String);

/// Asks for a token before the service behind it is called.
#[derive(Clone)]
pub struct Authenticate {
    keys: Arc<[Jwk]>,
    validation: Validation,
}

/// What is read of a token. An `iss` that is a list is none.
#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _issuer: String,
    sub: String,
    iat: f64,
    exp: f64,
    /// The library takes what is no number for nothing at all.
    #[serde(default, rename = "nbf")]
    _not_before: f64,
    cnf: Confirmation,
}

#[derive(Deserialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    thumbprint: String,
}

impl Authenticate {
    /// `keys` is the JWK Set of the issuer, in JSON.
    pub fn new(keys: &str, issuer: &str, audience: &str) -> Result<Self, serde_json::Error> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        validation.validate_nbf = true;
        let mut keys = serde_json::from_str::<JwkSet>(keys)?.keys;
        keys.retain(verifies);
        Ok(Self { keys: keys.into(), validation })
    }

    fn caller<B>(&self, request: &Request<B>) -> Result<Caller, StatusCode> {
        // A token in the query gets into logs (RFC 9700 §4.3.2); nobody here sends one.
        let query = request.uri().query().unwrap_or_default().as_bytes();
        if form_urlencoded::parse(query).any(|(name, _)| name == "access_token") {
            return Err(StatusCode::BAD_REQUEST);
        }
        let certificate = request.extensions().get::<ClientCertificate>();
        let known = certificate.zip(bearer(request)).and_then(|(certificate, token)| self.verified(token, certificate));
        known.ok_or(StatusCode::UNAUTHORIZED)
    }

    fn verified(&self, token: &str, certificate: &ClientCertificate) -> Option<Caller> {
        let header = decode_header(token).ok()?;
        if !plain(token)? || !header.typ?.trim_start_matches("application/").eq_ignore_ascii_case("at+jwt") {
            return None;
        }
        let id = header.kid?;
        let key = self.keys.iter().find(|key| key.common.key_id.as_ref() == Some(&id))?;
        let claims: Claims = decode(token, &DecodingKey::from_jwk(key).ok()?, &self.validation).ok()?.claims;
        let now = get_current_timestamp() as f64;
        let timely = claims.iat <= now + LEEWAY && claims.exp - claims.iat <= LIFETIME;
        let own = claims.cnf.thumbprint == Base64UrlUnpadded::encode_string(&Sha256::digest(&certificate.0));
        (timely && own && !claims.sub.is_empty()).then_some(Caller(claims.sub))
    }
}

/// Whether the header asks for nothing that nobody here understands; `null` asks, too (RFC 7515 §4.1.11).
fn plain(token: &str) -> Option<bool> {
    let header = Base64UrlUnpadded::decode_vec(token.split('.').next()?).ok()?;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&header).ok()?;
    Some(!header.contains_key("crit"))
}

/// Whether a published key is one to verify ES256 with.
fn verifies(key: &Jwk) -> bool {
    let common = &key.common;
    common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::ES256)
        && common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// The token of the one `Authorization` field.
fn bearer<B>(request: &Request<B>) -> Option<&str> {
    let mut fields = request.headers().get_all(AUTHORIZATION).iter();
    let (scheme, token) = fields.next()?.to_str().ok()?.split_once(' ')?;
    (fields.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token.trim_start_matches(' '))
}

impl<S> Layer<S> for Authenticate {
    type Service = Authenticated<S>;

    fn layer(&self, inner: S) -> Authenticated<S> {
        Authenticated { authenticate: self.clone(), inner }
    }
}

/// A service behind the layer.
#[derive(Clone)]
pub struct Authenticated<S> {
    authenticate: Authenticate,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Authenticated<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<Bytes> + Unpin,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Answer<S::Future, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.authenticate.caller(&request) {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                Answer::Inner(Box::pin(self.inner.call(request)))
            }
            Err(status) => {
                let mut response = Response::new(R::from(Bytes::new()));
                *response.status_mut() = status;
                Answer::Refused(Some(response))
            }
        }
    }
}

/// The answer of the service, or a refusal.
pub enum Answer<F, R> {
    Inner(std::pin::Pin<Box<F>>),
    Refused(Option<Response<R>>),
}

impl<F, R, E> Future for Answer<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Unpin,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Answer::Inner(inner) => inner.as_mut().poll(context),
            Answer::Refused(response) => response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response))),
        }
    }
}

/// The service itself.
pub async fn whoami<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let name = request.extensions().get::<Caller>().map(|caller| caller.0.clone()).unwrap_or_default();
    Ok(Response::new(Full::from(name)))
}

/// Serves one connection: TLS with a client certificate, then HTTP/1.1.
pub async fn connection(
    tls: Arc<rustls::ServerConfig>,
    stream: tokio::net::TcpStream,
    authenticate: Authenticate,
) -> std::io::Result<()> {
    let stream = tokio_rustls::TlsAcceptor::from(tls).accept(stream).await?;
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(|der| der.to_vec());
    let guarded = hyper_util::service::TowerToHyperService::new(authenticate.layer(Whoami));
    let service = hyper::service::service_fn(move |mut request: Request<hyper::body::Incoming>| {
        if let Some(der) = &certificate {
            request.extensions_mut().insert(ClientCertificate(der.clone()));
        }
        hyper::service::Service::call(&guarded, request)
    });
    let io = hyper_util::rt::TokioIo::new(stream);
    hyper::server::conn::http1::Builder::new().serve_connection(io, service).await.map_err(std::io::Error::other)
}

#[derive(Clone)]
struct Whoami;

impl<B> Service<Request<B>> for Whoami
where
    B: 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(whoami(request))
    }
}
