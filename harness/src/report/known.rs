//! Accepted findings: what somebody answers for, with a reason and until a day. Nothing is accepted for ever, and what is no
//! longer found is no longer accepted.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime};

use crate::{
    attacks::input::{InputError, parse, text},
    campaign::check::{Finding, SEPARATOR},
};

/// A file of accepted findings (`known.toml`).
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The file, as given.
    pub file: String,
    /// The entries, in order.
    pub entries: Vec<KnownFinding>,
}

/// One accepted finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownFinding {
    /// Fingerprint of the finding: twelve hexadecimal digits.
    pub fingerprint: String,
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it is accepted, as `YYYY-MM-DD`, UTC.
    pub expires: String,
}

/// The format of files of accepted findings that this version reads.
pub const KNOWN_FORMAT: u32 = 2;

impl KnownFinding {
    /// The entry as a file holds it, below a comment that says what it accepts.
    pub(crate) fn written(&self, what: Option<&str>) -> String {
        let quoted = |text: &str| toml::Value::String(text.into()).to_string();
        let comment = what.map_or_else(String::new, |what| format!("# {}\n", what.replace('\n', " ")));
        format!(
            "{comment}[[known]]\nfingerprint = \"{}\"\nreason = {}\nowner = {}\nexpires = {}\n",
            self.fingerprint,
            quoted(&self.reason),
            quoted(&self.owner),
            self.expires
        )
    }

