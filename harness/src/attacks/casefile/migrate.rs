//! Brings files to the present format. What was there is kept beside the new file.

use std::path::{Path, PathBuf};

use super::{files, parse_entry, read, write, write_entry};
use crate::{attacks::casefile::CASE_FORMAT, attacks::input::InputError};

/// What became of the files below a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Files that were written anew, and where the old text is.
    pub written: Vec<(PathBuf, PathBuf)>,
    /// How many have the present format.
    pub current: usize,
    /// Files of a version that this one does not know, or that do not decode, with the fault.
    pub faults: Vec<InputError>,
}

/// Migrates every case file below `path`. A file that does not decode is reported and left as it is.
///
/// ```
/// # let folder = std::env::temp_dir().join("gatecrash-doc-migrate");
/// # std::fs::create_dir_all(&folder)?;
/// let old = "format = 1\n[[steps]]\nroute = \"GET /v1/whoami\"\nstance = \"no-token\"\n";
/// std::fs::write(folder.join("case.toml"), old)?;
/// let migrated = gatecrash::corpus::migrate(&folder)?;
/// let [(file, kept)] = &migrated.written[..] else { return Err("one is old".into()) };
/// assert!(std::fs::read_to_string(file)?.starts_with("format = 3"));
/// assert_eq!(std::fs::read_to_string(kept)?, old);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn migrate(path: &Path) -> Result<Migrated, InputError> {
    let mut done = Migrated::default();
    for file in files(path)? {
        // Families of attacks have a format of their own; raw inputs have none.
        let manifest = file.file_name().is_some_and(|name| name == "Cargo.toml");
        if manifest || file.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = String::from_utf8_lossy(&read(&file)?).into_owned();
        if text.lines().any(|line| line.trim_start().starts_with("family =")) {
            continue;
        }
        let entry = match parse_entry(&file.display().to_string(), &text) {
            Ok(entry) => entry,
            Err(fault) => {
                done.faults.push(fault);
                continue;
            }
        };
        let format = version(&text);
        if format == Some(CASE_FORMAT) {
            done.current += 1;
            continue;
        }
        let kept = file.with_extension(format!("toml.format-{}", format.unwrap_or_default()));
        write(&kept, text.as_bytes())?;
        let comments =
            text.lines().take_while(|line| line.starts_with('#')).fold(String::new(), |text, line| text + line + "\n");
        write(&file, format!("{comments}{}", write_entry(&entry)).as_bytes())?;
        done.written.push((file, kept));
    }
    Ok(done)
}

/// The version that a file says it has.
fn version(text: &str) -> Option<u32> {
    let table: toml::Table = toml::from_str(text).ok()?;
    table.get("format")?.as_integer()?.try_into().ok()
}
