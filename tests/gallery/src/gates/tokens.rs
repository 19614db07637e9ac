//! Flaws of the verifier: what it believes of a token, and what it does not ask for.

use gatecrash::{BoxError, Gate, World};

use crate::parts::{
    Refusal,
    desk::{Steps, with_steps},
    token::Compact,
};

/// `Validation::new(header.alg)`: the token says how it is to be verified.
pub(super) fn header_algorithm(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.verify = |trust, token| {
            let compact = Compact::read(token)?;
            trust.header(&compact.header)?;
            let claims = compact.claims()?;
            let kid = compact.header.kid.as_ref();
            let key = trust.keys.iter().find(|key| Some(&key.issuer) == claims.iss.as_ref() && Some(&key.kid) == kid);
            let algorithm = compact.header.alg.parse().map_err(|_| Refusal::Unauthorized)?;
            compact.verify(&key.ok_or(Refusal::Unauthorized)?.key, algorithm)?;
            trust.identifiers(&claims)?;
            trust.audience(&claims)?;
            trust.dates(&claims)?;
            trust.speaks_for(&claims)?;
            Ok(claims)
        };
    }
    with_steps(world, steps)
}

/// `set_audience` and `set_issuer` without `set_required_spec_claims`: what is not there is not wrong.
pub(super) fn audience_not_required(world: &World, flawed: bool) -> Result<Gate, BoxError> {
    let mut steps = Steps::default();
    if flawed {
        steps.verify = |trust, token| {
            let compact = Compact::read(token)?;
            trust.header(&compact.header)?;
            let mut claims = compact.claims()?;
            let kid = compact.header.kid.as_ref();
            let key = trust.keys.iter().find(|key| Some(&key.kid) == kid).ok_or(Refusal::Unauthorized)?;
            if claims.iss.get_or_insert_with(|| key.issuer.clone()) != &key.issuer {
                return Err(Refusal::Unauthorized);
            }
            let key = trust.key(&compact.header, &key.issuer)?;
            compact.verify(&key.key, key.algorithm)?;
            trust.identifiers(&claims)?;
            if claims.aud.is_some() {
                trust.audience(&claims)?;
            }
            trust.dates(&claims)?;
            trust.speaks_for(&claims)?;
            Ok(claims)
        };
    }
    with_steps(world, steps)
}
