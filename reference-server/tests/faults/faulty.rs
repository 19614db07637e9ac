//! Ways to start the binary with less than it would like.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::deployment::Deployment;
use crate::running::Running;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_gatecrash-reference");

/// Somebody without rights.
const NOBODY: u32 = 65_534;

/// Starts with so many file descriptors at most.
pub(crate) fn with_descriptors(most: usize, deployment: Deployment) -> Running {
    let mut command = Command::new("bash");
    command.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\""), BINARY]);
    Running::by(command, deployment)
}

/// Starts as a user that file permissions bind: not as root.
pub(crate) fn without_privileges(deployment: Deployment) -> Running {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Running::of(deployment);
    }
    let folder = deployment.path("");
    // The build may lie where nobody else can look.
    let binary = folder.join("gatecrash-reference");
    fs::hard_link(BINARY, &binary).or_else(|_| fs::copy(BINARY, &binary).map(|_| ())).unwrap();
    allow(&folder, 0o755);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        allow(&path, if path == binary { 0o755 } else { 0o644 });
    }
    let mut command = Command::new(binary);
    command.uid(NOBODY).gid(NOBODY);
    Running::by(command, deployment)
}

/// Sets the mode of a file.
pub(crate) fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
