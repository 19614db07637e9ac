//! The book as pages: what people wrote in `docs/src`, the tables in `harness/docs`, and a page for each attack.

use std::{collections::BTreeMap, fmt::Write as _, fs, io, path::Path};

use gatecrash::corpus::catalogue::{Attack, Catalogue};

use crate::kills::Killed;

/// The line of `SUMMARY.md` that the list of attacks takes the place of.
const ATTACKS: &str = "<!-- the attacks -->";

/// Where a link inside the repository leads when its target is no page of the book.
const REPOSITORY: &str = "https://github.com/gatecrash/gatecrash/blob/main";

/// Every page by its path below the book's source folder. `root` is the repository's.
pub fn pages(root: &Path, catalogue: &Catalogue, kills: &[Killed]) -> io::Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    for (folder, into) in [("docs/src", ""), ("harness/docs", "reference/")] {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.insert(format!("{into}{name}"), fs::read_to_string(&path)?);
            }
        }
    }
    for (from, name) in [
        ("CHANGELOG.md", "project/changelog.md"),
        ("CONTRIBUTING.md", "project/contributing.md"),
        ("SECURITY.md", "project/security.md"),
        ("corpus/README.md", "reference/corpus.md"),
        ("fuzz/README.md", "reference/fuzz-targets.md"),
    ] {
        pages.insert(name.into(), fs::read_to_string(root.join(from))?);
    }
    let mut list = String::new();
    let mut section = "";
    let mut family = "";
    for attack in &catalogue.attacks {
        if attack.family.section != section {
            section = &attack.family.section;
            let name = format!("attacks/section-{}.md", section.to_lowercase());
            let _ = writeln!(list, "- [Section {section}]({name})");
            pages.insert(name, section_page(catalogue, section));
        }
        if attack.family.id != family {
            family = &attack.family.id;
            let name = format!("attacks/{family}/index.md");
            let _ = writeln!(list, "  - [{family}]({name})");
            pages.insert(name, family_page(catalogue, attack));
        }
        let name = format!("attacks/{family}/{}.md", attack.id);
        let _ = writeln!(list, "    - [{}]({name})", attack.id);
        pages.insert(name, attack_page(attack, kills));
    }
    let known: Vec<String> = pages.keys().cloned().collect();
    for (name, text) in &mut pages {
        *text = relinked(name, text, &known);
    }
    if let Some(summary) = pages.get_mut("SUMMARY.md") {
        *summary = summary.replace(ATTACKS, list.trim_end());
    }
    Ok(pages)
}

fn section_page(catalogue: &Catalogue, section: &str) -> String {
    let mut text = format!("# Section {section}\n\n| family | attacks | what is done |\n|---|---|---|\n");
    let mut families: Vec<&Attack> = catalogue.attacks.iter().filter(|it| it.family.section == section).collect();
    families.dedup_by_key(|attack| attack.family.id.clone());
    for attack in families {
        let id = &attack.family.id;
        let count = catalogue.attacks.iter().filter(|other| other.family.id == *id).count();
        let _ = writeln!(text, "| [`{id}`]({id}/index.md) | {count} | {} |", cell(&attack.family.what));
    }
    text
}

fn family_page(catalogue: &Catalogue, first: &Attack) -> String {
    let family = &first.family;
    let mut text = format!("# {}\n\n{}\n\n", family.id, family.what);
    let _ = write!(
        text,
        "| | |\n|---|---|\n| why | {} |\n| fix | {} |\n| severity | {} |\n| weakness | CWE-{}, OWASP {} |\n| references | {} |\n\n## Attacks\n\n",
        cell(&family.why),
        cell(&family.fix),
        family.severity.name(),
        family.cwe,
        family.owasp_api,
        cell(&family.references.join(", ")),
    );
    for attack in catalogue.attacks.iter().filter(|attack| attack.family.id == family.id) {
        let _ = writeln!(text, "- [`{}`]({}.md): {}", attack.id, attack.id, changes(attack));
    }
    text
}

