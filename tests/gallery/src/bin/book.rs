//! Writes the pages of the book to `target/book/src`, or to the folder that is given; `docs/build` makes HTML of them.

use std::{error::Error, path::PathBuf};

use gatecrash::corpus::catalogue::Catalogue;
use gatecrash_gallery::{book, kills};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let folder = std::env::args().nth(1).map_or_else(|| root.join("target/book/src"), PathBuf::from);
    let pages = book::pages(&root, &Catalogue::embedded()?, &kills::kept()?)?;
    let _ = std::fs::remove_dir_all(&folder);
    for (name, text) in &pages {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap_or(&folder))?;
        std::fs::write(file, text)?;
    }
    println!("{} pages in {}", pages.len(), folder.display());
    Ok(())
}
