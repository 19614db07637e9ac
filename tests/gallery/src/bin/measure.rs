//! Measures what the catalogue kills, and writes what is generated from it: `tests/gallery/kills.json`, `harness/docs`.
//!
//! With `--docs` it takes the kills as they are kept, and writes the tables alone. With `--check` it writes nothing, and fails where
//! the kills are not those that are kept.

use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use gatecrash::{
    Clock,
    campaign::CampaignError,
    catalogue::Catalogue,
    exhibit::{Exhibit, Measure, quick},
};
use gatecrash_gallery::{
    docs, exhibits,
    kills::{self, Killed},
};

/// Gates that are measured at the same time, for each core.
const AT_ONCE: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let exhibits = exhibits()?;
    let wants = |flag: &str| std::env::args().any(|argument| argument == flag);
    if wants("--check") {
        return Ok(check(kills::kept()?, measured(&exhibits)?, &exhibits)?);
    }
    let known = if wants("--docs") {
        kills::kept()?
    } else {
        let known = measured(&exhibits)?;
        fs::write(root.join("tests/gallery/kills.json"), kills::text(&known)?)?;
        known
    };
    let catalogue = Catalogue::embedded()?;
    let folder = root.join("harness/docs");
    fs::create_dir_all(&folder)?;
    let tables = [
        ("cwe.md", docs::weaknesses(&catalogue)),
        ("readings.md", docs::reading_table(&catalogue, &docs::worlds(&exhibits))),
        ("rules.md", docs::rules(&catalogue, &exhibits, &known)),
    ];
    for (name, table) in tables {
        fs::write(folder.join(name), table.map_err(|faults| faults.join("\n"))?)?;
    }
    Ok(())
}

/// `Err` names the gates whose kills are others than those that are kept.
fn check(mut kept: Vec<Killed>, mut measured: Vec<Killed>, exhibits: &[Exhibit]) -> Result<(), String> {
    // By the system's clock certificates are others on every run, and so are the letters of their thumbprints: whether two encodings of
    // one differ is a matter of chance.
    let of_chance = exhibits.iter().filter(|exhibit| exhibit.target.world.clock == Clock::System);
    let of_chance: BTreeSet<&str> = of_chance.map(|exhibit| exhibit.name.as_str()).collect();
    for killed in kept.iter_mut().chain(&mut measured).filter(|killed| of_chance.contains(killed.gate.as_str())) {
        killed.attacks.retain(|attack| attack != "x5t-enc-std-b64");
    }
    let differ = measured.iter().filter(|killed| !kept.contains(killed)).map(|killed| killed.gate.as_str());
    let gone = kept.iter().filter(|killed| !measured.iter().any(|it| it.gate == killed.gate));
    let faults: BTreeSet<&str> = differ.chain(gone.map(|killed| killed.gate.as_str())).collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!("kills.json is out of date about {}; run without --check", Vec::from_iter(faults).join(", ")))
}

/// Every flawed gate, in order.
fn measured(exhibits: &[Exhibit]) -> Result<Vec<Killed>, CampaignError> {
    let flawed: Vec<&Exhibit> = exhibits.iter().filter(|exhibit| exhibit.is_flawed()).collect();
    let measure = Measure { seed: 1, jobs: 1, random_seeds: 0, random_cap: 0, once: false };
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Killed, CampaignError>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE * std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(exhibit) = flawed.get(at) else { break };
                    let killed = quick(exhibit, measure).map(|kill| Killed::from(&kill));
                    eprintln!("{} of {}: {}", at + 1, flawed.len(), exhibit.name);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, killed));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, killed)| killed).collect()
}
