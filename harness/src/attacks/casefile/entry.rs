//! The format of one corpus file: a case or raw bytes, and what is known of it.

use std::{collections::BTreeSet, path::Path};

use base64ct::{Base64, Encoding as _};
use gatecrash_model::{Case, Over, Rule, Scene, Step};
use serde::{Deserialize, Serialize};

use crate::{
    attacks::casefile::Surface,
    attacks::input::{InputError, parse, text},
};

/// The format of case files that this version writes. It reads every one before it, too.
///
/// ```
/// use gatecrash::{input::{CASE_FORMAT, write_case}, model::{Case, Stance}};
/// let text = write_case(&Case::one(Stance::NoToken, "GET /v1/whoami", vec![]));
/// assert!(text.starts_with(&format!("format = {CASE_FORMAT}")));
/// ```
pub const CASE_FORMAT: u32 = 3;

/// What is known of a regression beside its input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct About {
    /// What it shows, in a sentence.
    pub title: String,
    /// The finding that it was: kind and what was seen.
    pub cause: String,
    /// When it was added, as `2026-09-21`.
    pub date: String,
    /// The verdict: `admit`, `refuse` or `either`.
    pub expect: String,
    /// The rules that it violates.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rules: BTreeSet<Rule>,
    /// The gate on which it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
}

/// What is attempted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// A case.
    Case(Case),
    /// Bytes, for a raw target.
    Raw {
        /// The target.
        target: Surface,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// One corpus file.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What is known of it; seeds have nothing.
    pub about: Option<About>,
    /// What is attempted.
    pub what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFile {
    format: u32,
    #[serde(default, skip_serializing_if = "is_usual")]
    scene: Scene,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<About>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw: Option<RawPart>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    target: String,
    base64: String,
}

fn is_usual(scene: &Scene) -> bool {
    *scene == Scene::Usual
}

/// Reads a corpus file; `file` is named in errors.
///
/// ```
/// use gatecrash::{corpus::{What, parse_entry}, fuzzing::Surface};
/// let entry = parse_entry("entry.toml", r#"
///     format = 2
///     raw = { target = "raw_token", base64 = "YS5iLmM=" }
/// "#)?;
/// assert_eq!(entry.what, What::Raw { target: Surface::RawToken, bytes: b"a.b.c".to_vec() });
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn parse_entry(file: &str, text: &str) -> Result<Entry, InputError> {
    let read: EntryFile = parse(file, text)?;
    check_case_format(file, read.format)?;
    if read.format == 1 && (read.about.is_some() || read.raw.is_some()) {
        return Err(InputError::of(file, "`about` and `raw` came with format = 2"));
    }
    let what = match (read.raw, read.steps.len()) {
        (Some(raw), 0) => {
            let target = Surface::named(&raw.target).filter(|target| target.is_raw());
            let target = target.ok_or_else(|| {
                InputError::of(file, format!("`{}` is no raw target; `corpus stats` lists them", raw.target))
            })?;
            let bytes = Base64::decode_vec(&raw.base64);
            let bytes = bytes.map_err(|error| InputError::of(file, format!("`base64`: {error}")))?;
            What::Raw { target, bytes }
        }
        (Some(_), _) => return Err(InputError::of(file, "`raw` and `steps` at once; a file is one attempt")),
        (None, 1..) => {
            let mut case = Case { scene: read.scene, steps: read.steps };
            // Earlier formats say nothing of connections: they had several steps for one kept connection alone.
            if read.format < 3 {
                case.attempts_mut().skip(1).for_each(|step| step.over = Over::Kept(1));
            }
            What::Case(case)
        }
        (None, 0) => return Err(InputError::of(file, "no step; write at least one `[[steps]]`, or `raw`")),
    };
    Ok(Entry { about: read.about, what })
}

/// The text of a corpus file, as [`parse_entry`] reads it.
///
/// ```
/// use gatecrash::{corpus::{Entry, What, parse_entry, write_entry}, fuzzing::Surface};
/// let entry = Entry { about: None, what: What::Raw { target: Surface::RawToken, bytes: b"a.b.c".to_vec() } };
/// assert_eq!(parse_entry("entry.toml", &write_entry(&entry))?, entry);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn write_entry(entry: &Entry) -> String {
    let (scene, raw, steps) = match &entry.what {
        What::Case(case) => (case.scene, None, case.steps.clone()),
        What::Raw { target, bytes } => {
            let raw = RawPart { target: target.name().into(), base64: Base64::encode_string(bytes) };
            (Scene::Usual, Some(raw), Vec::new())
        }
    };
    let file = EntryFile { format: CASE_FORMAT, scene, about: entry.about.clone(), raw, steps };
    // As with cases: the types hold nothing that TOML cannot.
    toml::to_string(&file).unwrap_or_default()
}

