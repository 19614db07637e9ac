//! A crash that tells its story: the finding, the smallest case in words, rules, weakness, fix, file and commands.

use std::{fmt, path::PathBuf};

use gatecrash_model::{Case, Verdict, describe};

use super::raw;
use crate::attacks::casefile::Surface;
use crate::{
    attacks::casefile::{About, Entry, What, parse_case, write_entry},
    attacks::catalogue::Catalogue,
    campaign::check::{Disagreement, Finding, FindingKind, raw_fingerprint},
    campaign::specimen::Exhibit,
    report::{self, Subject, wrapped},
};

/// Why a fuzz target stops, in words.
#[derive(Clone, Debug)]
pub struct Story {
    text: String,
    /// The input to keep: the text of a case, or bytes.
    pub input: Vec<u8>,
    /// The file to commit; `None` when the harness caught itself.
    pub entry: Option<Entry>,
    /// What was found; `None` when the harness caught itself.
    pub kind: Option<FindingKind>,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How stories name gate, target and commands.
pub(super) struct Teller {
    surface: Surface,
    subject: Subject,
}

impl Teller {
    pub(super) fn new(surface: Surface, exhibit: &Exhibit, command: &str, named: bool) -> Self {
        let subject = Subject {
            gate: exhibit.name.clone(),
            seed: super::SEED,
            jobs: 1,
            command: command.into(),
            named,
            folder: PathBuf::from("target/gatecrash").join(surface.name()),
            policy: None,
        };
        Self { surface, subject }
    }

    /// The story of a finding on a case.
    pub(super) fn finding(&self, finding: Finding) -> Box<Story> {
        let told = match Catalogue::embedded() {
            Ok(catalogue) => report::finding(&finding, &catalogue, &self.subject),
            Err(error) => format!("{}: {error}\n", finding.explanation()),
        };
        let about = self.about(&describe(&finding.case), finding.kind, &finding.seen, &finding.verdict);
        let entry = Entry { about: Some(about), what: What::Case(finding.case.clone()) };
        self.story(finding.kind, told, &entry, &finding.fingerprint)
    }

    /// The story of a finding on bytes; `again` attempts other bytes, to make them fewer.
    pub(super) fn raw(
        &self,
        input: &[u8],
        verdict: &Verdict,
        disagreement: &Disagreement,
        again: impl Fn(&[u8]) -> Option<(Verdict, Disagreement)>,
    ) -> Box<Story> {
        let smallest = fewer(input, &again);
        let (verdict, disagreement) = again(&smallest).unwrap_or((verdict.clone(), disagreement.clone()));
        let print = raw_fingerprint(disagreement.kind, &verdict.refusals, verdict.latest);
        let words = raw::words(self.surface, &smallest);
        let mut told = format!("{} · critical · {print}\n", disagreement.kind.name());
        let mut line = |name: &str, text: &str| {
            told.push_str(&wrapped(&format!("   {name:<11}"), text));
            told.push('\n');
        };
        line("", &format!("{words}."));
        line("seen", &disagreement.seen);
        line("permitted", &report::permitted(&verdict));
        for rule in report::rules(&verdict) {
            line("rule", &rule);
        }
        if let Some(rule) = verdict.refusals.first() {
            line("weakness", &format!("CWE-{}, {}", rule.cwe(), rule.owasp_api()));
        }
        line("fix", fix(self.surface));
        let about = self.about(&words, disagreement.kind, &disagreement.seen, &verdict);
        let what = What::Raw { target: self.surface, bytes: smallest };
        let entry = Entry { about: Some(about), what };
        self.story(disagreement.kind, told, &entry, &print)
    }

    /// The harness caught itself; this says nothing about the gate.
    pub(super) fn harness_fault(&self, case: &Case, fault: &str) -> Box<Story> {
        let text = format!("HarnessFault: {}: {fault}\nThe harness caught itself; please report it.\n", describe(case));
        let input = crate::attacks::casefile::write_case(case).into_bytes();
        Box::new(Story { text, input, entry: None, kind: None })
    }

    fn about(&self, title: &str, kind: FindingKind, seen: &str, verdict: &Verdict) -> About {
        About {
            title: title.chars().take(160).collect(),
            cause: format!("{}: {seen}", kind.name()),
            date: crate::attacks::casefile::today(),
            expect: verdict.name().into(),
            rules: verdict.refusals.clone(),
            gate: Some(self.subject.gate.clone()),
        }
    }

