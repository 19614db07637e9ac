//! What only tells: `lint` and `stats`.

use std::path::Path;

use crate::{
    cli::Failure,
    corpus::{self, LintError},
    exhibit::Exhibit,
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
        println!("{fault}");
    }
    let [attacks, entries, inputs] = linted.counts;
    println!("{attacks} attacks, {entries} cases and regressions, {inputs} inputs: {} faults", linted.faults.len());
    Ok(u8::from(!linted.faults.is_empty()))
}

pub(super) fn stats(exhibit: &Exhibit, path: Option<&Path>) -> Result<u8, Failure> {
    let stats = corpus::stats(path, exhibit)?;
    println!("attacks      {} in {} families", stats.families.values().sum::<usize>(), stats.families.len());
    for (family, count) in &stats.families {
        println!("  {count:>5}  {family}");
    }
    println!("regressions  {}", stats.regressions.values().sum::<usize>());
    for (kind, count) in &stats.regressions {
        println!("  {count:>5}  {kind}");
    }
    if !stats.targets.is_empty() {
        println!("inputs       rejected   nothing  handshake   token  handler");
        for (target, [rejected, nothing, handshake, token, handler]) in &stats.targets {
            let name = target.name();
            println!("  {name:<17}  {rejected:>5}  {nothing:>5}  {handshake:>9}  {token:>6}  {handler:>7}");
        }
    }
    if path.is_some() {
        let [day, week, month, more] = stats.ages;
        println!("age          a day {day}, a week {week}, a month {month}, older {more}");
    }
    Ok(0)
}
