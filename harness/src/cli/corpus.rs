//! `corpus`: what keeps many cases and inputs in order, over any number of machines.

mod add;
mod arguments;
mod files;
mod min;
mod share;
mod tables;

pub(super) use arguments::{CorpusOptions, surface};

use super::{Failure, Gates};
use crate::campaign::specimen::Exhibit;
use arguments::CorpusCommand;

pub(super) fn corpus(gates: &dyn Fn() -> Result<Gates, Failure>, options: &CorpusOptions) -> Result<u8, Failure> {
    let gate = options.gate.as_deref();
    let exhibit = || -> Result<Exhibit, Failure> { gates()?.find(gate).cloned() };
    match &options.command {
        CorpusCommand::Add(options) => {
            let gates = gates()?;
            add::add(gates.find(gate)?, &gates.command, options)
        }
        CorpusCommand::Dict { out } => files::dict(&exhibit()?, out),
        CorpusCommand::Lint { path } => tables::lint(&exhibit()?, path.as_deref()),
        CorpusCommand::Merge { from, out } => files::merge(&exhibit()?, from, out),
        CorpusCommand::Migrate { path } => files::migrate(path),
        CorpusCommand::Min { folder, target } => min::min(folder, *target),
        CorpusCommand::Pull { url, folder } => share::pull(url, folder),
        CorpusCommand::Push { url, folder } => share::push(url, folder),
        CorpusCommand::Seed { out, target, controls } => files::seed(&exhibit()?, out, *target, *controls),
        CorpusCommand::Stats { path } => tables::stats(&exhibit()?, path.as_deref()),
    }
}
