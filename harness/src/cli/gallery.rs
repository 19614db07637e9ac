//! `gallery` and `gates`: what there is, and whether the catalogue kills what it must.

use crate::cli::out::say_line;
use serde_json::json;

use super::{
    Failure, Gates,
    arguments::{Format, GalleryOptions, GatesOptions},
};
use crate::{
    attacks::catalogue::Catalogue,
    campaign::specimen::{Exhibit, Kill, Matrix, Measure, Needs, killers},
    report::{First, first, wrapped},
};

pub(super) fn gates(gates: &Gates, options: &GatesOptions) -> Result<u8, Failure> {
    let rules = |exhibit: &Exhibit| exhibit.breaks.iter().map(|rule| rule.name()).collect::<Vec<_>>();
    let shows = |exhibit: &Exhibit| exhibit.shows.iter().map(|kind| kind.name()).collect::<Vec<_>>();
    match options.format {
        Format::Json => {
            let list = gates.exhibits.iter();
            let list = list.map(|exhibit| {
                let (name, what) = (&exhibit.name, &exhibit.what);
                json!({ "gate": name, "what": what, "breaks": rules(exhibit), "shows": shows(exhibit) })
            });
            say_line!("{:#}", json!(list.collect::<Vec<_>>()));
        }
        Format::Text => {
            let width = gates.exhibits.iter().map(|exhibit| exhibit.name.len()).max().unwrap_or(0);
            for exhibit in &gates.exhibits {
                say_line!("{}", wrapped(&format!("{:width$}  ", exhibit.name), &exhibit.what));
                if !exhibit.breaks.is_empty() {
                    say_line!("{}", wrapped(&format!("{:width$}  breaks ", ""), &rules(exhibit).join(", ")));
                }
                if !exhibit.shows.is_empty() {
                    say_line!("{}", wrapped(&format!("{:width$}  shows ", ""), &shows(exhibit).join(", ")));
                }
            }
        }
    }
    Ok(0)
}

pub(super) fn gallery(gates: &Gates, options: &GalleryOptions) -> Result<u8, Failure> {
    let chosen: Vec<&Exhibit> = match &options.gate {
        Some(name) => vec![gates.find(Some(name))?],
        None => gates.exhibits.iter().filter(|exhibit| exhibit.is_flawed()).collect(),
    };
    if options.first {
        return print_first(&chosen, options);
    }
    let measure = Measure {
        seed: options.seed,
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        random_seeds: if options.full { 5 } else { 0 },
        random_cap: 100_000,
        sample_routes: false,
    };
    let rows = !options.killers && matches!(options.format, Format::Text);
    let mut matrix = Matrix::default();
    let mut kills: Vec<Kill> = Vec::new();
    for exhibit in chosen {
        let done = matrix.row(exhibit, measure)?;
        if rows {
            print(&done);
        }
        kills.push(done);
    }
    if options.killers {
        return print_killers(&kills, options.format);
    }
    let failed = kills.iter().filter(|kill| !good(kill)).count();
    match options.format {
        Format::Json => super::print_json(&kills),
        Format::Text => summary(&kills, options.full),
    }
    Ok(u8::from(failed > 0))
}

/// The attempts of the run whose first finding is shown.
const FIRST_ATTEMPTS: u64 = 1_000;

fn print_first(chosen: &[&Exhibit], options: &GalleryOptions) -> Result<u8, Failure> {
    let mut rows: Vec<First> = Vec::new();
    for exhibit in chosen {
        let mut exhibit = (*exhibit).clone();
        exhibit.target.world.seed = options.seed;
        let row = first(&exhibit, FIRST_ATTEMPTS)?;
        if matches!(options.format, Format::Text) {
            let attempts = row.attempts.map_or("-".into(), |count| count.to_string());
            let mark = if row.right { " " } else { "!" };
            let (kind, cause) = (row.kind.unwrap_or("no finding"), row.cause.as_deref().unwrap_or_default());
            say_line!("{mark} {attempts:>6}  {}: {kind}, {cause} ({})", row.gate, row.rules.join(", "));
        }
        rows.push(row);
    }
    let wrong = rows.iter().filter(|row| !row.right).count();
    match options.format {
        Format::Json => super::print_json(&rows),
        Format::Text => {
            let soon = rows.iter().filter(|row| row.attempts.is_some()).count();
            say_line!(
                "{soon} of {} flaws show within {FIRST_ATTEMPTS} attempts; finding 1 misses the flaw of {wrong}",
                rows.len()
            );
        }
    }
    Ok(u8::from(wrong > 0))
}

