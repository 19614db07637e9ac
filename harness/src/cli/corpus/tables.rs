//! What only tells: `lint` and `stats`.

use crate::cli::out::say_line;
use std::path::Path;

use crate::{
    campaign::specimen::Exhibit,
    cli::Failure,
    engines::corpus::{self, LintError},
};

impl From<LintError> for Failure {
    fn from(error: LintError) -> Self {
        match error {
            LintError::Fuzz(error) => error.into(),
            LintError::Input(error) => error.into(),
            LintError::World(error) => crate::campaign::CampaignError::from(error).into(),
        }
    }
}

pub(super) fn lint(exhibit: &Exhibit, path: Option<&Path>) -> Result<u8, Failure> {
    let linted = corpus::lint(path, exhibit)?;
    for fault in &linted.faults {
        say_line!("{fault}");
    }
    let [attacks, entries, inputs] = linted.counts;
    say_line!("{attacks} attacks, {entries} cases and regressions, {inputs} inputs: {} faults", linted.faults.len());
    Ok(u8::from(!linted.faults.is_empty()))
}

pub(super) fn stats(exhibit: &Exhibit, path: Option<&Path>) -> Result<u8, Failure> {
    let stats = corpus::stats(path, exhibit)?;
    say_line!("attacks      {} in {} families", stats.families.values().sum::<usize>(), stats.families.len());
    for (family, count) in &stats.families {
        say_line!("  {count:>5}  {family}");
    }
    say_line!("regressions  {}", stats.regressions.values().sum::<usize>());
    for (kind, count) in &stats.regressions {
        say_line!("  {count:>5}  {kind}");
    }
    if !stats.targets.is_empty() {
        say_line!("inputs       rejected   nothing  handshake   token  handler");
        for (target, [rejected, nothing, handshake, token, handler]) in &stats.targets {
            let name = target.name();
            say_line!("  {name:<17}  {rejected:>5}  {nothing:>5}  {handshake:>9}  {token:>6}  {handler:>7}");
        }
    }
    if path.is_some() {
        let [day, week, month, more] = stats.ages;
        say_line!("age          a day {day}, a week {week}, a month {month}, older {more}");
    }
    Ok(0)
}
