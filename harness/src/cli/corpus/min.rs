//! `corpus min`: by coverage, through `cargo fuzz cmin`. What is removed is put aside, not deleted.

use crate::attacks::casefile;
use crate::cli::out::say_line;
use std::{collections::BTreeMap, path::Path, process::Command};

use crate::{attacks::casefile::Surface, cli::Failure};

pub(super) fn min(folder: &Path, target: Surface) -> Result<u8, Failure> {
    let mut before: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for file in casefile::files(folder)? {
        let input = casefile::read(&file)?;
        before.insert(casefile::name_of(&input), input);
    }
    if before.is_empty() {
        return Err(Failure::Usage(format!("{}: holds no input", folder.display())));
    }
    let command = format!("cargo fuzz cmin -s none {target} {}", folder.display());
    let done = Command::new("cargo").args(["fuzz", "cmin", "-s", "none", target.name()]).arg(folder).output();
    let done = done.map_err(|error| Failure::Usage(format!("`{command}` cannot be run: {error}")))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        let end: Vec<&str> = said.lines().rev().take(5).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        return Err(Failure::Usage(format!("`{command}` failed:\n{}", end.join("\n"))));
    }
    let mut kept = Vec::new();
    for file in casefile::files(folder)? {
        kept.push(casefile::name_of(&casefile::read(&file)?));
    }
    let aside = folder
        .with_file_name(format!("{}-removed", folder.file_name().and_then(|name| name.to_str()).unwrap_or("corpus")));
    let removed: Vec<(&String, &Vec<u8>)> = before.iter().filter(|(name, _)| !kept.contains(name)).collect();
    for (name, input) in &removed {
        casefile::write(&aside.join(name), input)?;
        say_line!("removed  {name}  {} octets", input.len());
    }
    say_line!("{} of {} inputs kept.", before.len() - removed.len(), before.len());
    if let Some(line) = said.lines().rev().find(|line| line.contains("MERGE-OUTER") && line.contains("features")) {
        say_line!("libFuzzer: {}", line.trim());
    }
    if !removed.is_empty() {
        say_line!(
            "Nothing is lost: every edge that a removed input covers, one that is kept covers too; the removed ones are in {}.",
            aside.display()
        );
    }
    Ok(0)
}