    /// Whether its day has not passed.
    fn lasts(&self, today: Date) -> bool {
        self.expires.parse().ok().as_ref().and_then(date).is_some_and(|expires| expires >= today)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownFile {
    format: u32,
    #[serde(default)]
    known: Vec<toml::Spanned<KnownEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownEntry {
    fingerprint: String,
    reason: String,
    owner: String,
    expires: toml::value::Datetime,
}

impl Known {
    /// Reads a file of accepted findings. `Err` names file, line, what is wrong and what would be right.
    ///
    /// ```no_run
    /// let known = gatecrash::report::Known::read("known.toml".as_ref())?;
    /// println!("{} accepted findings", known.entries.len());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn read(path: &Path) -> Result<Self, InputError> {
        Self::parse(&path.display().to_string(), &text(path)?)
    }

    /// Reads accepted findings from text; `file` is named in errors.
    ///
    /// ```
    /// let known = gatecrash::report::Known::parse("known.toml", r#"
    ///     format = 2
    ///
    ///     [[known]]
    ///     fingerprint = "063e974559c0"
    ///     reason = "tokens of the old client have no audience until it is gone"
    ///     owner = "platform team"
    ///     expires = 2027-01-31
    /// "#)?;
    /// assert_eq!(known.entries[0].expires, "2027-01-31");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn parse(file: &str, text: &str) -> Result<Self, InputError> {
        Self::parse_format(file, text, KNOWN_FORMAT)
    }

    /// The same of a file whose fingerprints are those of format 1, to migrate it.
    pub(crate) fn parse_format_1(file: &str, text: &str) -> Result<Self, InputError> {
        Self::parse_format(file, text, 1)
    }

    fn parse_format(file: &str, text: &str, format: u32) -> Result<Self, InputError> {
        let read: KnownFile = parse(file, text)?;
        // Where nothing is accepted no fingerprint is of an older version.
        let nothing = read.format == 1 && read.known.is_empty();
        if read.format != format && !nothing {
            let fault = match (read.format, format) {
                (1, _) => format!(
                    "format = 1 has fingerprints of an older version; `cargo gatecrash known migrate {file}` writes format = {KNOWN_FORMAT}"
                ),
                (KNOWN_FORMAT, 1) => format!("format = {KNOWN_FORMAT} needs no migration"),
                (other, _) => format!("format = {other}; this version reads format = {KNOWN_FORMAT}"),
            };
            return Err(InputError::of(file, fault));
        }
        let mut entries: Vec<KnownFinding> = Vec::new();
        for spanned in &read.known {
            let fault = |fault: String| {
                let line = text.get(..spanned.span().start).unwrap_or_default().matches('\n').count() + 1;
                InputError { file: file.into(), place: Some((line, 1)), fault }
            };
            let entry = spanned.get_ref();
            let digits = entry.fingerprint.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            if entry.fingerprint.len() != 12 || !digits {
                let right = "write the twelve hexadecimal digits that the report prints";
                return Err(fault(format!("`{}` is no fingerprint; {right}", entry.fingerprint)));
            }
            for (name, value) in [("reason", &entry.reason), ("owner", &entry.owner)] {
                if value.trim().is_empty() {
                    return Err(fault(format!("`{name}` is empty; say why, and who answers for it")));
                }
            }
            if entry.expires.time.is_some() || date(&entry.expires).is_none() {
                let right = "write a day without quotes, such as `expires = 2027-01-31`";
                return Err(fault(format!("`expires = {}` is no day; {right}", entry.expires)));
            }
            if entries.iter().any(|known| known.fingerprint == entry.fingerprint) {
                return Err(fault(format!("`{}` stands twice; accept a finding once", entry.fingerprint)));
            }
            entries.push(KnownFinding {
                fingerprint: entry.fingerprint.clone(),
                reason: entry.reason.trim().into(),
                owner: entry.owner.trim().into(),
                expires: entry.expires.to_string(),
            });
        }
        Ok(Self { file: file.into(), entries })
    }

    /// Whether a finding of this fingerprint is accepted on a day.
    pub fn accepts(&self, fingerprint: &str, today: Date) -> bool {
        let entry = self.entries.iter().find(|entry| entry.fingerprint == fingerprint);
        entry.is_some_and(|entry| entry.lasts(today))
    }

    /// What is accepted of these findings on a day, and what is wrong with the entries on that day.
    ///
    /// ```
    /// use gatecrash::report::{Known, KnownFinding, today};
    /// let entry = KnownFinding {
    ///     fingerprint: "063e974559c0".into(),
    ///     reason: "tokens of the old client have no audience until it is gone".into(),
    ///     owner: "platform team".into(),
    ///     expires: "2999-01-31".into(),
    /// };
    /// let known = Known { file: "known.toml".into(), entries: vec![entry] };
    /// // What is not found any more is no longer accepted.
    /// assert_eq!(known.apply(&[], today()).faults.len(), 1);
    /// ```
    pub fn apply(&self, findings: &[Finding], today: Date) -> Accepted {
        let mut accepted = self.matching(findings, today);
        for entry in &self.entries {
            if !findings.iter().any(|finding| finding.fingerprint == entry.fingerprint) {
                accepted.faults.push(format!(
                    "{}: {} was not found; take the entry out, or look at why ({})",
                    self.file, entry.fingerprint, entry.reason
                ));
            }
        }
        accepted
    }

    /// As [`Known::apply`], where only a part of everything was looked at: an entry that was not found is no fault.
    ///
    /// ```
    /// use gatecrash::report::{Known, KnownFinding, today};
    /// let entry = KnownFinding {
    ///     fingerprint: "063e974559c0".into(),
    ///     reason: "tokens of the old client have no audience until it is gone".into(),
    ///     owner: "platform team".into(),
    ///     expires: "2999-01-31".into(),
    /// };
    /// let known = Known { file: "known.toml".into(), entries: vec![entry] };
    /// assert!(known.matching(&[], today()).faults.is_empty());
    /// ```
    pub fn matching(&self, findings: &[Finding], today: Date) -> Accepted {
        let mut accepted = Accepted::default();
        for entry in &self.entries {
            if !findings.iter().any(|finding| finding.fingerprint == entry.fingerprint) {
                continue;
            }
            if entry.lasts(today) {
                accepted.entries.insert(entry.fingerprint.clone(), entry.clone());
                continue;
            }
            accepted.faults.push(format!(
                "{}: {} was accepted until {}; mend the gate, or have {} decide again",
                self.file, entry.fingerprint, entry.expires, entry.owner
            ));
        }
        accepted.follow(findings);
        accepted
    }
}

/// What is accepted of the findings of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accepted {
    /// The entries that hold, by fingerprint of what they accept: the finding itself, and what only combines such causes.
    pub entries: BTreeMap<String, KnownFinding>,
    /// Entries that have expired or are of no use any more, each in a sentence.
    pub faults: Vec<String>,
}

