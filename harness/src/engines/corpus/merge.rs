//! Many corpora into one: what behaves alike is kept once, and who had it is noted.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::attacks::casefile::{files, is_corrupt, name_of, provenance, read, write};
use crate::{
    attacks::casefile::Surface,
    attacks::input::InputError,
    campaign::specimen::Exhibit,
    engines::fuzzing::{FuzzError, Fuzzer},
};

/// Why a file was not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// Another input does the same: outcome, depth and rules.
    Behavior {
        /// The name of the one that is kept.
        kept: String,
    },
    /// Its content is not what its name is the hash of.
    Corrupt,
    /// It is no input of its target.
    Meaningless,
}

/// What a merge did.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// Inputs that are in the result, by target.
    pub kept: BTreeMap<Surface, usize>,
    /// Inputs that were written.
    pub written: usize,
    /// Files that were not taken over, and why.
    pub removed: Vec<(PathBuf, Removed)>,
}

/// Why corpora cannot be merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The gate cannot be built.
    #[error(transparent)]
    Fuzz(#[from] FuzzError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Input(#[from] InputError),
}

/// Merges the inputs below `from` into `out`, which only grows. The gate of `exhibit` shows what each input does.
///
/// An input stands in a folder that is named after its target.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
/// use gatecrash::corpus::{merge, name_of};
/// # let folder = std::env::temp_dir().join("gatecrash-doc-merge");
/// let token = b"no token at all";
/// for contributor in ["ours", "theirs"] {
///     let file = folder.join(contributor).join("raw_token").join(name_of(token));
///     std::fs::create_dir_all(file.parent().ok_or("it has one")?)?;
///     std::fs::write(file, token)?;
/// }
/// let merged = merge(&[folder.join("ours"), folder.join("theirs")], &folder.join("merged"), &exhibit)?;
/// assert_eq!(merged.written, 1);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn merge(from: &[PathBuf], out: &Path, exhibit: &Exhibit) -> Result<Merged, MergeError> {
    let mut done = Merged::default();
    for &target in Surface::ALL {
        let mut inputs: Vec<(PathBuf, Vec<u8>, String)> = Vec::new();
        for folder in from {
            let contributor = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_string();
            for file in of_target(folder, target)? {
                let input = read(&file)?;
                if is_corrupt(&file, &input) {
                    done.removed.push((file, Removed::Corrupt));
                } else {
                    inputs.push((file, input, contributor.clone()));
                }
            }
        }
        let there = match out.join(target.name()) {
            folder if folder.is_dir() => files(&folder)?,
            _ => Vec::new(),
        };
        if inputs.is_empty() && there.is_empty() {
            continue;
        }
        // The smallest of those that behave alike is kept, whatever the order of the folders.
        inputs.sort_by_cached_key(|(_, input, _)| (input.len(), name_of(input)));
        let mut fuzzer = Fuzzer::new(target, exhibit, "", false)?;
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for file in there {
            let input = read(&file)?;
            if is_corrupt(&file, &input) {
                done.removed.push((file, Removed::Corrupt));
                continue;
            }
            if let Some(behavior) = fuzzer.behavior(&input) {
                known.entry(behavior).or_insert_with(|| name_of(&input));
            }
            *done.kept.entry(target).or_default() += 1;
        }
        for (file, input, contributor) in inputs {
            let name = name_of(&input);
            let Some(behavior) = fuzzer.behavior(&input) else {
                done.removed.push((file, Removed::Meaningless));
                continue;
            };
            match known.get(&behavior) {
                Some(kept) => {
                    provenance::record(out, kept, &contributor)?;
                    if *kept != name {
                        done.removed.push((file, Removed::Behavior { kept: kept.clone() }));
                    }
                }
                None => {
                    write(&out.join(target.name()).join(&name), &input)?;
                    provenance::record(out, &name, &contributor)?;
                    known.insert(behavior, name);
                    done.written += 1;
                    *done.kept.entry(target).or_default() += 1;
                }
            }
        }
    }
    Ok(done)
}

/// The files below `folder` that stand in a folder named after `target`.
pub(super) fn of_target(folder: &Path, target: Surface) -> Result<Vec<PathBuf>, InputError> {
    let named = |file: &PathBuf| {
        let above = file.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        above == Some(target.name())
    };
    Ok(files(folder)?.into_iter().filter(named).collect())
}
