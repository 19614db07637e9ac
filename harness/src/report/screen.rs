//! One screen: what was tested, how deep it got, what was found.

use std::fmt::Write as _;

use super::{Subject, attack, status};
use crate::{campaign::Campaign, catalogue::Catalogue, check::Finding};

/// Width that prose is wrapped to.
const WIDTH: usize = 100;

/// The whole report.
pub fn screen(campaign: &Campaign, subject: &Subject) -> String {
    let tally = &campaign.tally;
    let seconds = campaign.elapsed.as_secs_f64();
    let mut text = String::new();
    let share = |part: u64| format!("{:.0} %", 100.0 * part as f64 / tally.attempts.max(1) as f64);
    let _ = writeln!(
        text,
        "Gatecrash: gate `{}`, seed {}: {} attempts in {seconds:.1} s on {} thread{} ({:.0}/s)",
        subject.gate,
        subject.seed,
        grouped(tally.attempts),
        subject.jobs,
        if subject.jobs == 1 { "" } else { "s" },
        tally.attempts as f64 / seconds.max(f64::EPSILON),
    );
    let _ = writeln!(text, "{}\n", headline(campaign));
    let (families, variants) = tally.tried(&campaign.catalogue);
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<10}{value}");
    };
    line(
        "tested",
        format!(
            "{families} families, {variants} attacks, {} stances, {} kinds of change at random",
            tally.stances.len(),
            tally.mutations.len()
        ),
    );
    line(
        "reached",
        format!(
            "handshake {}, token {}, handler {}",
            share(tally.reached[0]),
            share(tally.reached[1]),
            share(tally.reached[2])
        ),
    );
    let depths: Vec<String> = tally.depths.iter().map(|(name, count)| format!("{name} {}", grouped(*count))).collect();
    line("depth", depths.join(", "));
    line(
        "verdicts",
        format!(
            "admit {}, refuse {}, either {}",
            share(tally.verdicts[0]),
            share(tally.verdicts[1]),
            share(tally.verdicts[2])
        ),
    );
    line("controls", format!("{} of {} admitted", grouped(tally.controls[1]), grouped(tally.controls[0])));
    for (i, (route, count)) in tally.admitted.iter().enumerate() {
        line(if i == 0 { "admitted" } else { "" }, format!("{:>7}  {route}", grouped(*count)));
    }
    line("mirror", format!("{} forged attempts read back from their bytes and compared", grouped(tally.mirrored)));
    if tally.causes[0] > 0 {
        line(
            "causes",
            format!(
                "{} of {} audited refusals name a violated rule; {} refusals were not audited",
                grouped(tally.causes[1]),
                grouped(tally.causes[0]),
                grouped(tally.silent)
            ),
        );
    }
    for (cause, case) in tally.wrong_causes.iter().take(5) {
        line("", format!("audited {cause}: {case}"));
    }
    for miswiring in campaign.miswirings.iter().take(1) {
        let case = gatecrash_model::describe(&miswiring.case);
        let more = campaign.miswirings.len() - 1;
        let more = if more > 0 { format!(" ({more} more)") } else { String::new() };
        let hint = wrapped("   ", &format!("Seen: {}. {HINT}", miswiring.answered));
        let _ = writeln!(text, "\nMis-wired: {case}{more}\n{hint}");
    }
    for fault in campaign.harness_faults.iter().take(5) {
        let _ = writeln!(text, "\nHarness fault: {fault}");
    }
    let (roots, others) = super::root_causes(&campaign.findings);
    for (i, it) in roots.iter().enumerate() {
        let _ = write!(text, "\n{}. {}", i + 1, finding(it, &campaign.catalogue, subject));
    }
    if others > 0 {
        let _ = writeln!(text, "\n{others} more combine rules that are broken above; `--format json` lists them.");
    }
    text
}

const HINT: &str = "This says nothing about security: the honest request itself does not pass. Check that the gate trusts \
    the world's anchors, JWKS, audience and CRLs, that it reads the world's clock (or the world `Clock::System`), and that \
    the handler calls `witness().hit` on the route as the policy spells it.";

fn headline(campaign: &Campaign) -> String {
    let count = campaign.findings.len();
    match status(campaign) {
        0 => "Clean: nothing unauthorised got through, everything authorised did.".into(),
        1 => {
            format!("{count} finding{}, each with the smallest case that shows it:", if count == 1 { "" } else { "s" })
        }
        2 => "Mis-wired: honest requests were refused; mend that first.".into(),
        _ => format!(
            "{} harness fault(s): the harness caught itself; please report them.",
            campaign.harness_faults.len()
        ),
    }
}

/// One finding in full.
pub fn finding(finding: &Finding, catalogue: &Catalogue, subject: &Subject) -> String {
    let attack = attack(finding, catalogue);
    let mut text = String::new();
    let severity = attack.map_or("high", |attack| attack.family.severity.name());
    let _ = writeln!(text, "{} · {severity} · {}", finding.kind.name(), finding.fingerprint);
    let _ = writeln!(text, "{}", wrapped("   ", &format!("{}.", finding.explanation())));
    let _ = writeln!(text, "{}", wrapped("   seen       ", &finding.seen));
    let _ = writeln!(text, "{}", wrapped("   permitted  ", &super::permitted(&finding.verdict)));
    for rule in super::rules(&finding.verdict) {
        let _ = writeln!(text, "{}", wrapped("   rule       ", &rule));
    }
    if let Some(attack) = attack {
        let cwe = finding.rules.first().map_or(attack.family.cwe, |rule| rule.cwe());
        let like = format!("{} (CWE-{cwe}, {})", attack.id, attack.family.owasp_api);
        let _ = writeln!(text, "{}", wrapped("   attack     ", &like));
        let _ = writeln!(text, "{}", wrapped("   fix        ", &attack.family.fix));
    }
    let _ = writeln!(text, "   replay     {}", subject.replay(finding));
    text
}

/// Wraps prose after a first indent, at spaces.
pub(crate) fn wrapped(indent: &str, text: &str) -> String {
    let mut lines = vec![indent.to_string()];
    let blank = " ".repeat(indent.chars().count());
    let mut fresh = true;
    for word in text.split_whitespace() {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if !fresh && last + 1 + word.chars().count() > WIDTH {
            lines.push(blank.clone());
            fresh = true;
        }
        if let Some(line) = lines.last_mut() {
            if !fresh {
                line.push(' ');
            }
            line.push_str(word);
            fresh = false;
        }
    }
    lines.join("\n")
}

/// A count with its thousands apart.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
