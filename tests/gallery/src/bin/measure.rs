//! Measures what the catalogue kills, and writes what is generated from it: `tests/gallery/kills.json`, `harness/docs`.
//!
//! With `--docs` it takes the kills as they are kept, and writes the tables alone. With `--check` it writes nothing, makes each attack
//! from each caller on one route, and fails where a gate survives, where an attack kills that is not kept, and where something is found
//! on a safe twin. With `--check --full` it makes every attack on every route, and fails where any kill differs.
//!
//! With `--first` it measures how soon a default run shows each flaw and what its report says first: `tests/gallery/first.json`,
//! `harness/docs/first.md`.
//!
//! With `--gate NAME`, as often as wanted, it measures these gates alone and keeps the rows of all others; with `--sample` beside
//! it, each attack on one route: seconds for a gate that is being written. What it cannot kill it names, and what it finds on
//! the twin.

use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use gatecrash::{
    __internals::exhibit::{Exhibit, Measure, Needs, findings_on, killing_set, quick},
    Clock,
    campaign::{CampaignError, Target},
    corpus::catalogue::Catalogue,
};
use gatecrash_gallery::{
    article, docs, exhibits, first,
    kills::{self, Killed},
};

/// Gates that are measured at the same time, for each core.
const AT_ONCE: usize = 2;

/// What `corpus/first.txt` begins with.
const FIRST_HEAD: &str = "\
# The attacks that a campaign asks first: together they kill every gate that one attack kills. The one that kills most comes first.
# Computed from tests/gallery/kills.json; `cargo run --bin measure -- --docs` writes it anew.
";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let exhibits = exhibits()?;
    let wants = |flag: &str| std::env::args().any(|argument| argument == flag);
    let named = named(std::env::args())?;
    if named.is_empty() && wants("--sample") {
        return Err("--sample needs a --gate".into());
    }
    if wants("--check") {
        let chosen = |name: &str| named.is_empty() || named.iter().any(|it| it == name);
        let exhibits: Vec<Exhibit> = exhibits.into_iter().filter(|exhibit| chosen(&exhibit.name)).collect();
        let kept = kills::kept()?.into_iter().filter(|killed| chosen(&killed.gate)).collect();
        let full = wants("--full");
        let measured = if full { measured(&exhibits)? } else { sampled(&exhibits)? };
        let survivors: Vec<&str> = measured.iter().filter(|it| !it.killed).map(|it| it.gate.as_str()).collect();
        if !survivors.is_empty() {
            return Err(format!("survived: {}", survivors.join(", ")).into());
        }
        let count = measured.len();
        check(kept, measured, &exhibits, full)?;
        let twins = twins_are_clean(&exhibits, Measure { sample_routes: !full, ..MEASURE })?;
        println!("{count} gates killed, by the attacks that are kept; {twins} distinct twins clean");
        return Ok(());
    }
    if wants("--first") {
        let flawed: Vec<&Exhibit> = exhibits.iter().filter(|exhibit| exhibit.is_flawed()).collect();
        let rows = of_each(&flawed, |exhibit| first::measured(exhibit))?;
        fs::write(root.join("tests/gallery/first.json"), first::text(&rows)?)?;
        fs::write(root.join("harness/docs/first.md"), first::page(&rows))?;
        return Ok(());
    }
    let known = if wants("--docs") {
        kills::kept()?
    } else if !named.is_empty() {
        let known = merged(kills::kept()?, &exhibits, &named, wants("--sample"))?;
        fs::write(root.join("tests/gallery/kills.json"), kills::text(&known)?)?;
        known
    } else {
        let known = measured(&exhibits)?;
        fs::write(root.join("tests/gallery/kills.json"), kills::text(&known)?)?;
        known
    };
    let sharpest = killing_set(known.iter().map(|killed| killed.attacks.as_slice()));
    fs::write(root.join("corpus/first.txt"), format!("{FIRST_HEAD}{}\n", sharpest.join("\n")))?;
    let catalogue = Catalogue::embedded()?;
    let folder = root.join("harness/docs");
    fs::create_dir_all(&folder)?;
    let tables = [
        ("article.md", article::page(&catalogue, &known)),
        ("cwe.md", docs::weaknesses(&catalogue)),
        ("readings.md", docs::reading_table(&catalogue, &docs::worlds(&exhibits))),
        ("rules.md", docs::rules(&catalogue, &exhibits, &known)),
    ];
    for (name, table) in tables {
        fs::write(folder.join(name), table.map_err(|faults| faults.join("\n"))?)?;
    }
    Ok(())
}

/// The values of `--gate`.
fn named(arguments: impl Iterator<Item = String>) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        if argument == "--gate" {
            names.push(arguments.next().ok_or("--gate needs the name of a gate")?);
        }
    }
    Ok(names)
}

