//! Looks for planted secrets in answers: raw, in base64 at three alignments, in hexadecimal.

use base64ct::{Base64Unpadded, Encoding as _};
use gatecrash_model::{Person, Verdict};

use super::{Disagreement, FindingKind};
use crate::{forge::Wire, gate::Observation, world::World};

/// Shortest piece of a credential that cannot occur by chance.
const PIECE: usize = 24;

pub(super) fn leaks(verdict: &Verdict, observation: &Observation, wire: &Wire, world: &World) -> Vec<Disagreement> {
    let Some(answer) = &observation.answer else { return Vec::new() };
    let mut text = answer.body.clone();
    for (name, value) in &answer.headers {
        text.extend(format!("\n{name}: {value}").bytes());
    }
    let mut found = Vec::new();
    let mut say = |kind: FindingKind, seen: String| found.push(Disagreement { kind, seen });
    let blueprint = world.first_blueprint();
    for person in Person::ALL {
        let allowed = verdict.admissions.iter().any(|admission| {
            admission.principal == blueprint.id(person)
                || admission.object.as_deref().and_then(|object| blueprint.owner_of(object)) == Some(person)
        });
        if !allowed && occurs(world.canary(person).as_bytes(), &text) {
            say(FindingKind::Unwitnessed, format!("the answer holds data of {}", person.title()));
        }
    }
    if let Some(piece) = credential_piece(&wire.request)
        && occurs(piece, &text)
    {
        say(FindingKind::Leak, "the answer holds a piece of the credential".into());
    }
    if verdict.must_refuse() && answer.status >= 400 {
        for (what, secret) in [
            ("audience", world.audience()),
            ("issuer", blueprint.policy.issuers.first().map_or("", |issuer| &issuer.url)),
        ] {
            if secret.len() > 8 && contains(&text, secret.as_bytes()) {
                say(FindingKind::Leak, format!("the refusal tells the expected {what}"));
            }
        }
    }
    found
}

/// The end of the last segment of the token, which no honest answer repeats.
fn credential_piece(request: &[u8]) -> Option<&[u8]> {
    let at = find(request, b"authorization: Bearer ")? + b"authorization: Bearer ".len();
    let line = request[at..].split(|byte| *byte == b'\r').next()?;
    (line.len() > 2 * PIECE).then(|| &line[line.len() - PIECE..])
}

fn occurs(secret: &[u8], text: &[u8]) -> bool {
    if contains(text, secret) {
        return true;
    }
    let hex: String = secret.iter().map(|octet| format!("{octet:02x}")).collect();
    if contains(text, hex.as_bytes()) {
        return true;
    }
    (0..3).any(|shift| {
        let padded = [&vec![0; shift][..], secret].concat();
        let encoded = Base64Unpadded::encode_string(&padded);
        // The letters at both ends mix with their neighbours.
        let inner = &encoded[4.min(encoded.len())..encoded.len().saturating_sub(3)];
        !inner.is_empty()
            && (contains(text, inner.as_bytes())
                || contains(text, inner.replace('+', "-").replace('/', "_").as_bytes()))
    })
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    find(text, needle).is_some()
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len().max(1)).position(|window| window == needle)
}
