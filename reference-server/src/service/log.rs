//! The log: text for people or JSON for machines, on standard error.

use std::io;

use tracing_subscriber::EnvFilter;

use super::config::{Config, ConfigError, LogFormat};

impl Config {
    /// Installs the subscriber for the process. Called once, by the binary.
    pub(super) fn start_log(&self) -> Result<(), ConfigError> {
        let filter = EnvFilter::try_new(&self.log.filter).map_err(|error| ConfigError::Key {
            path: self.path.clone(),
            key: "log.filter".to_owned(),
            problem: error.to_string(),
        })?;
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        // A subscriber that is there already stays: somebody embeds us.
        let _ = match self.log.format {
            LogFormat::Json => builder.json().flatten_event(true).try_init(),
            LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        };
        Ok(())
    }
}
