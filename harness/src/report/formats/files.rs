//! Every face of a report as a file.

use std::path::{Path, PathBuf};

use super::{Report, html, junit, markdown, sarif};

impl Report {
    /// The report as one HTML page that needs nothing else.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let options = gatecrash::campaign::CampaignOptions {
    /// #     bound: gatecrash::campaign::Bound::Attempts(20),
    /// #     sample_routes: true,
    /// #     ..Default::default()
    /// # };
    /// # let campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
    /// # let subject = gatecrash::report::Subject {
    /// #     gate: "gate".into(),
    /// #     seed: 0,
    /// #     jobs: 2,
    /// #     command: gatecrash::report::Subject::IN_TESTS.into(),
    /// #     named: false,
    /// #     folder: std::env::temp_dir(),
    /// #     policy: None,
    /// # };
    /// # let notes = gatecrash::report::Notes::default();
    /// # let material = gatecrash::report::Material {
    /// #     campaign: &campaign,
    /// #     subject: &subject,
    /// #     target: &target,
    /// #     policy_file: None,
    /// #     notes: &notes,
    /// # };
    /// # let report = gatecrash::report::Report::new(&material);
    /// assert!(report.html().starts_with("<!DOCTYPE html>"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn html(&self) -> String {
        html::html(self)
    }

    /// The report as SARIF 2.1.0.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let options = gatecrash::campaign::CampaignOptions {
    /// #     bound: gatecrash::campaign::Bound::Attempts(20),
    /// #     sample_routes: true,
    /// #     ..Default::default()
    /// # };
    /// # let campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
    /// # let subject = gatecrash::report::Subject {
    /// #     gate: "gate".into(),
    /// #     seed: 0,
    /// #     jobs: 2,
    /// #     command: gatecrash::report::Subject::IN_TESTS.into(),
    /// #     named: false,
    /// #     folder: std::env::temp_dir(),
    /// #     policy: None,
    /// # };
    /// # let notes = gatecrash::report::Notes::default();
    /// # let material = gatecrash::report::Material {
    /// #     campaign: &campaign,
    /// #     subject: &subject,
    /// #     target: &target,
    /// #     policy_file: None,
    /// #     notes: &notes,
    /// # };
    /// # let report = gatecrash::report::Report::new(&material);
    /// let sarif: serde_json::Value = serde_json::from_str(&report.sarif())?;
    /// assert_eq!(sarif["version"], "2.1.0");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn sarif(&self) -> String {
        pretty(&sarif::sarif(self))
    }

    /// The report as JUnit XML. `Err` when something in it is no XML.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let options = gatecrash::campaign::CampaignOptions {
    /// #     bound: gatecrash::campaign::Bound::Attempts(20),
    /// #     sample_routes: true,
    /// #     ..Default::default()
    /// # };
    /// # let campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
    /// # let subject = gatecrash::report::Subject {
    /// #     gate: "gate".into(),
    /// #     seed: 0,
    /// #     jobs: 2,
    /// #     command: gatecrash::report::Subject::IN_TESTS.into(),
    /// #     named: false,
    /// #     folder: std::env::temp_dir(),
    /// #     policy: None,
    /// # };
    /// # let notes = gatecrash::report::Notes::default();
    /// # let material = gatecrash::report::Material {
    /// #     campaign: &campaign,
    /// #     subject: &subject,
    /// #     target: &target,
    /// #     policy_file: None,
    /// #     notes: &notes,
    /// # };
    /// # let report = gatecrash::report::Report::new(&material);
    /// assert!(report.junit()?.contains("<testsuites"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn junit(&self) -> Result<String, String> {
        junit::junit(self)
    }

    /// The report in Markdown, for a job summary.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let options = gatecrash::campaign::CampaignOptions {
    /// #     bound: gatecrash::campaign::Bound::Attempts(20),
    /// #     sample_routes: true,
    /// #     ..Default::default()
    /// # };
    /// # let campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
    /// # let subject = gatecrash::report::Subject {
    /// #     gate: "gate".into(),
    /// #     seed: 0,
    /// #     jobs: 2,
    /// #     command: gatecrash::report::Subject::IN_TESTS.into(),
    /// #     named: false,
    /// #     folder: std::env::temp_dir(),
    /// #     policy: None,
    /// # };
    /// # let notes = gatecrash::report::Notes::default();
    /// # let material = gatecrash::report::Material {
    /// #     campaign: &campaign,
    /// #     subject: &subject,
    /// #     target: &target,
    /// #     policy_file: None,
    /// #     notes: &notes,
    /// # };
    /// # let report = gatecrash::report::Report::new(&material);
    /// assert!(report.markdown().contains(&report.findings[0].fingerprint));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// The report as JSON, as `harness/docs/report.schema.json` describes it.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let options = gatecrash::campaign::CampaignOptions {
    /// #     bound: gatecrash::campaign::Bound::Attempts(20),
    /// #     sample_routes: true,
    /// #     ..Default::default()
    /// # };
    /// # let campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
    /// # let subject = gatecrash::report::Subject {
    /// #     gate: "gate".into(),
    /// #     seed: 0,
    /// #     jobs: 2,
    /// #     command: gatecrash::report::Subject::IN_TESTS.into(),
    /// #     named: false,
    /// #     folder: std::env::temp_dir(),
    /// #     policy: None,
    /// # };
    /// # let notes = gatecrash::report::Notes::default();
    /// # let material = gatecrash::report::Material {
    /// #     campaign: &campaign,
    /// #     subject: &subject,
    /// #     target: &target,
    /// #     policy_file: None,
    /// #     notes: &notes,
    /// # };
    /// # let report = gatecrash::report::Report::new(&material);
    /// let json: serde_json::Value = serde_json::from_str(&report.json())?;
    /// assert_eq!(json["verdict"], "findings");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn json(&self) -> String {
        pretty(self)
    }

    /// Writes every face into `folder`: `report.txt` (as given), `.html`, `.sarif`, `.xml`, `.json`, `.md`.
    ///
    /// `Err` names the file that could not be written.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let options = gatecrash::campaign::CampaignOptions {
    /// #     bound: gatecrash::campaign::Bound::Attempts(20),
    /// #     sample_routes: true,
    /// #     ..Default::default()
    /// # };
    /// # let campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
    /// # let subject = gatecrash::report::Subject {
    /// #     gate: "gate".into(),
    /// #     seed: 0,
    /// #     jobs: 2,
    /// #     command: gatecrash::report::Subject::IN_TESTS.into(),
    /// #     named: false,
    /// #     folder: std::env::temp_dir(),
    /// #     policy: None,
    /// # };
    /// # let notes = gatecrash::report::Notes::default();
    /// # let material = gatecrash::report::Material {
    /// #     campaign: &campaign,
    /// #     subject: &subject,
    /// #     target: &target,
    /// #     policy_file: None,
    /// #     notes: &notes,
    /// # };
    /// # let report = gatecrash::report::Report::new(&material);
    /// let folder = std::env::temp_dir().join("gatecrash-doc-faces");
    /// let written = report.write(&folder, "what the terminal showed")?;
    /// assert_eq!(written.len(), 6);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
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
