//! Flaws of belief: a field that a proxy, a debugger or a test once set, taken for the truth from everybody.

use gatecrash::model::Rule::{self, *};
use http::request::Parts;

use super::Flaw;
use crate::parts::service::{admit, by_certificate};

/// Whether a field has a value that says so.
fn says(parts: &Parts, field: &str, believed: fn(&str) -> bool) -> bool {
    parts.headers.get(field).and_then(|value| value.to_str().ok()).is_some_and(believed)
}

/// A gate that asks for no token where a field says so.
macro_rules! believes {
    ($name:literal, $what:literal, $field:literal, $believed:expr) => {
        ($name, $what, &[TokenPresent], |steps| {
            steps.admit = |service, parts| match says(parts, $field, $believed) {
                true => by_certificate(service, parts),
                false => admit(service, parts),
            };
        })
    };
}

/// Name, what it does, what it breaks, and the flaw.
pub(super) const FLAWS: &[(&str, &str, &[Rule], Flaw)] = &[
    believes!("trusts-10", "asks nobody of 10.0.0.0/8 for a token", "x-forwarded-for", |it| it.starts_with("10.")),
    believes!("trusts-172-16", "asks nobody of 172.16.0.0/12 for a token", "x-forwarded-for", |it| it
        .starts_with("172.16.")),
    believes!("trusts-192-168", "asks nobody of 192.168.0.0/16 for a token", "x-forwarded-for", |it| it
        .starts_with("192.168.")),
    believes!("trusts-ipv6-loopback", "asks nobody of ::1 for a token", "x-forwarded-for", |it| it == "::1"),
    believes!("trusts-link-local", "asks nobody of a link-local address for a token", "x-forwarded-for", |it| it
        .starts_with("169.254.")
        || it.starts_with("fe80:")),
    believes!(
        "trusts-the-last-hop",
        "asks nobody for a token whom the last proxy named local",
        "x-forwarded-for",
        |it| { it.contains(',') && it.rsplit(',').next().is_some_and(|last| last.trim() == "127.0.0.1") }
    ),
    believes!("trusts-real-ip", "believes X-Real-IP", "x-real-ip", |it| it == "127.0.0.1"),
    believes!("trusts-client-ip", "believes X-Client-IP", "x-client-ip", |it| it == "127.0.0.1"),
    believes!("trusts-true-client-ip", "believes True-Client-IP", "true-client-ip", |it| it == "127.0.0.1"),
    believes!("trusts-forwarded", "believes the `for` of Forwarded", "forwarded", |it| it.contains("for=127.0.0.1")
        || it.contains("for=\"[::1]\"")),
    believes!("trusts-local-host-name", "asks nobody for a token who came for localhost", "x-forwarded-host", |it| it
        == "localhost"),
    believes!("debug-field", "asks for no token where X-Debug is set", "x-debug", |it| ["1", "true"].contains(&it)),
    believes!("test-field", "asks for no token in a test", "x-test", |it| ["1", "true"].contains(&it)),
    believes!("skip-auth-field", "asks for no token where it is told to skip that", "x-skip-auth", |it| {
        ["1", "true"].contains(&it)
    }),
    believes!("environment-field", "asks for no token in another environment", "x-environment", |it| {
        ["dev", "test", "local"].contains(&it)
    }),
    believes!("internal-request-field", "asks no other service for a token", "x-internal-request", |it| it == "true"),
    believes!("health-check-agent", "asks no health check for a token", "user-agent", |it| it
        .starts_with("kube-probe/")),
    believes!("gateway-verified", "asks for no token that the gateway has verified", "x-auth-verified", |it| it
        == "true"),
];
