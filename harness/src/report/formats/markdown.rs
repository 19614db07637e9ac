//! Markdown for a job summary or a comment: the verdict, a table of causes, each cause folded.

use std::fmt::Write as _;

use super::{FindingJson, Report, screen::grouped};

/// How many causes are told in full: a job summary holds a mebibyte at most.
const IN_FULL: usize = 20;

/// The report in Markdown, as GitHub reads it.
pub(super) fn markdown(report: &Report) -> String {
    let mut text = String::new();
    let mark = match report.status {
        0 => "✅",
        1 => "❌",
        _ => "⚠️",
    };
    let _ = writeln!(text, "## {mark} Gatecrash: gate {}\n", code(&report.gate));
    let _ = writeln!(text, "{}\n", plain(&report.headline));
    let _ = writeln!(
        text,
        "{} attempts of {} attacks in {} families, seed {}; {} of {} controls admitted.\n",
        grouped(report.attempts),
        report.variants,
        report.families,
        report.seed,
        grouped(report.controls.passed),
        grouped(report.controls.run)
    );
    for (title, list) in [
        ("An honest request was refused", &report.miswirings),
        ("The harness caught itself", &report.harness_faults),
        ("Accepted no longer", &report.known_faults),
    ] {
        for it in list.iter().take(5) {
            let _ = writeln!(text, "- **{title}**: {}", plain(it));
        }
    }
    if !report.left_out.is_empty() {
        let _ = writeln!(text, "The policy leaves out:\n");
        for gap in &report.left_out {
            let _ = writeln!(text, "- {}: {}", plain(&gap.what), plain(gap.risk));
        }
        text.push('\n');
    }
    let causes: Vec<&FindingJson> = report.findings.iter().filter(|finding| finding.below.is_none()).collect();
    if !causes.is_empty() {
        text.push_str("| severity | finding | case | weakness | fingerprint |\n|---|---|---|---|---|\n");
    }
    for it in &causes {
        let accepted =
            it.accepted.as_ref().map_or(String::new(), |entry| format!(" (accepted until {})", entry.expires));
        let _ = writeln!(
            text,
            "| {}{accepted} | {} | {} | CWE-{}, {} | {} |",
            it.severity,
            it.kind,
            cell(&it.words),
            it.cwe,
            it.owasp_api,
            code(&it.fingerprint)
        );
    }
    for it in causes.iter().take(IN_FULL) {
        let below = report.findings.iter().filter(|other| other.below.as_deref() == Some(&it.fingerprint)).count();
        text.push('\n');
        text.push_str(&folded(it, below));
    }
    text
}

fn folded(finding: &FindingJson, below: usize) -> String {
    let mut text = String::new();
    let summary = format!("{} · {} · {}", finding.kind, finding.severity, finding.fingerprint);
    let _ = writeln!(text, "<details><summary>{summary}</summary>\n");
    let _ = writeln!(text, "{}.\n", plain(&finding.words));
    let _ = writeln!(text, "- seen: {}", plain(&finding.seen));
    let _ = writeln!(text, "- permitted: {}", plain(&finding.permitted));
    for rule in &finding.obligations {
        let _ = writeln!(text, "- rule: {} ({}, {})", plain(rule.must), rule.name, rule.clause);
    }
    let _ = writeln!(text, "- fix: {}", plain(&finding.fix));
    if below > 0 {
        let _ = writeln!(text, "- related: {below} more findings with the same cause");
    }
    text.push_str(&fenced("sh", &finding.replay));
    if let Some(example) = finding.example {
        text.push_str(&fenced("rust", example));
    }
    text.push_str("\n</details>\n");
    text
}

/// Text in which nothing is markup. What stands in backticks stays code.
fn plain(text: &str) -> String {
    let mut inside = false;
    let mut written = String::new();
    // Two in a row would open a span that one does not end.
    let paired = text.matches('`').count().is_multiple_of(2) && !text.contains("``");
    for letter in text.chars() {
        match letter {
            '`' if paired => {
                inside = !inside;
                written.push(letter);
            }
            _ if letter.is_control() => written.push(' '),
            _ if inside => written.push(letter),
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '@' | '!' => {
                written.push('\\');
                written.push(letter);
            }
            _ => written.push(letter),
        }
    }
    written
}

/// The same for a cell of a table, where `|` ends the cell even within code.
fn cell(text: &str) -> String {
    plain(text).replace("\\|", "|").replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace(|letter: char| letter == '`' || letter.is_control(), ""))
}

/// A block of code that nothing within ends.
fn fenced(language: &str, text: &str) -> String {
    format!("\n```{language}\n{}\n```\n", text.replace("```", "'''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(plain("a <img src=x> *b*\n`<c>`"), "a &lt;img src=x&gt; \\*b\\* `<c>`");
        assert_eq!(plain("one ` alone <b>"), "one \\` alone &lt;b&gt;");
        assert_eq!(plain("```<b>`"), "\\`\\`\\`&lt;b&gt;\\`");
        assert_eq!(cell("a|b `c|d`"), "a\\|b `c\\|d`");
        assert_eq!(fenced("sh", "a\n```\nb"), "\n```sh\na\n'''\nb\n```\n");
    }
}