/// Killed, and told from its twin.
fn good(kill: &Kill) -> bool {
    kill.killed && kill.twin_clean != Some(false)
}

fn summary(kills: &[Kill], full: bool) {
    let count = |what: &dyn Fn(&Kill) -> bool| kills.iter().filter(|kill| what(kill)).count();
    let twins = count(&|kill| kill.twin_clean.is_some());
    say_line!(
        "{} of {} gates killed, {} of {twins} twins clean",
        count(&|kill| kill.killed),
        kills.len(),
        count(&|kill| kill.twin_clean == Some(true))
    );
    let pairs = count(&|kill| kill.killed && kill.needs == Some(Needs::Pair));
    if pairs > 0 {
        say_line!("{pairs} of them by a pair of attacks alone");
    }
    let steps = count(&|kill| kill.killed && kill.needs == Some(Needs::Steps));
    if steps > 0 {
        say_line!("{steps} by a case of two steps alone");
    }
    if full {
        let shown = count(&|kill| kill.random.as_ref().is_some_and(|random| random.median_attempts.is_some()));
        say_line!(
            "{shown} of {} by random cases alone, within {} attempts (fitted: the same hands wrote both)",
            kills.len(),
            kills.iter().find_map(|kill| Some(kill.random.as_ref()?.cap)).unwrap_or_default()
        );
    } else {
        say_line!("`--full` measures random cases alone as well; it makes up to half a million attempts on each gate");
    }
}

fn print(kill: &Kill) {
    let state = match (kill.attempts_to_kill, kill.needs) {
        (Some(count), Some(Needs::Steps)) => format!("killed by a case of two steps, after {count} attempts"),
        (Some(count), Some(Needs::Pair)) => format!("killed by a pair, after {count} attempts"),
        (Some(count), _) => format!("killed after {count} attempts (median of 20 orders)"),
        (None, _) => "SURVIVED".into(),
    };
    let twin = match kill.twin_clean {
        Some(true) => ", its twin is clean",
        Some(false) => ", its twin is NOT CLEAN",
        None => "",
    };
    say_line!("{}: {state}{twin}", kill.gate);
    if !kill.breaks.is_empty() {
        say_line!("{}", wrapped("  breaks  ", &kill.breaks.join(", ")));
    }
    if !kill.shows.is_empty() {
        say_line!("{}", wrapped("  shows   ", &kill.shows.join(", ")));
    }
    match &kill.case {
        Some(case) => say_line!("{}", wrapped("  case    ", case)),
        None => kill.findings.iter().take(3).for_each(|it| say_line!("{}", wrapped("  found   ", it))),
    }
    if let Some(random) = &kill.random {
        let by = match random.median_attempts {
            Some(median) => format!("{median} attempts in the median of {} seeds (fitted)", random.seeds),
            None => {
                let (killed, seeds, cap) = (random.killed, random.seeds, random.cap);
                format!("by {killed} of {seeds} seeds within {cap} attempts (fitted)")
            }
        };
        say_line!("{}", wrapped("  random  ", &by));
    }
    for finding in kill.twin_findings.iter().take(3) {
        say_line!("{}", wrapped("  twin    ", finding));
    }
}

fn print_killers(kills: &[Kill], format: Format) -> Result<u8, Failure> {
    let catalogue = Catalogue::embedded()?;
    let divided = killers(&catalogue, kills.iter().map(|kill| (kill.gate.as_str(), kill.killers.as_slice())));
    match format {
        Format::Json => super::print_json(&json!({
            "attacks": catalogue.attacks.len(),
            "killers": divided.killers,
            "sole": divided.sole,
            "robustness": divided.robustness,
            "admitting": divided.admitting,
            "idle": divided.idle,
            "marked_killers": divided.marked_killers,
        })),
        Format::Text => {
            for (attack, gates) in &divided.sole {
                say_line!("{}", wrapped(&format!("sole killer  {attack}: "), &gates.join(", ")));
            }
            for attack in &divided.marked_killers {
                say_line!("marked, and yet a killer: {attack}");
            }
            for attack in &divided.idle {
                say_line!("idle, and not marked: {attack}");
            }
            say_line!(
                "{} attacks: {} kill some gate ({} of them alone), {} are kept for robustness, {} hold gates to admitting, {} are idle",
                catalogue.attacks.len(),
                divided.killers.len(),
                divided.sole.len(),
                divided.robustness.len(),
                divided.admitting.len(),
                divided.idle.len()
            );
        }
    }
    Ok(u8::from(!divided.idle.is_empty()))
}
