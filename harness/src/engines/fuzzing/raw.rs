//! The raw oracle: whoever lacks a token, or a key, is never let in, whatever the bytes.
//!
//! It knows what was issued, octet by octet, and parses nothing that the attacker wrote beyond finding its parts.

pub(super) mod der;
pub(super) mod hello;
mod seeds;

use std::collections::BTreeSet;

use gatecrash_model::{
    Admission, Algorithm, Attempt, Attempting, ClientCertificate, Mutation, Person, Proof, Rule, Stage, Stance,
    Verdict, judge, resolve,
};
use rustls_pki_types::CertificateDer;

use crate::attacks::casefile::Surface;
use crate::{
    campaign::check::{Disagreement, FindingKind, faults, leaks},
    gate::{Depth, Evidence, Gate, Observation, Said},
    world::World,
    world::forge::{ForgeError, Identity, Wire, forge},
};

/// The most octets that are said at once.
const MOST: usize = 64 * 1024;

/// The field that carries a token in every honest request.
const FIELD: &[u8] = b"authorization: ";

/// What is issued in a world, and so what may be admitted.
pub(super) struct RawOracle {
    surface: Surface,
    /// An honest request of Alice's that is admitted.
    honest: Wire,
    /// Tokens that were issued for Alice's certificate, with what each of them permits.
    issued: Vec<(Vec<u8>, Verdict)>,
    /// What Alice may do with her certificate alone.
    certified: Verdict,
    /// What needs neither certificate nor token.
    anonymous: Verdict,
    /// The latest stage at which a certificate that nobody issued may be refused.
    handshake: Option<Stage>,
}

/// Bytes on their way, and what is permitted in answer.
pub(super) struct RawAttempt {
    way: Way,
    pub(super) verdict: Verdict,
}

enum Way {
    Said(Said),
    Wire(Wire),
}

/// What came of it.
pub(super) struct RawChecked {
    pub(super) observation: Observation,
    pub(super) disagreements: Vec<Disagreement>,
}

impl RawOracle {
    /// `Err` when the world cannot forge what is honest; `None` when the policy admits nobody with a token.
    pub(super) fn new(surface: Surface, world: &World) -> Result<Option<Self>, ForgeError> {
        let blueprint = world.blueprint();
        let changed = |stance: Stance, route: &str, mutations: Vec<Mutation>| {
            let step = Attempting::new(stance, route, mutations);
            let attempt = resolve(&step, &blueprint).ok()?;
            let verdict = judge(&attempt, &blueprint);
            Some((attempt, verdict))
        };
        let judged = |stance, route: &str| changed(stance, route, Vec::new());
        let wire = |attempt: &Attempt| forge(attempt, &blueprint, world.keyring(), world.mint(), 1);
        let routes = || blueprint.policy.routes.iter().filter(|route| !route.token_optional());
        let alice = Stance::Complete(Person::Alice);
        // A route with scopes exercises most of a gate.
        let by_depth = routes().filter(|route| !route.scopes.is_empty()).chain(routes());
        let chosen = by_depth.map(gatecrash_model::Route::id).find_map(|route| {
            judged(alice, &route).filter(|(_, verdict)| verdict.must_admit()).map(|(attempt, _)| (route, attempt))
        });
        let Some((route, attempt)) = chosen else { return Ok(None) };
        let honest = wire(&attempt)?;
        let mut issued = Vec::new();
        let stances = [alice, Stance::ExpiredToken, Stance::ForeignIssuer, Stance::NarrowScope];
        // By every algorithm of the issuer, too.
        let keys = blueprint.published(blueprint.issuer_of(Person::Alice)).into_iter().filter(|known| known.signs);
        let signed = keys.filter_map(|known| {
            let algorithm = Algorithm::ALL.iter().copied().find(|algorithm| algorithm.name() == known.algorithm)?;
            changed(alice, &route, vec![Mutation::SignWith { key: known.key, algorithm }])
        });
        for (attempt, verdict) in stances.into_iter().filter_map(|stance| judged(stance, &route)).chain(signed) {
            if let Some(token) = token(&wire(&attempt)?.request) {
                issued.push((token.to_vec(), verdict));
            }
        }
        let open = |mut verdict: Verdict, refusal: Rule| {
            verdict.refusals = BTreeSet::from([refusal]);
            verdict
        };
        let mut certified = Verdict::default();
        for (_, verdict) in blueprint.policy.routes.iter().filter_map(|route| judged(Stance::NoToken, &route.id())) {
            certified.admissions.extend(verdict.admissions);
        }
        let transport = blueprint.policy.certificates.client == ClientCertificate::Required;
        let handshake = transport.then_some(Stage::Handshake);
        let anonymous = Verdict { latest: handshake, ..Verdict::default() };
        Ok(Some(Self {
            surface,
            honest,
            issued,
            certified: open(Verdict { latest: Some(Stage::Token), ..certified }, Rule::TokenPresent),
            anonymous: open(anonymous, Rule::ProofOfPossession),
            handshake,
        }))
    }

