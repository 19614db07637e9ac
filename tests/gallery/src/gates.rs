//! The flawed gates. Each is one function with a switch: with the flaw, or without.

mod alone;
mod article;
mod layers;
mod tokens;

use std::collections::BTreeSet;

use gatecrash::{
    BoxError, Clock, Gate, World, WorldOptions,
    campaign::Target,
    exhibit::Exhibit,
    factory::boxed,
    input::InputError,
    model::{Policy, Rule},
};

use crate::policy;

/// Builds a gate, with its flaw or without.
type Build = fn(&World, bool) -> Result<Gate, BoxError>;

/// Every flawed gate.
pub(crate) fn all() -> Result<Vec<Exhibit>, InputError> {
    use Rule::*;
    let own = policy()?;
    let frozen = WorldOptions::default;
    let article = article::policy()?;
    let whoami = alone::policy()?;
    let secret = |text: &str| Some(text.as_bytes().to_vec());
    Ok(vec![
        Exhibit {
            // The article's code reads the system clock; its twin takes the world's.
            target: target(
                article::gate,
                true,
                &article,
                WorldOptions { clock: Clock::System, shared_secret: secret("secret"), ..frozen() },
            ),
            ..exhibit(
                "article",
                "HS256 with the secret \"secret\", default validation, audience compared in one handler only",
                &[Audience, Confirmation, Issuer, KeyStrength, NotBefore, Scope],
                article::gate,
                &article,
                WorldOptions { shared_secret: secret("6b4d1e0c93f2a7585d0e4c1ba96f7723"), ..frozen() },
            )
        },
        exhibit(
            "article-as-printed",
            "builds a TLS configuration, drops it and serves plain TCP",
            &[TlsProtocol],
            article::as_printed,
            &own,
            frozen(),
        ),
        exhibit(
            "no-header-passes",
            "lets a request without a token through to the handler",
            &[TokenPresent],
            layers::no_header_passes,
            &own,
            frozen(),
        ),
        exhibit(
            "header-algorithm",
            "verifies with the algorithm that the token's own header names",
            &[AlgorithmAllowed, Signature],
            tokens::header_algorithm,
            &own,
            frozen(),
        ),
        exhibit(
            "audience-not-required",
            "compares audience and issuer where they are there, and asks for neither",
            &[Audience, Issuer],
            tokens::audience_not_required,
            &own,
            frozen(),
        ),
        exhibit(
            "forwarded-certificate",
            "believes X-Forwarded-Client-Cert, whoever sent it",
            &[CertificateCap, Confirmation, SubjectOfCertificate],
            layers::forwarded_certificate,
            &own,
            frozen(),
        ),
        exhibit(
            "merged-after-layer",
            "merges the staff's routes after the layer that guards",
            &[TokenPresent],
            layers::merged_after_layer,
            &own,
            frozen(),
        ),
        exhibit("handler-first", "runs the handler, then answers 403", &[Scope], layers::handler_first, &own, frozen()),
        exhibit(
            "optional-claims",
            "extracts `Option<Claims>` and falls back on the certificate",
            &[Expiry, Signature, TokenPresent],
            layers::optional_claims,
            &own,
            frozen(),
        ),
        exhibit(
            "layer-without-binding",
            "a layer, tested alone, that does not look at `cnf` or at whom the token names",
            &[CertificateCap, Confirmation, SubjectOfCertificate],
            alone::layer,
            &whoami,
            frozen(),
        ),
        exhibit(
            "extractor-without-dates",
            "an extractor, tested alone, that does not look at the dates",
            &[Expiry, IssuedAt, Lifetime, NotBefore],
            alone::extractor,
            &whoami,
            frozen(),
        ),
        exhibit(
            "token-first",
            "makes the certificate optional in the handshake and judges the token first",
            &[CertificatePresent],
            layers::token_first,
            &own,
            frozen(),
        ),
    ])
}

fn exhibit(name: &str, what: &str, breaks: &[Rule], build: Build, policy: &Policy, world: WorldOptions) -> Exhibit {
    Exhibit {
        name: name.into(),
        what: what.into(),
        breaks: BTreeSet::from_iter(breaks.iter().copied()),
        target: target(build, true, policy, world.clone()),
        twin: Some(target(build, false, policy, world)),
    }
}

fn target(build: Build, flawed: bool, policy: &Policy, world: WorldOptions) -> Target {
    Target { factory: boxed(move |world| Box::pin(async move { build(world, flawed) })), policy: policy.clone(), world }
}
