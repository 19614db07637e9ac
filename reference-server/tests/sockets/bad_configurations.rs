//! Configurations that nobody can mean, by the hundred: no panic, one line, exit status 2, at once.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::deployment::Deployment;

const WRONG: [&str; 10] = [
    "{}",
    "[{}]",
    "-1",
    "1e400",
    "99999999999999999999",
    "1979-05-27",
    "\"\\u0000\"",
    "\"\\n\"",
    "\"\u{1f6aa} \u{301}\"",
    "[[\"a\"], 1, {}]",
];

/// Each key of the configuration with each wrong value, and the file cut off within each line.
fn broken(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let with = |line: &str| {
            let mut changed = lines.clone();
            changed[at] = line;
            changed.join("\n")
        };
        if let Some((key, _)) = line.split_once(" = ") {
            all.extend(WRONG.iter().map(|wrong| with(&format!("{key} = {wrong}"))));
            all.push(with(&format!("{key}s = 1")));
            if line.ends_with(['"', ']']) {
                all.push(with(&line[..line.len() - 1]));
            }
        }
    }
    all
}

#[test]
fn nothing_makes_it_panic() {
    let deployment = Deployment::new();
    let text = std::fs::read_to_string(deployment.path("server.toml")).unwrap();
    let all = broken(&text);
    assert!(all.len() > 200, "{}", all.len());
    // A sample by day: every seventh, which meets every kind of change on some key.
    let step = if std::env::var_os("GATECRASH_NIGHT").is_some() { 1 } else { 7 };
    for text in all.iter().step_by(step) {
        deployment.configure(|_| text.clone());
        let start = Instant::now();
        let done = Command::new(env!("CARGO_BIN_EXE_gatecrash-reference"))
            .args(["check", "--config"])
            .arg(deployment.path("server.toml"))
            .output()
            .unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{said}\n{text}");
        assert!(said.starts_with("error: ") && said.trim_end().lines().count() == 1, "{said}\n{text}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}\n{text}", start.elapsed());
    }
}
