//! What writes files: `seed`, `dict`, `merge`, `migrate`.

use crate::attacks::casefile;
use crate::cli::out::say_line;
use std::path::{Path, PathBuf};

use crate::{
    attacks::casefile::Surface,
    campaign::specimen::Exhibit,
    cli::Failure,
    engines::corpus::{self, MergeError, Removed},
    engines::fuzzing::{self, FuzzError, Seeds, dictionary},
    world::World,
};

impl From<MergeError> for Failure {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Fuzz(error) => error.into(),
            MergeError::Input(error) => error.into(),
        }
    }
}

impl From<FuzzError> for Failure {
    fn from(error: FuzzError) -> Self {
        match error {
            FuzzError::Campaign(error) => error.into(),
            other => Failure::Usage(other.to_string()),
        }
    }
}

pub(super) fn seed(exhibit: &Exhibit, out: &Path, target: Option<Surface>, controls: bool) -> Result<u8, Failure> {
    let which = if controls { Seeds::Controls } else { Seeds::All };
    for surface in Surface::ALL.iter().copied().filter(|surface| target.is_none_or(|target| target == *surface)) {
        let seeds = fuzzing::seeds(surface, exhibit, which)?;
        let mut written = 0;
        for (name, input) in &seeds {
            let file = out.join(surface.name()).join(name);
            // What is there and broken is written anew.
            if !casefile::read(&file).is_ok_and(|content| content == *input) {
                casefile::write(&file, input)?;
                written += 1;
            }
        }
        say_line!("{:17}  {} inputs, {written} of them new", surface.name(), seeds.len());
    }
    say_line!("Run one: cargo fuzz run -s none case {}", out.join("case").display());
    Ok(0)
}

pub(super) fn dict(exhibit: &Exhibit, out: &Path) -> Result<u8, Failure> {
    let world = World::new(exhibit.target.policy.clone(), exhibit.target.world.clone());
    let world = world.map_err(crate::campaign::CampaignError::from)?;
    for &surface in Surface::ALL {
        if let Some(text) = dictionary(surface, &world) {
            let file = out.join(format!("{surface}.dict"));
            casefile::write(&file, text.as_bytes())?;
            say_line!("{}  {} words", file.display(), text.lines().count() - 1);
        }
    }
    Ok(0)
}

pub(super) fn merge(exhibit: &Exhibit, from: &[PathBuf], out: &Path) -> Result<u8, Failure> {
    let done = corpus::merge(from, out, exhibit)?;
    for (file, why) in &done.removed {
        match why {
            Removed::Corrupt => {
                eprintln!("error: {}: its content is not what its name is the hash of; skipped", file.display());
            }
            Removed::Behavior { kept } => say_line!("left out  {}  does what {kept} does", file.display()),
            Removed::Meaningless => say_line!("left out  {}  is no input of its target", file.display()),
        }
    }
    for (target, count) in &done.kept {
        say_line!("{:17}  {count} inputs", target.name());
    }
    say_line!(
        "{} written to {}, {} left out; nothing there was removed.",
        done.written,
        out.display(),
        done.removed.len()
    );
    let is_corrupt = done.removed.iter().any(|(_, why)| *why == Removed::Corrupt);
    Ok(if is_corrupt { 2 } else { 0 })
}

pub(super) fn migrate(path: &Path) -> Result<u8, Failure> {
    let done = casefile::migrate(path)?;
    for (file, kept) in &done.written {
        say_line!("{}  written anew; its old text is in {}", file.display(), kept.display());
    }
    for fault in &done.faults {
        eprintln!("error: {fault}");
    }
    say_line!("{} migrated, {} current, {} broken", done.written.len(), done.current, done.faults.len());
    Ok(if done.faults.is_empty() { 0 } else { 2 })
}
