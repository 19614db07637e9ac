//! One screen: what was tested, how deep it got, what was found.

use std::fmt::Write as _;

use super::{Group, Notes, Subject, attack, fix, severity, weakness};
use crate::{
    attacks::catalogue::Catalogue,
    campaign::check::Finding,
    campaign::{Campaign, Exercised, PairsDone, Reach, Sequences, Tally, Unasked, table},
    profile::{Phase, Profile},
};

/// Width that prose is wrapped to.
const WIDTH: usize = 100;

/// How many findings are told in full, and how many groups have a line of their own, before one screen is full.
const IN_FULL: usize = 2;
const LINES: usize = 16;

/// How much of a report is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Every finding in full.
    pub all: bool,
    /// The exercised table, family by family.
    pub exercised: bool,
}

/// The report, on one screen.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// let text = gatecrash::report::screen(&campaign, &subject);
/// assert!(text.starts_with("Gatecrash: gate `gate`, seed 0: 20 attempts"));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn screen(campaign: &Campaign, subject: &Subject) -> String {
    screen_as(campaign, subject, View::default(), &Notes::default())
}

/// The report, as much of it as is wanted.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// use gatecrash::report::{Notes, View, screen_as};
/// let text = screen_as(&campaign, &subject, View { all: true, ..View::default() }, &Notes::default());
/// for finding in &campaign.findings {
///     assert!(text.contains(&finding.fingerprint));
/// }
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn screen_as(campaign: &Campaign, subject: &Subject, view: View, notes: &Notes) -> String {
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
    let _ = writeln!(text, "{}", headline(campaign, notes));
    if let Some(severities) = severities(campaign, notes) {
        let _ = writeln!(text, "{severities}");
    }
    if let Some(signal) = campaign.completion.interrupted {
        let _ = writeln!(text, "Interrupted by {}: the run did not finish.", signal.name());
    }
    if let (Some(tried), 1) = (campaign.unfinished(), notes.status(campaign)) {
        let _ = writeln!(text, "Not finished: {tried} were tried.");
    }
    if !tally.undeclared.is_empty() {
        let routes: Vec<&str> = tally.undeclared.iter().map(String::as_str).collect();
        let warning = format!(
            "the gate serves what its policy does not name, and nothing was attempted there: {}",
            routes.join(", ")
        );
        let _ = writeln!(text, "{}", wrapped("Warning: ", &warning));
    }
    text.push('\n');
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
    if tally.kept > 0 {
        line("reuse", format!("{} attempts once more on a kept connection", grouped(tally.kept)));
    }
    for (i, text) in sequences(&tally.sequences).into_iter().enumerate() {
        line(if i == 0 { "sequences" } else { "" }, text);
    }
    if let Some(profile) = &campaign.profile {
        line("time", profile_line(profile, tally.attempts));
    }
    if let Some(layers) = campaign.ideal {
        let real = grouped(tally.attempts - tally.ideal);
        line(
            "crypto",
            match layers.ideal() {
                Some(layers) => format!("ideal {} ({layers}), real {real}", grouped(tally.ideal)),
                None => format!("real {real}; the gate takes up no ideal one"),
            },
        );
    }
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
    for evidence in evidence(tally) {
        line("evidence", evidence);
    }
    if tally.throttled > 0 {
        line(
            "throttled",
            format!("{} attempts were answered by a rate limiter, and say nothing", grouped(tally.throttled)),
        );
    }
    for (i, (route, count)) in tally.admitted.iter().enumerate() {
        line(if i == 0 { "admitted" } else { "" }, format!("{:>7}  {route}", grouped(*count)));
    }
    let mut sum = Exercised::default();
    tally.exercised.values().for_each(|row| sum.add(row));
    let [admit, refuse, either, found] = sum.outcomes.map(grouped);
    line("exercised", format!("admitted {admit}, refused {refuse}, either permitted {either}, found out {found}"));
    let depths =
        Reach::ALL.iter().zip(sum.reached).map(|(reach, count)| format!("{} {}", reach.name(), grouped(count)));
    let untold = (sum.untold > 0).then(|| format!("untold {}", grouped(sum.untold)));
    let depths: Vec<String> = depths.chain(untold).collect();
    for (i, part) in depths.chunks(5).enumerate() {
        line(if i == 0 { "got to" } else { "" }, part.join(", "));
    }
    if tally.twins[0] > 0 {
        let [made, other] = tally.twins.map(grouped);
        line("inert", format!("{made} attempts made again with changes that must change nothing, {other} differ"));
    }
    if let Some(unasked) = &campaign.completion.unasked {
        line("not asked", not_asked(unasked));
    }
    if let Some(pairs) = &campaign.pairs {
        line("pairs", pairs_line(pairs));
    }
    if let Some(documented) = &campaign.documented {
        let (routes, attempts) = (grouped(documented.routes), grouped(documented.attempts));
        line("document", format!("{}: {routes} routes held to it, by {attempts} attempts", documented.file));
    }
    for (i, gap) in notes.left_out.iter().enumerate() {
        line(if i == 0 { "left out" } else { "" }, format!("{}: {}", gap.what, gap.risk));
    }
    if !notes.absent.is_empty() {
        line("changes", format!("not promised, and not tested: {}", notes.absent.join(", ")));
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
    if tally.alerts[0] > 0 {
        let [all, right] = tally.alerts.map(grouped);
        line(
            "alerts",
            format!("{right} of {all} alerts about a certificate say what is wrong with it (RFC 8446 §6.2)"),
        );
    }
    for (alert, case) in tally.wrong_alerts.iter().take(1) {
        line("", format!("{alert}: {case}"));
    }
    for miswiring in campaign.miswirings.iter().take(1) {
        let case = gatecrash_model::describe(&miswiring.case);
        let more = campaign.miswirings.len() - 1;
        let more = if more > 0 { format!(" ({more} more)") } else { String::new() };
        let advice = miswiring.advice.as_deref().unwrap_or(HINT);
        let hint = wrapped("   ", &format!("Seen: {}. {advice} This says nothing about security.", miswiring.answered));
        let _ = writeln!(text, "\nMis-wired: {case}{more}\n{hint}");
    }
    for fault in campaign.harness_faults.iter().take(5) {
        let _ = writeln!(text, "\nHarness fault: {fault}");
    }
    for fault in &notes.accepted.faults {
        let _ = writeln!(text, "\nAccepted no longer: {fault}");
    }
    text.push_str(&findings(campaign, subject, view, notes));
    if view.exercised {
        let _ = write!(text, "\n{}", exercised(campaign));
    }
    text
}

/// Where the time went: the share of each phase, and what an attempt costs.
/// How many open causes are how severe, the worst first; `None` where there is none.
fn severities(campaign: &Campaign, notes: &Notes) -> Option<String> {
    use crate::attacks::catalogue::Severity::{Critical, High, Info, Low, Medium};
    let [open, _] = notes.causes(campaign);
    let of = |wanted| open.iter().filter(|group| severity(group.root, &campaign.catalogue) == wanted).count();
    let counts = [Critical, High, Medium, Low, Info].into_iter().map(|severity| (of(severity), severity.name()));
    let counts: Vec<String> =
        counts.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    (!counts.is_empty()).then(|| format!("By severity: {}.", counts.join(", ")))
}

/// What the end of the time, or of the attempts, left out.
fn not_asked(unasked: &Unasked) -> String {
    let attacks = match unasked.attacks {
        0 => "every attack was tried at least once".into(),
        count => format!("{count} attacks were not tried at all"),
    };
    let (made, all) = (grouped(unasked.made), grouped(unasked.all));
    format!("{made} of {all} attempts of the catalogue were made, up to \"{}\"; {attacks}", unasked.pass.name())
}

fn profile_line(profile: &Profile, attempts: u64) -> String {
    let total = profile.total().as_secs_f64().max(f64::MIN_POSITIVE);
    let share = |phase: Phase| format!("{} {:.0} %", phase.name(), 100.0 * profile.of(phase).as_secs_f64() / total);
    let shares: Vec<String> = Phase::ALL.iter().copied().map(share).collect();
    format!("{:.0} µs an attempt: {}", 1e6 * total / attempts.max(1) as f64, shares.join(", "))
}

/// What proves the admissions of each route, where it is less than a witness.
fn evidence(tally: &Tally) -> Vec<String> {
    let of = |wanted: &dyn Fn(&[u64; 3]) -> bool| -> Vec<&str> {
        tally.evidence.iter().filter(|(_, counts)| wanted(counts)).map(|(route, _)| route.as_str()).collect()
    };
    let by_status = of(&|counts| counts[1] == 0 && counts[2] > 0);
    let uncovered = of(&|counts| counts[1] + counts[2] == 0);
    let mut lines = Vec::new();
    if !by_status.is_empty() {
        lines.push(format!(
            "the status of the answer alone, weaker: neither whom nor what, on {}",
            by_status.join(", ")
        ));
    }
    if !uncovered.is_empty() && tally.controls[0] > 0 {
        lines.push(format!("none: no honest request was admitted on {}", uncovered.join(", ")));
    }
    lines
}

/// The findings: the most severe in full, the others a line each; or all of them in full. Accepted ones come last.
fn findings(campaign: &Campaign, subject: &Subject, view: View, notes: &Notes) -> String {
    let mut text = String::new();
    let [groups, accepted] = notes.causes(campaign);
    if view.all {
        let all = groups.iter().flat_map(|group| std::iter::once(&group.root).chain(&group.below));
        for (i, it) in all.enumerate() {
            let _ = write!(text, "\n{}. {}", i + 1, finding_as(it, &campaign.catalogue, subject, notes));
        }
    } else {
        text.push_str(&first_findings(&groups, campaign, subject, notes));
    }
    for (i, group) in accepted.iter().enumerate() {
        let Some(entry) = notes.accepted.of(group.root) else { continue };
        let more = if group.below.is_empty() { String::new() } else { format!(", and {}", below(group)) };
        let words = format!(
            "{} by {} until {}: {} ({}: {}{more})",
            entry.fingerprint,
            entry.owner,
            entry.expires,
            entry.reason,
            group.root.kind.name(),
            group.root.short()
        );
        let _ = writeln!(text, "{}{}", if i == 0 { "\n" } else { "" }, wrapped("  accepted  ", &words));
    }
    text
}

fn first_findings(groups: &[Group<'_>], campaign: &Campaign, subject: &Subject, notes: &Notes) -> String {
    let mut text = String::new();
    for (i, group) in groups.iter().take(IN_FULL).enumerate() {
        let _ = write!(text, "\n{}. {}", i + 1, finding_as(group.root, &campaign.catalogue, subject, notes));
        if !group.below.is_empty() {
            let _ = writeln!(text, "   related    {}", below(group));
        }
    }
    if groups.len() > IN_FULL {
        let _ = writeln!(text, "\nand a line for each further cause:\n");
    }
    for (i, group) in groups.iter().enumerate().skip(IN_FULL).take(LINES) {
        let _ = writeln!(text, "{}", one_line(i + 1, group, &campaign.catalogue));
    }
    let rest = groups.len().saturating_sub(IN_FULL + LINES);
    if rest > 0 {
        let _ = writeln!(text, "and {rest} more causes.");
    }
    if groups.len() > IN_FULL || groups.iter().any(|group| !group.below.is_empty()) {
        let _ = writeln!(text, "\n`--all` tells each in full; each case lies in {}.", subject.folder.display());
    }
    text
}

fn below(group: &Group<'_>) -> String {
    match group.below.len() {
        1 => "1 consequence: another finding with the same cause".into(),
        count => format!("{count} consequences: other findings with the same cause"),
    }
}

/// Kind, severity, fingerprint, rules, what is done: as much of it as one line holds.
pub(crate) fn one_line(number: usize, group: &Group<'_>, catalogue: &Catalogue) -> String {
    let finding = group.root;
    let rules: Vec<&str> = finding.rules.iter().map(|rule| rule.name()).collect();
    let more = if group.below.is_empty() { String::new() } else { format!(" (+{})", group.below.len()) };
    let (kind, severity) = (finding.kind.name(), severity(finding, catalogue).name());
    let rules = if rules.is_empty() { String::new() } else { format!(" · {}", rules.join(", ")) };
    let head = format!("{number:>2}. {kind} · {severity} · {}{rules}{more}: ", finding.fingerprint);
    let room = WIDTH.saturating_sub(head.chars().count());
    let words = finding.short();
    let short = match words.chars().count() > room {
        true => format!("{}…", words.chars().take(room.saturating_sub(1)).collect::<String>()),
        false => words,
    };
    format!("{head}{short}")
}

/// The exercised table: for each family of the catalogue how often its attempts ended how, and how deep they got.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// let table = gatecrash::report::exercised(&campaign);
/// assert!(table.lines().any(|line| line.starts_with("(controls)")));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn exercised(campaign: &Campaign) -> String {
    let rows = table(&campaign.tally, &campaign.catalogue);
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(6);
    let mut text = format!("{:width$}", "family");
    let columns = ["admit", "refuse", "either", "finding"]
        .into_iter()
        .chain(Reach::ALL.iter().copied().map(Reach::name))
        .chain(["n/a"]);
    let columns: Vec<&str> = columns.collect();
    for name in &columns {
        let _ = write!(text, " {name:>9}");
    }
    text.push('\n');
    for (name, row) in rows {
        let _ = write!(text, "{name:width$}");
        for count in row.outcomes.into_iter().chain(row.reached).chain([row.untold]) {
            let cell = if count == 0 { "·".into() } else { grouped(count) };
            let _ = write!(text, " {cell:>9}");
        }
        text.push('\n');
    }
    text.push_str("n/a: refused, and neither an audit nor the answer tells how deep the attempt got\n");
    text
}

fn pairs_line(pairs: &PairsDone) -> String {
    let end = pairs.next.unwrap_or(pairs.total);
    let next = match pairs.next {
        Some(next) => format!("; go on with `--from {next}`"),
        None => "; that is all of them".into(),
    };
    format!(
        "{} to {} of {}, {} conflicting and {} without a common route passed over{next}",
        grouped(pairs.from),
        grouped(end),
        grouped(pairs.total),
        grouped(pairs.conflicting),
        grouped(pairs.apart)
    )
}

const HINT: &str = "The honest request itself does not pass. Check that the gate trusts \
    the world's anchors, JWKS, audience and CRLs, that it reads the world's clock (or the world `Clock::System`), and that \
    the handler calls `witness().hit` on the route as the policy spells it.";

/// The verdict in a sentence.
pub(super) fn headline(campaign: &Campaign, notes: &Notes) -> String {
    let accepted = campaign.findings.iter().filter(|finding| notes.accepted.of(finding).is_some()).count();
    let count = campaign.findings.len() - accepted;
    let beside = if accepted > 0 { format!(", beside {accepted} accepted") } else { String::new() };
    let unfinished = campaign.unfinished();
    let status = match notes.status(campaign) {
        // Not finished, and nothing else.
        2 if notes.require_complete && campaign.miswirings.is_empty() && !campaign.tally.choked() => 0,
        other => other,
    };
    match status {
        0 if count > 0 => {
            let (s, them) = if count == 1 { ("", "it") } else { ("s", "them") };
            format!("{count} finding{s} of low weight{beside}; `--strict` fails the run for {them}:")
        }
        0 if !campaign.tally.attacked() => "Every honest request was admitted, and nothing was attacked.".into(),
        0 if let Some(tried) = unfinished => format!("Nothing found{beside} in what was tried: {tried}."),
        0 if accepted > 0 => {
            format!("Clean but for {accepted} accepted finding{}.", if accepted == 1 { "" } else { "s" })
        }
        0 => "Clean: nothing unauthorized got through, everything authorized did.".into(),
        1 if count == 0 => "Nothing but accepted findings, and something is wrong with what is accepted:".into(),
        1 => {
            let [open, _] = notes.causes(campaign);
            let causes = open.len();
            let (s, c) = (if count == 1 { "" } else { "s" }, if causes == 1 { "" } else { "s" });
            format!("{count} finding{s} of {causes} cause{c}{beside}, each with the smallest case that shows it:")
        }
        2 if campaign.miswirings.is_empty() => {
            "Throttled: more than one attempt in ten was; raise the limit for the test, or too little is tested.".into()
        }
        2 => "Mis-wired: honest requests were refused; mend that first.".into(),
        _ => format!(
            "{} harness fault(s): the harness caught itself; please report them.",
            campaign.harness_faults.len()
        ),
    }
}

/// One finding in full.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let report = gatecrash::campaign(gatecrash::factory!(gate), policy)
/// #     .for_attempts(20)
/// #     .with(|options| options.sample_routes = true)
/// #     .run_blocking()?;
/// # let (campaign, subject) = (report.campaign, report.subject);
/// let finding = &campaign.findings[0];
/// let text = gatecrash::report::finding(finding, &campaign.catalogue, &subject);
/// assert!(text.starts_with(finding.kind.name()));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn finding(finding: &Finding, catalogue: &Catalogue, subject: &Subject) -> String {
    finding_as(finding, catalogue, subject, &Notes::default())
}

