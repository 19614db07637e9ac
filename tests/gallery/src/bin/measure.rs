//! Measures what the catalogue kills, and writes what is generated from it: `tests/gallery/kills.json`, `harness/docs`.
//!
//! With `--docs` it takes the kills as they are kept, and writes the tables alone.

use std::{error::Error, fs, path::Path};

use gatecrash::{
    catalogue::Catalogue,
    exhibit::{Measure, quick},
    model::Blueprint,
};
use gatecrash_gallery::{docs, exhibits, kills, policy};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let exhibits = exhibits()?;
    let mut known = kills::kept()?;
    if !std::env::args().any(|argument| argument == "--docs") {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        let measure = Measure { seed: 1, jobs, random_seeds: 0, random_cap: 0 };
        known.clear();
        for exhibit in exhibits.iter().filter(|exhibit| exhibit.is_flawed()) {
            known.push(kills::Killed::from(&quick(exhibit, measure)?));
            eprintln!("{}", exhibit.name);
        }
        fs::write(root.join("tests/gallery/kills.json"), kills::text(&known)?)?;
    }
    let catalogue = Catalogue::embedded()?;
    let folder = root.join("harness/docs");
    fs::create_dir_all(&folder)?;
    let blueprint = Blueprint::new(policy()?, 1_790_000_000);
    let tables = [
        ("rules.md", docs::rules(&catalogue, &exhibits, &known)),
        ("readings.md", docs::reading_table(&catalogue, &blueprint)),
    ];
    for (name, table) in tables {
        fs::write(folder.join(name), table.map_err(|faults| faults.join("\n"))?)?;
    }
    Ok(())
}
