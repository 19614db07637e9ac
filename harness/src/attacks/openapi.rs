//! OpenAPI documents: what one says about routes and security, as a policy to begin with, and held against a policy.
//! It reads OpenAPI 3.0 and 3.1 and Swagger 2.0, as JSON or YAML, and never fetches anything.

mod differ;
mod example;
mod parameters;
mod policy;
mod read;
mod references;
mod security;
mod tree;

use std::collections::BTreeMap;

use gatecrash_model::Factor;

pub use differ::{Difference, Side, differences};
pub use policy::policy_text;
pub use read::parse;

/// What a document says of a service, as far as a policy can hold it.
///
/// ```
/// let text = r#"{"openapi": "3.1.0", "info": {"title": "Desk"}, "paths": {"/a": {"get": {"responses": {}}}}}"#;
/// let document = gatecrash::input::openapi::parse("openapi.json", text)?;
/// assert_eq!(document.operations[0].id(), "GET /a");
/// assert!(document.operations[0].is_public());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Document {
    /// The file, as given.
    pub file: String,
    /// The version that it names, such as `OpenAPI 3.1.0`.
    pub version: String,
    /// Its title, where it has one.
    pub title: Option<String>,
    /// The URL of the first server, variables filled in.
    pub server: Option<String>,
    /// The security schemes by their names.
    pub schemes: BTreeMap<String, Scheme>,
    /// Every operation, in the order of the document.
    pub operations: Vec<Operation>,
    /// Requests that the service makes itself (webhooks), which are no routes.
    pub webhooks: Vec<String>,
}

/// A security scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scheme {
    /// Where it stands, from 1.
    pub line: usize,
    /// How it authenticates.
    pub kind: SchemeKind,
}

/// How a security scheme authenticates.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemeKind {
    /// A client certificate: `mutualTLS`, or a scheme with `x-mtls`.
    Certificate,
    /// A bearer token, with or without a word on where it comes from.
    Bearer,
    /// A token of OAuth 2, and where tokens are asked for.
    OAuth2 {
        /// The token or authorization endpoint.
        endpoint: Option<String>,
    },
    /// A token of an OpenID provider.
    OpenIdConnect {
        /// `openIdConnectUrl`.
        url: String,
    },
    /// Something that a policy has no word for: `apiKey`, `basic`, and other schemes of HTTP.
    Other(String),
}

impl SchemeKind {
    /// What a caller brings; `None` where a policy has no word for it.
    pub fn factor(&self) -> Option<Factor> {
        match self {
            SchemeKind::Certificate => Some(Factor::Certificate),
            SchemeKind::Bearer | SchemeKind::OAuth2 { .. } | SchemeKind::OpenIdConnect { .. } => Some(Factor::Token),
            SchemeKind::Other(_) => None,
        }
    }
}

/// One operation: a method of a path.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Operation {
    /// Where it stands, from 1.
    pub line: usize,
    /// HTTP method, upper case.
    pub method: String,
    /// Path with the prefix of the server.
    pub path: String,
    /// Alternatives, of which one is enough. Empty: open to everybody.
    pub security: Vec<Alternative>,
    /// Where the security is said, from 1: at the operation or at the root; `None` where it is said nowhere.
    pub security_line: Option<usize>,
    /// Every parameter of path, query, field and cookie.
    pub parameters: Vec<Parameter>,
    /// An example of the content that it takes.
    pub body: Option<Body>,
}

/// One way in: everything that it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alternative {
    /// Certificate, token, or both; each once.
    pub factors: Vec<Factor>,
    /// The scopes that the token needs.
    pub scopes: Vec<String>,
    /// Schemes that a policy has no word for, such as `` `key` (apiKey) ``.
    pub left_out: Vec<String>,
}

/// A parameter with its example value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header` or `cookie`.
    pub within: String,
    /// Whether a request needs it.
    pub required: bool,
    /// An example value as text, from the document or made up after its schema.
    pub example: String,
}

/// An example of the content that an operation takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Body {
    /// Its media type.
    pub content_type: String,
    /// The content; `None` where it is neither JSON nor a form nor text.
    pub text: Option<String>,
}

impl Operation {
    /// Method, space, path.
    pub fn id(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether some alternative asks for nothing.
    pub fn is_public(&self) -> bool {
        self.security.is_empty() || self.security.iter().any(|way| way.factors.is_empty() && way.left_out.is_empty())
    }

    /// The alternatives that a policy has words for.
    pub fn expressible(&self) -> impl Iterator<Item = &Alternative> {
        self.security.iter().filter(|way| !way.factors.is_empty())
    }

    /// The alternatives as a policy lists them, sorted; none where the operation is open to everybody.
    pub fn factors(&self) -> Vec<Vec<Factor>> {
        if self.is_public() {
            return Vec::new();
        }
        let mut ways: Vec<Vec<Factor>> = self.expressible().map(|way| way.factors.clone()).collect();
        ways.sort();
        ways.dedup();
        ways
    }

    /// The scopes that every alternative with a token asks for; none where some alternative takes no token.
    pub fn scopes(&self) -> Vec<String> {
        let mut ways = self.expressible();
        let Some(first) = ways.next() else { return Vec::new() };
        if self.is_public() {
            return Vec::new();
        }
        let rest: Vec<&Alternative> = ways.collect();
        first.scopes.iter().filter(|scope| rest.iter().all(|way| way.scopes.contains(scope))).cloned().collect()
    }
}
