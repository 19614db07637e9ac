//! The report of one test of a suite: where it is written, and what of it fails the test.

use std::path::{Path, PathBuf};

use super::{Accepted, Known, Notes, Subject, View, screen_as, today};
use crate::{
    attacks::input::InputError,
    attacks::policy_gaps,
    campaign::{Campaign, Target},
};

/// The variable that names a folder for the reports of a suite: in it a folder for each test, with every face.
const REPORT: &str = "GATECRASH_REPORT";

/// The accepted findings of a suite: `known.toml` beside the policy, none where there is no such file.
///
/// `Err` when the file is broken.
pub(crate) fn known_beside(policy: &Path) -> Result<Option<Known>, InputError> {
    let file = policy.with_file_name("known.toml");
    if file.is_file() { Known::read(&file).map(Some) } else { Ok(None) }
}

/// What is to be said beside a test of a suite: what is accepted of its findings, and what the policy leaves out.
///
/// `test` is the name of the test; `whole` says that everything was looked at, so that an accepted finding that was not
/// found is one too many. The cases of findings are saved, and where [`REPORT`] is set every face of the report is written.
pub(crate) fn of_test(
    test: &str,
    whole: bool,
    campaign: &Campaign,
    subject: &Subject,
    target: &Target,
    policy: &Path,
) -> Result<Notes, String> {
    let known = known_beside(policy).map_err(|error| error.to_string())?;
    let accepted = known.map_or_else(Accepted::default, |known| match whole {
        true => known.apply(&campaign.findings, today()),
        false => known.matching(&campaign.findings, today()),
    });
    let mut notes = Notes { accepted, ..Notes::default() };
    let folder = std::env::var_os(REPORT).map(|folder| PathBuf::from(folder).join(test));
    if folder.is_some() || notes.status(campaign) != 0 {
        notes.left_out = policy_gaps::gaps_of(&target.policy, &campaign.catalogue);
        notes.absent = target.policy.changes.absent();
    }
    subject.save(&campaign.findings)?;
    if let Some(folder) = &folder {
        let text = screen_as(campaign, subject, View::default(), &notes);
        written(folder, campaign, subject, target, policy, &notes, &text)?;
    }
    Ok(notes)
}

#[cfg(feature = "reports")]
fn written(
    folder: &Path,
    campaign: &Campaign,
    subject: &Subject,
    target: &Target,
    policy: &Path,
    notes: &Notes,
    text: &str,
) -> Result<(), String> {
    let report = super::Report::new(&super::Material { campaign, subject, target, policy_file: Some(policy), notes });
    report.write(folder, text).map(drop)
}

#[cfg(not(feature = "reports"))]
fn written(_: &Path, _: &Campaign, _: &Subject, _: &Target, _: &Path, _: &Notes, _: &str) -> Result<(), String> {
    let version = env!("CARGO_PKG_VERSION");
    let line = format!("gatecrash = {{ version = \"{version}\", features = [\"reports\"] }}");
    Err(format!("{REPORT} is set, but gatecrash was built without report files; in Cargo.toml: {line}"))
}
