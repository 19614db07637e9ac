//! A small bank behind a guard: routes, handlers, and the steps of the guard, each of which may be replaced.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension, Json, Router,
    extract::{MatchedPath, Path, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
    routing::get,
};
use gatecrash::{
    BoxError, Gate, World,
    model::{Person, Policy},
    world::Witness,
};
use http::{StatusCode, request::Parts};
use serde::Deserialize;

use super::{
    Refusal,
    authority::authority,
    authorize::{Caller, caller},
    certificate::{Holder, Peer, holder},
    credential::bearer,
    tls::{ClientAuth, config},
    token::{Checks, Claims, Trust},
};

/// The bank.
pub(crate) struct Service {
    pub(crate) trust: Trust,
    pub(crate) steps: Steps,
    witness: Witness,
    owners: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
}

/// What the guard does, step by step. The default is safe.
#[derive(Clone, Copy)]
pub(crate) struct Steps {
    /// Everything: who is asking.
    pub(crate) admit: fn(&Service, &Parts) -> Result<Caller, Refusal>,
    /// For whom the request is meant.
    pub(crate) authority: fn(&Parts) -> Result<(), Refusal>,
    /// Whose certificate it is.
    pub(crate) holder: fn(&Parts) -> Result<Holder, Refusal>,
    /// Somebody without a token.
    pub(crate) anonymous: fn(&Service, &Holder) -> Result<Caller, Refusal>,
    /// Where the token is.
    pub(crate) bearer: fn(&Parts) -> Result<Option<String>, Refusal>,
    /// What is checked of it.
    pub(crate) checks: Checks,
    /// What the token says.
    pub(crate) verify: fn(&Trust, &str) -> Result<Claims, Refusal>,
    /// Whether token and certificate belong together.
    pub(crate) bind: fn(&Claims, &Holder) -> Result<(), Refusal>,
    /// Who is asking, with which scopes.
    pub(crate) caller: fn(&Policy, &Claims, &Holder) -> Caller,
    /// Whether the caller's scopes hold a needed one.
    pub(crate) grants: fn(&Caller, &str) -> bool,
    /// Whose an account is to be, for a caller to see it.
    pub(crate) owns: fn(&str, &Caller) -> bool,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            admit,
            authority,
            holder: |parts| holder(leaf(parts)?),
            anonymous: |_, _| Err(Refusal::Unauthorized),
            bearer,
            checks: Checks::default(),
            verify: Trust::verify,
            bind,
            caller,
            grants: |caller, needed| caller.scopes.iter().any(|scope| scope == needed),
            owns: |owner, caller| owner == caller.id,
        }
    }
}

/// Everybody of the certificate, with all that it may hold.
pub(crate) fn by_certificate(service: &Service, parts: &Parts) -> Result<Caller, Refusal> {
    let holder = holder(leaf(parts)?)?;
    let scopes = service.trust.policy.may_hold(&holder.id).map_or_else(Vec::new, <[String]>::to_vec);
    Ok(Caller { id: holder.id, scopes })
}

/// The leaf that the client presented.
pub(crate) fn leaf(parts: &Parts) -> Result<&[u8], Refusal> {
    let peer = parts.extensions.get::<Peer>().ok_or(Refusal::Unauthorized)?;
    peer.0.first().map(AsRef::as_ref).ok_or(Refusal::Unauthorized)
}

/// Certificate before token, token before binding.
pub(crate) fn admit(service: &Service, parts: &Parts) -> Result<Caller, Refusal> {
    (service.steps.authority)(parts)?;
    let holder = (service.steps.holder)(parts)?;
    if service.is_open(parts) {
        return Ok(Caller { id: holder.id, scopes: Vec::new() });
    }
    let Some(token) = (service.steps.bearer)(parts)? else { return (service.steps.anonymous)(service, &holder) };
    service.witness.look_up();
    let claims = (service.steps.verify)(&service.trust, &token)?;
    (service.steps.bind)(&claims, &holder)?;
    Ok((service.steps.caller)(&service.trust.policy, &claims, &holder))
}

