//! Any file that replays: a case, a regression, or what libFuzzer left of a crash in any target.

use std::path::Path;

use crate::attacks::casefile;
use crate::{
    attacks::casefile::{Entry, Surface, What, parse_entry},
    attacks::input::InputError,
};

/// Reads it. `target` says which target it belongs to where the folder does not, as libFuzzer's folders do.
pub(super) fn read(path: &Path, target: Option<Surface>) -> Result<Entry, InputError> {
    let shown = path.display().to_string();
    let bytes = casefile::read(path)?;
    let above = || path.parent().into_iter().flat_map(Path::components).filter_map(|part| part.as_os_str().to_str());
    let target = target.or_else(|| above().rev().find_map(Surface::named));
    let named_toml = path.extension().is_some_and(|extension| extension == "toml");
    if let Some(target) = target.filter(|target| target.is_raw() && !named_toml) {
        return Ok(Entry { about: None, what: What::Raw { target, bytes } });
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        let fault = "is no text, so it belongs to a raw target; say which with --target";
        InputError::of(shown.clone(), fault)
    })?;
    parse_entry(&shown, &text)
}
