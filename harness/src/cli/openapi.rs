//! OpenAPI documents on the command line: a policy from one, and one compared with a policy.

use std::{fmt, io::Read as _, path::Path};

use gatecrash_model::Policy;

use super::{Failure, arguments::Format, out::say};
use crate::attacks::{
    input::{self, InputError},
    openapi::{self, Difference, Document, Side},
};

/// The document in a file, or on standard input where the file is `-`.
pub(super) fn read(file: &Path) -> Result<Document, InputError> {
    let shown = file.display().to_string();
    if shown != "-" {
        return openapi::parse(&shown, &input::text(file)?);
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|error| InputError::of("standard input", error.to_string()))?;
    openapi::parse("standard input", &text)
}

/// A policy from a document. `Err` where it would not load: nothing is written then.
pub(super) fn written(file: &Path) -> Result<String, InputError> {
    let document = read(file)?;
    let text = openapi::policy_text(&document);
    let loaded = input::parse_policy("the policy", &text);
    loaded.map_err(|error| InputError::of(document.file, format!("makes no policy: {error}")))?;
    Ok(text)
}

/// What a document and a policy say differently, for people.
pub(super) struct Compared {
    document: Document,
    policy: String,
    found: Vec<Difference>,
}

impl Compared {
    /// Compares the document in a file with a policy, whose own file gives line numbers.
    pub(super) fn new(document: &Path, policy: &Policy, policy_file: Option<&Path>) -> Result<Self, InputError> {
        let document = read(document)?;
        // The embedded gates of an installed program have no file; then there are no lines to name.
        let text = policy_file.and_then(|file| input::text(file).ok()).unwrap_or_default();
        let found = openapi::differences(&document, policy, &text);
        let policy = policy_file.map_or("the policy".to_string(), |file| file.display().to_string());
        Ok(Self { document, policy, found })
    }

    /// The document.
    pub(super) fn document(&self) -> &Document {
        &self.document
    }

    /// Whether a difference is more than advice: a document that asks for less than is enforced harms nobody.
    pub(super) fn fails(&self) -> bool {
        self.found.iter().any(|difference| difference.side != Side::PolicyAsksMore)
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (document, policy) = (&self.document.file, &self.policy);
        for difference in &self.found {
            let place = |file: &str, line: Option<usize>| line.map(|line| format!("{file}:{line}"));
            let places = [place(document, difference.document_line), place(policy, difference.policy_line)];
            let places: Vec<String> = places.into_iter().flatten().collect();
            let places = if places.is_empty() { policy.clone() } else { places.join(", ") };
            writeln!(f, "{places}: {difference}")?;
        }
        match self.found.len() {
            0 => writeln!(f, "{document} and {policy} agree: {} operations", self.document.operations.len()),
            1 => writeln!(f, "\n1 difference between {document} and {policy}"),
            count => writeln!(f, "\n{count} differences between {document} and {policy}"),
        }
    }
}

/// `policy check --openapi`. Exit status 1 when they differ.
pub(super) fn compared(policy: &Path, document: &Path, format: Format) -> Result<u8, Failure> {
    let compared = Compared::new(document, &input::policy(policy)?, Some(policy))?;
    match format {
        Format::Json => super::print_json(&compared.found),
        Format::Text => say!("{compared}"),
    }
    Ok(u8::from(!compared.found.is_empty()))
}
