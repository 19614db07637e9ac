//! The secrets that a world plants, in every way in which somebody may write them.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use base64ct::{Base64Unpadded, Encoding as _};
use gatecrash_model::Person;

/// What is planted of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Secret {
    /// What the person owns.
    Data,
    /// A private claim of the person's tokens.
    PrivateClaim,
}

/// Finds every planted secret of a text in one pass.
pub(crate) struct Canaries {
    automaton: Option<AhoCorasick>,
    /// Whose secret, and which, by the automaton's patterns.
    whose: Vec<(Person, Secret)>,
}

impl Canaries {
    /// `secrets` are not empty.
    pub(super) fn new(secrets: impl IntoIterator<Item = (Person, Secret, String)>) -> Self {
        let (mut patterns, mut whose) = (Vec::new(), Vec::new());
        for (person, secret, text) in secrets {
            for form in forms(text.as_bytes()) {
                patterns.push(form);
                whose.push((person, secret));
            }
        }
        Self { automaton: AhoCorasick::new(patterns).ok(), whose }
    }

    /// Whose secrets stand in `text`, and which.
    pub(crate) fn found(&self, text: &[u8]) -> BTreeSet<(Person, Secret)> {
        let matches = self.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(text));
        matches.filter_map(|at| self.whose.get(at.pattern().as_usize()).copied()).collect()
    }
}

/// A secret as it stands, in base64 of both alphabets at three alignments, and in hexadecimal of both cases; nothing is empty.
pub(crate) fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    const DIGITS: [&[u8; 16]; 2] = [b"0123456789abcdef", b"0123456789ABCDEF"];
    let mut forms = vec![secret.to_vec()];
    for digits in DIGITS {
        let octets = secret.iter().flat_map(|octet| [digits[usize::from(octet >> 4)], digits[usize::from(octet & 15)]]);
        forms.push(octets.collect());
    }
    for shift in 0..3 {
        let encoded = Base64Unpadded::encode_string(&[&[0; 2][..shift], secret].concat());
        // The letters at both ends mix with their neighbours.
        let inner = &encoded[4.min(encoded.len())..encoded.len().saturating_sub(3).max(4.min(encoded.len()))];
        forms.push(inner.replace('+', "-").replace('/', "_").into_bytes());
        forms.push(inner.as_bytes().to_vec());
    }
    forms.retain(|form| !form.is_empty());
    forms
}
