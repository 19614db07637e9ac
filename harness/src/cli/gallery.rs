//! `gallery` and `gates`: what there is, and whether the catalogue kills what it must.

use serde_json::json;

use super::{
    Failure, Shelf,
    arguments::{Format, GalleryOptions, GatesOptions},
};
use crate::{
    exhibit::{Exhibit, Kill, Matrix},
    report::wrapped,
};

pub(super) fn gates(shelf: &Shelf, options: &GatesOptions) -> Result<u8, Failure> {
    let rules = |exhibit: &Exhibit| exhibit.breaks.iter().map(|rule| rule.name()).collect::<Vec<_>>();
    let shows = |exhibit: &Exhibit| exhibit.shows.iter().map(|kind| kind.name()).collect::<Vec<_>>();
    match options.format {
        Format::Json => {
            let list = shelf.exhibits.iter();
            let list = list.map(|exhibit| {
                let (name, what) = (&exhibit.name, &exhibit.what);
                json!({ "gate": name, "what": what, "breaks": rules(exhibit), "shows": shows(exhibit) })
            });
            println!("{:#}", json!(list.collect::<Vec<_>>()));
        }
        Format::Text => {
            let width = shelf.exhibits.iter().map(|exhibit| exhibit.name.len()).max().unwrap_or(0);
            for exhibit in &shelf.exhibits {
                println!("{}", wrapped(&format!("{:width$}  ", exhibit.name), &exhibit.what));
                if !exhibit.breaks.is_empty() {
                    println!("{}", wrapped(&format!("{:width$}  breaks ", ""), &rules(exhibit).join(", ")));
                }
                if !exhibit.shows.is_empty() {
                    println!("{}", wrapped(&format!("{:width$}  shows ", ""), &shows(exhibit).join(", ")));
                }
            }
        }
    }
    Ok(0)
}

pub(super) fn gallery(shelf: &Shelf, options: &GalleryOptions) -> Result<u8, Failure> {
    let chosen: Vec<&Exhibit> = match &options.gate {
        Some(name) => vec![shelf.find(Some(name))?],
        None => shelf.exhibits.iter().filter(|exhibit| exhibit.is_flawed()).collect(),
    };
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut matrix = Matrix::default();
    let mut kills: Vec<Kill> = Vec::new();
    for exhibit in chosen {
        let done = matrix.row(exhibit, options.seed, jobs)?;
        if let Format::Text = options.format {
            print(&done);
        }
        kills.push(done);
    }
    let good = |kill: &Kill| kill.killed && kill.twin_clean != Some(false);
    let failed = kills.iter().filter(|kill| !good(kill)).count();
    match options.format {
        Format::Json => super::print_json(&kills),
        Format::Text => {
            let killed = kills.iter().filter(|kill| kill.killed).count();
            let clean = kills.iter().filter(|kill| kill.twin_clean == Some(true)).count();
            let twins = kills.iter().filter(|kill| kill.twin_clean.is_some()).count();
            println!("{killed} of {} gates killed, {clean} of {twins} twins clean", kills.len());
        }
    }
    Ok(u8::from(failed > 0))
}

fn print(kill: &Kill) {
    let state = match kill.attempts_to_kill {
        Some(count) => format!("killed after {count} attempts"),
        None => "SURVIVED".into(),
    };
    let twin = match kill.twin_clean {
        Some(true) => ", its twin is clean",
        Some(false) => ", its twin is NOT CLEAN",
        None => "",
    };
    println!("{}: {state}{twin}", kill.gate);
    println!("{}", wrapped("  breaks  ", &kill.breaks.join(", ")));
    let show = if kill.killed { 1 } else { 3 };
    for finding in kill.findings.iter().take(show) {
        println!("{}", wrapped("  found   ", finding));
    }
    for finding in kill.twin_findings.iter().take(3) {
        println!("{}", wrapped("  twin    ", finding));
    }
}
