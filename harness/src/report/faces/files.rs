//! Every face of a report as a file.

use std::path::{Path, PathBuf};

use super::{Report, html, junit, markdown, sarif};

impl Report {
    /// The report as one HTML page that needs nothing else.
    pub fn html(&self) -> String {
        html::html(self)
    }

    /// The report as SARIF 2.1.0.
    pub fn sarif(&self) -> String {
        pretty(&sarif::sarif(self))
    }

    /// The report as JUnit XML. `Err` when something in it is no XML.
    pub fn junit(&self) -> Result<String, String> {
        junit::junit(self)
    }

    /// The report in Markdown, for a job summary.
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// The report as JSON, as `harness/docs/report.schema.json` describes it.
    pub fn json(&self) -> String {
        pretty(self)
    }

    /// Writes every face into `folder`: `report.txt` (as given), `.html`, `.sarif`, `.xml`, `.json`, `.md`.
    ///
    /// `Err` names the file that could not be written.
    pub fn write(&self, folder: &Path, text: &str) -> Result<Vec<PathBuf>, String> {
        let faces = [
            ("report.txt", text.to_string()),
            ("report.html", self.html()),
            ("report.sarif", self.sarif()),
            ("report.xml", self.junit()?),
            ("report.json", self.json()),
            ("report.md", self.markdown()),
        ];
        let mut written = Vec::new();
        for (name, text) in faces {
            let file = folder.join(name);
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&file, text))
                .map_err(|error| format!("{}: {error}", file.display()))?;
            written.push(file);
        }
        Ok(written)
    }
}

fn pretty(value: &impl serde::Serialize) -> String {
    // The shapes hold strings, numbers, lists and maps of them: JSON can hold each.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}