    fn story(&self, kind: FindingKind, told: String, entry: &Entry, print: &str) -> Box<Story> {
        let toml = write_entry(entry);
        let file = self.subject.folder.join(format!("{}-{print}.toml", self.subject.gate));
        let saved = std::fs::create_dir_all(&self.subject.folder).and_then(|()| std::fs::write(&file, &toml));
        let (target, gate) = (self.surface, &self.subject.gate);
        let flag = if self.subject.named { format!(" --gate {gate}") } else { String::new() };
        let variable = if self.subject.named { format!("{}={gate} ", super::GATE_VARIABLE) } else { String::new() };
        let command = &self.subject.command;
        // The report of a campaign ends with a command of its own, which names another file.
        let told: Vec<&str> = told.lines().filter(|line| !line.trim_start().starts_with("replay ")).collect();
        let mut text = format!("\nGatecrash: target `{target}`, gate `{gate}`\n\n{}\n", told.join("\n"));
        let input = match &entry.what {
            What::Case(case) => crate::attacks::casefile::write_case(case).into_bytes(),
            What::Raw { bytes, .. } => bytes.clone(),
        };
        let fuzzed = match (&entry.what, saved.is_ok()) {
            (What::Case(_), _) => file.clone(),
            (What::Raw { .. }, false) => file.with_extension("bin"),
            (What::Raw { bytes, .. }, true) => {
                let raw = file.with_extension("bin");
                let _ = std::fs::write(&raw, bytes);
                raw
            }
        };
        match saved {
            Ok(()) => text.push_str(&format!("   file       {} (commit it as a regression)\n", file.display())),
            Err(error) => text.push_str(&format!("   file       {} could not be written: {error}\n", file.display())),
        }
        text.push_str(&format!("   keep       {command} corpus add {} --title \"…\"\n", file.display()));
        text.push_str(&format!("   replay     {command} replay{flag} {}\n", file.display()));
        text.push_str(&format!("   fuzz       {variable}cargo fuzz run -s none {target} {}\n\n", fuzzed.display()));
        text.push_str(&toml);
        Box::new(Story { text, input, entry: Some(entry.clone()), kind: Some(kind) })
    }
}

/// What mends a gate that lets raw bytes in.
fn fix(surface: Surface) -> &'static str {
    match surface {
        Surface::RawAuthorization => "Parse the field by RFC 6750 §2.1, then verify the one token that it carries.",
        Surface::RawCertificate => "Verify the path to a trust anchor, and the signature on every certificate of it.",
        Surface::RawHttp => "Refuse by default, before routing: no token, no handler.",
        Surface::RawTls => "Serve HTTP only on a connection whose handshake is complete, with a client certificate.",
        _ => "Verify the signature over the very octets that arrived, with the issuer's key, before reading a claim.",
    }
}

/// Removes ever smaller pieces while `again` shows the same.
fn fewer(input: &[u8], again: &impl Fn(&[u8]) -> Option<(Verdict, Disagreement)>) -> Vec<u8> {
    /// Attempts that shrinking may cost.
    const BUDGET: usize = 400;
    let mut best = input.to_vec();
    let mut left = BUDGET;
    let mut piece = best.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        while at < best.len() && left > 0 {
            left -= 1;
            let end = (at + piece).min(best.len());
            let candidate = [&best[..at], &best[end..]].concat();
            match !candidate.is_empty() && again(&candidate).is_some() {
                true => best = candidate,
                false => at = end,
            }
        }
        piece /= 2;
    }
    best
}

/// An input as libFuzzer hands it over. Its `Debug` is the case in words, then its text; or the bytes, escaped.
#[derive(Clone, Copy)]
pub struct TargetInput<'a>(pub &'a [u8]);

impl fmt::Debug for TargetInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::str::from_utf8(self.0).ok();
        match text.and_then(|text| Some((text, parse_case("input", text).ok()?))) {
            Some((text, case)) => write!(f, "{}.\n\n{text}", describe(&case)),
            None => f.write_str(&raw::shown(self.0)),
        }
    }
}
