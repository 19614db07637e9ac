//! The log: text for people or JSON for machines, on standard error. Decisions are written whatever the filter says:
//! a trail that a filter cuts off is none.

mod lines;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

pub(super) use self::lines::{Lines, Lost};
use super::config::{AuditFailure, Config, ConfigError, LogFormat};
use crate::audit::{Admission, Audit, AuditEvent, Decision};

impl Config {
    /// Starts the thread that writes the log, and installs the subscriber for the process. Called once, by the binary.
    pub(super) fn start_log(&self) -> Result<Arc<Lines>, ConfigError> {
        let filter = EnvFilter::try_new(&self.log.filter).map_err(|error| ConfigError::Key {
            path: self.path.clone(),
            key: "log.filter".to_owned(),
            problem: error.to_string(),
        })?;
        let lines = Lines::start(io::stderr(), self.audit.queue);
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(LogWriter(Arc::clone(&lines)));
        // A subscriber that is there already stays: somebody embeds us.
        let _ = match self.log.format {
            LogFormat::Json => builder.json().flatten_event(true).try_init(),
            LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).try_init(),
        };
        Ok(lines)
    }
}

/// Hands each event of the log to the thread that writes.
struct LogWriter(Arc<Lines>);

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> LogLine<'a> {
        LogLine(&self.0)
    }
}

struct LogLine<'a>(&'a Lines);

impl io::Write for LogLine<'_> {
    /// The subscriber writes an event at once. One that does not fit is counted, and no error: the subscriber would
    /// write about it, to the same place.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.log(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes decisions to the log, admissions before their effects.
pub(super) struct Trail {
    pub(super) lines: Arc<Lines>,
    pub(super) format: LogFormat,
    pub(super) on_failure: AuditFailure,
}

impl Audit for Trail {
    fn record(&self, event: &AuditEvent) {
        self.lines.audit(line(event, self.format));
    }

    fn admit(&self, event: AuditEvent) -> Admission {
        let line = line(&event, self.format);
        match self.on_failure {
            AuditFailure::Continue => {
                self.lines.audit(line);
                Admission::Recorded
            }
            AuditFailure::Refuse => self.lines.audit_first(line).map_or(Admission::Refused, Admission::Pending),
        }
    }
}

/// A decision as one line. Everything in it is ours, or has been held to a grammar without control characters.
fn line(event: &AuditEvent, format: LogFormat) -> Vec<u8> {
    let AuditEvent { stage, request, principal, method, route, path, decision, elapsed } = event;
    let (level, message, cause) = match decision {
        Decision::Admitted => (" INFO", "admitted", None),
        Decision::Refused(cause) => (" WARN", "refused", Some(cause)),
    };
    let request = request.map(|id| id.to_string());
    let texts = [
        ("stage", Some(stage.name())),
        ("cause", cause.map(|cause| cause.name())),
        ("rule", cause.map(|cause| cause.clause())),
        ("request", request.as_deref()),
        ("principal", principal.as_deref()),
        ("method", method.as_deref()),
        ("route", *route),
        ("path", path.as_deref()),
    ];
    let texts = texts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let mut time = String::new();
    // Writing to a string does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    let mut line = match format {
        LogFormat::Json => {
            let mut object = Map::new();
            object.insert("timestamp".to_owned(), time.into());
            object.insert("level".to_owned(), level.trim_start().into());
            object.insert("message".to_owned(), message.into());
            object.extend(texts.map(|(name, value)| (name.to_owned(), value.into())));
            object.insert("micros".to_owned(), micros.into());
            object.insert("target".to_owned(), "audit".into());
            Value::Object(object).to_string()
        }
        LogFormat::Text => {
            let mut line = format!("{time} {level} audit: {message}");
            for (name, value) in texts {
                // An id needs no quotes to be searched for.
                line += &if name == "request" { format!(" {name}={value}") } else { format!(" {name}={value:?}") };
            }
            line + &format!(" micros={micros}")
        }
    };
    line.push('\n');
    line.into_bytes()
}
