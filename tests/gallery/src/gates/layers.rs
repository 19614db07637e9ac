//! Flaws of order and of trust: layers, extractors, headers of a proxy that is not there.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use gatecrash::{BoxError, Gate, World};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::parts::{
    Refusal,
    authorize::{Caller, caller},
    certificate::{Holder, holder},
    credential::bearer,
    service::{Service, Steps, admit, gate, guard, leaf, with_steps},
    tls::ClientAuth,
};

/// The layer is for requests that carry a token; the others are the handlers' business.
pub(super) fn no_header_passes(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.anonymous = |service, holder| Ok(by_certificate(service, holder));
    }
    with_steps(world, steps)
}

/// An extractor of `Option<Claims>` is `None` for a bad token as for no token.
pub(super) fn optional_claims(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.admit = |service, parts| {
            admit(service, parts).or_else(|_| Ok(by_certificate(service, &(service.steps.holder)(parts)?)))
        };
    }
    with_steps(world, steps)
}

fn by_certificate(service: &Service, holder: &Holder) -> Caller {
    let scopes = service.trust.policy.may_hold(&holder.id).map_or_else(Vec::new, <[String]>::to_vec);
    Caller { id: holder.id.clone(), scopes }
}

/// The proxy in front is said to pass the client's certificate on.
pub(super) fn forwarded_certificate(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.holder = |parts| match forwarded(parts) {
            Some(certificate) => holder(&certificate),
            None => holder(leaf(parts)?),
        };
    }
    with_steps(world, steps)
}

/// The `Cert` element: PEM, percent-encoded.
fn forwarded(parts: &Parts) -> Option<Vec<u8>> {
    let field = parts.headers.get("x-forwarded-client-cert")?.to_str().ok()?;
    let text = field.split(';').find_map(|element| element.strip_prefix("Cert="))?;
    let pem = percent_decode_str(text.trim_matches('"')).decode_utf8().ok()?;
    CertificateDer::from_pem_slice(pem.as_bytes()).ok().map(|der| der.to_vec())
}

/// The staff's routes came later, and were merged where the others end.
pub(super) fn merged_after_layer(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let service = Service::new(world, Steps::default())?;
    let guard = from_fn_with_state(service.clone(), guard);
    let router: Router = match flawed {
        true => service.customers().layer(guard).merge(service.staff()),
        false => service.customers().merge(service.staff()).layer(guard),
    };
    gate(world, router, ClientAuth::Required)
}

/// The scope is looked at on the way out.
pub(super) fn handler_first(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    async fn late(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
        let (mut parts, body) = request.into_parts();
        let caller = match (service.steps.admit)(&service, &parts) {
            Ok(caller) => caller,
            Err(refusal) => return refusal.into_response(),
        };
        let allowed = service.needed(&parts).iter().all(|scope| caller.scopes.contains(scope));
        parts.extensions.insert(caller);
        let answer = next.run(Request::from_parts(parts, body)).await;
        if allowed { answer } else { Refusal::Forbidden.into_response() }
    }
    let service = Service::new(world, Steps::default())?;
    let router = match flawed {
        true => service.customers().merge(service.staff()).layer(from_fn_with_state(service, late)),
        false => service.guarded(),
    };
    gate(world, router, ClientAuth::Required)
}

/// With the certificate optional in the handshake, the guard comes to it when it has judged the token.
pub(super) fn token_first(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    let mut client_auth = ClientAuth::Required;
    if flawed {
        client_auth = ClientAuth::Optional;
        steps.admit = |service, parts| {
            if service.is_open(parts) {
                return admit(service, parts);
            }
            let claims = (service.steps.verify)(&service.trust, &bearer(parts)?.ok_or(Refusal::Unauthorized)?)?;
            let holder = (service.steps.holder)(parts)?;
            (service.steps.bind)(&claims, &holder)?;
            Ok(caller(&service.trust.policy, &claims, &holder))
        };
    }
    gate(world, Service::new(world, steps)?.guarded(), client_auth)
}
