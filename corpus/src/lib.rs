//! The corpus of Gatecrash: the catalogue of attacks and the regressions. Data, and the few lines that embed it.

use include_dir::{Dir, include_dir};

static ATTACKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/attacks");

/// Every file of the catalogue, by name: path below `corpus/`, and text.
pub fn attacks() -> Vec<(String, &'static str)> {
    let folders = ATTACKS.dirs().flat_map(Dir::files);
    let files = folders
        .chain(ATTACKS.files())
        .filter_map(|file| Some((format!("corpus/attacks/{}", file.path().display()), file.contents_utf8()?)));
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

static MAPPINGS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/mappings");

/// Which family tests which requirement of which standard, by name: path below `corpus/`, and text.
pub fn mappings() -> Vec<(String, &'static str)> {
    let files = MAPPINGS
        .files()
        .filter_map(|file| Some((format!("corpus/mappings/{}", file.path().display()), file.contents_utf8()?)));
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

static REGRESSIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/regressions");

/// Every regression, by name: path below `corpus/`, and text.
pub fn regressions() -> Vec<(String, &'static str)> {
    let files = REGRESSIONS
        .files()
        .filter_map(|file| Some((format!("corpus/regressions/{}", file.path().display()), file.contents_utf8()?)));
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

/// The attacks to ask first: together they show the flaw of every gate in the kill matrix. The one that shows most stands first.
pub fn first_attacks() -> Vec<&'static str> {
    let lines = include_str!("../first.txt").lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}
