//! What stands around a middleware that is tested alone: TLS of ours before it, the policy's routes behind it.

use std::{
    convert::Infallible,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use gatecrash_model::{Policy, Route};
use http_body_util::{BodyExt as _, Full};
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::{
        NoServerSessionStorage, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    time_provider::{DefaultTimeProvider, TimeProvider},
    version::TLS13,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{
    factory::BoxError,
    world::{Clock, Witness, World},
};

/// Whom a middleware let in.
#[derive(Clone, Default)]
pub(super) struct IdentityOf(Arc<Mutex<Option<Principal>>>);

type Principal = Box<dyn Fn(&http::Extensions) -> Option<String> + Send>;

impl IdentityOf {
    pub(super) fn set(&self, principal: impl Fn(&http::Extensions) -> Option<String> + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(principal));
    }

    fn of(&self, extensions: &http::Extensions) -> Option<String> {
        let principal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        principal.as_ref().and_then(|principal| principal(extensions))
    }
}

/// The policy's routes: each tells the witness that it ran, and on what. It asks for nothing.
pub struct Tripwired<ReqBody> {
    policy: Arc<Policy>,
    witness: Witness,
    identity: IdentityOf,
    body: PhantomData<fn(ReqBody)>,
}

impl<ReqBody> Clone for Tripwired<ReqBody> {
    fn clone(&self) -> Self {
        let (policy, witness, identity) = (self.policy.clone(), self.witness.clone(), self.identity.clone());
        Self { policy, witness, identity, body: PhantomData }
    }
}

impl<ReqBody> Tripwired<ReqBody> {
    pub(super) fn new(world: &World, identity: IdentityOf) -> Self {
        let (policy, witness) = (Arc::new(world.policy().clone()), world.witness().clone());
        Self { policy, witness, identity, body: PhantomData }
    }
}

impl<ReqBody> tower_service::Service<http::Request<ReqBody>> for Tripwired<ReqBody>
where
    ReqBody: http_body::Body + Send + 'static,
    ReqBody::Data: Send,
    ReqBody::Error: Send,
{
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<ReqBody>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let status = match find(&this.policy, &parts) {
                None => http::StatusCode::NOT_FOUND,
                Some((route, object)) => {
                    let object = object.or_else(|| body_object(route, &body));
                    this.witness.hit(route.id(), this.identity.of(&parts.extensions), object);
                    http::StatusCode::OK
                }
            };
            let mut response = http::Response::new(Full::default());
            *response.status_mut() = status;
            Ok(response)
        })
    }
}

/// The policy's route that a request names, octet by octet, and the object in its path.
pub(super) fn find<'a>(policy: &'a Policy, parts: &http::request::Parts) -> Option<(&'a Route, Option<String>)> {
    let asked: Vec<&str> = parts.uri.path().split('/').collect();
    policy.routes.iter().filter(|route| route.method == parts.method.as_str()).find_map(|route| {
        let known: Vec<&str> = route.path.split('/').collect();
        let same = |(known, asked): (&&str, &&str)| known == asked || (known.starts_with('{') && !asked.is_empty());
        if known.len() != asked.len() || !known.iter().zip(&asked).all(same) {
            return None;
        }
        let at = known.iter().position(|segment| segment.starts_with('{'));
        Some((route, at.map(|at| asked[at].to_string())))
    })
}

/// The object that the body of a request names.
pub(super) fn body_object(route: &Route, body: &[u8]) -> Option<String> {
    let name = route.body_parameter()?;
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    value.get(name)?.as_str().map(String::from)
}

/// TLS 1.3 with the world's anchors, CRLs and clock; a client certificate is required.
pub(super) fn tls(world: &World) -> Result<Arc<ServerConfig>, BoxError> {
    let provider = Arc::new(rustls_graviola::default_provider());
    let mut roots = RootCertStore::empty();
    for anchor in world.client_anchors()? {
        roots.add(anchor)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .with_crls(world.crls()?)
        .enforce_revocation_expiration()
        .build()?;
    let time: Arc<dyn TimeProvider> = match world.clock() {
        Clock::Frozen => Arc::new(Still(UnixTime::since_unix_epoch(Duration::from_secs(world.now().try_into()?)))),
        Clock::System => Arc::new(DefaultTimeProvider),
    };
    let mut config = ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(Strict(verifier)))
        .with_single_cert(world.server_chain()?, world.server_key())?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Still(UnixTime);

impl TimeProvider for Still {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// Asks for the key usage and purpose that rustls-webpki does not (RFC 5280 §4.2.1.3, §4.2.1.12).
#[derive(Debug)]
struct Strict(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Strict {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.0.verify_client_cert(end_entity, intermediates, now)?;
        let used_well = usage(end_entity, false) && intermediates.iter().all(|issuer| usage(issuer, true));
        let refused = rustls::Error::InvalidCertificate(rustls::CertificateError::InvalidPurpose);
        if used_well { Ok(verified) } else { Err(refused) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn usage(der: &[u8], issues: bool) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    if issues {
        let signs = certificate.key_usage().is_ok_and(|it| it.is_none_or(|it| it.value.key_cert_sign()));
        return signs || !certificate.is_ca();
    }
    let signs = certificate.key_usage().is_ok_and(|it| it.is_none_or(|it| it.value.digital_signature()));
    let client = certificate.extended_key_usage().is_ok_and(|it| it.is_some_and(|it| it.value.client_auth));
    signs && client
}
