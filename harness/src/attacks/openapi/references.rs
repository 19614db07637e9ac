//! Follows `$ref` within one document. It never opens another file or URL.

use super::tree::{Node, Value};
use crate::attacks::input::InputError;

/// How many references lead to one another at most.
const DEEPEST: usize = 32;

/// A document, and the file that errors name.
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) root: &'a Node,
}

impl<'a> Source<'a> {
    /// The value itself, or the one that its `$ref` leads to.
    pub(super) fn follow(&self, node: &'a Node) -> Result<&'a Node, InputError> {
        let mut found = node;
        for _ in 0..DEEPEST {
            let Some(reference) = found.get("$ref") else { return Ok(found) };
            let Some(text) = reference.text() else {
                return Err(reference.error(self.file, format!("`$ref` is {}; write a text", reference.kind())));
            };
            let Some(pointer) = text.strip_prefix('#') else {
                let fault = format!("`$ref` to `{text}` leads out of the document; bundle it into one file first");
                return Err(reference.error(self.file, fault));
            };
            found = self.at(pointer).ok_or_else(|| {
                reference.error(self.file, format!("`$ref` to `{text}` leads nowhere; there is no such value"))
            })?;
        }
        Err(node.error(self.file, format!("`$ref` leads in a circle, or through more than {DEEPEST} references")))
    }

    /// The value that a JSON pointer (RFC 6901), percent-decoded, names.
    fn at(&self, pointer: &str) -> Option<&'a Node> {
        if pointer.is_empty() {
            return Some(self.root);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self.root, |node, part| {
            let part = percent_encoding::percent_decode_str(part).decode_utf8().ok()?;
            let part = part.replace("~1", "/").replace("~0", "~");
            match &node.value {
                Value::List(items) => items.get(part.parse::<usize>().ok()?),
                _ => node.get(&part),
            }
        })
    }
}
