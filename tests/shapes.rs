//! Ten shapes of claims that public Rust services decode, each described in at most twelve lines, and each admitted.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use gatecrash::{
    Depth, Gate, World, WorldOptions,
    campaign::check::{CheckOptions, Outcome, check},
    input::parse_policy,
    model::{Case, IssuerRole, Person, Stance},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, de::DeserializeOwned};

/// The most lines that a description may have.
const LINES: usize = 12;

/// A service as jsonwebtoken's own example has it: a secret, a struct, and what `Validation` asks for.
struct Shape {
    name: &'static str,
    policy: &'static str,
    /// Who asks, by the claims of a token that decodes; and whether they hold `orders:read`.
    read: fn(&str, &DecodingKey, &World) -> Option<(String, bool)>,
}

fn claims<T: DeserializeOwned>(token: &str, key: &DecodingKey, change: impl FnOnce(&mut Validation)) -> Option<T> {
    let mut validation = Validation::new(Algorithm::HS256);
    change(&mut validation);
    decode::<T>(token, key, &validation).ok().map(|data| data.claims)
}

const ROUTE: &str = "routes = [{ method = \"GET\", path = \"/orders\" }]";
const SCOPED: &str = "routes = [{ method = \"GET\", path = \"/orders\", scopes = [\"orders:read\"] }]";

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|octet| octet == b'-' || octet.is_ascii_hexdigit())
}

const SHAPES: [Shape; 10] = [
    Shape {
        name: "a UUID for a subject, and no issuer",
        policy: "profile = \"bearer\"",
        read: |token, key, _| {
            #[derive(Deserialize)]
            struct Claims {
                sub: String,
                #[serde(rename = "iat")]
                _iat: i64,
            }
            let claims: Claims = claims(token, key, |_| {})?;
            is_uuid(&claims.sub).then_some((claims.sub, true))
        },
    },
    Shape {
        name: "an integer for a subject",
        policy: "profile = \"bearer\"\npeople = { principal = \"integer\" }",
        read: |token, key, _| {
            #[derive(Deserialize)]
            struct Claims {
                sub: i32,
            }
            let claims: Claims = claims(token, key, |_| {})?;
            Some((claims.sub.to_string(), true))
        },
    },
    Shape {
        name: "an array of roles",
        policy: "profile = \"bearer\"\npeople = { principal = \"email\" }\ntokens.rights = { at = \"roles\", form = \"array\" }",
        read: |token, key, _| {
            #[derive(Deserialize)]
            struct Claims {
                sub: String,
                roles: Vec<String>,
            }
            let claims: Claims = claims(token, key, |_| {})?;
            Some((claims.sub, claims.roles.iter().any(|role| role == "orders:read")))
        },
    },
    Shape {
        name: "roles in an object",
        policy: "profile = \"bearer\"\ntokens.rights = { at = \"/realm_access/roles\", form = \"array\" }",
        read: |token, key, _| {
            #[derive(Deserialize)]
            struct Access {
                roles: Vec<String>,
            }
            #[derive(Deserialize)]
            struct Claims {
                sub: String,
                realm_access: Access,
            }
            let claims: Claims = claims(token, key, |_| {})?;
            Some((claims.sub, claims.realm_access.roles.iter().any(|role| role == "orders:read")))
        },
    },
    Shape {
        name: "a map of permissions",
        policy: "profile = \"bearer\"\ntokens.rights = { at = \"permissions\", form = \"map\" }",
        read: |token, key, _| {
            #[derive(Deserialize)]
            struct Claims {
                sub: String,
                permissions: std::collections::HashMap<String, bool>,
            }
            let claims: Claims = claims(token, key, |_| {})?;
            Some((claims.sub, claims.permissions.get("orders:read") == Some(&true)))
        },
    },
    Shape {
        name: "an array of scopes",
        policy: "profile = \"bearer\"\naudience = \"https://shop.example.test\"\n\
                 issuers = [{ url = \"https://login.example.test\" }]\ntokens.rights = { at = \"scope\", form = \"array\" }",
        read: |token, key, _| {
            #[derive(Deserialize)]
            struct Claims {
                sub: String,
                scope: Vec<String>,
            }
            let claims: Claims = claims(token, key, |validation| {
                validation.set_audience(&["https://shop.example.test"]);
                validation.set_issuer(&["https://login.example.test"]);
            })?;
            Some((claims.sub, claims.scope.iter().any(|scope| scope == "orders:read")))
        },
    },
    Shape {
        name: "a list of audiences",
        policy: "profile = \"bearer\"\naudience = \"https://shop.example.test\"\n\
                 tokens.honest.aud = [\"https://login.example.test/userinfo\", \"${audience}\"]",
        read: |token, key, _| {
            #[derive(Deserialize)]
            struct Claims {
                sub: String,
                aud: Vec<String>,
            }
            let claims: Claims =
                claims(token, key, |validation| validation.set_audience(&["https://shop.example.test"]))?;
            (claims.aud.len() == 2).then_some((claims.sub, true))
        },
    },
    Shape {
        name: "no audience at all",
        policy: "profile = \"bearer\"\nissuers = [{ url = \"https://login.example.test\" }]",
        read: |token, key, _| {
            #[derive(Deserialize)]
            struct Claims {
                sub: String,
                aud: Option<String>,
            }
            let claims: Claims =
                claims(token, key, |validation| validation.set_issuer(&["https://login.example.test"]))?;
            claims.aud.is_none().then_some((claims.sub, true))
        },
    },
    Shape {
        name: "custom claims that are required",
        policy: "profile = \"bearer\"\npeople = { principal = \"{name}-{digits8}\" }\n[tokens]\nprincipal = \"/user/id\"\n\
                 [tokens.honest]\nuser = { tenant_id = \"${person.uuid}\" }\nemail = \"${person.email}\"\nemail_verified = true\n\
                 [tokens.promises]\nemail_verified = \"required\"\n\"/user/tenant_id\" = \"required\"",
        read: |token, key, _| {
            #[derive(Deserialize)]
            struct User {
                id: String,
                tenant_id: String,
            }
            #[derive(Deserialize)]
            struct Claims {
                user: User,
                email: String,
                email_verified: bool,
            }
            let claims: Claims = claims(token, key, |_| {})?;
            let good =
                is_uuid(&claims.user.tenant_id) && claims.email.ends_with("@example.test") && claims.email_verified;
            good.then_some((claims.user.id, true))
        },
    },
    Shape {
        name: "`exp` as the only registered claim",
        policy: "profile = \"bearer\"\n[tokens]\nprincipal = \"user_id\"\n\
                 [tokens.honest]\nusername = \"${person.name}\"\n[tokens.promises]\niat = \"absent\"",
        read: |token, key, _| {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Claims {
                user_id: String,
                #[serde(rename = "username")]
                _username: String,
                #[serde(rename = "exp")]
                _exp: i64,
                /// Every honest token carries it: what nobody knows is ignored (RFC 7519 §4).
                #[serde(rename = "private")]
                _private: String,
            }
            let claims: Claims = claims(token, key, |_| {})?;
            Some((claims.user_id, true))
        },
    },
];