/// RFC 8705 §3: the thumbprint, and the name.
pub(crate) fn bind(claims: &Claims, holder: &Holder) -> Result<(), Refusal> {
    let thumbprint = claims.cnf.as_ref().and_then(|cnf| cnf.thumbprint.as_ref());
    if thumbprint == Some(&holder.thumbprint) && claims.sub == holder.id { Ok(()) } else { Err(Refusal::Unauthorized) }
}

impl Service {
    pub(crate) fn new(world: &World, steps: Steps) -> Result<Arc<Self>, BoxError> {
        Self::with_trust(world, steps, Trust::of(world, steps.checks)?)
    }

    pub(crate) fn with_trust(world: &World, steps: Steps, trust: Trust) -> Result<Arc<Self>, BoxError> {
        let blueprint = world.blueprint();
        let owners = Person::ALL.iter().copied().map(|person| (blueprint.object_of(person), blueprint.id(person)));
        let secrets = Person::ALL.iter().copied().map(|person| (blueprint.id(person), world.canary(person)));
        Ok(Arc::new(Self {
            trust,
            steps,
            witness: world.witness().clone(),
            owners: owners.collect(),
            secrets: secrets.collect(),
        }))
    }

    /// The scopes that the matched route asks for.
    pub(crate) fn needed(&self, parts: &Parts) -> &[String] {
        self.route(parts).map_or(&[], |route| &route.scopes)
    }

    pub(crate) fn is_open(&self, parts: &Parts) -> bool {
        self.route(parts).is_some_and(gatecrash::model::Route::token_optional)
    }

    fn route(&self, parts: &Parts) -> Option<&gatecrash::model::Route> {
        let path = parts.extensions.get::<MatchedPath>()?.as_str();
        let method = if parts.method == http::Method::HEAD { "GET" } else { parts.method.as_str() };
        self.trust.policy.routes.iter().find(|route| route.path == path && route.method == method)
    }

    /// The routes of the bank's customers.
    pub(crate) fn customers(self: &Arc<Self>) -> Router {
        self.without_whoami().route("/v1/whoami", get(whoami).with_state(self.clone()))
    }

    /// The same, but for one that another handler takes.
    pub(crate) fn without_whoami(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/healthz", get(healthz))
            .route("/v1/accounts/{id}", get(account))
            .route("/v1/transfers", axum::routing::post(transfer))
            .fallback(|| async { StatusCode::NOT_FOUND })
            .with_state(self.clone())
    }

    /// The routes of its staff.
    pub(crate) fn staff(self: &Arc<Self>) -> Router {
        Router::new().route("/v1/admin/users/{id}", get(user).delete(delete_user)).with_state(self.clone())
    }

    /// Every route behind the guard.
    pub(crate) fn guarded(self: &Arc<Self>) -> Router {
        self.beside(Router::new())
    }

    /// The same as a tree: nested, merged, with layers of single routes and of parts, and a fallback in front of none. The staff's part
    /// may lack its layer.
    pub(crate) fn tree(self: &Arc<Self>, staff_guarded: bool) -> Router {
        let guard = || axum::middleware::from_fn_with_state(self.clone(), guard);
        let users = Router::new().route("/users/{id}", get(user).delete(delete_user));
        let users = if staff_guarded { users.route_layer(guard()) } else { users };
        let accounts = Router::new().route("/accounts/{id}", get(account));
        let money = accounts.route("/transfers", axum::routing::post(transfer)).layer(guard());
        let first = Router::new().route("/whoami", get(whoami).layer(guard())).merge(money).nest("/admin", users);
        Router::new()
            .route("/healthz", get(healthz).route_layer(guard()))
            .nest("/v1", first)
            .fallback(|| async { StatusCode::NOT_FOUND })
            .with_state(self.clone())
    }

    /// Every route behind the guard, and one that finds its account in the query, once for whom it asks and once for what it
    /// tells.
    pub(crate) fn with_statements(self: &Arc<Self>, told: Parameter) -> Router {
        let statement = move |State(service): State<Arc<Service>>,
                              Extension(caller): Extension<Caller>,
                              uri: http::Uri| async move {
            service.statement(&caller, uri.query().unwrap_or_default(), told)
        };
        self.beside(Router::new().route("/v1/statement", get(statement)).with_state(self.clone()))
    }

