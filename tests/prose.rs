//! Texts that people read are plain American English: short sentences, the field's words, no Rust debug output.

use std::{fs, path::Path};

use gatecrash::{corpus::catalogue::Catalogue, model::Rule};

/// Words and phrases that have to be read twice, and what to write.
const BANNED: &[(&str, &str)] = &[
    ("is told", "is reported"),
    ("are told", "are reported"),
    ("says so", "name what is said"),
    ("of no account", "ignored"),
    ("answers for", "accepts, owns"),
    ("in place of", "instead of"),
    ("beside it", "with it"),
    ("whoever", "anyone who, a caller who"),
    ("at all events", "leave it out"),
    ("dear to", "expensive to"),
    ("must not be refused", "must be accepted"),
    ("is for nothing", "does nothing"),
    ("somebody's", "another person's, a user's"),
    ("that which", "what"),
    ("means nothing here", "does not apply"),
    ("refuses all else", "rejects everything else"),
    ("unauthoris", "unauthoriz"),
    ("behaviour", "behavior"),
    ("recognis", "recogniz"),
    ("colour", "color"),
];

/// Sentences begin with their subject.
const BANNED_OPENINGS: &[&str] = &["what ", "whoever ", "that which ", "of which ", "whose "];

/// The most words of a sentence.
const MOST_WORDS: usize = 35;

/// What a person should not see: Rust's own way to print values, and templates.
const DEBUG_FORMS: &[&str] = &["Some(", "None)", "Members(", "Uri(\"", "Sha256 as", "${", "BTreeSet", "PhantomData"];

/// The prose of a page: no code, no tables, no lists of links; paragraphs and items joined.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in text.lines().chain([""]) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            continue;
        }
        let item =
            ["- ", "* ", "1. ", "2. ", "3. ", "4. ", "5. "].iter().any(|mark| line.trim_start().starts_with(mark));
        let ends = line.trim().is_empty() || item || line.starts_with(['#', '|', '>']) || line.starts_with("    ");
        if (ends || in_code) && !paragraph.is_empty() {
            found.push(std::mem::take(&mut paragraph));
        }
        if in_code || line.starts_with(['#', '|', '<']) || line.starts_with("    ") {
            continue;
        }
        if !line.trim().is_empty() {
            paragraph.push_str(line.trim().trim_start_matches("- "));
            paragraph.push(' ');
        }
    }
    found
}

/// Code in backticks and the targets of links, left out.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        out.push_str(if index % 2 == 0 { part } else { "code" });
    }
    while let Some((before, after)) = out.split_once("](") {
        let rest = after.split_once(')').map(|(_, rest)| rest).unwrap_or_default();
        out = format!("{before} {rest}");
    }
    out
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.trim().is_empty() {
            return None;
        }
        let end = [". ", "? ", "! ", ": "].iter().filter_map(|end| rest.find(end).map(|at| at + 2)).min();
        let (sentence, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(sentence)
    })
}

/// What is wrong with a text.
fn faults(place: &str, text: &str) -> Vec<String> {
    let plain = without_code(text);
    let lower = plain.to_lowercase();
    let mut faults = Vec::new();
    for (banned, instead) in BANNED.iter().filter(|(banned, _)| lower.contains(banned)) {
        faults.push(format!("{place}: \"{banned}\"; write: {instead}: {}", plain.trim()));
    }
    for sentence in sentences(&plain) {
        let words = sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
        if words > MOST_WORDS {
            faults.push(format!("{place}: {words} words: {}", sentence.trim()));
        }
        let begin = sentence.trim_start().to_lowercase();
        // A question may begin so.
        if BANNED_OPENINGS.iter().any(|opening| begin.starts_with(opening)) && !sentence.trim_end().ends_with('?') {
            faults.push(format!("{place}: begins with its object: {}", sentence.trim()));
        }
    }
    faults
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn the_checks_find_what_they_look_for() {
    let long = "word ".repeat(MOST_WORDS + 1);
    assert_eq!(faults("here", &long).len(), 1);
    assert_eq!(faults("here", "What somebody says counts.").len(), 1);
    assert_eq!(faults("here", "What is a gate?"), [""; 0]);
    assert_eq!(faults("here", "The user is told.").len(), 1);
    assert_eq!(faults("here", "The field `is told` stays."), [""; 0]);
    assert_eq!(paragraphs("# Title\n\nOne\nline.\n\n    code\n\n- an item\n"), ["One line. ", "an item "]);
}

#[test]
fn pages_are_plain() {
    let mut pages: Vec<_> = ["README.md", "ARCHITECTURE.md", "harness/cli/README.md", "harness/docs/bring-your-own.md"]
        .map(|name| root().join(name))
        .to_vec();
    pages.extend(crate::support::files(&root().join("docs/src"), "md"));
    let mut found = Vec::new();
    for page in pages {
        let place = page.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&page).unwrap();
        found.extend(paragraphs(&text).iter().flat_map(|paragraph| faults(&place, paragraph)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn rules_are_plain() {
    let found: Vec<String> = Rule::ALL.iter().flat_map(|rule| faults(rule.name(), rule.must())).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_catalogue_is_plain() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut found = Vec::new();
    let mut before = "";
    for attack in &catalogue.attacks {
        found.extend(attack.because.iter().flat_map(|text| faults(&attack.id, text)));
        let family = &attack.family;
        if family.id != before {
            before = &family.id;
            for text in [&family.what, &family.why, &family.fix] {
                found.extend(faults(&family.id, text));
            }
        }
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{} faults\n{}", found.len(), found.join("\n"));
}

#[test]
fn nobody_reads_rust_debug_output() {
    let mut found = Vec::new();
    for file in crate::support::files(&root().join("tests/snapshots"), "snap") {
        let text = fs::read_to_string(&file).unwrap();
        // JSON for machines names values as policies do.
        if file.display().to_string().contains("_json") || file.display().to_string().contains("_sarif") {
            continue;
        }
        // A fault of a template quotes it.
        let forms = DEBUG_FORMS.iter().filter(|form| {
            **form != "${"
                || !["template", "policies_that"].iter().any(|known| file.display().to_string().contains(known))
        });
        for form in forms.filter(|form| text.contains(**form)) {
            found.push(format!("{}: {form}", file.file_name().unwrap().display()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