#[derive(Clone)]
struct Caller(String);

#[derive(Clone)]
struct Service {
    read: fn(&str, &DecodingKey, &World) -> Option<(String, bool)>,
    key: DecodingKey,
    world: std::sync::Arc<World>,
}

async fn authenticate(
    State(service): State<Service>,
    mut request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let field = request.headers().get("authorization").and_then(|field| field.to_str().ok());
    let token = field.and_then(|field| field.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
    let (caller, granted) = (service.read)(token, &service.key, &service.world).ok_or(StatusCode::UNAUTHORIZED)?;
    if !granted {
        return Err(StatusCode::FORBIDDEN);
    }
    request.extensions_mut().insert(Caller(caller));
    Ok(next.run(request).await)
}

/// What is not admitted of the honest requests of everybody who may ask, and how many there are.
fn refused(shape: &Shape, text: &str) -> (Vec<String>, usize) {
    let policy = parse_policy("gate.toml", text).unwrap_or_else(|fault| panic!("{}: {fault}", shape.name));
    let world = World::new(policy, WorldOptions::system_clock()).unwrap();
    let key = DecodingKey::from_secret(world.hmac_secret(IssuerRole::Home));
    let service = Service { read: shape.read, key, world: std::sync::Arc::new(world.again().unwrap()) };
    let gate = Gate::layer(&world, from_fn_with_state(service, authenticate)).unwrap();
    let gate = gate.identity(|left| Some(left.get::<Caller>()?.0.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut faults, mut made) = (Vec::new(), 0);
    for person in Person::INSIDERS {
        let case = Case::one(Stance::Complete(person), "GET /orders", Vec::new());
        let options = CheckOptions { depth: Depth::Connection, mirror: true, serial: 1 };
        let checked = runtime.block_on(check(&gate, &world, &case, options)).unwrap();
        made += usize::from(checked.verdict.must_admit());
        if !matches!(checked.outcome, Outcome::Agree) {
            faults.push(format!("{}: {}: {:?}", shape.name, person.name(), checked.outcome));
        }
    }
    (faults, made)
}

#[test]
fn ten_shapes_of_claims_are_described_and_admitted() {
    for (i, shape) in SHAPES.iter().enumerate() {
        let route = if (2..6).contains(&i) { SCOPED } else { ROUTE };
        // Keys at the top come before the tables.
        let text = match shape.policy.split_once("\n[") {
            Some((top, tables)) => format!("{top}\n{route}\n[{tables}"),
            None => format!("{}\n{route}", shape.policy),
        };
        assert!(text.lines().count() <= LINES, "{}: {} lines", shape.name, text.lines().count());
        let (faults, made) = refused(shape, &text);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(made >= 4, "{}: {made} honest requests", shape.name);
    }
}