impl Accepted {
    /// Accepts what only combines accepted findings: each rule and each part of its subject is that of an accepted finding of its
    /// kind. A subject that nobody accepted is never accepted with another.
    fn follow(&mut self, findings: &[Finding]) {
        let parts =
            |finding: &Finding| -> BTreeSet<String> { finding.subject.split(SEPARATOR).map(String::from).collect() };
        let causes: Vec<(&Finding, KnownFinding)> =
            findings.iter().filter_map(|finding| Some((finding, self.of(finding)?.clone()))).collect();
        for finding in findings.iter().filter(|finding| finding.rules.len() > 1 && finding.subject.contains(SEPARATOR))
        {
            let whole = parts(finding);
            let within = causes.iter().filter(|(cause, _)| {
                cause.kind == finding.kind && cause.rules.is_subset(&finding.rules) && parts(cause).is_subset(&whole)
            });
            let within: Vec<_> = within.collect();
            let rules: BTreeSet<_> = within.iter().flat_map(|(cause, _)| cause.rules.iter().copied()).collect();
            let covered: BTreeSet<String> = within.iter().flat_map(|(cause, _)| parts(cause)).collect();
            if let Some((_, entry)) = within.first().filter(|_| rules == finding.rules && covered == whole) {
                self.entries.entry(finding.fingerprint.clone()).or_insert_with(|| entry.clone());
            }
        }
    }

    /// The entry that accepts a finding.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
    /// #     .for_attempts(20)
    /// #     .with(|options| options.sample_routes = true)
    /// #     .run_blocking()?;
    /// # let (campaign, subject) = (report.campaign, report.subject);
    /// use gatecrash::report::{Known, KnownFinding, today};
    /// let finding = &campaign.findings[0];
    /// let entry = KnownFinding {
    ///     fingerprint: finding.fingerprint.clone(),
    ///     reason: "tokens come with the next release".into(),
    ///     owner: "platform team".into(),
    ///     expires: "2999-01-31".into(),
    /// };
    /// let known = Known { file: "known.toml".into(), entries: vec![entry] };
    /// let accepted = known.apply(&campaign.findings, today());
    /// assert!(accepted.of(finding).is_some_and(|entry| entry.owner == "platform team"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn of(&self, finding: &Finding) -> Option<&KnownFinding> {
        self.entries.get(&finding.fingerprint)
    }
}

/// The day after so many days from today, UTC.
#[cfg(feature = "cli")]
pub(crate) fn in_days(days: i64) -> Date {
    today() + time::Duration::days(days)
}

/// The present day, UTC.
///
/// ```
/// assert!(gatecrash::report::today().year() >= 2026);
/// ```
pub fn today() -> Date {
    OffsetDateTime::from(std::time::SystemTime::now()).date()
}

fn date(written: &toml::value::Datetime) -> Option<Date> {
    let date = written.date?;
    Date::from_calendar_date(date.year.into(), Month::try_from(date.month).ok()?, date.day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(expires: &str) -> String {
        let entry = "[[known]]\nfingerprint = \"063e974559c0\"\nreason = \"a test gate\"\nowner = \"us\"\n";
        format!("format = 2\n{entry}expires = {expires}\n")
    }

    #[test]
    fn an_entry_is_read() {
        let known = Known::parse("known.toml", &file("2027-01-31")).unwrap();
        assert_eq!(known.entries[0].expires, "2027-01-31");
        // Nothing is to be migrated in a file that accepts nothing.
        assert!(Known::parse("known.toml", "format = 1\n").unwrap().entries.is_empty());
    }

    #[test]
    fn what_is_broken_is_placed() {
        for (text, wanted) in [
            (file("\"2027-01-31\""), "known.toml:6:11: "),
            (file("2027-01-31T00:00:00Z"), "is no day"),
            (file("2027-01-31").replace("063e974559c0", "063E"), "known.toml:2:1: `063E` is no fingerprint"),
            (file("2027-01-31").replace("a test gate", " "), "`reason` is empty"),
            (file("2027-01-31").replace("owner", "own"), "unknown key `own`"),
            (file("2027-01-31").replace("format = 2", "format = 9"), "format = 9"),
            (file("2027-01-31").replace("format = 2", "format = 1"), "`cargo gatecrash known migrate known.toml`"),
            (format!("{}{}", file("2027-01-31"), file("2027-01-31").replace("format = 2\n", "")), "stands twice"),
        ] {
            let error = Known::parse("known.toml", &text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{wanted}: {error}");
        }
    }

    #[test]
    fn what_is_not_found_is_of_no_use() {
        let known = Known::parse("known.toml", &file("2027-01-31")).unwrap();
        let day = Date::from_calendar_date(2027, Month::January, 1).unwrap();
        assert_eq!(known.matching(&[], day), Accepted::default());
        assert!(known.apply(&[], day).faults[0].contains("063e974559c0 was not found"));
    }
}
