//! Flaws that break no rule: somebody else is let in, or an honest request is refused.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash::{BoxError, World, campaign::check::FindingKind};
use x509_parser::{prelude::FromDer as _, revocation_list::CertificateRevocationList};

use super::{Flaw, leaks::Build};
use crate::parts::{
    Refusal,
    service::{Steps, admit, with_steps},
};

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
    (
        "subject-by-text-search",
        "finds the caller's name in the claims by a search for `sub`",
        FindingKind::Impersonation,
        |steps| {
            steps.admit = |service, parts| {
                let mut caller = admit(service, parts)?;
                let token = (service.steps.bearer)(parts)?.unwrap_or_default();
                let octets = Base64UrlUnpadded::decode_vec(token.split('.').nth(1).unwrap_or_default());
                let text = String::from_utf8(octets.unwrap_or_default()).unwrap_or_default();
                if let Some((_, rest)) = text.rsplit_once("\"sub\":\"")
                    && let Some((name, _)) = rest.split_once('"')
                {
                    caller.id = name.into();
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

/// Name, what it does, what shows it, and how it is built.
pub(super) const GATES: &[(&str, &str, FindingKind, Build)] = &[(
    "falls-over-a-stale-crl",
    "reads its CRLs once, when it starts, and panics over one whose time is up",
    FindingKind::Fault,
    |world, flawed| {
        if flawed {
            started_with_fresh_lists(world)?;
        }
        with_steps(world, Steps::default())
    },
)];

fn started_with_fresh_lists(world: &World) -> Result<(), BoxError> {
    for der in world.crls()? {
        let read = CertificateRevocationList::from_der(&der).map_err(|error| error.to_string())?;
        let ends = read.1.next_update().map_or(0, |time| time.timestamp());
        if ends <= world.now() {
            std::panic::panic_any("the list has no time left");
        }
    }
    Ok(())
}