fn finding_as(finding: &Finding, catalogue: &Catalogue, subject: &Subject, notes: &Notes) -> String {
    let attack = attack(finding, catalogue);
    let mut text = String::new();
    let severity = severity(finding, catalogue).name();
    let _ = writeln!(text, "{} · {severity} · {}", finding.kind.name(), finding.fingerprint);
    if let Some(cause) = finding.cause.sentence(&finding.routes) {
        let _ = writeln!(text, "{}", wrapped("   ", &cause));
    }
    let _ = writeln!(text, "{}", wrapped("   ", &format!("{}.", finding.explanation())));
    let _ = writeln!(text, "{}", wrapped("   seen       ", &finding.seen));
    let _ = writeln!(text, "{}", wrapped("   permitted  ", &super::expected(finding)));
    for rule in super::rules(&finding.verdict).iter().filter(|_| finding.document.is_none()) {
        let _ = writeln!(text, "{}", wrapped("   rule       ", rule));
    }
    let found = format!("attempt {}, after {:.1} s", grouped(finding.attempt + 1), finding.after.as_secs_f64());
    let _ = writeln!(text, "   who        {}", finding.reach.words());
    let _ = writeln!(text, "   found      {found}");
    let (cwe, owasp) = weakness(finding, catalogue);
    let like = attack.map_or_else(String::new, |attack| format!("{} ", attack.id));
    let _ = writeln!(text, "{}", wrapped("   attack     ", &format!("{like}(CWE-{cwe}, {owasp})")));
    let fix = fix(finding, catalogue);
    if !fix.is_empty() {
        let _ = writeln!(text, "{}", wrapped("   fix        ", &fix));
    }
    let _ = writeln!(text, "   replay     {}", subject.replay(finding));
    if let Some(command) = notes.curl.get(&finding.fingerprint) {
        let _ = writeln!(text, "   curl       {command}");
    }
    if let Some(entry) = notes.accepted.of(finding) {
        let words = format!("by {} until {}: {}", entry.owner, entry.expires, entry.reason);
        let _ = writeln!(text, "{}", wrapped("   accepted   ", &words));
    }
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
pub(super) fn grouped(count: u64) -> String {
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

/// How many sequences were made, what really happened in them, and why others were not.
fn sequences(sequences: &Sequences) -> Vec<String> {
    let Sequences { made, idle, inapplicable, happened, .. } = sequences;
    let mut lines = Vec::new();
    if *made > 0 {
        let counts = [
            (happened.resumed, "resumed"),
            (happened.offered.saturating_sub(happened.resumed + happened.early), "refused to be resumed"),
            (happened.reused, "on a kept connection"),
            (happened.together, "at the same time"),
            (happened.repeated, "with an earlier token"),
            (happened.streamed, "on a stream under way"),
            (happened.reloaded, "reloads"),
            (happened.waited, "waits"),
        ];
        let counts =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", grouped(*count)));
        lines.push(format!("{} made: {}", grouped(*made), counts.collect::<Vec<_>>().join(", ")));
    }
    if *idle > 0 {
        lines.push(format!("{} prove nothing: no step of them hung on another", grouped(*idle)));
    }
    let mut reasons: Vec<(&String, &u64)> = inapplicable.iter().collect();
    reasons.sort_by_key(|(why, count)| (std::cmp::Reverse(**count), (*why).clone()));
    let most = 4;
    lines.extend(reasons.iter().take(most).map(|(why, count)| format!("{} not made: {why}", grouped(**count))));
    if reasons.len() > most {
        let rest: u64 = reasons.iter().skip(most).map(|(_, count)| **count).sum();
        lines.push(format!("{} not made for other reasons", grouped(rest)));
    }
    lines
}
