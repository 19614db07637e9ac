//! The lines that `dev` prints behave as printed.

use std::process::Command;

use gatecrash_reference::service::write_deployment;

use crate::deployment::Deployment;
use crate::running::Running;

#[test]
#[ignore = "needs curl"]
fn the_printed_lines_behave_as_printed() {
    let folder = tempfile::TempDir::new().unwrap();
    let text = write_deployment(&folder.path().join("dev")).unwrap();
    let running = Running::of(Deployment::new());
    // The same lines, for the deployment that runs and its port.
    let port = format!("localhost:{}", running.address.port());
    let text = text.replace("localhost:8443", &port);
    let text = text
        .replace(&folder.path().join("dev").display().to_string(), &running.deployment.path("").display().to_string());
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("  curl")).collect();
    assert_eq!(lines.len(), 4, "{text}");
    let run = |line: &str| {
        let line = format!("{line} -w ' %{{http_code}}'");
        let output = Command::new("sh").arg("-c").arg(line).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(lines[0]), (true, r#"{"account":"alice-1","statement":"balance 100"} 200"#.to_owned()));
    assert_eq!(run(lines[1]), (false, " 000".to_owned()));
    assert_eq!(run(lines[2]), (true, r#"{"error":"invalid_token"} 401"#.to_owned()));
    assert_eq!(run(lines[3]), (true, r#"{"error":"insufficient_scope"} 403"#.to_owned()));
    running.wait_for("certificate-missing");
    running.wait_for("confirmation");
    running.wait_for("owner");
}