fn attack_page(attack: &Attack, kills: &[Killed]) -> String {
    let stances: Vec<String> = attack.stances.iter().map(ToString::to_string).collect();
    let rules = attack.rules.iter();
    let rules: Vec<String> = rules
        .map(|rule| format!("[`{}`](../../reference/rules.md): {} ({})", rule.name(), rule.must(), rule.clause()))
        .collect();
    let falls = kills.iter().filter(|killed| killed.attacks.contains(&attack.id));
    let falls: Vec<String> = falls.map(|killed| format!("`{}`", killed.gate)).collect();
    let mut text = format!("# {}\n\n{}\n\n| | |\n|---|---|\n", attack.id, attack.family.what);
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "| {name} | {} |", cell(&value));
        }
    };
    row("who", stances.join("; or "));
    row("changes", changes(attack));
    row("expected", attack.expect.name().into());
    row("violates", rules.join("<br>"));
    row("why", attack.family.why.clone());
    row("because", attack.because.clone().unwrap_or_default());
    row("fix", attack.family.fix.clone());
    row("severity", attack.family.severity.name().into());
    row("weakness", format!("CWE-{}, OWASP {}", attack.family.cwe, attack.family.owasp_api));
    row("references", attack.family.references.join(", "));
    row("gates that fall", falls.join(", "));
    row("kept although no gate falls", attack.robustness.clone().unwrap_or_default());
    let _ = write!(
        text,
        "\nIn the terminal:\n\n```text\ncargo gatecrash attacks {0}\n```\n\nFamily: [{1}](index.md)\n",
        attack.id, attack.family.id
    );
    text
}

fn changes(attack: &Attack) -> String {
    let changes: Vec<String> = attack.mutations.iter().map(ToString::to_string).collect();
    if changes.is_empty() { "nothing beside the stance".into() } else { changes.join("; ") }
}

/// A text that fits into a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace("${", "$&#123;")
}

/// The text with links that lead to where their target is in the book, or in the repository.
fn relinked(page: &str, text: &str, known: &[String]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        out.push_str(before);
        out.push_str("](");
        let (target, tail) = after.split_once(')').unwrap_or((after, ""));
        out.push_str(&relinked_target(page, target, known));
        if after.len() > target.len() {
            out.push(')');
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn relinked_target(page: &str, target: &str, known: &[String]) -> String {
    if target.starts_with('#') || target.contains("://") || target.starts_with("mailto:") {
        return target.into();
    }
    let (path, anchor) = target.split_once('#').map_or((target, String::new()), |(path, it)| (path, format!("#{it}")));
    if known.contains(&resolved(page, path)) {
        return target.into();
    }
    // Seen from where the text stands in the repository.
    let home = match page {
        "project/changelog.md" => "CHANGELOG.md".to_string(),
        "project/contributing.md" => "CONTRIBUTING.md".into(),
        "project/security.md" => "SECURITY.md".into(),
        "reference/corpus.md" => "corpus/README.md".into(),
        "reference/fuzz-targets.md" => "fuzz/README.md".into(),
        page => match page.strip_prefix("reference/") {
            Some(name) => format!("harness/docs/{name}"),
            None => format!("docs/src/{page}"),
        },
    };
    let inside = resolved(&home, path);
    let name = match inside.as_str() {
        "CHANGELOG.md" => "project/changelog.md".to_string(),
        "CONTRIBUTING.md" => "project/contributing.md".into(),
        "SECURITY.md" => "project/security.md".into(),
        "corpus/README.md" => "reference/corpus.md".into(),
        "fuzz/README.md" => "reference/fuzz-targets.md".into(),
        other => match (other.strip_prefix("harness/docs/"), other.strip_prefix("docs/src/")) {
            (Some(name), _) => format!("reference/{name}"),
            (_, Some(name)) => name.into(),
            _ => String::new(),
        },
    };
    if known.contains(&name) {
        let up = "../".repeat(page.matches('/').count());
        return format!("{up}{name}{anchor}");
    }
    format!("{REPOSITORY}/{inside}{anchor}")
}

/// The path that `link` means on the page at `page`.
pub fn resolved(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
