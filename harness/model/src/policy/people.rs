//! What the people of the cast, and their objects, are called in this service.

use serde::{Deserialize, Serialize};

use crate::Person;

/// What people and objects are called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct People {
    /// Form of a principal: `spiffe`, `uuid`, `integer`, `email`, or text such as `auth0|{hex24}`.
    pub principal: NameForm,
    /// Form of an object's id: `uuid`, `integer`, or text such as `{name}-1`.
    pub objects: NameForm,
}

impl Default for People {
    fn default() -> Self {
        Self { principal: NameForm("spiffe".into()), objects: NameForm("{name}-1".into()) }
    }
}

/// The form of a name: a word (`spiffe`, `uuid`, `integer`, `email`) or text with places such as `{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NameForm(pub String);

/// Whose name it is, and of what.
struct Named<'a> {
    person: Person,
    domain: &'a str,
    /// Sets the numbers of objects apart from those of people.
    salt: &'a str,
}

impl NameForm {
    /// Whether the names are JSON numbers.
    ///
    /// ```
    /// use gatecrash_model::NameForm;
    /// assert!(NameForm("integer".into()).is_integer());
    /// ```
    pub fn is_integer(&self) -> bool {
        self.0 == "integer"
    }

    /// The name of somebody.
    ///
    /// ```
    /// use gatecrash_model::{NameForm, Person};
    /// let form = NameForm("auth0|{hex24}".into());
    /// assert_eq!(form.of(Person::Alice, "example.test").len(), 30);
    /// assert_ne!(form.of(Person::Alice, "example.test"), form.of(Person::Bob, "example.test"));
    /// ```
    pub fn of(&self, person: Person, domain: &str) -> String {
        self.filled(&Named { person, domain, salt: "person" })
    }

    /// The id of somebody's object.
    pub(crate) fn of_object(&self, person: Person, domain: &str) -> String {
        self.filled(&Named { person, domain, salt: "object" })
    }

    fn filled(&self, named: &Named<'_>) -> String {
        let text = match self.0.as_str() {
            "spiffe" => "spiffe://{domain}/{tenant}/{name}",
            "uuid" => "{uuid}",
            "integer" => "{number}",
            "email" => "{name}@{domain}",
            text => text,
        };
        fill(text, named).unwrap_or_else(|_| text.into())
    }

    /// What is wrong with the form, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        let named = |person| Named { person, domain: "example.test", salt: "person" };
        if let Err(unknown) = fill(&self.0, &named(Person::Alice)) {
            return Some(format!("`{{{unknown}}}` is no place in a name"));
        }
        let all: std::collections::BTreeSet<String> =
            Person::ALL.iter().copied().map(|person| self.filled(&named(person))).collect();
        (all.len() < Person::ALL.len()).then(|| format!("`{}` calls everybody the same", self.0))
    }
}

/// Fills the places in braces; `Err` with one that is not known.
fn fill(text: &str, named: &Named<'_>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (place, after) = after.split_once('}').ok_or_else(|| after.to_string())?;
        filled.push_str(&value(place, named).ok_or_else(|| place.to_string())?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn value(place: &str, named: &Named<'_>) -> Option<String> {
    let Named { person, domain, salt } = named;
    let at = Person::ALL.iter().copied().position(|known| known == *person)? as u64;
    Some(match place {
        "name" => person.name().into(),
        "title" => person.title().into(),
        "tenant" => person.tenant().into(),
        "domain" => (*domain).into(),
        "number" => (if *salt == "object" { 7001 } else { 1001 } + at).to_string(),
        "uuid" => {
            let digits = hex(person.name(), salt, 32);
            // Version 4, variant 1 (RFC 9562 §5.4).
            format!("{}-{}-4{}-8{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
        }
        _ => {
            let (kind, count) = place.split_at(place.find(|letter: char| letter.is_ascii_digit())?);
            let count: usize = count.parse().ok().filter(|count| (4..=64).contains(count))?;
            match kind {
                "hex" => hex(person.name(), salt, count),
                "digits" => {
                    let digit = |letter: char| char::from(b'0' + (letter.to_digit(16).unwrap_or(0) % 10) as u8);
                    hex(person.name(), salt, count).chars().map(digit).collect()
                }
                _ => return None,
            }
        }
    })
}

/// Digits that look like chance and are the same in every world.
fn hex(name: &str, salt: &str, count: usize) -> String {
    // FNV-1a, then one step of SplitMix64 for each sixteen digits.
    let mut state = 0xCBF2_9CE4_8422_2325_u64;
    for octet in name.bytes().chain(salt.bytes()) {
        state = (state ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3);
    }
    let mut digits = String::new();
    while digits.len() < count {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        digits.push_str(&format!("{:016x}", mixed ^ (mixed >> 31)));
    }
    digits.truncate(count);
    digits
}

/// A value of `${person.NAME}` in an honest claim.
pub(crate) fn person_value(name: &str, person: Person, domain: &str) -> Option<String> {
    let place = match name {
        "email" => return Some(format!("{}@{domain}", person.name())),
        place => place,
    };
    value(place, &Named { person, domain, salt: "person" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_form_that_is_asked_for() {
        let of = |form: &str| NameForm(form.into()).of(Person::Bob, "example.test");
        assert_eq!(of("spiffe"), "spiffe://example.test/staff/bob");
        assert_eq!(of("email"), "bob@example.test");
        assert_eq!(of("integer"), "1002");
        let uuid = of("uuid");
        assert_eq!((uuid.len(), &uuid[14..15], &uuid[19..20]), (36, "4", "8"));
        assert_eq!(of("system:serviceaccount:{tenant}:{name}"), "system:serviceaccount:staff:bob");
        assert!(NameForm("{nobody}".into()).fault().is_some_and(|fault| fault.contains("{nobody}")));
        assert!(NameForm("everybody".into()).fault().is_some());
        assert_eq!(NameForm("auth0|{hex24}".into()).fault(), None);
    }
}
