//! A server in a process of its own, so that its memory is its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// The binary, by the folder's configuration.
    pub(crate) fn reference(folder: &Path) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatecrash-reference"));
        command.arg("--config").arg(folder.join("server.toml"));
        Process::start(command)
    }

    /// This benchmark once more, as the server without the checks.
    pub(crate) fn plain(folder: &Path) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--plain").arg(folder);
        Process::start(command)
    }

    fn start(mut command: Command) -> Process {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("serving")).unwrap();
        let (_, port) = line.rsplit_once(':').unwrap();
        let port = port.trim_matches(|letter: char| !letter.is_ascii_digit()).parse().unwrap();
        // Whatever else it has to say must not fill the pipe.
        std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")));
        Process { child, address: ([127, 0, 0, 1], port).into() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Time on a processor so far, in seconds, in steps of the system's clock tick of 10 ms.
    pub(crate) fn processor(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        // `utime` and `stime` are the 14th and 15th field, counted from the process's number.
        fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
    }

    /// Resident memory, KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
