//! Flaws of the verifier: whom it believes, and what it does not ask for.

use gatecrash::{BoxError, Gate, World};
use jsonwebtoken::{Algorithm, DecodingKey, jwk::Jwk};

use crate::parts::{
    Refusal,
    service::{Steps, with_steps},
    token::{Checks, Compact, Key, Trust},
};

/// A gate with some checks of the token replaced.
pub(super) fn with_checks(world: &World, checks: Checks) -> Result<Gate, BoxError> {
    with_steps(world, Steps { checks, ..Steps::default() })
}

fn named<'a>(trust: &'a Trust, compact: &Compact) -> Result<&'a Key, Refusal> {
    let kid = compact.header.kid.as_ref();
    trust.keys.iter().find(|key| Some(&key.kid) == kid).ok_or(Refusal::Unauthorized)
}

/// `Validation::new(header.alg)`: the token says how it is to be verified.
pub(super) fn header_algorithm(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut checks = Checks::default();
    if flawed {
        checks.signature = |trust, compact, claims| {
            let key = named(trust, compact)?;
            let algorithm = compact.header.alg.parse().map_err(|_| Refusal::Unauthorized)?;
            if Some(&key.issuer) != claims.iss.as_ref() {
                return Err(Refusal::Unauthorized);
            }
            compact.verify(&key.key, algorithm)
        };
    }
    with_checks(world, checks)
}

/// `set_audience` and `set_issuer` without `set_required_spec_claims`: what is not there is not wrong.
pub(super) fn audience_not_required(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.checks.audience = |trust, claims| if claims.aud.is_none() { Ok(()) } else { trust.audience(claims) };
        steps.checks.signature = |trust, compact, claims| {
            let key = named(trust, compact)?;
            if claims.iss.as_ref().is_some_and(|issuer| *issuer != key.issuer) {
                return Err(Refusal::Unauthorized);
            }
            let key = trust.key(&compact.header, &key.issuer)?;
            compact.verify(&key.key, key.algorithm)
        };
        steps.checks.speaks_for = |trust, claims| if claims.iss.is_none() { Ok(()) } else { trust.speaks_for(claims) };
        // What an issuer may grant is looked up by its name; nobody may grant anything.
        steps.caller = |policy, claims, holder| {
            let home = policy.issuers.first().map(|issuer| issuer.url.clone());
            let claims = crate::parts::token::Claims { iss: claims.iss.clone().or(home), ..claims.clone() };
            crate::parts::authorize::caller(policy, &claims, holder)
        };
    }
    with_steps(world, steps)
}

/// `insecure_decode`, left over from a debugging afternoon.
pub(super) fn signature_ignored(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut checks = Checks::default();
    if flawed {
        checks.signature =
            |trust, compact, claims| trust.key(&compact.header, claims.iss.as_deref().unwrap_or_default()).map(|_| ());
    }
    with_checks(world, checks)
}

/// `alg: none` needs no signature.
pub(super) fn none_accepted(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut checks = Checks::default();
    if flawed {
        checks.signature = |trust, compact, claims| {
            let unsigned = compact.header.alg.eq_ignore_ascii_case("none");
            if unsigned { Ok(()) } else { trust.signature(compact, claims) }
        };
    }
    with_checks(world, checks)
}

/// HS256 is verified with whatever bytes the key has: the public key, in PEM.
pub(super) fn confused(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut checks = Checks::default();
    if flawed {
        checks.signature = |trust, compact, claims| {
            if compact.header.alg != "HS256" {
                return trust.signature(compact, claims);
            }
            let tried = trust
                .pems
                .iter()
                .any(|pem| compact.verify(&DecodingKey::from_secret(pem.as_bytes()), Algorithm::HS256).is_ok());
            if tried { Ok(()) } else { Err(Refusal::Unauthorized) }
        };
    }
    with_checks(world, checks)
}

/// The key comes with the token.
pub(super) fn embedded_key(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut checks = Checks::default();
    if flawed {
        checks.signature = |trust, compact, claims| {
            let Some(jwk) = &compact.header.jwk else { return trust.signature(compact, claims) };
            let jwk: Jwk = serde_json::from_value(jwk.clone()).map_err(|_| Refusal::Unauthorized)?;
            let key = DecodingKey::from_jwk(&jwk).map_err(|_| Refusal::Unauthorized)?;
            compact.verify(&key, Algorithm::ES256)
        };
    }
    with_checks(world, checks)
}

/// Without a `kid`, or with an unknown one, every key of the issuer is tried.
pub(super) fn any_key(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut checks = Checks::default();
    if flawed {
        checks.signature = |trust, compact, claims| {
            let keys = trust.keys.iter().filter(|key| Some(&key.issuer) == claims.iss.as_ref());
            let mut keys = keys.filter(|key| format!("{:?}", key.algorithm) == compact.header.alg);
            let found = keys.any(|key| compact.verify(&key.key, key.algorithm).is_ok());
            if found { Ok(()) } else { Err(Refusal::Unauthorized) }
        };
    }
    with_checks(world, checks)
}

/// The keys of all issuers lie in one map.
pub(super) fn one_key_map(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut checks = Checks::default();
    if flawed {
        checks.signature = |trust, compact, claims| {
            let known = trust.policy.issuers.iter().any(|issuer| Some(&issuer.url) == claims.iss.as_ref());
            let key = named(trust, compact)?;
            let key = trust.key(&compact.header, &key.issuer)?;
            if known { compact.verify(&key.key, key.algorithm) } else { Err(Refusal::Unauthorized) }
        };
    }
    with_checks(world, checks)
}

/// Whoever has a published key may call itself what it likes.
pub(super) fn issuer_not_compared(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.checks.signature = |trust, compact, _| {
            let key = named(trust, compact)?;
            let key = trust.key(&compact.header, &key.issuer)?;
            compact.verify(&key.key, key.algorithm)
        };
        steps.checks.speaks_for = |_, _| Ok(());
        steps.caller = |policy, claims, holder| {
            let claims =
                crate::parts::token::Claims { iss: policy.issuers.first().map(|it| it.url.clone()), ..claims.clone() };
            crate::parts::authorize::caller(policy, &claims, holder)
        };
    }
    with_steps(world, steps)
}
