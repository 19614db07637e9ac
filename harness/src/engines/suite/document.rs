//! The test of an OpenAPI document: what it says, held against the gate and against the policy.

use super::Started;
use crate::{attacks::casefile::What, campaign::Campaign};

#[cfg(feature = "openapi")]
use super::messages;
#[cfg(feature = "openapi")]
use crate::{
    attacks::{input, openapi},
    campaign::{Bound, CampaignOptions, check::Outcome},
};

#[cfg(feature = "openapi")]
impl Started {
    fn read(&self) -> Result<Option<openapi::Document>, String> {
        let Some(file) = &self.options.openapi else { return Ok(None) };
        let file = self.root.join(file);
        let read = input::text(&file).and_then(|text| openapi::parse(&file.display().to_string(), &text));
        read.map(Some).map_err(|error| error.to_string())
    }

    /// Controls, and what the document says otherwise; `None` without a document.
    pub(super) fn documented(&self) -> Result<Option<Campaign>, String> {
        let Some(document) = self.read()? else { return Ok(None) };
        let options =
            CampaignOptions { bound: Bound::Catalogue, jobs: 1, section: Some('-'), ..CampaignOptions::default() };
        let campaign = self.session.run(options).map_err(|error| error.to_string())?;
        self.session.hold_to_document(&document, campaign).map(Some).map_err(|error| error.to_string())
    }

    /// Findings about the document first, then what document and policy say differently.
    pub(super) fn document(&self) -> Result<(), String> {
        let (Some(document), Some(campaign)) = (self.read()?, self.documented()?) else { return Ok(()) };
        self.judged("document", &campaign)?;
        let text = input::text(&self.policy).map_err(|error| error.to_string())?;
        messages::agreed(&document, &openapi::differences(&document, &self.target.policy, &text), &self.policy)
    }

    /// What a case shows about the document, in words.
    pub(super) fn of_document(&self, what: &What) -> Result<Vec<String>, String> {
        let (Some(document), What::Case(case)) = (self.read()?, what) else { return Ok(Vec::new()) };
        let replayed = self.session.replay_with_document(&document, case).map_err(|error| error.to_string())?;
        let lists = replayed.into_iter().filter_map(|checked| match checked.outcome {
            Outcome::Disagree(list) => Some(list),
            Outcome::Agree | Outcome::HarnessFault(_) => None,
        });
        let about = lists.flatten().filter(|it| it.kind.is_of_document());
        Ok(about.map(|it| format!("{}: {}", it.kind.name(), it.seen)).collect())
    }
}

#[cfg(not(feature = "openapi"))]
impl Started {
    pub(super) fn documented(&self) -> Result<Option<Campaign>, String> {
        self.document().map(|()| None)
    }

    pub(super) fn document(&self) -> Result<(), String> {
        let version = env!("CARGO_PKG_VERSION");
        let line = format!("gatecrash = {{ version = \"{version}\", features = [\"openapi\"] }}");
        match &self.options.openapi {
            None => Ok(()),
            Some(file) => {
                let file = self.root.join(file);
                Err(format!("{}: gatecrash was built without OpenAPI; in Cargo.toml: {line}", file.display()))
            }
        }
    }

    pub(super) fn of_document(&self, _: &What) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}
