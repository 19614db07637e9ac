//! Rust code as text: enough to find calls, literals and names, and the line that each stands in.

use std::path::Path;

/// A file of the project, without its comments.
pub(super) struct Source {
    /// The file, as seen from the project.
    pub(super) file: String,
    pub(super) text: String,
}

/// What was found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub(super) what: T,
    /// `file:line`.
    pub(super) place: String,
}

impl Source {
    pub(super) fn read(folder: &Path, file: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(file).ok()?;
        let name = file.strip_prefix(folder).unwrap_or(file);
        let name = name.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        Some(Self::new(name, &text))
    }

    pub(super) fn new(file: impl Into<String>, text: &str) -> Self {
        // Comments become empty; every line keeps its number. `//` of a URL in a literal stays.
        let code = |line: &str| match line.find("//") {
            Some(at) if line[..at].matches('"').count().is_multiple_of(2) => line[..at].to_string(),
            _ => line.to_string(),
        };
        Self { file: file.into(), text: text.lines().map(code).collect::<Vec<_>>().join("\n") }
    }

    pub(super) fn found<T>(&self, at: usize, what: T) -> Found<T> {
        let line = self.text[..at].matches('\n').count() + 1;
        Found { what, place: format!("{}:{line}", self.file) }
    }

    pub(super) fn find(&self, needle: &str) -> Option<Found<()>> {
        self.text.find(needle).map(|at| self.found(at, ()))
    }

    /// The path of the file's module below the root, such as `web::`; empty for the root. `None` for a binary.
    pub(super) fn module(&self) -> Option<String> {
        let path = self.file.strip_prefix("src/")?.strip_suffix(".rs")?;
        match path {
            "lib" | "main" => Some(String::new()),
            _ if path.starts_with("bin/") => None,
            _ => Some(format!("{}::", path.trim_end_matches("/mod").replace('/', "::"))),
        }
    }
}

fn of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The word that begins at an offset.
pub(super) fn word_at(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..)?;
    let end = rest.find(|letter| !of_word(letter)).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// The word that ends at an offset; empty where another letter stands there.
pub(super) fn word_before(text: &str, at: usize) -> Option<&str> {
    let before = text.get(..at)?;
    let start = before.char_indices().rev().take_while(|(_, letter)| of_word(*letter)).last();
    Some(start.map_or("", |(start, _)| &before[start..]))
}

/// What stands between the first pair of brackets of a kind.
pub(super) fn between(text: &str, open: char, close: char) -> Option<&str> {
    let start = text.find(open)? + open.len_utf8();
    let mut depth = 1_usize;
    let mut quoted = false;
    let mut before = ' ';
    for (at, letter) in text[start..].char_indices() {
        // A quote behind a backslash, or as a character, opens nothing.
        if letter == '"' && before != '\\' && before != '\'' {
            quoted = !quoted;
        }
        before = letter;
        if quoted {
            continue;
        }
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                return Some(&text[start..start + at]);
            }
        }
    }
    None
}

/// What stands in the first round brackets.
pub(super) fn arguments(text: &str) -> Option<&str> {
    between(text, '(', ')')
}

/// Every plain text literal and where it begins. Literals with escapes are left out.
pub(super) fn literals(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .scan(0, |start, line| {
            let at = *start;
            *start += line.len() + 1;
            Some((at, line))
        })
        .flat_map(|(start, line)| {
            let mut at = start;
            line.split('"').enumerate().filter_map(move |(index, part)| {
                let here = at;
                at += part.len() + 1;
                (index % 2 == 1 && !part.contains('\\')).then_some((here, part))
            })
        })
}

/// The first literal.
pub(super) fn literal(text: &str) -> Option<&str> {
    literals(text).next().map(|(_, text)| text)
}

/// The fields of a struct as `name: Type`, with the names that serde gives them; `None` where there is no such struct.
pub(super) fn field_lines(text: &str, name: &str) -> Option<Vec<String>> {
    let at = text
        .match_indices(&format!("struct {name}"))
        .find(|(at, found)| text[at + found.len()..].starts_with(|next: char| !of_word(next)))?;
    let body = between(&text[at.0..], '{', '}')?;
    // A struct on one line has no generic types with commas in them.
    let body = if body.contains('\n') { body.to_string() } else { body.replace(',', ",\n") };
    let mut renamed: Option<&str> = None;
    let mut optional = false;
    let mut fields = Vec::new();
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("#[") {
            renamed = line.split_once("rename").and_then(|(_, rest)| literal(rest)).or(renamed);
            optional |= line.contains("default") || line.contains("flatten") || line.contains("skip");
            continue;
        }
        if !std::mem::take(&mut optional)
            && let Some((field, kind)) = line.split_once(": ")
        {
            let field = field.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            fields.push(format!("{}: {kind}", renamed.unwrap_or(field)));
        }
        renamed = None;
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_read_as_text() {
        let source = Source::new(
            "src/main.rs",
            "// env::var(\"NO\")\nlet url = \"https://a.test/jwks\"; // why\nf(g(1), \")\")\n",
        );
        assert_eq!(literals(&source.text).collect::<Vec<_>>(), [(12, "https://a.test/jwks"), (50, ")")]);
        assert_eq!(source.find("g(").map(|found| found.place).as_deref(), Some("src/main.rs:3"));
        assert_eq!(arguments("f(g(1), \")\") + h()"), Some("g(1), \")\""));
        assert_eq!((word_at("a get(b)", 2), word_before("a get(b)", 5)), (Some("get"), Some("get")));
        assert_eq!(Source::new("src/web/mod.rs", "").module().as_deref(), Some("web::"));
        let fields = field_lines(
            "struct Claims { sub: String }\nstruct Claim {\n  #[serde(rename = \"user-id\")]\n  pub id: u64,\n  #[serde(default)]\n  more: bool,\n}",
            "Claim",
        );
        assert_eq!(fields, Some(vec!["user-id: u64,".to_string()]));
    }
}