/// Reads a case file.
///
/// ```no_run
/// let case = gatecrash::input::case("target/gatecrash/gate-063e974559c0.toml".as_ref())?;
/// println!("{}", gatecrash::model::describe(&case));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn case(path: &Path) -> Result<Case, InputError> {
    parse_case(&path.display().to_string(), &text(path)?)
}

/// Reads a case from text; `file` is named in errors.
///
/// ```
/// use gatecrash::{input::parse_case, model::Mutation};
/// let case = parse_case("aud-missing.toml", r#"
///     format = 2
///     [[steps]]
///     route = "GET /v1/whoami"
///     stance = { complete = "alice" }
///     mutations = [{ drop-claim = "aud" }]
/// "#)?;
/// assert_eq!(case.mutations().collect::<Vec<_>>(), [&Mutation::DropClaim("aud".into())]);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn parse_case(file: &str, text: &str) -> Result<Case, InputError> {
    match parse_entry(file, text)?.what {
        What::Case(case) => Ok(case),
        What::Raw { target, .. } => Err(InputError::of(file, format!("holds bytes for target `{target}`, not a case"))),
    }
}

/// The text of a case, as [`parse_case`] reads it.
///
/// ```
/// use gatecrash::{input::{parse_case, write_case}, model::{Case, Stance}};
/// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
/// assert_eq!(parse_case("case.toml", &write_case(&case))?, case);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn write_case(case: &Case) -> String {
    write_entry(&Entry { about: None, what: What::Case(case.clone()) })
}

pub(crate) fn check_case_format(file: &str, format: u32) -> Result<(), InputError> {
    match format {
        1..=CASE_FORMAT => Ok(()),
        other => Err(InputError::of(file, format!("format = {other}; this version reads format = 1 to {CASE_FORMAT}"))),
    }
}

#[cfg(test)]
mod tests {
    use gatecrash_model::{Mutation, Person, Stance, Value};

    use super::*;

    fn about() -> About {
        About {
            title: "a token for anybody".into(),
            cause: "Breach: GET /v1/whoami ran".into(),
            date: "2026-09-21".into(),
            expect: "refuse".into(),
            rules: BTreeSet::from([Rule::Audience]),
            gate: Some("gate".into()),
        }
    }

    #[test]
    fn entries_survive_their_text() {
        let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![Mutation::Unsigned]);
        let mut several = case.clone();
        several.steps.extend(Case::one(Stance::ExpiredToken, "GET /healthz", vec![]).steps);
        let raw = What::Raw { target: Surface::RawToken, bytes: vec![0, 255, 46] };
        for what in [What::Case(case), What::Case(several), raw] {
            let entry = Entry { about: Some(about()), what };
            let text = write_entry(&entry);
            assert_eq!(parse_entry("entry.toml", &text).unwrap(), entry, "{text}");
        }
    }

    #[test]
    fn a_file_is_one_attempt() {
        let fault = |text: &str| parse_entry("entry.toml", text).unwrap_err().to_string();
        assert!(fault("format = 2\nraw = { target = \"case\", base64 = \"\" }\n").contains("no raw target"));
        assert!(fault("format = 2\nraw = { target = \"raw_tls\", base64 = \"?\" }\n").contains("base64"));
        assert!(fault("format = 1\nraw = { target = \"raw_tls\", base64 = \"\" }\n").contains("format = 2"));
        assert!(fault("format = 2\n").contains("no step"));
    }

    #[test]
    fn a_case_survives_its_text() {
        let value = Value::Json("[\"${audience}\",1e400]".into());
        let mutations = vec![Mutation::SetClaim { name: "aud".into(), value }, Mutation::Unsigned];
        let case = Case::one(Stance::StolenToken(Person::Bob), "GET /v1/whoami", mutations);
        let text = write_case(&case);
        assert_eq!(parse_case("case.toml", &text).unwrap(), case, "{text}");
    }

    #[test]
    fn an_unknown_key_is_placed() {
        let error = parse_case("case.toml", "format = 1\nsteps = []\nstep = 1\n").unwrap_err();
        assert_eq!(error.place, Some((3, 1)), "{error}");
    }
}
