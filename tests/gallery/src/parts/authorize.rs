//! What a caller may do: scopes that token, issuer and certificate agree on.

use gatecrash::model::Policy;

use super::{certificate::Holder, token::Claims};

/// Who is asking, and with which scopes.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) id: String,
    pub(crate) scopes: Vec<String>,
}

/// What the token grants, its issuer may grant, and the certificate may hold.
pub(crate) fn caller(policy: &Policy, claims: &Claims, holder: &Holder) -> Caller {
    let issuer = policy.issuers.iter().find(|issuer| Some(&issuer.url) == claims.iss.as_ref());
    let may_grant = |scope: &str| {
        issuer.is_some_and(|issuer| issuer.may_grant.is_empty() || issuer.may_grant.iter().any(|known| known == scope))
    };
    let cap = policy.may_hold(&holder.id);
    let may_hold = |scope: &str| cap.is_none_or(|held| held.iter().any(|known| known == scope));
    let granted = claims.scope.as_deref().unwrap_or_default().split(' ');
    let scopes = granted.filter(|scope| may_grant(scope) && may_hold(scope)).map(String::from);
    Caller { id: holder.id.clone(), scopes: scopes.collect() }
}
