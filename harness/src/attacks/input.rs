//! Reads what people write: TOML, strictly, with errors that name the file, the line and what was wrong.

use std::{fmt, path::Path};

use gatecrash_model::{Policy, PolicyFault};
use serde::de::DeserializeOwned;

use crate::error::nearest;

/// The format of catalogue files that this version reads.
///
/// ```
/// assert_eq!(gatecrash::input::FORMAT, 1);
/// ```
pub const FORMAT: u32 = 1;

/// A broken file: which, where, what was wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The file, as given.
    pub file: String,
    /// Line and column, from 1, where known.
    pub place: Option<(usize, usize)>,
    /// What is wrong, and what would be right.
    pub fault: String,
}

impl InputError {
    /// An error about a whole file.
    ///
    /// ```
    /// let error = gatecrash::input::InputError::of("gate.toml", "names no issuer");
    /// assert_eq!(error.to_string(), "gate.toml: names no issuer");
    /// ```
    pub fn of(file: impl Into<String>, fault: impl Into<String>) -> Self {
        Self { file: file.into(), place: None, fault: fault.into() }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.fault),
            None => write!(f, "{}: {}", self.file, self.fault),
        }
    }
}

impl std::error::Error for InputError {}

/// Reads a policy file (`gate.toml`). `Err` on the first fault of syntax, or with every fault of sense.
///
/// ```no_run
/// let policy = gatecrash::input::policy("gate.toml".as_ref())?;
/// println!("{} routes", policy.routes.len());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn policy(path: &Path) -> Result<Policy, InputError> {
    parse_policy(&path.display().to_string(), &text(path)?)
}

/// Reads a policy from text; `file` is named in errors.
///
/// ```
/// use gatecrash::input::parse_policy;
/// let text = r#"
///     audience = "https://api.example.test"
///     trust-domain = "example.test"
///     issuers = [{ url = "https://issuer.example.test" }]
///     routes = [{ method = "GET", path = "/v1/whoami" }]
/// "#;
/// // What is left out has a strict default.
/// assert!(parse_policy("gate.toml", text)?.certificates.revocation);
/// let error = parse_policy("gate.toml", &text.replace("audience", "audiance")).unwrap_err();
/// assert_eq!(error.place, Some((2, 5)));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn parse_policy(file: &str, text: &str) -> Result<Policy, InputError> {
    let policy: Policy = parse(file, text)?;
    let faults = policy.faults();
    let Some((first, rest)) = faults.split_first() else { return Ok(policy) };
    let located = |fault: &PolicyFault| (locate(text, &fault.place), fault.to_string());
    let (place, mut fault) = located(first);
    for other in rest {
        let (place, other) = located(other);
        let place = place.map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
        fault.push_str(&format!("\n{file}{place}: {other}"));
    }
    Err(InputError { file: file.into(), place, fault })
}

/// The text of a policy with every value in it, as [`parse_policy`] reads it.
///
/// ```
/// use gatecrash::input::{parse_policy, write_policy};
/// # let policy = gatecrash::example::policy();
/// assert_eq!(parse_policy("gate.toml", &write_policy(&policy))?, policy);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn write_policy(policy: &Policy) -> String {
    // The types hold nothing that TOML cannot.
    toml::to_string(policy).unwrap_or_default()
}

/// Line and column of the value that a place such as `routes[2].owner` names, or of the nearest one around it.
fn locate(text: &str, at: &str) -> Option<(usize, usize)> {
    let table = toml::de::DeTable::parse(text).ok()?;
    let mut found = None;
    let mut value: Option<&toml::de::DeValue<'_>> = None;
    let mut rest = at;
    while !rest.is_empty() {
        let within = match value {
            None => Some(table.get_ref()),
            Some(value) => value.as_table(),
        };
        // The longest key that fits: names of claims have dots in them, too.
        let fits = |key: &str| rest.strip_prefix(key).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        let (key, next, after) = within?
            .iter()
            .filter_map(|(key, next)| Some((key, next, fits(key.get_ref().as_ref())?)))
            .max_by_key(|(key, ..)| key.get_ref().len())?;
        found = Some(place(text, key.span().start));
        (value, rest) = (Some(next.get_ref()), after);
        while let Some((index, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let item = value.and_then(|value| value.as_array())?.get(index.parse::<usize>().ok()?)?;
            found = Some(place(text, item.span().start));
            (value, rest) = (Some(item.get_ref()), after);
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    found
}

pub(crate) fn check_format(file: &str, format: u32) -> Result<(), InputError> {
    match format {
        FORMAT => Ok(()),
        other => Err(InputError::of(file, format!("format = {other}; this version reads format = {FORMAT}"))),
    }
}

/// Parses TOML into a type that denies unknown keys.
pub(crate) fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, InputError> {
    toml::from_str(text).map_err(|error| InputError {
        file: file.into(),
        place: error.span().map(|span| place(text, span.start)),
        fault: plain(error.message().trim()).replace('\n', "; "),
    })
}

/// A parser's complaint about a name that it does not know, with the name that was meant. Others as they are.
fn plain(message: &str) -> String {
    let unknown = |before: &str, what: &str| {
        let (name, expected) = message.strip_prefix(before)?.split_once('`')?;
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        Some(match nearest(name, known.iter().copied()) {
            Some(near) => format!("unknown {what} `{name}`; did you mean `{near}`?"),
            None if known.is_empty() => format!("unknown {what} `{name}`"),
            None => format!("unknown {what} `{name}`; expected one of `{}`", known.join("`, `")),
        })
    };
    let told = unknown("unknown field `", "key").or_else(|| unknown("unknown variant `", "value"));
    told.unwrap_or_else(|| message.into())
}

pub(crate) fn text(path: &Path) -> Result<String, InputError> {
    std::fs::read_to_string(path).map_err(|error| InputError::of(path.display().to_string(), error.to_string()))
}

/// Line and column, from 1, of an offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    (line, column)
}
