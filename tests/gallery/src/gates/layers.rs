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
    desk::{Desk, Steps, admit, gate, guard, leaf, with_steps},
    tls::ClientAuth,
};

/// The layer is for requests that carry a token; the others are the handlers' business.
pub(super) fn no_header_passes(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.anonymous = |desk, holder| Ok(by_certificate(desk, holder));
    }
    with_steps(world, steps)
}

/// An extractor of `Option<Claims>` is `None` for a bad token as for no token.
pub(super) fn optional_claims(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.admit =
            |desk, parts| admit(desk, parts).or_else(|_| Ok(by_certificate(desk, &(desk.steps.holder)(parts)?)));
    }
    with_steps(world, steps)
}

fn by_certificate(desk: &Desk, holder: &Holder) -> Caller {
    let scopes = desk.trust.policy.may_hold(&holder.id).map_or_else(Vec::new, <[String]>::to_vec);
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
    let desk = Desk::new(world, Steps::default())?;
    let guard = from_fn_with_state(desk.clone(), guard);
    let router: Router = match flawed {
        true => desk.customers().layer(guard).merge(desk.staff()),
        false => desk.customers().merge(desk.staff()).layer(guard),
    };
    gate(world, router, ClientAuth::Required)
}

/// The scope is looked at on the way out.
pub(super) fn handler_first(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    async fn late(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
        let (mut parts, body) = request.into_parts();
        let caller = match (desk.steps.admit)(&desk, &parts) {
            Ok(caller) => caller,
            Err(refusal) => return refusal.into_response(),
        };
        let allowed = desk.needed(&parts).iter().all(|scope| caller.scopes.contains(scope));
        parts.extensions.insert(caller);
        let answer = next.run(Request::from_parts(parts, body)).await;
        if allowed { answer } else { Refusal::Forbidden.into_response() }
    }
    let desk = Desk::new(world, Steps::default())?;
    let router = match flawed {
        true => desk.customers().merge(desk.staff()).layer(from_fn_with_state(desk, late)),
        false => desk.guarded(),
    };
    gate(world, router, ClientAuth::Required)
}

/// With the certificate optional in the handshake, the guard comes to it when it has judged the token.
pub(super) fn token_first(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    let mut client_auth = ClientAuth::Required;
    if flawed {
        client_auth = ClientAuth::Optional;
        steps.admit = |desk, parts| {
            if desk.is_open(parts) {
                return admit(desk, parts);
            }
            let claims = (desk.steps.verify)(&desk.trust, &bearer(parts)?.ok_or(Refusal::Unauthorized)?)?;
            let holder = (desk.steps.holder)(parts)?;
            (desk.steps.bind)(&claims, &holder)?;
            Ok(caller(&desk.trust.policy, &claims, &holder))
        };
    }
    gate(world, Desk::new(world, steps)?.guarded(), client_auth)
}
