//! `corpus push` and `corpus pull`: a corpus beyond one machine.

use std::path::Path;

use crate::cli::Failure;
#[cfg(feature = "share")]
use crate::cli::out::say_line;

#[cfg(feature = "share")]
pub(super) fn push(url: &str, folder: &Path) -> Result<u8, Failure> {
    let done = crate::engines::corpus::share::push(url, folder)?;
    say_line!("{} given, {} there already: {url}", done.moved, done.known);
    Ok(corrupt(&done.corrupt))
}

/// Names what was skipped; the exit status.
#[cfg(feature = "share")]
fn corrupt(names: &[String]) -> u8 {
    for name in names {
        eprintln!("error: {name}: its content is not what its name is the hash of; skipped");
    }
    if names.is_empty() { 0 } else { 2 }
}

#[cfg(feature = "share")]
pub(super) fn pull(url: &str, folder: &Path) -> Result<u8, Failure> {
    let done = crate::engines::corpus::share::pull(url, folder)?;
    say_line!("{} fetched, {} here already: {}", done.moved, done.known, folder.display());
    Ok(corrupt(&done.corrupt))
}

#[cfg(feature = "share")]
impl From<crate::engines::corpus::share::ShareError> for Failure {
    fn from(error: crate::engines::corpus::share::ShareError) -> Self {
        Failure::Usage(error.to_string())
    }
}

#[cfg(not(feature = "share"))]
pub(super) fn push(_url: &str, _folder: &Path) -> Result<u8, Failure> {
    Err(without())
}

#[cfg(not(feature = "share"))]
pub(super) fn pull(_url: &str, _folder: &Path) -> Result<u8, Failure> {
    Err(without())
}

#[cfg(not(feature = "share"))]
fn without() -> Failure {
    Failure::Usage(
        "this program is built without the feature `share`; build gatecrash with it (or with `cloud`)".into(),
    )
}
