//! Flaws of the request: where the token is looked for, and whom a header may name.

use gatecrash::model::Rule::{self, *};
use http::{header::AUTHORIZATION, request::Parts};

use super::Flaw;
use crate::parts::{
    Refusal,
    authorize::Caller,
    certificate::holder,
    credential::bearer,
    desk::{Desk, admit, leaf},
};

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

/// Everybody of the certificate, with all that it may hold.
fn by_certificate(desk: &Desk, parts: &Parts) -> Result<Caller, Refusal> {
    let holder = holder(leaf(parts)?)?;
    let scopes = desk.trust.policy.may_hold(&holder.id).map_or_else(Vec::new, <[String]>::to_vec);
    Ok(Caller { id: holder.id, scopes })
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
            steps.admit = |desk, parts| match header(parts, "x-forwarded-user") {
                Some(user) => {
                    let scopes = desk.trust.policy.may_hold(user).map_or_else(Vec::new, <[String]>::to_vec);
                    Ok(Caller { id: user.into(), scopes })
                }
                None => admit(desk, parts),
            };
        },
    ),
    ("internal-network", "asks nothing of whoever says that he is near", &[TokenPresent], |steps| {
        steps.admit = |desk, parts| match header(parts, "x-forwarded-for") {
            Some("127.0.0.1") => by_certificate(desk, parts),
            _ => admit(desk, parts),
        };
    }),
    ("scope-in-a-header", "adds the scopes of `X-Scope`", &[Scope], |steps| {
        steps.admit = |desk, parts| {
            let mut caller = admit(desk, parts)?;
            caller.scopes.extend(header(parts, "x-scope").map(String::from));
            Ok(caller)
        };
    }),
    ("rewritten-path", "guards the path that `X-Original-URL` names", &[TokenPresent], |steps| {
        steps.admit = |desk, parts| match header(parts, "x-original-url") {
            Some("/healthz") => by_certificate(desk, parts),
            _ => admit(desk, parts),
        };
    }),
    ("panics-on-surprise", "unwraps what an attacker writes", &[TokenForm], |steps| {
        steps.bearer = |parts| match header(parts, "authorization").map(|text| text.split('.').count()) {
            Some(4) => panic!("index out of bounds: the len is 3 but the index is 3"),
            _ => bearer(parts),
        };
    }),
];
