//! Campaigns that end before everything was tried: they say so, in their words, their reports and their exit status.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::binary::cargo_gatecrash;

fn run(arguments: &[&str]) -> Output {
    cargo_gatecrash().args(["run", "--gate", "reference", "--jobs", "2"]).args(arguments).output().unwrap()
}

#[test]
fn an_unfinished_catalogue_is_not_clean() {
    let output = run(&["--attempts", "400"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains("Clean"), "{text}");
    let line = text.lines().nth(1).unwrap();
    assert!(line.starts_with("Nothing found in what was tried: ") && line.ends_with(" families."), "{line}");
    let output = run(&["--attempts", "400", "--require-complete"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stdout).unwrap().contains(line));
}

#[test]
fn so_many_attempts_are_so_many_attempts() {
    for attempts in ["1", "777"] {
        let output = run(&["--attempts", attempts, "--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["attempts"].to_string(), attempts);
        assert_eq!(report["complete"], false);
    }
}

/// A campaign under way, which has its handlers of signals.
fn campaign(folder: &Path) -> Child {
    let mut command = cargo_gatecrash();
    command.args(["run", "--gate", "reference", "--jobs", "1", "--for", "120s", "--report"]).arg(folder);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (start, status) = (Instant::now(), format!("/proc/{}/status", child.id()));
    let caught = || {
        let status = fs::read_to_string(&status).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap()
    };
    // SIGTERM is the last that it takes.
    while caught() & (1 << 14) == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "no handlers");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(700));
    child
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().unwrap().success());
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_ends_a_run_with_its_reports() {
    for (name, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let folder = tempfile::TempDir::new().unwrap();
        let child = campaign(folder.path());
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(status), "{text}");
        assert!(text.contains(&format!("Interrupted by SIG{name}: the run did not finish.")), "{text}");
        assert!(!text.contains("Clean"), "{text}");
        let report = fs::read_to_string(folder.path().join("report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["interrupted"], format!("SIG{name}"));
        assert_eq!((&report["complete"], &report["status"]), (&false.into(), &status.into()));
        assert!(folder.path().join("report.html").exists());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_second_signal_ends_at_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut child = campaign(folder.path());
    signal(&child, "TERM");
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("once more ends at once"), "{line}");
    signal(&child, "HUP");
    assert_eq!(child.wait().unwrap().code(), Some(129));
}
