//! The book: every page is in its summary, and every link leads somewhere.

use std::{collections::BTreeSet, path::Path};

use gatecrash::corpus::catalogue::Catalogue;
use gatecrash_gallery::{
    book::{pages, resolved},
    kills,
};

/// The targets of the links of a page, code aside.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code || line.starts_with("    ") && !line.trim_start().starts_with("- [") {
            continue;
        }
        for part in line.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                found.push(target.to_string());
            }
        }
    }
    found
}

#[test]
fn every_link_leads_somewhere_and_every_page_is_listed() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let catalogue = Catalogue::embedded().unwrap();
    let pages = pages(root, &catalogue, &kills::kept().unwrap()).unwrap();
    let mut broken = Vec::new();
    for (name, text) in &pages {
        for link in links(text) {
            let path = link.split('#').next().unwrap_or_default();
            let repository = path.strip_prefix("https://github.com/gatecrash/gatecrash/blob/main/");
            let there = match repository {
                Some(path) => root.join(path).exists(),
                None => path.is_empty() || path.contains("://") || pages.contains_key(&resolved(name, path)),
            };
            if !there {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
    let listed: BTreeSet<String> = links(&pages["SUMMARY.md"]).into_iter().collect();
    let unlisted: Vec<&String> = pages.keys().filter(|name| *name != "SUMMARY.md" && !listed.contains(*name)).collect();
    assert!(unlisted.is_empty(), "pages that SUMMARY.md does not list: {unlisted:?}");
    for attack in &catalogue.attacks {
        assert!(pages.contains_key(&format!("attacks/{}/{}.md", attack.family.id, attack.id)), "{}", attack.id);
    }
}
