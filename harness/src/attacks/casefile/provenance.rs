//! Who contributed an input: `origins/<name of the input>/<contributor>`, one small file each, so that additions never
//! conflict.

use std::path::Path;

use super::{today, write};
use crate::attacks::input::InputError;

/// The folder of a corpus that holds provenance.
pub(crate) const ORIGINS: &str = "origins";

/// Notes that `contributor` had the input called `name`. What is noted already stays.
///
/// ```
/// use gatecrash::corpus::{name_of, record_origin};
/// # let corpus = std::env::temp_dir().join("gatecrash-doc-record");
/// let name = name_of(b"an input");
/// record_origin(&corpus, &name, "the nightly run")?;
/// assert!(corpus.join("origins").join(name).join("the-nightly-run").is_file());
/// # std::fs::remove_dir_all(&corpus)?;
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn record(corpus: &Path, name: &str, contributor: &str) -> Result<(), InputError> {
    let file = corpus.join(ORIGINS).join(name).join(plain(contributor));
    match file.exists() {
        true => Ok(()),
        false => write(&file, format!("{contributor}, {}\n", today()).as_bytes()),
    }
}

/// A contributor's name as a file name.
fn plain(contributor: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() || "-_".contains(letter) { letter } else { '-' };
    let name: String = contributor.chars().map(letter).take(100).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "unknown".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert_eq!(plain("../a b"), "a-b");
        assert_eq!(plain("///"), "unknown");
    }
}
