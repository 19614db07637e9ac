//! How a refusal is put: with a status that a standard knows, and with a challenge where the policy promises one (RFC 6750 §3).
//!
//! It reads the answer alone. Whether a refusal was right is not its business.

use gatecrash_model::{Policy, Verdict};

use crate::gate::{Answer, Observation};

/// What is wrong with how an attempt was refused, in a clause each.
pub(super) fn faults(verdict: &Verdict, observation: &Observation, policy: &Policy) -> Vec<String> {
    let Some(answer) = &observation.answer else { return Vec::new() };
    let mut faults = Vec::new();
    if !is_registered(answer.status) && !policy.answers.refused.contains(&answer.status) {
        faults.push(format!("the gate answered {}, a status that no standard knows (RFC 9110 §15)", answer.status));
    }
    if policy.answers.challenge && verdict.must_refuse() && answer.status == 401 {
        faults.extend(challenge_fault(answer).map(|fault| format!("the gate answered 401 {fault}")));
    }
    faults
}

/// Whether IANA's registry of status codes has it: final ones, and the interim ones that end a read.
fn is_registered(status: u16) -> bool {
    matches!(
        status,
        100..=104 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=417 | 421..=426 | 428 | 429 | 431 | 451 | 500..=508 | 510 | 511
    )
}

/// What is wrong with the challenge of a 401.
fn challenge_fault(answer: &Answer) -> Option<String> {
    let fields = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
    let fields: Vec<&str> = fields.map(|(_, value)| value.as_str()).collect();
    if fields.is_empty() {
        return Some("without `WWW-Authenticate` (RFC 9110 §15.5.2, RFC 6750 §3)".into());
    }
    let Some(challenges) = fields.iter().map(|field| challenges(field)).collect::<Option<Vec<_>>>() else {
        return Some("with a challenge that does not parse (RFC 9110 §11.6.1)".into());
    };
    let challenges: Vec<Challenge> = challenges.into_iter().flatten().collect();
    let mut bearer = challenges.iter().filter(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer")).peekable();
    if bearer.peek().is_none() {
        return Some("with no challenge of the scheme `Bearer` (RFC 6750 §3)".into());
    }
    bearer.find_map(|challenge| {
        let count =
            |name: &str| challenge.parameters.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).count();
        const ONCE: [&str; 5] = ["realm", "scope", "error", "error_description", "error_uri"];
        if let Some(twice) = ONCE.into_iter().find(|name| count(name) > 1) {
            return Some(format!("with `{twice}` more than once in its challenge (RFC 6750 §3)"));
        }
        let letter = |octet: u8| matches!(octet, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        let odd = challenge.parameters.iter().find(|(name, value)| {
            ["error", "error_description", "scope"].iter().any(|known| known.eq_ignore_ascii_case(name))
                && !value.bytes().all(letter)
        });
        odd.map(|(name, _)| format!("with a letter in `{name}` that its challenge must not have (RFC 6750 §3)"))
    })
}

/// One challenge: a scheme, and its parameters.
#[derive(Debug, Default, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

/// The challenges of a field (RFC 9110 §11.6.1); `None` where it is no list of them.
fn challenges(field: &str) -> Option<Vec<Challenge>> {
    let mut list: Vec<Challenge> = Vec::new();
    for item in items(field)? {
        let item = item.trim_matches([' ', '\t']);
        if item.is_empty() {
            continue;
        }
        let end = item.find(|letter: char| !is_token(letter)).unwrap_or(item.len());
        let (word, rest) = item.split_at(end);
        if word.is_empty() {
            return None;
        }
        match rest.trim_start_matches([' ', '\t']).strip_prefix('=') {
            // A parameter of the challenge before it.
            Some(value) if !value.is_empty() && !value.starts_with('=') => {
                list.last_mut()?.parameters.push((word.into(), unquoted(value)?));
            }
            _ => {
                let mut challenge = Challenge { scheme: word.into(), parameters: Vec::new() };
                let rest = rest.strip_prefix(' ').map(|rest| rest.trim_matches([' ', '\t'])).unwrap_or(rest);
                match rest.split_once('=') {
                    _ if rest.is_empty() => {}
                    // Credentials in one piece; no challenge of `Bearer` has them.
                    None => {}
                    Some((_, padding)) if padding.chars().all(|letter| letter == '=') => {}
                    Some((name, value)) => {
                        let name = name.trim_matches([' ', '\t']);
                        if name.is_empty() || !name.chars().all(is_token) {
                            return None;
                        }
                        challenge.parameters.push((name.into(), unquoted(value)?));
                    }
                }
                list.push(challenge);
            }
        }
    }
    Some(list)
}

fn is_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter)
}

/// The parts between commas that no quotes enclose; `None` where quotes do not close.
fn items(field: &str) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    let mut list = Vec::new();
    for (at, letter) in field.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                list.push(&field[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    list.push(&field[start..]);
    (!quoted).then_some(list)
}

/// A value without its quotes; `None` where it is neither a token nor a quoted string.
fn unquoted(value: &str) -> Option<String> {
    let value = value.trim_matches([' ', '\t']);
    match value.strip_prefix('"') {
        None => (!value.is_empty() && value.chars().all(is_token)).then(|| value.into()),
        Some(rest) => {
            let inner = rest.strip_suffix('"')?;
            let mut text = String::new();
            let mut letters = inner.chars();
            while let Some(letter) = letters.next() {
                match letter {
                    '\\' => text.push(letters.next()?),
                    '"' => return None,
                    other => text.push(other),
                }
            }
            Some(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(fields: &[&str]) -> Option<String> {
        let mut answer = Answer::new(401);
        answer.headers = fields.iter().map(|value| ("WWW-Authenticate".into(), (*value).into())).collect();
        challenge_fault(&answer)
    }

    #[test]
    fn good_challenges_are_good() {
        for good in [
            &["Bearer"][..],
            &["bearer realm=\"a, b\""],
            &["Bearer error=\"invalid_token\", error_description=\"it has expired\""],
            &["Bearer error=invalid_token , scope=\"a b\""],
            &["Basic realm=\"x\", Bearer error=\"invalid_token\""],
            &["Negotiate YWJj==, Bearer"],
            &["DPoP algs=\"ES256\"", "Bearer resource_metadata=\"https://x.test/\""],
            &["Bearer realm = \"x\""],
        ] {
            assert_eq!(fault(good), None, "{good:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (bad, why) in [
            (&[][..], "without `WWW-Authenticate`"),
            (&["Basic realm=\"x\""], "no challenge of the scheme"),
            (&["Bearer error=\"a\", error=\"b\""], "`error` more than once"),
            (&["Bearer error=\"a\\\"b\""], "a letter in `error`"),
            (&["Bearer error_description=\"\u{e9}\""], "a letter in `error_description`"),
            (&["Bearer error=\"a"], "does not parse"),
            (&["error=\"a\""], "does not parse"),
            (&["Bearer error=a b"], "does not parse"),
        ] {
            let said = fault(bad).unwrap_or_default();
            assert!(said.contains(why), "{bad:?}: {said}");
        }
    }

    #[test]
    fn statuses_of_no_standard_are_known() {
        for known in [200, 401, 403, 404, 421, 429, 431, 503] {
            assert!(is_registered(known), "{known}");
        }
        for unknown in [299, 306, 418, 419, 440, 444, 494, 495, 496, 498, 499, 509, 520, 599] {
            assert!(!is_registered(unknown), "{unknown}");
        }
    }
}
