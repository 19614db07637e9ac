//! A service that does what its policy says, while its OpenAPI document says otherwise in five places, and a twin that keeps it.
//!
//! It is no gate of the kill matrix: no attack alone shows what only a document forbids.

use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
    routing::get,
};
use gatecrash::{
    BoxError, Gate, World, WorldOptions,
    campaign::Target,
    factory,
    input::{InputError, parse_policy},
    model::{Factor, Route},
    world::Witness,
};
use http::request::Parts;

use crate::parts::{
    Refusal,
    authority::authority,
    credential::bearer,
    service::{gate, leaf},
    tls::ClientAuth,
    token::{Checks, Trust},
};

/// What the service says of itself.
pub const DOCUMENT: &str = include_str!("../documented.yaml");

const HEAD: &str = r#"
audience = "https://api.gatecrash.test"
trust-domain = "gatecrash.test"
issuers = [{ url = "https://issuer.gatecrash.test", speaks-for = ["spiffe://gatecrash.test/"] }]
certificates = { client = "optional", identity = "none" }
tokens = { binding = "none" }
answers = { challenge = true }
"#;

/// What it does: no token, no certificate, no scope, a route more, a token more.
const DOES: &str = r#"
[[routes]]
method = "GET"
path = "/v1/rates"
security = [["certificate"]]

[[routes]]
method = "GET"
path = "/v1/ledger"
security = [["token"]]

[[routes]]
method = "GET"
path = "/v1/statements"

[[routes]]
method = "GET"
path = "/v1/export"

[[routes]]
method = "GET"
path = "/v1/news"

[[routes]]
method = "GET"
path = "/v1/branches"
public = true
"#;

/// What the document says.
const SAYS: &str = r#"
[[routes]]
method = "GET"
path = "/v1/rates"

[[routes]]
method = "GET"
path = "/v1/ledger"

[[routes]]
method = "GET"
path = "/v1/statements"
scopes = ["statements:read"]

[[routes]]
method = "GET"
path = "/v1/news"
security = [["certificate"]]

[[routes]]
method = "GET"
path = "/v1/branches"
public = true
"#;

/// The service that differs from its document, or the one that keeps it.
pub fn target(differs: bool) -> Result<Target, InputError> {
    let routes = if differs { DOES } else { SAYS };
    let policy = parse_policy("documented.toml", &format!("{HEAD}{routes}"))?;
    Ok(Target { factory: factory!(build), policy, world: WorldOptions::default() })
}

struct Ledger {
    trust: Trust,
    witness: Witness,
}

fn build(world: &World) -> Result<Gate, BoxError> {
    let ledger = Arc::new(Ledger { trust: Trust::of(world, Checks::default())?, witness: world.witness().clone() });
    let routes = &ledger.trust.policy.routes;
    let router = routes.iter().fold(Router::new(), |router, route| router.route(&route.path, get(|| async { "ok" })));
    let router = router.layer(axum::middleware::from_fn_with_state(ledger, guard));
    gate(world, router, ClientAuth::Optional)
}

/// Each route asks for what its policy says.
async fn guard(State(ledger): State<Arc<Ledger>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match ledger.admit(&parts) {
        Ok((route, principal)) => {
            ledger.witness.hit(&route, principal, None);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

impl Ledger {
    fn admit(&self, parts: &Parts) -> Result<(String, Option<String>), Refusal> {
        authority(parts)?;
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        let wanted = |route: &&Route| Some(route.path.as_str()) == path && parts.method == route.method.as_str();
        let route = self.trust.policy.routes.iter().find(wanted).ok_or(Refusal::Unauthorized)?;
        if route.public {
            return Ok((route.id(), None));
        }
        let way = route.security.first().ok_or(Refusal::Unauthorized)?;
        if way.contains(&Factor::Certificate) {
            leaf(parts)?;
        }
        if !way.contains(&Factor::Token) {
            return Ok((route.id(), None));
        }
        let token = bearer(parts)?.ok_or(Refusal::Unauthorized)?;
        self.witness.look_up();
        let claims = self.trust.verify(&token)?;
        let scopes = claims.scope.as_deref().unwrap_or_default();
        let granted = |scope: &String| scopes.split(' ').any(|known| known == scope);
        if route.scopes.iter().all(granted) { Ok((route.id(), Some(claims.sub))) } else { Err(Refusal::Forbidden) }
    }
}
