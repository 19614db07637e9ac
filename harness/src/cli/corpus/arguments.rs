//! The flags of `corpus`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::attacks::casefile::Surface;

#[derive(Args)]
pub(in crate::cli) struct CorpusOptions {
    #[command(subcommand)]
    pub(super) command: CorpusCommand,
    /// The gate whose policy and behavior count; `gates` lists them
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) gate: Option<String>,
}

#[derive(Subcommand)]
pub(super) enum CorpusCommand {
    /// Shrink and explain a crash, and write it as a regression
    Add(AddOptions),
    /// Write the dictionary of every raw target
    Dict {
        /// Folder for `TARGET.dict`
        #[arg(long, value_name = "DIR", default_value = "fuzz/dictionaries")]
        out: PathBuf,
    },
    /// Check every file: decodes, judged as it says, changes something, is there once
    Lint {
        /// File or folder; what is embedded when left out
        path: Option<PathBuf>,
    },
    /// Merge corpora into one; of inputs that behave alike, the smallest is kept
    Merge {
        /// Folders with a folder for each target below
        #[arg(required = true, value_name = "DIR")]
        from: Vec<PathBuf>,
        /// The corpus that grows
        #[arg(long, value_name = "DIR", default_value = "fuzz/corpus")]
        out: PathBuf,
    },
    /// Bring files to the present format; the old text is kept beside
    Migrate {
        /// File or folder
        #[arg(default_value = "corpus/regressions")]
        path: PathBuf,
    },
    /// Keep the inputs that are needed for the coverage of all (drives `cargo fuzz cmin`)
    Min {
        /// The target's corpus
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The target
        #[arg(long, value_parser = surface)]
        target: Surface,
    },
    /// Fetch what a shared corpus has and this one lacks
    Pull {
        /// Where: s3://BUCKET/PREFIX, gs://…, az://… or file:///DIR
        url: String,
        /// The corpus that grows
        #[arg(long = "dir", value_name = "DIR", default_value = "fuzz/corpus")]
        folder: PathBuf,
    },
    /// Give what this corpus has and a shared one lacks
    Push {
        /// Where: s3://BUCKET/PREFIX, gs://…, az://… or file:///DIR
        url: String,
        /// The corpus to give
        #[arg(long = "dir", value_name = "DIR", default_value = "fuzz/corpus")]
        folder: PathBuf,
    },
    /// Write controls, catalogue and regressions as libFuzzer inputs
    Seed {
        /// Folder for `TARGET/INPUT`
        #[arg(long, value_name = "DIR", default_value = "fuzz/corpus")]
        out: PathBuf,
        /// One target only
        #[arg(long, value_parser = surface)]
        target: Option<Surface>,
        /// Honest inputs alone, no attacks
        #[arg(long)]
        controls: bool,
    },
    /// Count entries by family, target, depth and age
    Stats {
        /// Folder; what is embedded when left out
        path: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(super) struct AddOptions {
    /// A crash file of any target
    #[arg(value_name = "CRASH")]
    pub(super) crash: PathBuf,
    /// What it shows, in a sentence
    #[arg(long)]
    pub(super) title: String,
    /// Folder for the regression
    #[arg(long, value_name = "DIR", default_value = "corpus/regressions")]
    pub(super) out: PathBuf,
    /// The target, where the file's folder does not say
    #[arg(long, value_parser = surface)]
    pub(super) target: Option<Surface>,
}

/// A target by name.
pub(in crate::cli) fn surface(name: &str) -> Result<Surface, String> {
    Surface::named(name).ok_or_else(|| {
        let known: Vec<&str> = Surface::ALL.iter().map(|surface| surface.name()).collect();
        format!("there is no target `{name}`; there are {}", known.join(", "))
    })
}
