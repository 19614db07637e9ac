//! Flaws that break no rule: somebody else is let in, or an honest request is refused.

use gatecrash::check::FindingKind;

use super::Flaw;
use crate::parts::{Refusal, service::admit};

/// Name, what it does, what shows it, and the flaw.
pub(super) const FLAWS: &[(&str, &str, FindingKind, Flaw)] = &[
    (
        "header-renames",
        "authenticates the caller, and then believes `X-Forwarded-User`",
        FindingKind::Impersonation,
        |steps| {
            steps.admit = |service, parts| {
                let mut caller = admit(service, parts)?;
                if let Some(named) = parts.headers.get("x-forwarded-user").and_then(|value| value.to_str().ok()) {
                    caller.id = named.into();
                }
                Ok(caller)
            };
        },
    ),
    ("type-of-one-case", "compares `typ` octet by octet", FindingKind::FalseRefusal, |steps| {
        steps.checks.header = |trust, header| {
            let exact = header.typ.as_ref().is_some_and(|typ| trust.policy.tokens.types.contains(typ));
            if exact { trust.header(header) } else { Err(Refusal::Unauthorized) }
        };
    }),
];
