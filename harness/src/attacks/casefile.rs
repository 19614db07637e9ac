//! One text format for seeds, crashes and regressions: a case or raw bytes, and what is known of it.

mod entry;
mod migrate;
pub(crate) mod provenance;
mod surface;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use sha2::{Digest as _, Sha256};

pub use entry::{About, CASE_FORMAT, Entry, What, case, parse_case, parse_entry, write_case, write_entry};
pub use migrate::{Migrated, migrate};
pub(crate) use provenance::ORIGINS;
pub use provenance::record as record_origin;
pub use surface::Surface;

use crate::attacks::input::InputError;

/// Hexadecimal digits of a name. libFuzzer's own names have 40.
pub(crate) const NAME: usize = 48;

/// Name of an input by its content: 48 hexadecimal digits, so that two corpora never use one name for two inputs.
///
/// ```
/// use gatecrash::corpus::name_of;
/// assert_eq!(name_of(b"an input").len(), 48);
/// assert_ne!(name_of(b"an input"), name_of(b"another"));
/// ```
pub fn name_of(input: &[u8]) -> String {
    Sha256::digest(input)[..NAME / 2].iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Today, as `2026-09-21` (UTC).
pub(crate) fn today() -> String {
    time::OffsetDateTime::now_utc().date().to_string()
}

/// The regressions that the crate `gatecrash-corpus` embeds.
///
/// ```
/// let regressions = gatecrash::corpus::regressions()?;
/// assert!(regressions.iter().all(|entry| entry.about.is_some()), "each says what it shows");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn regressions() -> Result<Vec<Entry>, InputError> {
    gatecrash_corpus::regressions().iter().map(|(file, text)| parse_entry(file, text)).collect()
}

/// Every file below `path`, in order of name; the file itself when it is one.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let fault = |error: std::io::Error| InputError::of(path.display().to_string(), error.to_string());
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a file. `Err` names it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, InputError> {
    std::fs::read(path).map_err(|error| InputError::of(path.display().to_string(), error.to_string()))
}

/// Whether a file that is called by the hash of its content has another one. Names of other kinds say nothing.
pub(crate) fn is_corrupt(path: &Path, contents: &[u8]) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_hash = name.len() == NAME && name.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'));
    is_hash && name != name_of(contents)
}

/// Writes a file and the folders above it: whole or not at all, whatever happens meanwhile. `Err` names it.
pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<(), InputError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let part = folder.join(format!(".gatecrash-{}-{number}.part", std::process::id()));
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        let mut file = std::fs::File::create(&part)?;
        file.write_all(contents)?;
        // On the disk before it has its name.
        file.sync_all()?;
        std::fs::rename(&part, path)
    });
    written.map_err(|error| {
        let _ = std::fs::remove_file(&part);
        InputError::of(path.display().to_string(), error.to_string())
    })
}
