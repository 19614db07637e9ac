//! Writes the table of a mutation run: mutants by file, what killed them, and every survivor.
//! Reads the folders named, where cargo-mutants leaves outcomes and logs: `target/mutants.out` when none is.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde_json::Value;

fn main() -> ExitCode {
    let mut folders: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        folders.push(PathBuf::from("target/mutants.out"));
    }
    match table(&folders) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

/// Counts of one file.
#[derive(Default)]
struct Row {
    killed: u64,
    survived: u64,
    unviable: u64,
}

/// What came of the mutants.
#[derive(Default)]
struct Run {
    rows: BTreeMap<String, Row>,
    killers: BTreeMap<String, u64>,
    survivors: Vec<String>,
}

fn table(folders: &[PathBuf]) -> Result<String, String> {
    let mut run = Run::default();
    for folder in folders {
        run.read(folder)?;
    }
    Ok(print(&run.rows, &run.killers, &run.survivors))
}

impl Run {
    fn read(&mut self, folder: &Path) -> Result<(), String> {
        let path = folder.join("outcomes.json");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let run: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let outcomes = run["outcomes"].as_array().ok_or_else(|| format!("{}: no outcomes", path.display()))?;
        let Run { rows, killers, survivors } = self;
        for outcome in outcomes {
            let mutant = &outcome["scenario"]["Mutant"];
            let Some(file) = mutant["file"].as_str() else { continue };
            let row = rows.entry(file.to_owned()).or_default();
            match outcome["summary"].as_str().unwrap_or_default() {
                "Unviable" => row.unviable += 1,
                "MissedMutant" => {
                    row.survived += 1;
                    survivors.push(mutant["name"].as_str().unwrap_or_default().to_owned());
                }
                "Timeout" => {
                    row.killed += 1;
                    *killers.entry("a hang".to_owned()).or_default() += 1;
                }
                _ => {
                    row.killed += 1;
                    let log = outcome["log_path"].as_str().map(|log| folder.join(log));
                    *killers.entry(killer(log)).or_default() += 1;
                }
            }
        }
        Ok(())
    }
}

/// What the judge said in a mutant's log, up to the first colon.
fn killer(log: Option<PathBuf>) -> String {
    let text = log.and_then(|log| fs::read_to_string(log).ok()).unwrap_or_default();
    let verdict = text.lines().rev().find_map(|line| line.strip_prefix("judge: "));
    verdict.and_then(|line| line.split(':').next()).unwrap_or("an abort").to_owned()
}

fn print(rows: &BTreeMap<String, Row>, killers: &BTreeMap<String, u64>, survivors: &[String]) -> String {
    let mut text = String::from("| file | viable | killed | survived | score |\n|---|---|---|---|---|\n");
    let mut all = Row::default();
    let line = |name: &str, row: &Row| {
        let viable = row.killed + row.survived;
        let score = 100.0 * row.killed as f64 / viable.max(1) as f64;
        format!("| {name} | {viable} | {} | {} | {score:.1} % |\n", row.killed, row.survived)
    };
    for (file, row) in rows {
        let name = file.rsplit('/').next().unwrap_or(file);
        text += &line(&format!("`{name}`"), row);
        all.killed += row.killed;
        all.survived += row.survived;
        all.unviable += row.unviable;
    }
    text += &line("all", &all);
    text += &format!("\nUnviable, and not counted: {}.\n\nKilled by:\n\n", all.unviable);
    text.extend(killers.iter().map(|(killer, count)| format!("- {killer}: {count}\n")));
    text += "\nSurvivors:\n\n";
    text.extend(survivors.iter().map(|survivor| format!("- {survivor}\n")));
    text
}
