//! Every face of the same report: read by people, and held to the rules of whoever reads it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use gatecrash::{
    Depth,
    campaign::{Bound, Campaign, CampaignOptions, Depths, Target},
    report::{self, Known, Material, Notes, Report, Subject, View, policy_gaps},
};
use serde_json::Value;

use crate::support::{exhibit, run, subject};

/// What an attacker would like to be markup.
const HOSTILE: &str = "\n```\"><script>alert(1)</script><img src=x onerror=alert(2)>]]>\u{1b}[31m`|*_&amp;";

/// A campaign that is the same each time, with an accepted finding beside an open one.
pub(crate) struct Told {
    target: Target,
    campaign: Campaign,
    subject: Subject,
    notes: Notes,
}

impl Told {
    pub(crate) fn new(gate: &str) -> Self {
        let mut target = exhibit(gate).target;
        target.world.seed = 1;
        let options = CampaignOptions {
            bound: Bound::Catalogue,
            depths: Depths::Only(Depth::Service),
            jobs: 1,
            random: false,
            section: Some('C'),
            ..CampaignOptions::default()
        };
        let mut campaign = run(&target, options);
        campaign.elapsed = Duration::from_secs(2);
        campaign.findings.iter_mut().for_each(|finding| finding.after = Duration::from_millis(100));
        let subject = subject(gate);
        let print = crate::known::unchecked(gatecrash::model::Rule::Issuer, "iss");
        let entry =
            format!("[[known]]\nfingerprint = \"{print}\"\nreason = \"one issuer only\"\nowner = \"platform\"\n");
        let known = Known::parse("known.toml", &format!("format = 2\n{entry}expires = 9999-12-31\n")).unwrap();
        let notes = Notes {
            left_out: policy_gaps::gaps_of(&target.policy, &campaign.catalogue),
            accepted: known.matching(&campaign.findings, report::today()),
            ..Notes::default()
        };
        Self { target, campaign, subject, notes }
    }

    pub(crate) fn report(&self) -> Report {
        let Self { target, campaign, subject, notes } = self;
        let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/gallery/gate.toml"));
        Report::new(&Material { campaign, subject, target, policy_file: Some(&file), notes })
    }

    fn text(&self) -> String {
        report::screen_as(&self.campaign, &self.subject, View::default(), &self.notes)
    }
}

/// As much of a report as a snapshot can hold.
fn small(mut report: Report) -> Report {
    report.tried.retain(|tried| tried.family.starts_with("aud-") || tried.family.starts_with("iss-"));
    report.exercised.retain(|row| row.family.starts_with("aud-") || row.family.starts_with('('));
    let second = report.findings.get(1).map(|finding| finding.fingerprint.clone());
    report.findings.retain(|finding| finding.below.is_none() || Some(&finding.fingerprint) == second.as_ref());
    report.findings.iter_mut().skip(1).for_each(|finding| finding.sides.clear());
    report
}

#[test]
fn every_face_of_one_report() {
    let told = Told::new("audience-not-required");
    let report = told.report();
    sarif_is_accepted(&report);
    junit_is_parsed(&report);
    for_schemas("findings", &report);
    let report = small(report);
    insta::assert_snapshot!("face_text", told.text());
    insta::assert_snapshot!("face_markdown", report.markdown());
    insta::assert_snapshot!("face_sarif", report.sarif());
    insta::assert_snapshot!("face_junit", report.junit().unwrap());
    insta::assert_snapshot!("face_json", report.json());
    let html = report.html();
    let (head, body) = html.split_once("<style>").unwrap();
    let (_, body) = body.split_once("</style>").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    let body = format!("{}{body}", &head[..head.find("<meta http-equiv").unwrap()]).replace('>', ">\n");
    insta::assert_snapshot!("face_html", body);
}

#[test]
fn a_clean_report_has_every_face_too() {
    let report = Told::new("reference").report();
    assert_eq!((report.verdict, report.status), ("clean", 0));
    sarif_is_accepted(&report);
    junit_is_parsed(&report);
    for_schemas("clean", &report);
    assert!(report.html().contains("<p>None.</p>"), "{}", report.html());
}

/// Leaves a report where `.ci/schemas` holds it to the official schemas.
fn for_schemas(name: &str, report: &Report) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/reports").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("report.sarif"), report.sarif()).unwrap();
    std::fs::write(folder.join("report.json"), report.json()).unwrap();
}

