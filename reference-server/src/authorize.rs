//! The inner layer: may they. The route must be in the table, and three parties must agree on its scope: the token,
//! its issuer's limits and the certificate's. Refuses whatever arrives without an identity.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::audit::Stage;
use crate::bank::Principal;
use crate::cause::Cause;
use crate::record::Entry;
use crate::routes::{self, Access};
use crate::server::Server;

/// Who is asking, as the outer layer found it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) principal: Principal,
    pub(crate) grant: Grant,
}

/// What the three parties allow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grant {
    pub(crate) by_token: Vec<String>,
    pub(crate) by_issuer: Arc<[String]>,
    pub(crate) by_certificate: Arc<[String]>,
}

impl Grant {
    /// The scopes on which all three agree, each once: what a principal has, and no more.
    pub(crate) fn effective(&self) -> Vec<String> {
        let mut scopes: Vec<String> = Vec::new();
        for scope in &self.by_token {
            if self.withheld(scope).is_none() && !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        scopes
    }

    /// Which of the three withholds a scope, in this order.
    fn withheld(&self, scope: &str) -> Option<Cause> {
        let parties = [
            (self.by_token.as_slice(), Cause::Scope),
            (&*self.by_issuer, Cause::IssuerMayGrant),
            (&*self.by_certificate, Cause::CertificateCap),
        ];
        let lacks = |scopes: &[String]| scopes.iter().all(|held| held != scope);
        parties.into_iter().find(|(scopes, _)| lacks(scopes)).map(|(_, cause)| cause)
    }
}

/// A request that may reach its handler.
#[derive(Clone, Debug)]
pub(crate) struct Authorized {
    pub(crate) principal: Principal,
    /// The object that the path names; empty when the route has no parameter.
    pub(crate) object: String,
    /// What is to be recorded before the effect.
    pub(crate) entry: Entry,
}

/// The layer, for `axum::middleware::from_fn_with_state`.
pub(crate) async fn authorize(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let refuse = |cause| server.answers().refuse(Stage::Authorization.refuses(cause));
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let Some(matched) = matched.as_ref().map(MatchedPath::as_str) else {
        return refuse(Cause::RouteUnknown);
    };
    let Some(object) = routes::object(matched, request.uri().path()).map(str::to_owned) else {
        return refuse(Cause::RouteUnknown);
    };
    let Some(route) = routes::find(matched, request.method()) else {
        let refusal = Stage::Authorization.refuses(Cause::MethodUnknown);
        return server.answers().refuse_method(refusal, matched);
    };
    let (Some(Identity { principal, grant }), Some(entry)) =
        (request.extensions_mut().remove(), request.extensions_mut().remove())
    else {
        return refuse(Cause::TokenMissing);
    };
    // What a principal is told to have is what decides.
    if let Access::Scope(scope) = route.access
        && principal.scopes.iter().all(|held| held != scope)
    {
        return refuse(grant.withheld(scope).unwrap_or(Cause::Scope));
    }
    request.extensions_mut().insert(Authorized { principal, object, entry });
    next.run(request).await
}

/// Whether the account belongs to the principal. An account that does not exist belongs to nobody.
pub(crate) fn check_owner(server: &Server, principal: &Principal, account: &str) -> Result<(), Cause> {
    match server.bank_unrecorded().owner_of(account) {
        Some(owner) if owner == principal.id => Ok(()),
        Some(_) | None => Err(Cause::Owner),
    }
}
