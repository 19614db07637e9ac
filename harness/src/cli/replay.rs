//! `replay`: cases from files, explained.

use super::{Failure, Shelf, arguments::ReplayOptions};
use crate::{
    campaign,
    check::{Checked, Outcome},
    input,
    report::{self, wrapped},
};

pub(super) fn replay(shelf: &Shelf, options: &ReplayOptions) -> Result<u8, Failure> {
    let exhibit = shelf.find(options.gate.as_deref())?;
    let mut target = exhibit.target.clone();
    target.world.seed = options.seed;
    if let Some(file) = &options.policy {
        target.policy = input::policy(file)?;
    }
    // Every file is read before the first is replayed.
    let cases = options.files.iter().map(|file| input::case(file)).collect::<Result<Vec<_>, _>>()?;
    let mut status = 0;
    for (file, case) in options.files.iter().zip(&cases) {
        println!("{}\n{}", file.display(), wrapped("  ", &gatecrash_model::describe(case)));
        let depths = campaign::replay(&target, case).map_err(|error| match error {
            campaign::CampaignError::Meaningless(why) => {
                Failure::Usage(format!("{}: the case means nothing to gate `{}`: {why}", file.display(), exhibit.name))
            }
            other => other.into(),
        })?;
        for checked in &depths {
            status = status.max(explain(checked));
        }
        println!();
    }
    Ok(status)
}

fn explain(checked: &Checked) -> u8 {
    let depth = checked.observation.depth.map_or("", |depth| depth.name());
    println!("{}", wrapped("  permitted    ", &report::permitted(&checked.verdict)));
    for rule in report::rules(&checked.verdict) {
        println!("{}", wrapped("  rule         ", &rule));
    }
    for (cause, _) in &checked.observation.seen.causes {
        println!("{}", wrapped("  audited      ", cause));
    }
    if let Some(answer) = &checked.observation.answer {
        println!("  {depth:<13}answered {}", answer.status);
    } else {
        println!(
            "{}",
            wrapped(&format!("  {depth:<13}"), &format!("no answer; handshake: {:?}", checked.observation.handshake))
        );
    }
    match &checked.outcome {
        Outcome::Agree => {
            println!("  outcome      agree");
            0
        }
        Outcome::Disagree(list) => {
            for disagreement in list {
                println!(
                    "{}",
                    wrapped("  outcome      ", &format!("{}: {}", disagreement.kind.name(), disagreement.seen))
                );
            }
            1
        }
        Outcome::HarnessFault(fault) => {
            println!("{}", wrapped("  outcome      ", &format!("HarnessFault: {fault}")));
            3
        }
    }
}