/// By what GitHub asks of a result beyond the official schema.
fn sarif_is_accepted(report: &Report) {
    let sarif: Value = serde_json::from_str(&report.sarif()).unwrap();
    let run = &sarif["runs"][0];
    let (rules, results) = (run["tool"]["driver"]["rules"].as_array().unwrap(), run["results"].as_array().unwrap());
    assert_eq!(results.len(), report.findings.len());
    for (result, finding) in results.iter().zip(&report.findings) {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        let tags: Vec<&str> = rule["properties"]["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(tags.contains(&"security") && tags.iter().any(|tag| tag.starts_with("external/cwe/cwe-")), "{tags:?}");
        let score: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!((0.0..=10.0).contains(&score));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"] == "gallery/gate.toml", "{place}");
        // The line of the policy names the path of the route.
        let line = place["region"]["startLine"].as_u64().unwrap() as usize;
        let path = finding.route.split_once(' ').unwrap().1;
        assert!(gatecrash_gallery::POLICY.lines().nth(line - 1).unwrap().contains(path), "{place} {}", finding.route);
        assert_eq!(result["partialFingerprints"]["gatecrash/v1"], finding.fingerprint.as_str());
        assert_eq!(result["suppressions"].is_array(), finding.accepted.is_some());
    }
}

/// By an XML parser: as many tests as attacks were tried, as many failures as attacks have open findings.
fn junit_is_parsed(report: &Report) {
    let text = report.junit().unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let attacks = cases.iter().filter(|case| case.attribute("classname").unwrap().matches('.').count() == 2).count();
    assert_eq!(attacks, report.tried.len());
    let open =
        |id: &&str| report.findings.iter().any(|finding| finding.fingerprint == **id && finding.accepted.is_none());
    let failing = report.tried.iter().filter(|tried| tried.findings.iter().any(|id| open(&id.as_str()))).count();
    let failures = cases.iter().filter(|case| case.children().any(|node| node.has_tag_name("failure"))).count();
    assert!(failures >= failing && (failing > 0) == report.findings.iter().any(|it| it.accepted.is_none()), "{text}");
    let root = document.root_element();
    assert_eq!(root.attribute("tests").unwrap(), cases.len().to_string());
    assert_eq!(root.attribute("failures").unwrap(), failures.to_string());
}

/// A report in which everything that an attempt can say is hostile.
fn hostile() -> Report {
    let mut report = small(Told::new("audience-not-required").report());
    report.gate = HOSTILE.into();
    report.headline = HOSTILE.into();
    for finding in &mut report.findings {
        for text in
            [&mut finding.words, &mut finding.seen, &mut finding.permitted, &mut finding.case, &mut finding.replay]
        {
            *text = HOSTILE.into();
        }
        finding.curl = Some(HOSTILE.into());
        for row in finding.sides.iter_mut().flat_map(|side| &mut side.rows) {
            row.forged = Some(HOSTILE.into());
        }
    }
    report
}

#[test]
fn an_attack_never_becomes_markup() {
    let report = hostile();
    let html = report.html();
    assert!(!html.contains("<script>alert") && !html.contains("<img"), "{html}");
    assert_eq!(html.matches("<script>").count(), 1);
    let markdown = report.markdown();
    // It stands in code, and nowhere else.
    let outside: String = markdown.split("```").step_by(2).collect();
    let outside: String =
        outside.lines().map(|line| line.replace("\\`", "").split('`').step_by(2).collect::<String>()).collect();
    assert!(markdown.contains("<script>") && !outside.contains("<script>") && !outside.contains("<img"), "{markdown}");
    roxmltree::Document::parse(&report.junit().unwrap()).unwrap();
    let sarif: Value = serde_json::from_str(&report.sarif()).unwrap();
    assert!(sarif["runs"][0]["results"][0]["message"]["text"].as_str().unwrap().contains("<script>"));
    for_schemas("hostile", &report);
}

/// The page as Chromium has it once its script ran, and what it wrote to the console.
///
/// Chromium's own command line is enough: it loads the page, runs the script and prints what became of it.
fn browsed(html: &str, address: &str) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    std::fs::write(&page, html).unwrap();
    let done = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"])
        .arg("--virtual-time-budget=2000")
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}{address}", page.display()))
        .output();
    let done = done.expect("chromium");
    let log = String::from_utf8_lossy(&done.stderr).into_owned();
    let console = log.lines().filter(|line| line.contains("CONSOLE")).map(String::from).collect();
    (String::from_utf8(done.stdout).unwrap(), console)
}

#[test]
#[ignore = "needs chromium"]
fn a_browser_shows_it() {
    let report = Told::new("audience-not-required").report();
    let html = report.html();
    let causes = report.findings.iter().filter(|finding| finding.below.is_none()).count();
    let (dom, console) = browsed(&html, "");
    assert_eq!(console, Vec::<String>::new());
    // The script ran, and shows causes alone.
    assert!(dom.contains(&format!("{causes} of {} shown", report.findings.len())), "{dom}");
    let hidden = |dom: &str| dom.matches("<article").count() - shown(dom);
    assert_eq!(hidden(&dom), report.findings.len() - causes);

    let (dom, _) = browsed(&html, "?severity=low&below");
    let low = report.findings.iter().filter(|finding| finding.severity == "low").count();
    assert_eq!(shown(&dom), low, "{dom}");
    let (dom, _) = browsed(&html, "?q=leaves+out+aud&below");
    let fitting = report.findings.iter().filter(|it| it.words.contains("leaves out `aud`")).count();
    assert!(shown(&dom) >= fitting && fitting > 0 && shown(&dom) < report.findings.len(), "{dom}");

    // A link to a finding shows it, whatever the filter says.
    let below = report.findings.iter().find(|finding| finding.below.is_some()).unwrap();
    let (dom, console) = browsed(&html, &format!("#f-{}", below.fingerprint));
    assert_eq!(console, Vec::<String>::new());
    assert_eq!(shown(&dom), causes + 1);
    // Every link within the page leads somewhere.
    for (_, rest) in dom.match_indices("href=\"#").map(|(at, text)| dom[at..].split_at(text.len())) {
        let id = rest.split('"').next().unwrap();
        assert!(dom.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
#[ignore = "needs chromium"]
fn a_browser_runs_nothing_that_an_attack_says() {
    let (dom, console) = browsed(&hostile().html(), "");
    assert_eq!(console, Vec::<String>::new());
    assert!(!dom.contains("<img"), "{dom}");
    assert_eq!(dom.matches("<script").count(), 1);
}

/// How many findings are to be seen.
fn shown(dom: &str) -> usize {
    dom.split("<article").skip(1).filter(|article| !article.split('>').next().unwrap().contains("hidden")).count()
}
