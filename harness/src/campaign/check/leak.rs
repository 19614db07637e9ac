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
        let whole = |value: &dyn Fn(&str, &str) -> String| {
            let mut text = answer.body.clone();
            for (name, field) in &answer.headers {
                for piece in ["\n", name, ": ", &value(name, field)] {
                    text.extend(piece.as_bytes());
                }
            }
            Searched::new(text)
        };
        let told = Told {
            text: whole(&|_, value| value.into()),
            but_for_metadata: whole(&|name, value| match name.eq_ignore_ascii_case("www-authenticate") {
                true => without_metadata(value),
                false => value.into(),
            }),
        };
        in_answer(verdict, answer.status, &told, wire, world, &mut found);
    }
    if !observation.seen.logs.is_empty() {
        in_logs(verdict, &Searched::new(observation.seen.logs.clone().into_bytes()), wire, world, &mut found);
    }
    found
}

fn in_answer(verdict: &Verdict, status: u16, told: &Told, wire: &Wire, world: &World, found: &mut Vec<Disagreement>) {
    let text = &told.text;
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
            if secret.len() > 8 && told.but_for_metadata.holds_plainly(secret.as_bytes()) {
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

/// What an answer says; and what it says beside the challenge's public metadata.
struct Told {
    text: Searched,
    but_for_metadata: Searched,
}

/// A challenge without the parameters that tell every client where the resource and its issuers are (RFC 9728 §5.1), and without its
/// realm (RFC 9110 §11.5): that these name the service is what they are for.
fn without_metadata(challenge: &str) -> String {
    const PUBLIC: [&str; 3] = ["realm", "resource", "resource_metadata"];
    let mut text = String::new();
    let mut rest = challenge;
    while let Some(at) = rest.find("=\"") {
        let (before, value) = rest.split_at(at);
        let name = before.rsplit([' ', ',', '\t']).next().unwrap_or_default();
        let end = closing_quote(&value[2..]).map_or(value.len(), |end| end + 3);
        text.push_str(before);
        if !PUBLIC.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            text.push_str(&value[..end]);
        }
        rest = &value[end..];
    }
    text + rest
}

/// Where a quoted string ends (RFC 9110 §5.6.4).
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, letter)| {
        let closes = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        closes.then_some(at)
    })
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
    fn metadata_of_a_resource_is_for_everybody() {
        let told = |text: &str| without_metadata(text).contains("api.test");
        for public in [
            "Bearer resource_metadata=\"https://api.test/.well-known/oauth-protected-resource\"",
            "Bearer error=\"invalid_token\", resource_metadata=\"https://api.test/x\", scope=\"a\"",
            "Bearer Realm=\"https://api.test\"",
            "Bearer resource=\"https://api.test\"",
            "Bearer realm=\"a \\\" resource_metadata=\\\"https://api.test\"",
        ] {
            assert!(!told(public), "{public}");
        }
        for private in [
            "Bearer error_description=\"aud must be https://api.test\"",
            "Bearer resource_metadata=\"/x\", error_description=\"not https://api.test\"",
            "Bearer x_resource_metadata=\"https://api.test\"",
            "Bearer api.test",
        ] {
            assert!(told(private), "{private}");
        }
    }

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
