//! The route table: what exists, and what each route asks for. What is not in the table is refused.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post};

use crate::authenticate::authenticate;
use crate::authorize::authorize;
use crate::handlers;
use crate::server::Server;

/// One route.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// In axum's notation, with at most one parameter, at the end.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    handler: fn() -> MethodRouter<Server>,
}

/// What a route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A client certificate. A token is not asked for, and ignored when sent.
    Certificate,
    /// A token that grants a scope.
    Scope(&'static str),
    /// A token, whatever it grants.
    Token,
}

/// Where the service describes itself, if [`Settings::description`](crate::Settings::description) says so.
const DESCRIPTION: &str = "/openapi.json";

/// Every route. The owner of an account is asked for by the handlers, for only they know the account.
pub(crate) static TABLE: &[Route] = &[
    Route { method: Method::GET, path: "/healthz", access: Access::Certificate, handler: || get(handlers::health) },
    #[cfg(feature = "service")]
    Route {
        method: Method::GET,
        path: DESCRIPTION,
        access: Access::Certificate,
        handler: || get(crate::service::openapi::answer),
    },
    Route { method: Method::GET, path: "/v1/whoami", access: Access::Token, handler: || get(handlers::whoami) },
    Route {
        method: Method::GET,
        path: "/v1/accounts/{id}",
        access: Access::Scope("accounts:read"),
        handler: || get(handlers::account),
    },
    Route {
        method: Method::POST,
        path: "/v1/transfers",
        access: Access::Scope("transfers:write"),
        handler: || post(handlers::transfer),
    },
    Route {
        method: Method::GET,
        path: "/v1/admin/users/{id}",
        access: Access::Scope("users:read"),
        handler: || get(handlers::user),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/admin/users/{id}",
        access: Access::Scope("users:delete"),
        handler: || delete(handlers::delete_user),
    },
];

/// The router of the table, with authentication around authorization around everything, the fallback included.
pub(crate) fn router(server: &Server) -> Router {
    TABLE
        .iter()
        .filter(|route| route.path != DESCRIPTION || server.settings().description)
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()))
        .fallback(handlers::absent)
        .layer(from_fn_with_state(server.clone(), authorize))
        .layer(from_fn_with_state(server.clone(), authenticate))
        .with_state(server.clone())
}

/// The route of exactly this method. axum would also serve `HEAD` by the handler of `GET`; the table does not.
pub(crate) fn find(matched: &str, method: &Method) -> Option<&'static Route> {
    TABLE.iter().find(|route| route.path == matched && route.method == *method)
}

/// The object that a path names, read from the path as sent: empty for a route without parameter, `None` when it is
/// not an identifier. Percent-encoding is not undone, so that an object has one name.
pub(crate) fn object<'a>(matched: &str, path: &'a str) -> Option<&'a str> {
    const LONGEST: usize = 64;
    let Some((prefix, _)) = matched.split_once('{') else {
        return (matched == path).then_some("");
    };
    let is_identifier = |id: &&str| {
        (1..=LONGEST).contains(&id.len())
            && id.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_' || octet == b'-')
    };
    path.strip_prefix(prefix).filter(is_identifier)
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn an_object_has_one_name() {
        let id = |path| object("/v1/accounts/{id}", path);
        assert_eq!(id("/v1/accounts/a_B-7"), Some("a_B-7"));
        for path in ["/v1/accounts/", "/v1/accounts/%37", "/v1/accounts/7/", "/v1/accounts/7;a", "/v1/accounts/é", "/x"]
        {
            assert_eq!(id(path), None, "{path}");
        }
        let longest = format!("/v1/accounts/{}", "a".repeat(64));
        assert!(id(&longest).is_some());
        assert_eq!(object("/v1/accounts/{id}", &format!("{longest}a")), None);
        assert_eq!(object("/v1/whoami", "/v1/whoami"), Some(""));
    }
}
