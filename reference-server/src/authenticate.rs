//! The outer layer: who is asking. Certificate, credential, token, claims and binding, in this order; the first to
//! fail ends the request before anything later is looked at. Also records the decision on every request.

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use crate::audit::{AuditEvent, Decision, Refusal, Stage};
use crate::authorize::{Grant, Identity};
use crate::bank::Principal;
use crate::cause::Cause;
use crate::connection::PeerCertificates;
use crate::routes::{self, Access};
use crate::server::Server;
use crate::{authority, binding, certificate, claims, clock, credential, token};

/// The layer, for `axum::middleware::from_fn_with_state`.
pub(crate) async fn authenticate(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let mut event = AuditEvent {
        stage: Stage::Authorization,
        principal: None,
        method: is_registered(request.method()).then(|| request.method().to_string()),
        path: known_path(&request),
        decision: Decision::Admitted,
    };
    let mut response = match identify(&server, &request, &mut event.principal) {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(refusal) => server.answers().refuse(refusal),
    };
    if let Some(Refusal { stage, cause }) = response.extensions_mut().remove() {
        event.stage = stage;
        event.decision = Decision::Refused(cause);
    }
    server.audit().record(&event);
    response
}

fn identify(server: &Server, request: &Request, principal: &mut Option<String>) -> Result<Identity, Refusal> {
    let peer = request.extensions().get::<PeerCertificates>();
    let leaf = peer
        .and_then(|certificates| certificates.0.first())
        .ok_or(Stage::Request.refuses(Cause::CertificateMissing))?;
    let id = certificate::identify(leaf, clock::whole_seconds(server.clock()))
        .map_err(|cause| Stage::Request.refuses(cause))?;
    *principal = Some(id.clone());
    authority::check(request, server.names()).map_err(|cause| Stage::Request.refuses(cause))?;

    if access(request) == Some(Access::Certificate) {
        let principal = Principal { id, client_id: None, scopes: Vec::new() };
        return Ok(Identity { principal, grant: Grant::default() });
    }

    let token = credential::bearer(request.headers(), request.uri()).map_err(|cause| Stage::Request.refuses(cause))?;
    let signed = token::verify(token, server.issuers()).map_err(|cause| Stage::Token.refuses(cause))?;
    let claims = claims::judge(&signed.claims, signed.issuer, server.settings(), server.clock().now())
        .map_err(|cause| Stage::Token.refuses(cause))?;
    binding::check(&signed.claims, &claims.subject, leaf, &id).map_err(|cause| Stage::Binding.refuses(cause))?;

    let grant = Grant {
        by_token: claims.scopes,
        by_issuer: signed.issuer.may_grant.clone(),
        by_certificate: server.held_by(&id).to_vec(),
    };
    let principal = Principal { id, client_id: Some(claims.client_id), scopes: grant.effective() };
    Ok(Identity { principal, grant })
}

fn access(request: &Request) -> Option<Access> {
    let matched = request.extensions().get::<MatchedPath>()?;
    routes::find(matched.as_str(), request.method()).map(|route| route.access)
}

fn known_path(request: &Request) -> Option<String> {
    let matched = request.extensions().get::<MatchedPath>()?;
    let path = request.uri().path();
    routes::object(matched.as_str(), path).map(|_| path.to_owned())
}

fn is_registered(method: &Method) -> bool {
    [
        Method::CONNECT,
        Method::DELETE,
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
        Method::POST,
        Method::PUT,
        Method::TRACE,
    ]
    .contains(method)
}
