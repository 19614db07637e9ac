use super::{
    detect::{Keys, Route, detected},
    source::Source,
};

/// A service of one file: a secret from the environment, an extractor, an application that `main` makes.
const SERVICE: &str = r#"//! A service.
use std::sync::LazyLock;

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let secret = std::env::var("JWT_SECRET").expect("JWT_SECRET must be set");
    Keys { decoding: DecodingKey::from_secret(secret.as_bytes()) }
});

#[tokio::main]
async fn main() {
    let app = Router::new()
        .route("/token", post(token)) // not behind the extractor
        .route("/orders/:id", get(order).delete(cancel));
    axum::serve(listener, app).await.unwrap();
}

async fn token(Json(body): Json<Credentials>) -> Json<Token> { todo!() }
async fn order(claims: Claims, Path(id): Path<u64>) -> String { todo!() }
async fn cancel(Path(id): Path<u64>, claims: Claims) -> String { todo!() }

impl<S> FromRequestParts<S> for Claims
where
    S: Send + Sync,
{
    type Rejection = StatusCode;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, StatusCode> {
        decode::<Claims>(bearer, &KEYS.decoding, &Validation::default())
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    company: String,
    #[serde(rename = "is-admin")]
    admin: bool,
    tenant: Option<String>,
    exp: usize,
}
"#;

fn manifest(text: &str) -> toml::Table {
    text.parse().unwrap()
}

const AXUM: &str =
    "[dependencies]\naxum = \"0.8\"\njsonwebtoken = { version = \"10\", features = [\"rust_crypto\"] }\n";

#[test]
fn a_service_of_one_file() {
    let found = detected(&manifest(AXUM), &[Source::new("src/main.rs", SERVICE)]);
    assert!(found.includable && !found.library && found.stateless && found.named);
    let Some(Keys::Variable(variable)) = &found.keys else { panic!("{found:?}") };
    assert_eq!((variable.what.as_str(), variable.place.as_str()), ("JWT_SECRET", "src/main.rs:5"));
    let route = |method: &str, path: &str, guarded| Route { method: method.into(), path: path.into(), guarded };
    let routes =
        [route("POST", "/token", false), route("GET", "/orders/{id}", true), route("DELETE", "/orders/{id}", true)];
    assert_eq!(found.routes, routes);
    assert!(found.is_complete());
    let gate = found.gate("shop");
    assert!(gate.contains("Gate::extractor(world, (), |caller: &service::Claims| Some(caller.sub.clone()))"), "{gate}");
    assert!(gate.contains("std::env::var(\"JWT_SECRET\")"), "{gate}");
    let policy = found.policy();
    for line in [
        "profile = \"bearer\"",
        "algorithms = [\"HS256\"]",
        "company = \"example\"",
        "is-admin = true",
        "path = \"/orders/{id}\"",
    ] {
        assert!(policy.contains(line), "{line}: {policy}");
    }
    assert!(!policy.contains("/token") && !policy.contains("tenant = "), "{policy}");
    assert!(found.environment().unwrap().contains("JWT_SECRET = \"a-secret"));
    assert!(found.to_do()[0].starts_with("src/main.rs:21: make `Claims` visible"), "{:?}", found.to_do());
}

#[test]
fn a_library_whose_function_makes_the_application() {
    let web = "pub fn app() -> Router {\n    Router::new().route(\"/v1/me\", get(me))\n}\nlet v = v.set_audience(&[\"https://api.test\"]);\nlet k = DecodingKey::from_secret(b\"only for tests\");\nlet a = Algorithm::HS512;\n";
    let sources = [Source::new("src/lib.rs", "pub mod web;"), Source::new("src/web.rs", web)];
    let found = detected(&manifest(AXUM), &sources);
    assert!(found.is_complete(), "{found:?}");
    let gate = found.gate("my-shop");
    assert!(gate.contains("Ok(Gate::router(world, my_shop::web::app())?.evidence(Evidence::Status))"), "{gate}");
    assert!(gate.contains("b\"only for tests\".to_vec()"), "{gate}");
    let policy = found.policy();
    assert!(policy.contains("audience = \"https://api.test\"") && policy.contains("[\"HS512\"]"), "{policy}");
}

#[test]
fn a_provider_by_its_address() {
    let jwks = "pub async fn check(State(s): State<S>, request: Request, next: Next) -> Response { todo!() }\n\
                const JWKS: &str = \"https://id.test/realms/shop/protocol/openid-connect/certs\";\n";
    let found = detected(&manifest(AXUM), &[Source::new("src/lib.rs", jwks)]);
    assert!(!found.is_complete() && found.is_known(), "{found:?}");
    assert!(found.policy().contains("profile = \"keycloak\""), "{}", found.policy());
    let gate = found.gate("shop");
    assert!(gate.contains("loopback_issuer") && gate.contains("from_fn_with_state(state, shop::check)"), "{gate}");
    assert!(found.to_do().iter().any(|line| line.starts_with("tests/gate.rs: build your service")));
}

#[test]
fn a_project_that_tells_nothing() {
    let found = detected(&manifest("[package]\nname = \"a\"\n"), &[Source::new("src/lib.rs", "//! Nothing.\n")]);
    assert!(!found.is_known());
    let included =
        detected(&manifest(AXUM), &[Source::new("src/main.rs", &format!("{SERVICE}use {}::other;\n", "crate"))]);
    assert!(!included.is_known(), "a file that names its crate's root is no module of a test");
}

#[test]
fn the_file_of_accepted_findings_is_of_this_version() {
    let format = crate::report::KNOWN_FORMAT;
    assert!(super::KNOWN.contains(&format!("format = {format}\n")));
    assert!(crate::report::Known::parse("known.toml", super::KNOWN).is_ok());
}
