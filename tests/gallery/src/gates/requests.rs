//! Flaws of the request: where the token is looked for, and whom a header may name.

use gatecrash::model::{
    HOST,
    Rule::{self, *},
};
use http::{HeaderValue, Method, Version, header::AUTHORIZATION, request::Parts};

use super::Flaw;
use crate::parts::{
    authority::authority,
    authorize::Caller,
    credential::bearer,
    service::{admit, by_certificate},
};

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

/// Name, what it does, what it breaks, and the flaw.
pub(super) const FLAWS: &[(&str, &str, &[Rule], Flaw)] = &[
    ("token-in-query", "takes the token from the query as well", &[TokenPresent], |steps| {
        steps.bearer = |parts| {
            let query = parts.uri.query().unwrap_or_default();
            let token = query.split('&').find_map(|pair| pair.strip_prefix("access_token="));
            if parts.headers.contains_key(AUTHORIZATION) { bearer(parts) } else { Ok(token.map(String::from)) }
        };
    }),
    ("token-in-cookie", "takes the token from a cookie as well", &[TokenPresent], |steps| {
        steps.bearer = |parts| match header(parts, "cookie") {
            Some(cookies) => Ok(cookies.split("; ").find_map(|it| Some(it.split_once('=')?.1.to_string()))),
            None => bearer(parts),
        };
    }),
    ("token-in-another-header", "takes the token from `X-Access-Token` as well", &[TokenPresent], |steps| {
        steps.bearer = |parts| match header(parts, "x-access-token") {
            Some(token) => Ok(Some(token.trim_start_matches("Bearer ").to_string())),
            None => bearer(parts),
        };
    }),
    ("token-in-x-auth-token", "takes the token from `X-Auth-Token` as well", &[TokenPresent], |steps| {
        steps.bearer = |parts| match header(parts, "x-auth-token") {
            Some(token) => Ok(Some(token.trim_start_matches("Bearer ").to_string())),
            None => bearer(parts),
        };
    }),
    (
        "token-that-a-proxy-moved",
        "takes the token from `X-Forwarded-Authorization` as well",
        &[TokenPresent],
        |steps| {
            steps.bearer = |parts| match header(parts, "x-forwarded-authorization") {
                Some(token) => Ok(Some(token.trim_start_matches("Bearer ").to_string())),
                None => bearer(parts),
            };
        },
    ),
    ("any-scheme", "takes whatever stands behind the scheme", &[TokenPresent], |steps| {
        steps.bearer = |parts| match header(parts, "authorization").and_then(|text| text.split_once(' ')) {
            Some((scheme, token)) if !scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.to_string())),
            _ => bearer(parts),
        };
    }),
    ("no-scheme", "takes a token without its scheme", &[TokenPresent], |steps| {
        steps.bearer = |parts| match header(parts, "authorization") {
            Some(token) if !token.contains(' ') => Ok(Some(token.to_string())),
            _ => bearer(parts),
        };
    }),
    ("first-of-several", "takes the first of several `Authorization` lines", &[CredentialUnique], |steps| {
        steps.bearer = |parts| {
            let mut parts = parts.clone();
            if let Some(first) = parts.headers.get(AUTHORIZATION).cloned() {
                parts.headers.insert(AUTHORIZATION, first);
            }
            bearer(&parts)
        };
    }),
    (
        "forwarded-user",
        "believes `X-Forwarded-User`",
        &[CertificateCap, Confirmation, SubjectOfCertificate, TokenPresent],
        |steps| {
            steps.admit = |service, parts| match header(parts, "x-forwarded-user") {
                Some(user) => {
                    let scopes = service.trust.policy.may_hold(user).map_or_else(Vec::new, <[String]>::to_vec);
                    Ok(Caller { id: user.into(), scopes })
                }
                None => admit(service, parts),
            };
        },
    ),
    ("internal-network", "asks nothing of whoever says that he is near", &[TokenPresent], |steps| {
        steps.admit = |service, parts| match header(parts, "x-forwarded-for") {
            Some("127.0.0.1") => by_certificate(service, parts),
            _ => admit(service, parts),
        };
    }),
    ("scope-in-a-header", "adds the scopes of `X-Scope`", &[Scope], |steps| {
        steps.admit = |service, parts| {
            let mut caller = admit(service, parts)?;
            caller.scopes.extend(header(parts, "x-scope").map(String::from));
            Ok(caller)
        };
    }),
    ("rewritten-path", "guards the path that `X-Original-URL` names", &[TokenPresent], |steps| {
        steps.admit = |service, parts| match header(parts, "x-original-url") {
            Some("/healthz") => by_certificate(service, parts),
            _ => admit(service, parts),
        };
    }),
    ("panics-on-surprise", "unwraps what an attacker writes", &[TokenForm], |steps| {
        steps.bearer = |parts| match header(parts, "authorization").map(|text| text.split('.').count()) {
            Some(4) => panic!("index out of bounds: the len is 3 but the index is 3"),
            _ => bearer(parts),
        };
    }),
    ("cookie-rescues", "takes the token from a cookie when that of the header is not good", &[TokenForm], |steps| {
        steps.admit = |service, parts| {
            admit(service, parts).or_else(|refusal| {
                let token = header(parts, "cookie").and_then(|cookie| cookie.strip_prefix("access_token="));
                let value = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
                let mut parts = parts.clone();
                match value {
                    Some(value) if parts.headers.contains_key(AUTHORIZATION) => {
                        parts.headers.insert(AUTHORIZATION, value);
                        admit(service, &parts)
                    }
                    _ => Err(refusal),
                }
            })
        };
    }),
    ("host-not-compared", "answers for whatever host it is asked", &[Authority, HostField], |steps| {
        steps.authority = |_| Ok(());
    }),
    ("host-begins-alike", "compares the beginning of the host", &[Authority], |steps| {
        steps.authority = |parts| match header(parts, "host") {
            Some(host) if host.starts_with(HOST) && !host.contains('@') => Ok(()),
            _ => authority(parts),
        };
    }),
    ("host-instead-of-authority", "looks for the host in `Host`, over HTTP/2 too", &[Authority, HostField], |steps| {
        steps.authority = |parts| match (parts.version, header(parts, "host")) {
            (Version::HTTP_2, Some(HOST)) => Ok(()),
            _ => authority(parts),
        };
    }),
    ("local-host", "asks nothing of whoever asks for the local host", &[Authority, TokenPresent], |steps| {
        steps.admit = |service, parts| match header(parts, "host") {
            Some("127.0.0.1") => by_certificate(service, parts),
            _ => admit(service, parts),
        };
    }),
    ("absolute-form-is-a-proxy", "takes a target in absolute form for one of its proxy", &[TokenPresent], |steps| {
        steps.admit = |service, parts| match parts.uri.authority() {
            Some(_) if parts.version == Version::HTTP_11 => by_certificate(service, parts),
            _ => admit(service, parts),
        };
    }),
    ("http2-is-the-mesh", "takes whatever speaks HTTP/2 for a neighbour", &[TokenPresent], |steps| {
        steps.admit = |service, parts| match parts.version {
            Version::HTTP_2 => by_certificate(service, parts),
            _ => admit(service, parts),
        };
    }),
    ("websocket-unguarded", "asks no token of a browser that opens a WebSocket", &[TokenPresent], |steps| {
        steps.admit = |service, parts| match header(parts, "upgrade") {
            Some("websocket") => by_certificate(service, parts),
            _ => admit(service, parts),
        };
    }),
    ("token-in-subprotocol", "takes the token from `Sec-WebSocket-Protocol` as well", &[TokenPresent], |steps| {
        steps.bearer = |parts| match header(parts, "sec-websocket-protocol") {
            Some(list) => Ok(list.split(", ").nth(1).map(String::from)),
            None => bearer(parts),
        };
    }),
    ("preflight-by-header", "takes a request for a preflight by one of its fields", &[TokenPresent], |steps| {
        steps.admit = |service, parts| match parts.headers.contains_key("access-control-request-method") {
            true => by_certificate(service, parts),
            false => admit(service, parts),
        };
    }),
    ("head-unguarded", "guards GET, and HEAD is answered by its handler", &[Route, TokenPresent], |steps| {
        steps.admit = |service, parts| match parts.method {
            Method::HEAD => by_certificate(service, parts),
            _ => admit(service, parts),
        };
    }),
    ("token-in-the-path", "takes the token from a parameter of the path", &[Route, TokenPresent], |steps| {
        steps.bearer = |parts| match parts.uri.path().split_once(";access_token=") {
            Some((_, token)) if !parts.headers.contains_key(AUTHORIZATION) => Ok(Some(token.into())),
            _ => bearer(parts),
        };
    }),
];
