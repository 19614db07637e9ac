//! The flawed gates. Each is one function with a switch: with the flaw, or without.

mod alone;
mod article;
mod assistant;
mod binding;
mod certificates;
mod claims;
mod dictionaries;
mod handshake;
mod hidden;
mod layers;
mod leaks;
mod messages;
mod outcomes;
mod proxied;
mod readings;
mod requests;
mod state;
mod tokens;
mod verifiers;

use std::collections::BTreeSet;

use gatecrash::{
    __internals::exhibit::{Exhibit, Needs},
    BoxError, Clock, Gate, World, WorldOptions,
    campaign::{Target, check::FindingKind},
    gate::factory::boxed,
    input::InputError,
    model::{Policy, Rule},
};

use crate::{
    parts::service::{Steps, with_steps},
    policy,
};

/// Replaces a step by a flawed one.
type Flaw = fn(&mut Steps);

/// Every flawed gate.
pub(crate) fn all() -> Result<Vec<Exhibit>, InputError> {
    use Rule::*;
    let own = policy()?;
    let frozen = WorldOptions::default;
    let article = article::policy()?;
    let whoami = alone::policy()?;
    let named = alone::common_name_policy()?;
    let secret = |text: &str| Some(text.as_bytes().to_vec());
    let mut exhibits = vec![
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
            "short-key",
            "accepts certificates of an authority whose RSA key has 1024 bits",
            &[CertificateAlgorithm],
            certificates::short_key,
            &own,
            frozen(),
        ),
        exhibit(
            "unasked-proof",
            "goes on with the handshake when the client sends no CertificateVerify",
            &[ProofOfPossession],
            handshake::unasked_proof,
            &own,
            frozen(),
        ),
        exhibit(
            "md5-certificate",
            "accepts certificates of an authority that signs over MD5",
            &[CertificateAlgorithm],
            certificates::md5,
            &own,
            frozen(),
        ),
        exhibit(
            "explicit-curve",
            "accepts certificates of an authority whose key spells its curve out",
            &[CertificateAlgorithm],
            certificates::explicit_curve,
            &own,
            frozen(),
        ),
        exhibit(
            "sha1-certificate",
            "accepts certificates that are signed over SHA-1",
            &[CertificateAlgorithm],
            certificates::sha1,
            &own,
            frozen(),
        ),
        exhibit(
            "certificate-field-believed",
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
            "first-common-name",
            "knows people by the first of their common names",
            &[CertificateIdentity],
            alone::common_name,
            &named,
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
        exhibit(
            "signature-ignored",
            "checks that the key exists, not that it signed",
            &[Signature],
            tokens::signature_ignored,
            &own,
            frozen(),
        ),
        exhibit(
            "none-accepted",
            "takes `none` for an algorithm",
            &[AlgorithmAllowed, Signature],
            tokens::none_accepted,
            &own,
            frozen(),
        ),
        exhibit(
            "key-confusion",
            "keys HS256 with its own public keys",
            &[AlgorithmAllowed, AlgorithmOfKey],
            tokens::confused,
            &own,
            frozen(),
        ),
        exhibit(
            "embedded-key",
            "takes the key from the token's header",
            &[HeaderForm, KeyId, Signature],
            tokens::embedded_key,
            &own,
            frozen(),
        ),
        exhibit(
            "any-key",
            "tries every key of the issuer, whatever `kid` says",
            &[HeaderForm, KeyId],
            tokens::any_key,
            &own,
            frozen(),
        ),
        exhibit(
            "one-key-map",
            "keeps the keys of all issuers in one map",
            &[KeyId, Signature],
            tokens::one_key_map,
            &own,
            frozen(),
        ),
        exhibit(
            "issuer-not-compared",
            "never compares `iss`",
            &[ClaimType, Issuer],
            tokens::issuer_not_compared,
            &own,
            frozen(),
        ),
        exhibit(
            "scope-by-override",
            "looks for the scope of the method that a header names",
            &[Scope],
            messages::scope_by_override,
            &own,
            frozen(),
        ),
        exhibit(
            "any-method",
            "answers any method on a route whose guard knows four",
            &[Route, TokenPresent],
            messages::any_method,
            &own,
            frozen(),
        ),
        exhibit(
            "normalized-late",
            "guards the path as sent, and routes it without its dots",
            &[Route, TokenPresent],
            messages::normalized_late,
            &own,
            frozen(),
        ),
        exhibit(
            "decoded-twice",
            "guards the paths on a list, and decodes what is not on it",
            &[Route, TokenPresent],
            messages::decoded_twice,
            &own,
            frozen(),
        ),
        exhibit(
            "open-metrics",
            "merges its metrics where the guard ends",
            &[Route, TokenPresent],
            messages::open_metrics,
            &own,
            frozen(),
        ),
        exhibit(
            "token-in-form",
            "takes the token from a form in the body as well",
            &[MessageFraming, TokenPresent],
            messages::token_in_form,
            &own,
            frozen(),
        ),
        exhibit(
            "trailers-merged",
            "merges trailers into the fields before it guards",
            &[TokenPresent],
            messages::trailers_merged,
            &own,
            frozen(),
        ),
        exhibit(
            "body-first",
            "reads the body, then asks who sent it",
            &[TokenPresent],
            messages::body_first,
            &own,
            frozen(),
        ),
        exhibit(
            "remembered",
            "remembers for the whole connection whom it let in",
            &[TokenPresent],
            messages::remembered,
            &own,
            frozen(),
        ),
        exhibit(
            "framing-tidied",
            "stands behind a front that drops one of two framings",
            &[OneRequest],
            messages::framing_tidied,
            &own,
            frozen(),
        ),
        exhibit("old-tls", "still speaks TLS 1.2", &[TlsProtocol], messages::old_tls, &own, frozen()),
    ];
    // A flaw of a table is one step replaced: without it, they are all the same gate.
    let safe = target(|world, _| with_steps(world, Steps::default()), false, &own, frozen());
    let tables = [binding::FLAWS, claims::FLAWS, requests::FLAWS, dictionaries::FLAWS, readings::FLAWS];
    let of_table = |(name, what, breaks, flaw): &(&str, &str, &[Rule], Flaw)| {
        let flaw = *flaw;
        let build = move |world: &World, flawed: bool| {
            let mut steps = Steps::default();
            if flawed {
                flaw(&mut steps);
            }
            with_steps(world, steps)
        };
        Exhibit { twin: Some(safe.clone()), ..exhibit(name, what, breaks, build, &own, frozen()) }
    };
    let of_kind = |(name, what, shows, flaw): &(&str, &str, FindingKind, Flaw)| Exhibit {
        shows: BTreeSet::from([*shows]),
        ..of_table(&(*name, *what, &[], *flaw))
    };
    exhibits.extend(tables.into_iter().flatten().map(of_table));
    exhibits.extend(outcomes::FLAWS.iter().map(of_kind));
    exhibits.extend(verifiers::GATES.iter().map(|(name, what, breaks, flaw)| {
        let flaw = *flaw;
        let build = move |world: &World, flawed: bool| verifiers::build(world, flawed.then_some(flaw));
        Exhibit { twin: Some(safe.clone()), ..exhibit(name, what, breaks, build, &own, frozen()) }
    }));
    exhibits.extend(messages::OPEN.iter().map(|(name, what, breaks, path)| {
        let path = *path;
        let build = move |world: &World, flawed: bool| messages::open_at(world, flawed.then_some(path));
        Exhibit { twin: Some(safe.clone()), ..exhibit(name, what, breaks, build, &own, frozen()) }
    }));
    exhibits.extend(messages::REWRITTEN.iter().map(|(name, what, rewrite)| {
        let rewrite = *rewrite;
        let build = move |world: &World, flawed: bool| messages::rewritten(world, flawed.then_some(rewrite));
        exhibit(name, what, &[Route, TokenPresent], build, &own, frozen())
    }));
    let in_pairs = |row| Exhibit { needs: Some(Needs::Pair), ..of_table(row) };
    exhibits.extend(hidden::FLAWS.iter().map(in_pairs));
    exhibits.push(Exhibit {
        shows: BTreeSet::from([FindingKind::Carryover]),
        needs: Some(Needs::Steps),
        ..exhibit(
            "first-caller-kept",
            "takes every later token on a connection for the first caller's",
            &[],
            messages::first_caller,
            &own,
            frozen(),
        )
    });
    exhibits.extend(state::FLAWS.iter().map(|(name, what, breaks, shows, promises, habit)| {
        let (promises, habit) = (*promises, *habit);
        let build = move |world: &World, flawed: bool| state::build(world, promises, flawed.then_some(habit));
        Exhibit {
            shows: shows.iter().copied().collect(),
            needs: Some(Needs::Sequences),
            ..exhibit(name, what, breaks, build, &promises.of(&own), frozen())
        }
    }));
    exhibits.extend(proxied::FLAWS.iter().map(|(name, what, breaks, proxy, habit)| {
        let habit = *habit;
        let build = move |world: &World, flawed: bool| proxied::build(world, habit, flawed);
        exhibit(name, what, breaks, build, &proxy.of(&own), frozen())
    }));
    exhibits.push(Exhibit {
        shows: BTreeSet::from([FindingKind::Breach, FindingKind::Leak]),
        ..exhibit(
            "obedient-assistant",
            "hands messages, claims and logs to an assistant that does what they say",
            &[],
            assistant::obedient,
            &assistant::policy()?,
            frozen(),
        )
    });
    exhibits.extend(leaks::GATES.iter().chain(outcomes::GATES).map(|(name, what, shows, build)| Exhibit {
        shows: BTreeSet::from([*shows]),
        ..exhibit(name, what, &[], *build, &own, frozen())
    }));
    Ok(exhibits)
}

/// Builds a gate, with its flaw or without.
trait Build: Fn(&World, bool) -> Result<Gate, BoxError> + Copy + Send + Sync + 'static {}

impl<F: Fn(&World, bool) -> Result<Gate, BoxError> + Copy + Send + Sync + 'static> Build for F {}

fn exhibit<B: Build>(
    name: &str,
    what: &str,
    breaks: &[Rule],
    build: B,
    policy: &Policy,
    world: WorldOptions,
) -> Exhibit {
    Exhibit {
        name: name.into(),
        what: what.into(),
        breaks: BTreeSet::from_iter(breaks.iter().copied()),
        shows: BTreeSet::new(),
        needs: None,
        target: target(build, true, policy, world.clone()),
        twin: Some(target(build, false, policy, world)),
    }
}

fn target<B: Build>(build: B, flawed: bool, policy: &Policy, world: WorldOptions) -> Target {
    Target { factory: boxed(move |world| Box::pin(async move { build(world, flawed) })), policy: policy.clone(), world }
}
