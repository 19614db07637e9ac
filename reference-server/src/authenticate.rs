//! The outer layer: who is asking. Certificate, credential, token, claims and binding, in this order; the first to
//! fail ends the request before anything later is looked at. Also records the decision on every request.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::timeout;
use tracing::Instrument;

use crate::audit::{AuditEvent, Decision, Refusal, Stage};
use crate::authorize::{Grant, Identity};
use crate::bank::Principal;
use crate::cause::Cause;
use crate::certificate::Leaf;
use crate::connection::PeerCertificates;
use crate::record::{Entry, IsRecorded};
use crate::request_id::RequestId;
use crate::routes::{self, Access};
use crate::server::Server;
use crate::throttle::Tries;
use crate::trusted::Trusted;
use crate::vetting::{self, Vetting};
use crate::{authority, binding, claims, clock, credential, token};

/// The layer, for `axum::middleware::from_fn_with_state`.
pub(crate) async fn authenticate(State(server): State<Server>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = RequestId::next();
    let event = AuditEvent::request(id, &request);
    let span = tracing::info_span!("request", %id);
    let route = event.route;
    let mut entry = Entry { event, start };
    let mut response = answer(&server, request, &mut entry, next).instrument(span).await;
    let Entry { mut event, .. } = entry;
    if let Some(Refusal { stage, cause }) = response.extensions_mut().remove() {
        event.stage = stage;
        event.decision = Decision::Refused(cause);
    }
    event.elapsed = start.elapsed();
    // Recorded before its effect, or now.
    if response.extensions_mut().remove::<IsRecorded>().is_none() {
        server.audit().record(&event);
    }
    server.audit().answered(route, start.elapsed());
    response
}

/// Identifies, throttles, and hands on to the inner layer.
async fn answer(server: &Server, mut request: Request, entry: &mut Entry, next: Next) -> Response {
    let tries = Tries::of(server.throttle(), &request);
    let response = match identify(server, &request, &mut entry.event.principal, &tries) {
        Ok(identity) => {
            request.extensions_mut().insert(entry.clone());
            request.extensions_mut().insert(identity);
            let limit = server.settings().request_timeout;
            timeout(limit, next.run(request))
                .await
                .unwrap_or_else(|_| server.answers().refuse(Stage::Request.refuses(Cause::HandlerTimeout)))
        }
        Err(refusal) => server.answers().refuse(refusal),
    };
    tries.settle(response, server.clock().now())
}

fn identify(
    server: &Server,
    request: &Request,
    principal: &mut Option<String>,
    tries: &Tries<'_>,
) -> Result<Identity, Refusal> {
    server.check_staleness().map_err(|cause| Stage::Request.refuses(cause))?;
    let trusted = server.trusted();
    let (id, leaf) = certified(server, &trusted, request).map_err(|cause| Stage::Request.refuses(cause))?;
    *principal = Some(id.clone());
    tries.permit(server.clock().now()).map_err(|cause| Stage::Request.refuses(cause))?;
    authority::check(request, &trusted.names).map_err(|cause| Stage::Request.refuses(cause))?;

    if access(request) == Some(Access::Certificate) {
        let principal = Principal { id, client_id: None, scopes: Vec::new() };
        return Ok(Identity { principal, grant: Grant::default() });
    }

    let token = credential::bearer(request.headers(), request.uri()).map_err(|cause| Stage::Request.refuses(cause))?;
    let signed = token::verify(token, &trusted.issuers, &|issuer| server.key_is_unknown(issuer))
        .map_err(|cause| Stage::Token.refuses(cause))?;
    let claims = claims::judge(&signed.claims, signed.issuer, server.settings(), server.clock().now())
        .map_err(|cause| Stage::Token.refuses(cause))?;
    binding::check(&signed.claims, &claims.subject, &leaf.thumbprint, &id)
        .map_err(|cause| Stage::Binding.refuses(cause))?;

    let grant = Grant {
        by_token: claims.scopes,
        by_issuer: Arc::clone(&signed.issuer.may_grant),
        by_certificate: trusted.held_by(&id),
    };
    let principal = Principal { id, client_id: Some(claims.client_id), scopes: grant.effective() };
    Ok(Identity { principal, grant })
}

/// The SPIFFE ID of a certificate that is still acceptable, and what else it says.
fn certified(server: &Server, trusted: &Trusted, request: &Request) -> Result<(String, Arc<Leaf>), Cause> {
    let peer = request.extensions().get::<PeerCertificates>().ok_or(Cause::CertificateMissing)?;
    let vetting = request.extensions().get::<Vetting>();
    let leaf = vetting.map_or_else(|| vetting::leaf(peer), Vetting::leaf)?;
    let now = clock::whole_seconds(server.clock());
    let id = leaf.identify(now)?.to_owned();
    match vetting {
        Some(vetting) => vetting.renew(trusted, peer, now, server.settings().recheck_interval.as_secs())?,
        None => vetting::without_record(trusted, peer)?,
    }
    Ok((id, leaf))
}

fn access(request: &Request) -> Option<Access> {
    let matched = request.extensions().get::<MatchedPath>()?;
    routes::find(matched.as_str(), request.method()).map(|route| route.access)
}