    /// The attempt that `input` makes; `None` when it is none, such as a token with a line break in it.
    pub(super) fn attempt(&self, input: &[u8]) -> Option<RawAttempt> {
        if input.is_empty() || input.len() > MOST {
            return None;
        }
        match self.surface {
            Surface::IdealToken | Surface::RawToken => self.credential([b"Bearer ", input].concat(), input),
            Surface::RawAuthorization => self.credential(input.to_vec(), input),
            Surface::RawCertificate => Some(self.certificates(input)),
            Surface::RawHttp => {
                let identity = self.honest.identity.clone()?;
                Some(RawAttempt {
                    way: Way::Said(Said::Tls(identity, input.to_vec())),
                    verdict: self.certified.clone(),
                })
            }
            Surface::RawTls => {
                Some(RawAttempt { way: Way::Said(Said::Records(input.to_vec())), verdict: self.anonymous.clone() })
            }
            _ => None,
        }
    }

    /// The honest request with `value` for its credential.
    fn credential(&self, value: Vec<u8>, input: &[u8]) -> Option<RawAttempt> {
        // Whoever breaks the line writes another request; that is what bytes on the connection are for.
        if value.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
            return None;
        }
        let (before, after) = around_credential(&self.honest.request)?;
        let request = [before, &value, after].concat();
        Some(RawAttempt { way: Way::Wire(Wire { request, ..self.honest.clone() }), verdict: self.on_credential(input) })
    }

    /// What is permitted to whoever says this: what the token permits whose signing input it holds, else nothing.
    fn on_credential(&self, input: &[u8]) -> Verdict {
        let trimmed = trim(input);
        let exact = |token: &[u8]| match self.surface {
            Surface::IdealToken | Surface::RawToken => trimmed == token,
            _ => trimmed.strip_prefix(b"Bearer ") == Some(token),
        };
        if let Some((_, verdict)) = self.issued.iter().find(|(token, _)| exact(token)) {
            return verdict.clone();
        }
        let holds = |token: &[u8]| {
            let signed = signing_input(token);
            match self.surface {
                Surface::IdealToken | Surface::RawToken => signing_input(trimmed) == signed,
                _ => find(trimmed, &[signed, b"."].concat()).is_some(),
            }
        };
        let mut verdict = Verdict { latest: Some(Stage::Token), ..Verdict::default() };
        for (_, issued) in self.issued.iter().filter(|(token, _)| holds(token)) {
            verdict.admissions.extend(issued.admissions.clone());
            // A scope that is missing may be noticed before the signature, or after.
            verdict.latest = verdict.latest.max(issued.latest);
        }
        verdict.refusals.insert(Rule::Signature);
        verdict
    }

    /// The honest request behind other certificates, signed with the key of Alice's.
    fn certificates(&self, input: &[u8]) -> RawAttempt {
        let chain: Vec<CertificateDer<'static>> =
            der::split(input).into_iter().map(|der| CertificateDer::from(der.to_vec())).collect();
        let issued = self.honest.identity.as_ref().map(|identity| identity.chain.clone()).unwrap_or_default();
        let to_be_signed = |chain: &[CertificateDer<'static>]| {
            chain.first().and_then(|leaf| der::to_be_signed(leaf)).map(<[u8]>::to_vec)
        };
        let honest = self.issued.first().map(|(_, verdict)| verdict.clone()).unwrap_or_default();
        let verdict = if chain == issued {
            honest
        } else {
            let same = to_be_signed(&chain).is_some() && to_be_signed(&chain) == to_be_signed(&issued);
            Verdict {
                admissions: if same { honest.admissions } else { BTreeSet::new() },
                refusals: BTreeSet::from([Rule::CertificateSignature]),
                // The right leaf in a chain that leads nowhere, or with a signature written otherwise, may get further.
                latest: if same { Some(Stage::Token) } else { self.handshake },
                second: None,
            }
        };
        let key = self.honest.identity.as_ref().map_or(gatecrash_model::KeyName::Other, |identity| identity.key);
        let identity = Identity { chain, key, proof: Proof::Genuine };
        RawAttempt { way: Way::Wire(Wire { identity: Some(identity), ..self.honest.clone() }), verdict }
    }

    /// Inputs to begin with: honest ones, and their nearest kin.
    pub(super) fn seeds(&self, world: &World) -> Vec<Vec<u8>> {
        seeds::seeds(self, world)
    }
}