/// The rows that are kept, those of the named gates measured anew; in the order of the gallery. `Err` names what survived, and what
/// was found on a twin.
fn merged(
    kept: Vec<Killed>,
    exhibits: &[Exhibit],
    names: &[String],
    sample: bool,
) -> Result<Vec<Killed>, Box<dyn Error>> {
    let flawed: Vec<&Exhibit> =
        exhibits.iter().filter(|exhibit| exhibit.is_flawed() && exhibit.needs != Some(Needs::Sequences)).collect();
    if let Some(name) = names.iter().find(|name| !flawed.iter().any(|exhibit| exhibit.name == **name)) {
        return Err(format!("there is no flawed gate `{name}`").into());
    }
    let wanted: Vec<&Exhibit> = flawed.iter().copied().filter(|exhibit| names.contains(&exhibit.name)).collect();
    let measure = Measure { sample_routes: sample, ..MEASURE };
    let rows = of_each(&wanted, |exhibit| {
        let killed = quick(exhibit, measure).map(|kill| Killed::from(&kill))?;
        eprintln!("{}: {} attacks", exhibit.name, killed.attacks.len());
        Ok::<_, CampaignError>(killed)
    })?;
    let survivors = rows.iter().filter(|killed| !killed.killed).map(|killed| format!("{} survives", killed.gate));
    let found = match twins_are_clean(wanted.iter().copied(), measure) {
        Ok(_) => None,
        Err(found) => Some(found.to_string()),
    };
    let faults: Vec<String> = survivors.chain(found).collect();
    if !faults.is_empty() {
        return Err(faults.join("\n").into());
    }
    let fresh = rows;
    let row = |exhibit: &&Exhibit| {
        let of_gate = |killed: &&Killed| killed.gate == exhibit.name;
        fresh.iter().find(of_gate).or_else(|| kept.iter().find(of_gate)).cloned()
    };
    Ok(flawed.iter().filter_map(row).collect())
}

/// `Err` names the gates whose kills are others than those that are kept; where not all attempts were made, those with a kill that is
/// not kept.
fn check(mut kept: Vec<Killed>, mut measured: Vec<Killed>, exhibits: &[Exhibit], full: bool) -> Result<(), String> {
    // By the system's clock certificates are others on every run, and so are the letters of their thumbprints: whether two encodings of
    // one differ is a matter of chance.
    let of_chance = exhibits.iter().filter(|exhibit| exhibit.target.world.clock == Clock::System);
    let of_chance: BTreeSet<&str> = of_chance.map(|exhibit| exhibit.name.as_str()).collect();
    for killed in kept.iter_mut().chain(&mut measured).filter(|killed| of_chance.contains(killed.gate.as_str())) {
        killed.attacks.retain(|attack| attack != "x5t-enc-std-b64");
    }
    let within = |killed: &Killed, known: &Killed| {
        killed.gate == known.gate
            && killed.rules.iter().all(|rule| known.rules.contains(rule))
            && killed.attacks.iter().all(|attack| known.attacks.contains(attack))
    };
    let same = |killed: &Killed| kept.iter().any(|known| if full { killed == known } else { within(killed, known) });
    let differ = measured.iter().filter(|killed| !same(killed)).map(|killed| killed.gate.as_str());
    let gone = kept.iter().filter(|killed| !measured.iter().any(|it| it.gate == killed.gate));
    let faults: BTreeSet<&str> = differ.chain(gone.map(|killed| killed.gate.as_str())).collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!("kills.json is out of date about {}; run without --check", Vec::from_iter(faults).join(", ")))
}

const MEASURE: Measure = Measure { seed: 1, jobs: 1, random_seeds: 0, random_cap: 0, sample_routes: false };

/// Every flawed gate, in order.
fn measured(exhibits: &[Exhibit]) -> Result<Vec<Killed>, CampaignError> {
    let flawed: Vec<&Exhibit> =
        exhibits.iter().filter(|exhibit| exhibit.is_flawed() && exhibit.needs != Some(Needs::Sequences)).collect();
    of_each(&flawed, |exhibit| {
        let killed = quick(exhibit, MEASURE).map(|kill| Killed::from(&kill));
        eprintln!("{}", exhibit.name);
        killed
    })
}

/// The same with each attack from each caller on one route; every route where no such attack kills the gate.
fn sampled(exhibits: &[Exhibit]) -> Result<Vec<Killed>, CampaignError> {
    let flawed: Vec<&Exhibit> =
        exhibits.iter().filter(|exhibit| exhibit.is_flawed() && exhibit.needs != Some(Needs::Sequences)).collect();
    of_each(&flawed, |exhibit| {
        let sample = Measure { sample_routes: true, ..MEASURE };
        // A flaw that pairs or steps show is looked for as long as it takes.
        let killed = match exhibit.needs {
            None => quick(exhibit, sample)?,
            Some(_) => quick(exhibit, MEASURE)?,
        };
        let killed = if killed.killed || exhibit.needs.is_some() { killed } else { quick(exhibit, MEASURE)? };
        eprintln!("{}", exhibit.name);
        Ok(Killed::from(&killed))
    })
}

/// `Err` says what was found on a safe twin. One that several gates share is run once.
fn twins_are_clean<'a>(
    exhibits: impl IntoIterator<Item = &'a Exhibit>,
    measure: Measure,
) -> Result<usize, Box<dyn Error>> {
    let mut distinct: Vec<(&str, &Target, Option<Needs>)> = Vec::new();
    for exhibit in exhibits {
        let Some(twin) = &exhibit.twin else { continue };
        let known =
            distinct.iter().any(|(_, it, needs)| Arc::ptr_eq(&it.factory, &twin.factory) && *needs == exhibit.needs);
        if !known {
            distinct.push((&exhibit.name, twin, exhibit.needs));
        }
    }
    let faults = of_each(&distinct, |(name, twin, needs)| {
        let findings = findings_on(twin, *needs, measure);
        eprintln!("twin of {name}");
        findings.map(|findings| findings.into_iter().map(|it| format!("twin of {name}: {it}")).collect::<Vec<_>>())
    })?;
    let faults = faults.concat();
    if faults.is_empty() { Ok(distinct.len()) } else { Err(faults.join("\n").into()) }
}

/// Some at a time; the results in order.
fn of_each<T: Sync, R: Send, E: Send>(items: &[T], act: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<R, E>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE * std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = act(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
