//! Flaws that hide behind another check: each shows only when two things come together, of which one alone is honest.

use gatecrash::model::Rule::{self, *};
use http::header::AUTHORIZATION;

use super::Flaw;
use crate::parts::{Refusal, service::admit, token::Audience as Audiences};

/// Name, what it does, what it breaks, and the flaw.
pub(super) const FLAWS: &[(&str, &str, &[Rule], Flaw)] = &[
    (
        "dateless-for-several-audiences",
        "has a branch of its own for several audiences, which forgets the dates",
        &[Expiry, IssuedAt, Lifetime, NotBefore],
        |steps| {
            steps.checks.dates = |trust, claims| match &claims.aud {
                Some(Audiences::Several(names)) if names.len() > 1 => Ok(()),
                _ => trust.dates(claims),
            };
        },
    ),
    (
        "uncritical-in-the-long-form",
        "compares the long form of `typ` where it was added later, before `crit` is looked at",
        &[CriticalHeader, HeaderForm],
        |steps| {
            steps.checks.header = |trust, header| {
                let long = header.typ.as_deref().and_then(|typ| typ.strip_prefix("application/"));
                if long == Some("at+jwt") { Ok(()) } else { trust.header(header) }
            };
        },
    ),
    (
        "unbound-under-another-scheme",
        "serves old clients, which write `bearer`, without looking at `cnf`",
        &[Confirmation],
        |steps| {
            steps.admit = |service, parts| {
                let old = parts.headers.get(AUTHORIZATION).is_some_and(|it| it.as_bytes().starts_with(b"bearer "));
                if !old || service.is_open(parts) {
                    return admit(service, parts);
                }
                let holder = (service.steps.holder)(parts)?;
                let token = (service.steps.bearer)(parts)?.ok_or(Refusal::Unauthorized)?;
                let claims = (service.steps.verify)(&service.trust, &token)?;
                if claims.sub != holder.id {
                    return Err(Refusal::Unauthorized);
                }
                Ok((service.steps.caller)(&service.trust.policy, &claims, &holder))
            };
        },
    ),
    (
        "any-audience-of-the-old-issuer",
        "knows the tokens of an old issuer by their fractional dates, and lets them name any audience",
        &[Audience],
        |steps| {
            steps.checks.audience = |trust, claims| {
                let old = claims.nbf.is_some_and(|nbf| nbf.fract() != 0.0);
                if old && claims.aud.is_some() { Ok(()) } else { trust.audience(claims) }
            };
        },
    ),
];