    /// Every route behind the guard, and more.
    pub(crate) fn beside(self: &Arc<Self>, more: Router) -> Router {
        let router = self.customers().merge(self.staff()).merge(more);
        router.layer(axum::middleware::from_fn_with_state(self.clone(), guard))
    }

    fn statement(&self, caller: &Caller, query: &str, told: Parameter) -> Result<String, Refusal> {
        first(query, "page").ok_or(Refusal::Malformed)?;
        let asked = first(query, "account").ok_or(Refusal::Malformed)?;
        self.owners.get(asked).filter(|owner| (self.steps.owns)(owner, caller)).ok_or(Refusal::Forbidden)?;
        let account = told(query, "account").ok_or(Refusal::Malformed)?;
        self.witness.hit("GET /v1/statement", Some(caller.id.clone()), Some(account.into()));
        Ok(self.owners.get(account).map(|owner| self.secret(owner)).unwrap_or_default())
    }

    fn secret(&self, id: &str) -> String {
        self.secrets.get(id).cloned().unwrap_or_default()
    }
}

/// The value of a parameter of a query.
pub(crate) type Parameter = for<'a> fn(&'a str, &str) -> Option<&'a str>;

pub(crate) fn first<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value)
}

pub(crate) fn last<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.rsplit('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Nothing runs before everything is checked.
pub(crate) async fn guard(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match (service.steps.admit)(&service, &parts) {
        Err(refusal) => refusal.into_response(),
        Ok(caller) if !service.needed(&parts).iter().all(|scope| (service.steps.grants)(&caller, scope)) => {
            Refusal::Forbidden.into_response()
        }
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
    }
}

/// A gate of a router behind TLS.
pub(crate) fn gate(world: &World, router: Router, client_auth: ClientAuth) -> Result<Gate, BoxError> {
    Ok(with_peer(Gate::https(config(world, client_auth)?, router)))
}

/// A gate whose service learns of the client's certificates.
pub(crate) fn with_peer(gate: Gate) -> Gate {
    gate.peer_certificates(|extensions, chain| {
        extensions.insert(Peer(chain.to_vec()));
    })
}

/// A gate with some steps of the guard replaced.
pub(crate) fn with_steps(world: &World, steps: Steps) -> Result<Gate, BoxError> {
    gate(world, Service::new(world, steps)?.guarded(), ClientAuth::Required)
}

async fn healthz(State(service): State<Arc<Service>>, Extension(caller): Extension<Caller>) {
    service.witness.hit("GET /healthz", Some(caller.id), None);
}

pub(crate) async fn whoami(State(service): State<Arc<Service>>, Extension(caller): Extension<Caller>) -> String {
    service.witness.hit("GET /v1/whoami", Some(caller.id.clone()), None);
    service.secret(&caller.id)
}

async fn account(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<String, Refusal> {
    let owner =
        service.owners.get(&id).filter(|owner| (service.steps.owns)(owner, &caller)).ok_or(Refusal::Forbidden)?;
    service.witness.hit("GET /v1/accounts/{id}", Some(caller.id), Some(id.clone()));
    Ok(service.secret(owner))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    from: String,
    to: String,
    amount: u64,
}

async fn transfer(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Json(order): Json<Order>,
) -> Result<String, Refusal> {
    if !service.owners.get(&order.from).is_some_and(|owner| (service.steps.owns)(owner, &caller)) {
        return Err(Refusal::Forbidden);
    }
    service.witness.hit("POST /v1/transfers", Some(caller.id), Some(order.from));
    Ok(format!("{} to {}", order.amount, order.to))
}

/// Staff look at anybody, so that these two do not ask who is calling.
async fn user(State(service): State<Arc<Service>>, Path(id): Path<String>) -> String {
    service.witness.hit("GET /v1/admin/users/{id}", None, Some(id.clone()));
    id
}

async fn delete_user(State(service): State<Arc<Service>>, Path(id): Path<String>) {
    service.witness.hit("DELETE /v1/admin/users/{id}", None, Some(id));
}
