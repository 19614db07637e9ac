//! Looks for planted secrets in answers and in what was logged: raw, percent-encoded, in base64 at three alignments, in
//! hexadecimal.

use std::collections::BTreeSet;

use gatecrash_model::{Person, Verdict};
use memchr::memmem;

use super::{Disagreement, FindingKind};
use crate::{
    gate::Observation,
    world::World,
    world::canaries::{Secret, forms},
    world::forge::Wire,
};

/// Shortest piece of a credential that cannot occur by chance.
const PIECE: usize = 24;

/// Every secret that came back to somebody who must not have it.
pub(crate) fn leaks(verdict: &Verdict, observation: &Observation, wire: &Wire, world: &World) -> Vec<Disagreement> {
    let mut found = Vec::new();
    if let Some(answer) = &observation.answer {
        let mut text = answer.body.clone();
        for (name, value) in &answer.headers {
            for piece in ["\n", name, ": ", value] {
                text.extend(piece.as_bytes());
            }
        }
        in_answer(verdict, answer.status, &Searched::new(text), wire, world, &mut found);
    }
    if !observation.seen.logs.is_empty() {
        in_logs(verdict, &Searched::new(observation.seen.logs.clone().into_bytes()), wire, world, &mut found);
    }
    found
}

fn in_answer(
    verdict: &Verdict,
    status: u16,
    text: &Searched,
    wire: &Wire,
    world: &World,
    found: &mut Vec<Disagreement>,
) {
    let rules = &verdict.refusals;
    let mut say = |kind: FindingKind, seen: String| found.push(Disagreement { kind, seen, rules: rules.clone() });
    let blueprint = world.first_blueprint();
    for (person, secret) in text.canaries(world) {
        let allowed = verdict.admissions.iter().any(|admission| {
            admission.principal == blueprint.id(person)
                || admission.object.as_deref().and_then(|object| blueprint.owner_of(object)) == Some(person)
        });
        match secret {
            _ if allowed => {}
            Secret::Data => say(FindingKind::Unwitnessed, format!("the answer holds data of {}", person.title())),
            // Whoever is let in may read their own claims; a refusal repeats nobody's.
            Secret::PrivateClaim => {
                say(FindingKind::Leak, format!("the answer holds a private claim of {}", person.title()));
            }
        }
    }
    if credential_piece(wire).is_some_and(|piece| text.holds(piece)) {
        say(FindingKind::Leak, "the answer holds a piece of the credential".into());
    }
    if verdict.must_refuse() && status >= 400 {
        for (what, secret) in [
            ("audience", world.audience()),
            ("issuer", blueprint.policy.issuers.first().map_or("", |issuer| &issuer.url)),
        ] {
            if secret.len() > 8 && text.holds_plainly(secret.as_bytes()) {
                say(FindingKind::Leak, format!("the refusal tells the expected {what}"));
            }
        }
    }
}

/// A log may name people, audiences and thumbprints. It holds no credential, no private claim, and nobody's data.
fn in_logs(verdict: &Verdict, text: &Searched, wire: &Wire, world: &World, found: &mut Vec<Disagreement>) {
    let mut say = |what: String| {
        let (kind, seen) = (FindingKind::Leak, format!("the log holds {what}"));
        found.push(Disagreement { kind, seen, rules: verdict.refusals.clone() });
    };
    if credential_piece(wire).is_some_and(|piece| text.holds(piece)) {
        say("a piece of the credential".into());
    }
    for (person, secret) in text.canaries(world) {
        match secret {
            Secret::Data => say(format!("data of {}", person.title())),
            Secret::PrivateClaim => say(format!("a private claim of {}", person.title())),
        }
    }
}

/// The end of the last segment of the token, which no honest answer repeats.
fn credential_piece(wire: &Wire) -> Option<&[u8]> {
    let token = wire.token.as_deref()?.as_bytes();
    (token.len() > 2 * PIECE).then(|| &token[token.len() - PIECE..])
}

/// A text as it stands, and with its percent-encoding undone where it has any.
struct Searched {
    readings: Vec<Vec<u8>>,
}

impl Searched {
    fn new(text: Vec<u8>) -> Self {
        let decoded = text.contains(&b'%').then(|| unescaped(&text));
        let readings = std::iter::once(text).chain(decoded);
        Self { readings: readings.collect() }
    }

    /// Whose planted secrets it holds.
    fn canaries(&self, world: &World) -> BTreeSet<(Person, Secret)> {
        self.readings.iter().flat_map(|text| world.canaries().found(text)).collect()
    }

    fn holds_plainly(&self, secret: &[u8]) -> bool {
        self.readings.iter().any(|text| memmem::find(text, secret).is_some())
    }

    fn holds(&self, secret: &[u8]) -> bool {
        forms(secret).iter().any(|form| self.holds_plainly(form))
    }
}

/// Percent-encoded octets decoded (RFC 3986 §2.1); a `%` that begins none stays.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(octet) => {
                plain.push(octet);
                rest = &after[2..];
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64Unpadded, Encoding as _};

    use super::*;

    const SECRET: &str = "urn:gatecrash:private/alice-5e9c41d7";

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        let hex: String = SECRET.bytes().map(|octet| format!("{octet:02X}")).collect();
        let percent: String = SECRET
            .bytes()
            .map(
                |octet| {
                    if octet.is_ascii_alphanumeric() { (octet as char).to_string() } else { format!("%{octet:02x}") }
                },
            )
            .collect();
        let base64 = |before: &str| Base64Unpadded::encode_string(format!("{before}{SECRET} after").as_bytes());
        let written = [SECRET.into(), hex, percent, base64(""), base64("x"), base64("xy"), base64("xyz")];
        for text in written {
            let around = format!("error=\"{text}\" 100%");
            assert!(Searched::new(around.into_bytes()).holds(SECRET.as_bytes()), "{text}");
        }
        for other in ["", "%", "%4", "urn:gatecrash:private/bob-5e9c41d7", "100%25"] {
            assert!(!Searched::new(other.into()).holds(SECRET.as_bytes()), "{other}");
        }
    }
}
