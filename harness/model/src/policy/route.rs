//! Routes, and what it takes to get in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One thing that a caller must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// A client certificate.
    Certificate,
    /// An access token.
    Token,
}

/// One route, and what it takes to get in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Route {
    /// HTTP method, upper case.
    pub method: String,
    /// Path with its parameters in braces, such as `/v1/{org}/accounts/{id}`.
    pub path: String,
    /// Whether it is open to everybody, and asks for nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
    /// Alternatives; each lists everything that it takes. Default: certificate and token, or the token alone where nobody
    /// has a certificate.
    #[serde(default)]
    pub security: Vec<Vec<Factor>>,
    /// Scopes that are all needed.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Where the object is named that the caller must own: `path:id`, `query:account` or `body:from`.
    #[serde(default)]
    pub owner: Option<String>,
    /// Query of an example request, without the `?`; `{account}` stands for the object where `owner` is `query:account`.
    #[serde(default)]
    pub query: Option<String>,
    /// Body of an example request; `{from}` stands for the object where `owner` is `body:from`.
    #[serde(default)]
    pub body: Option<String>,
    /// Media type of the body.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Example value of a path parameter that no `owner` names, where there is one such parameter.
    #[serde(default)]
    pub example: Option<String>,
    /// Example values of path parameters that no `owner` names, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub examples: BTreeMap<String, String>,
    /// Whether an assistant, such as a language model, reads what comes here. `{prompt}` in the body stands for what it is asked.
    /// Without it no instruction is sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assistant: bool,
    /// What an example request asks to speak from then on (RFC 9110 §7.8); nothing else is asked of the route.
    #[serde(default)]
    pub upgrade: Option<Upgrade>,
    /// Whether an honest answer goes on without an end, such as server-sent events. A WebSocket does so anyway.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
}

/// What a connection may be upgraded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Upgrade {
    /// RFC 6455.
    WebSocket,
}

pub(super) fn both_factors() -> Vec<Vec<Factor>> {
    vec![vec![Factor::Certificate, Factor::Token]]
}

impl Route {
    /// A route that takes certificate and token, whatever the scopes, and names nobody's object.
    ///
    /// ```
    /// let mut route = gatecrash_model::Route::new("GET", "/v1/orders/{id}");
    /// route.owner = Some("path:id".into());
    /// assert_eq!(route.id(), "GET /v1/orders/{id}");
    /// ```
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            public: false,
            security: both_factors(),
            scopes: Vec::new(),
            owner: None,
            query: None,
            body: None,
            content_type: None,
            example: None,
            examples: BTreeMap::new(),
            assistant: false,
            upgrade: None,
            stream: false,
        }
    }

    /// The name of the route in reports and in tripwire hits: method, space, path template.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// assert_eq!(blueprint.policy.routes[0].id(), "GET /v1/orders/{id}");
    /// ```
    pub fn id(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether some alternative needs no token.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{Factor, Route};
    /// let route = &blueprint.policy.routes[0];
    /// assert!(!route.token_optional());
    /// assert!(Route { security: vec![vec![Factor::Certificate]], ..route.clone() }.token_optional());
    /// ```
    pub fn token_optional(&self) -> bool {
        self.security.iter().any(|all| !all.contains(&Factor::Token))
    }

    /// Whether an honest answer has no end: a stream, or a socket.
    ///
    /// ```
    /// let mut route = gatecrash_model::Route::new("GET", "/v1/events");
    /// assert!(!route.is_endless());
    /// route.stream = true;
    /// assert!(route.is_endless());
    /// ```
    pub fn is_endless(&self) -> bool {
        self.stream || self.upgrade.is_some()
    }

    /// The name of the path parameter that holds the object, without braces: the one that `owner` names, or the last.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// assert_eq!(blueprint.policy.routes[0].path_parameter(), Some("id"));
    /// ```
    pub fn path_parameter(&self) -> Option<&str> {
        let owned = self.owner.as_deref().and_then(|owner| owner.strip_prefix("path:"));
        let all = || self.path_parameters();
        all()
            .find(|name| Some(*name) == owned)
            .or_else(|| all().filter(|name| !self.examples.contains_key(*name)).last())
            .or_else(|| all().last())
    }

    /// The names of the path's parameters, without braces, in order.
    ///
    /// ```
    /// let route = gatecrash_model::Route::new("GET", "/{org}/orders/{id}");
    /// assert!(route.path_parameters().eq(["org", "id"]));
    /// ```
    pub fn path_parameters(&self) -> impl Iterator<Item = &str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
    }

    /// The value that an honest request has for a path parameter that holds no object.
    ///
    /// ```
    /// let mut route = gatecrash_model::Route::new("GET", "/{org}/orders/{id}");
    /// route.examples.insert("org".into(), "acme".into());
    /// assert_eq!(route.example_of("org"), Some("acme"));
    /// ```
    pub fn example_of(&self, name: &str) -> Option<&str> {
        let alone = || self.example.as_deref().filter(|_| self.path_parameter() == Some(name));
        self.examples.get(name).map(String::as_str).or_else(alone)
    }

    /// The path of an honest request for an object.
    ///
    /// ```
    /// let mut route = gatecrash_model::Route::new("GET", "/{org}/orders/{id}");
    /// route.examples.insert("org".into(), "acme".into());
    /// assert_eq!(route.path_of("alice-1"), "/acme/orders/alice-1");
    /// ```
    pub fn path_of(&self, object: &str) -> String {
        let holder = self.path_parameter();
        self.path_parameters().fold(self.path.clone(), |path, name| {
            let value = if Some(name) == holder { object } else { self.example_of(name).unwrap_or_default() };
            path.replace(&format!("{{{name}}}"), value)
        })
    }

    /// The name in the query that holds the object, where `owner` is `query:name`.
    pub fn query_parameter(&self) -> Option<&str> {
        self.owner.as_deref()?.strip_prefix("query:")
    }

    /// The name in the body that holds the object, where `owner` is `body:name`.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Route;
    /// let route = Route { owner: Some("body:from".into()), ..blueprint.policy.routes[0].clone() };
    /// assert_eq!(route.body_parameter(), Some("from"));
    /// ```
    pub fn body_parameter(&self) -> Option<&str> {
        self.owner.as_deref()?.strip_prefix("body:")
    }
}
