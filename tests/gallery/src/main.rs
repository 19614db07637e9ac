//! `cargo gatecrash`.
use std::{sync::Arc, time::Duration};
use gatecrash::campaign::{self, *};
fn main() {
    let target = Target { factory: Arc::new(|world| gatecrash_gallery::reference::gate(world)), policy: gatecrash_gallery::policy().unwrap(), world: Default::default() };
    let options = CampaignOptions { bound: Bound::Time(Duration::from_secs(30)), ..Default::default() };
    let done = campaign::run(&target, options, &Default::default());
    match done { Err(e) => println!("{e}"), Ok(c) => {
        println!("{:?} {:?}\nmiswired {:?}\nfaults {:?}", c.elapsed, c.tally, c.miswirings.iter().take(5).collect::<Vec<_>>(), c.harness_faults.iter().take(10).collect::<Vec<_>>());
        for f in c.findings.iter().take(25) { println!("{} {} [{}] {:?} {:?} {:?}", f.kind.name(), f.explanation(), f.seen, f.rules, f.verdict.latest, f.observation.seen.causes); }
    } }
}
