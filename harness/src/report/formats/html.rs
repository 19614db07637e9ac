//! One HTML page that needs nothing else: the verdict, the matrix, the findings, the policy, the run.
//!
//! Every value goes through the template, which escapes it; and the page's own policy runs no script but the one it brings.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::{FindingJson, Report, Row, Side, screen::grouped};
use crate::campaign::Reach;

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// The report as a page.
pub(super) fn html(report: &Report) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="color-scheme" content="light dark";
                title { "Gatecrash: " (report.gate) ", " (report.verdict) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#findings" { "Skip to the findings" }
                (top(report))
                (navigation(report))
                main {
                    (findings(report))
                    (matrix(report))
                    (promises(report))
                    (run(report))
                }
                footer {
                    "Gatecrash " (report.version) ". Keys and tokens of a Gatecrash world protect nothing: never trust them "
                    "outside a test."
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The hash by which the page's policy knows a script or a style (CSP3 §2.3.1).
fn hash(text: &str) -> String {
    use base64ct::{Base64, Encoding as _};
    Base64::encode_string(&Sha256::digest(text))
}

fn top(report: &Report) -> Markup {
    let causes = report.findings.iter().filter(|finding| finding.below.is_none() && finding.accepted.is_none()).count();
    let facts = [
        ("Attempts", grouped(report.attempts)),
        ("Attacks, families", format!("{}, {}", report.variants, report.families)),
        ("Controls admitted", format!("{} of {}", grouped(report.controls.passed), grouped(report.controls.run))),
        ("Causes found", causes.to_string()),
        ("By severity", severities(report)),
    ];
    html! {
        header {
            h1 { "Can anything unauthorized get through gate " code { (report.gate) } "?" }
            p class={ "verdict " (report.verdict) } { (report.headline.strip_suffix(':').unwrap_or(&report.headline)) }
            dl.facts {
                @for (name, value) in &facts {
                    div { dt { (name) } dd { (value) } }
                }
            }
            @for (title, list) in [
                ("An honest request was refused: this says nothing about security, and is to be mended first", &report.miswirings),
                ("The harness caught itself", &report.harness_faults),
                ("Accepted no longer", &report.known_faults),
            ] {
                @if !list.is_empty() {
                    section.note {
                        h2 { (title) }
                        ul { @for it in list.iter().take(10) { li { (it) } } }
                    }
                }
            }
            @if !report.left_out.is_empty() {
                section.note {
                    h2 { "The policy leaves out" }
                    ul { @for it in &report.left_out { li { (prose(&it.what)) ": " (it.risk) } } }
                    p { a href="#policy" { "What that switches off" } }
                }
            }
        }
    }
}

/// How many causes are how severe, the worst first.
fn severities(report: &Report) -> String {
    let open = || report.findings.iter().filter(|finding| finding.below.is_none() && finding.accepted.is_none());
    let of = |name: &&str| open().filter(|finding| finding.severity == *name).count();
    let counts = ["critical", "high", "medium", "low", "info"].into_iter().map(|name| (of(&name), name));
    let counts: Vec<String> =
        counts.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    if counts.is_empty() { "none".into() } else { counts.join(", ") }
}

fn navigation(report: &Report) -> Markup {
    html! {
        nav aria-label="Parts of the report" {
            ul {
                li { a href="#findings" { "Findings (" (report.findings.len()) ")" } }
                li { a href="#matrix" { "Matrix" } }
                li { a href="#policy" { "Policy" } }
                li { a href="#run" { "Run" } }
            }
        }
    }
}

fn matrix(report: &Report) -> Markup {
    let broken = report.exercised.iter().filter(|row| row.finding > 0).count();
    let depths: Vec<&str> = Reach::ALL.iter().map(|reach| reach.name()).chain(["untold"]).collect();
    html! {
        section #matrix aria-labelledby="matrix-title" {
            h2 #matrix-title { "What was tried, and how it ended" }
            p {
                "Of " (report.exercised.len()) " families and other sources of attempts, "
                (report.exercised.len() - broken) " ended as permitted, and " (broken) " did not every time."
            }
            details open[broken > 0] {
                summary { "Family by outcome and depth" }
                @if broken > 0 {
                    p { label { input #broken-only type="checkbox" checked; " only rows that ended otherwise than permitted" } }
                }
                div.scroll tabindex="0" role="region" aria-labelledby="matrix-caption" {
                    table {
                        caption #matrix-caption {
                            "Attempts by family: how they ended, and how deep into the gate they got. "
                            "“Untold”: refused, and nothing tells how deep."
                        }
                        thead {
                            tr {
                                th scope="col" { "Family" }
                                @for name in ["violations", "admitted", "refused", "either permitted"] {
                                    th.number scope="col" { (name) }
                                }
                                @for name in &depths { th.number.depth scope="col" { "to " (name) } }
                            }
                        }
                        tbody {
                            @for row in &report.exercised {
                                tr.broken[row.finding > 0] {
                                    th scope="row" { (family(&row.family, report)) }
                                    @for count in [row.finding, row.admit, row.refuse, row.either] { (number(count)) }
                                    @for name in &depths { (depth(row.reached.get(name).copied().unwrap_or(0))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The name of a family, with a link to its first finding.
fn family(name: &str, report: &Report) -> Markup {
    let shown: Vec<&String> = report.tried.iter().filter(|it| it.family == name).flat_map(|it| &it.findings).collect();
    let first = report.findings.iter().find(|finding| shown.contains(&&finding.fingerprint));
    html! {
        @match first {
            Some(finding) => a href={ "#f-" (finding.fingerprint) } { (name) },
            None => (name),
        }
    }
}

/// Prose in which what stands in backticks is code.
fn prose(text: &str) -> Markup {
    let paired = text.matches('`').count().is_multiple_of(2);
    html! {
        @if paired {
            @for (i, part) in text.split('`').enumerate() {
                @if i % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else { (text) }
    }
}

/// A number that a narrow screen leaves out.
fn depth(count: u64) -> Markup {
    html! { td.number.depth { @if count == 0 { "·" } @else { (grouped(count)) } } }
}

fn number(count: u64) -> Markup {
    html! { td.number { @if count == 0 { "·" } @else { (grouped(count)) } } }
}

fn findings(report: &Report) -> Markup {
    let severities = ["critical", "high", "medium", "low", "info"];
    let below = report.findings.iter().filter(|finding| finding.below.is_some()).count();
    html! {
        section #findings aria-labelledby="findings-title" {
            h2 #findings-title { "Findings" }
            @if report.findings.is_empty() {
                p { "None." }
            } @else {
                form #filter role="search" aria-label="Filter the findings" {
                    label.field { "Text" input type="search" name="q" autocomplete="off"; }
                    label.field {
                        "Severity"
                        select name="severity" {
                            option value="" { "any" }
                            @for it in severities { option value=(it) { (it) } }
                        }
                    }
                    label { input type="checkbox" name="below"; " also the " (below) " that follow from another" }
                    span #shown.dim role="status" {}
                }
                @for finding in &report.findings { (article(finding, report)) }
            }
        }
    }
}

fn article(finding: &FindingJson, report: &Report) -> Markup {
    let id = format!("f-{}", finding.fingerprint);
    let below: Vec<&FindingJson> =
        report.findings.iter().filter(|it| it.below.as_deref() == Some(&finding.fingerprint)).collect();
    html! {
        article.accepted[finding.accepted.is_some()] id=(id) aria-labelledby={ (id) "-title" }
            data-severity=(finding.severity) data-below=(finding.below.is_some()) {
            ul.badges aria-label="At a glance" {
                li class=(finding.severity) { (finding.severity) " " (format!("{:.1}", finding.score)) }
                li { (finding.kind) }
                li { "CWE-" (finding.cwe) }
                li { (finding.owasp_api) }
                li { a href={ "#" (id) } { (finding.fingerprint) } }
            }
            h3 id={ (id) "-title" } { (prose(&finding.words)) "." }
            dl.told {
                @if let Some(entry) = &finding.accepted {
                    dt { "Accepted" } dd { "by " (entry.owner) " until " (entry.expires) ": " (entry.reason) }
                }
                dt { "Seen" } dd { (prose(&finding.seen)) }
                dt { "Permitted" } dd { (finding.permitted) }
                @if !finding.requirements.is_empty() {
                    dt { "Requirements" }
                    dd {
                        @for (standard, numbers) in &finding.requirements {
                            (standard.to_uppercase()) " " (numbers.join(", ")) "; "
                        }
                    }
                }
                @for rule in &finding.obligations {
                    dt { "Rule" } dd { (prose(rule.must)) " " span.dim { "(" (rule.name) ", " (rule.clause) ")" } }
                }
                @if let Some(attack) = &finding.attack {
                    dt { "Attack" } dd { code { (attack) } ": " (prose(&finding.what)) }
                    dt { "Why" } dd { (prose(&finding.why)) }
                    dt { "Fix" } dd { (prose(&finding.fix)) }
                }
                @if !finding.references.is_empty() {
                    dt { "References" } dd { (finding.references.join(", ")) }
                }
                dt { "Where" } dd { code { (finding.place.file) ":" (finding.place.line) } " at depth " (finding.depth) }
                @if let Some(root) = &finding.below {
                    dt { "Below" } dd { a href={ "#f-" (root) } { (root) } }
                }
                @if !below.is_empty() {
                    dt { "Below it" }
                    dd {
                        details open[below.len() <= 3] {
                            summary { (below.len()) " findings with the same cause" }
                            ul { @for it in &below { li { a href={ "#f-" (it.fingerprint) } { (it.fingerprint) } ": " (prose(&it.words)) } } }
                        }
                    }
                }
            }
            @if let Some(code) = finding.example {
                h4 { "The fix as code" }
                pre tabindex="0" { code { (code) } }
            }
            h4 { "Once more" }
            pre.command { code { (finding.replay) } }
            @if let Some(command) = &finding.curl {
                p.dim { "With curl, against the same gate served with the same seed; a token in it ends after minutes:" }
                pre.command { code { (command) } }
            }
            @if finding.sides.iter().any(|side| side.rows.iter().any(|row| row.differs)) {
                details {
                    summary { "Decoded: the honest request beside the forged one" }
                    @for side in &finding.sides { (sides(side)) }
                }
            }
            details {
                summary { "The case as a file" }
                pre tabindex="0" { code { (finding.case) } }
            }
        }
    }
}

fn sides(side: &Side) -> Markup {
    let differ = side.rows.iter().filter(|row| row.differs).count();
    let what = match differ {
        0 => format!("The {}: the same", side.name),
        1 => format!("The {}: 1 line differs", side.name),
        count => format!("The {}: {count} lines differ", side.name),
    };
    html! {
        details open[differ > 0] {
            summary { (what) }
            div.scroll tabindex="0" role="region" aria-label={ "The " (side.name) ", decoded" } {
                table.sides {
                    caption { (what) }
                    thead {
                        tr {
                            th.sign scope="col" { span.unseen { "Differs" } }
                            th scope="col" { "honest" }
                            th scope="col" { "forged" }
                        }
                    }
                    tbody { @for row in &side.rows { (row_of(row)) } }
                }
            }
        }
    }
}

fn row_of(row: &Row) -> Markup {
    html! {
        tr.differs[row.differs] {
            td.sign { @if row.differs { span aria-hidden="true" { "≠" } span.unseen { "differs" } } }
            td.line { (row.honest.as_deref().unwrap_or("")) }
            td.line { (row.forged.as_deref().unwrap_or("")) }
        }
    }
}

fn promises(report: &Report) -> Markup {
    html! {
        section #policy aria-labelledby="policy-title" {
            h2 #policy-title { "What the policy promises" }
            div.columns {
                div { ul { @for it in &report.promises { li { (prose(it)) } } } }
                div {
                    h3 { "and what it leaves out" }
                    @if report.left_out.is_empty() {
                        p { "Nothing, held against a strict policy." }
                    }
                    ul {
                        @for it in &report.left_out {
                            li {
                                (prose(&it.what)) " " span.dim { "(" code { (it.place) } ")" } ": " (it.risk) "."
                                @if !it.families.is_empty() {
                                    " " span.dim { "No longer told: " (it.families.join(", ")) "." }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn run(report: &Report) -> Markup {
    let seconds = format!("{:.1} s, {:.0} a second", report.elapsed_seconds, report.attempts_per_second);
    let reached = format!(
        "handshake {}, token {}, handler {}",
        grouped(report.reached.handshake),
        grouped(report.reached.token),
        grouped(report.reached.handler)
    );
    let verdicts = format!(
        "admit {}, refuse {}, either {}",
        grouped(report.verdicts.admit),
        grouped(report.verdicts.refuse),
        grouped(report.verdicts.either)
    );
    let inert = format!(
        "{} made again with changes that must change nothing, {} differ",
        report.inert.run, report.inert.differ
    );
    let facts = [
        ("Gate", report.gate.clone()),
        ("Seed", report.seed.to_string()),
        ("Time", seconds),
        ("Reached", reached),
        ("Verdicts", verdicts),
        ("Inert", inert),
        ("Exit status", report.status.to_string()),
        ("Version", report.version.to_string()),
    ];
    html! {
        section #run aria-labelledby="run-title" {
            h2 #run-title { "The run" }
            dl.told { @for (name, value) in &facts { dt { (name) } dd { (value) } } }
            h3 { "Admitted, by route" }
            dl.told { @for (route, count) in &report.admitted { dt { (grouped(*count)) } dd { code { (route) } } } }
        }
    }
}