impl RawAttempt {
    /// Whether the gate can be attempted at this depth.
    pub(super) fn goes(&self, depth: Depth) -> bool {
        matches!(self.way, Way::Wire(_)) || depth == Depth::Connection
    }

    /// Makes the attempt and compares.
    pub(super) async fn check(&self, gate: &Gate, world: &World, depth: Depth) -> RawChecked {
        let observation = match &self.way {
            Way::Said(said) => gate.attempt_raw(said, world).await,
            Way::Wire(wire) => gate.attempt(wire, world, depth).await,
        };
        let mut disagreements = Vec::new();
        compare(&self.verdict, &observation, world, &mut disagreements);
        let silent = Wire::of(None);
        let wire = match &self.way {
            Way::Said(_) => &silent,
            Way::Wire(wire) => wire,
        };
        disagreements.extend(leaks(&self.verdict, &observation, wire, world));
        RawChecked { observation, disagreements }
    }
}

fn compare(verdict: &Verdict, observation: &Observation, world: &World, found: &mut Vec<Disagreement>) {
    let policy = world.policy();
    let mut say =
        |kind: FindingKind, seen: String| found.push(Disagreement { kind, seen, rules: verdict.refusals.clone() });
    faults(observation, policy, &mut say);
    for hit in &observation.seen.hits {
        let permitted = verdict.admissions.iter().any(|Admission { principal, route, object }| {
            *route == hit.route
                && hit.principal.as_ref().is_none_or(|named| named == principal)
                && (hit.object.is_none() || hit.object == *object)
        });
        if !permitted {
            let whom = hit.principal.as_ref().map_or(String::new(), |principal| format!(" as {principal}"));
            let refused = observation.answer.as_ref().is_some_and(|answer| answer.refused(policy));
            let kind = if refused && verdict.must_refuse() { FindingKind::EarlyEffect } else { FindingKind::Breach };
            say(kind, format!("{} ran{whom}", hit.route));
        }
    }
    let entered = observation.entered(policy);
    if entered && verdict.must_refuse() && observation.evidence == Evidence::Status {
        say(FindingKind::Breach, "the gate answered with success".into());
    }
    let answered = observation.answer.as_ref().map(|answer| answer.status).filter(|status| *status < 500);
    if let (Some(status), true, false) = (answered, verdict.latest == Some(Stage::Handshake), entered) {
        say(FindingKind::LateRefusal, format!("the handshake was accepted, then the gate answered {status}"));
    }
    if verdict.must_admit() && !entered && observation.panics.is_empty() && !observation.hang {
        say(FindingKind::FalseRefusal, "what was issued was refused".into());
    }
}

/// The case whose honest bytes the surface starts from, in words.
pub(super) fn words(surface: Surface, input: &[u8]) -> String {
    let who = match surface {
        Surface::IdealToken | Surface::RawAuthorization | Surface::RawToken => {
            "Alice's certificate, and in her credential"
        }
        Surface::RawCertificate => "the key of Alice's certificate and her token, and for certificates",
        Surface::RawHttp => "Alice's certificate and no token, and on the connection",
        _ => "no key and no token, and for TLS records",
    };
    format!("{who} {} octets: {}", input.len(), shown(input))
}

/// Bytes as a person can read them, cut off where they get long.
pub(super) fn shown(input: &[u8]) -> String {
    const LONG: usize = 320;
    let text: String =
        input.iter().take(LONG).flat_map(|octet| std::ascii::escape_default(*octet)).map(char::from).collect();
    if input.len() > LONG { format!("{text}…") } else { text }
}

fn around_credential(request: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = find(request, FIELD)? + FIELD.len();
    let end = start + find(&request[start..], b"\r\n")?;
    Some((&request[..start], &request[end..]))
}

/// The token of an honest request.
fn token(request: &[u8]) -> Option<&[u8]> {
    let (before, after) = around_credential(request)?;
    request[before.len()..request.len() - after.len()].strip_prefix(b"Bearer ")
}

/// Everything before the last full stop (RFC 7515 §5.2).
fn signing_input(token: &[u8]) -> &[u8] {
    token.iter().rposition(|octet| *octet == b'.').map_or(&[], |at| &token[..at])
}

/// Without the white space that belongs to the field, not to its value (RFC 9110 §5.5).
fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len().max(1)).position(|window| window == needle)
}
