//! How far inputs got: the share that dies in parsing, and the shares that reach handshake, token and handler.

use std::{collections::BTreeMap, fmt};

use gatecrash_model::Policy;

use crate::attacks::casefile::Surface;
use crate::gate::{Handshake, Observation};

/// Counts of what inputs reached.
#[derive(Clone, Debug)]
pub struct Reached {
    surface: Surface,
    /// Inputs, all of them.
    pub inputs: u64,
    /// Inputs that are none of the surface's, or mean nothing.
    pub rejected: u64,
    /// Inputs of which the server accepted the handshake (of TLS records: answered it), judged a token, ran the handler.
    pub reached: [u64; 3],
    refusals: BTreeMap<String, u64>,
}

/// How many different refusals of the handshake are told apart.
const REFUSALS: usize = 64;

impl Reached {
    pub(super) fn new(surface: Surface) -> Self {
        Self { surface, inputs: 0, rejected: 0, reached: [0; 3], refusals: BTreeMap::new() }
    }

    pub(super) fn reject(&mut self) {
        self.inputs += 1;
        self.rejected += 1;
    }

    /// 0 nothing, 1 handshake, 2 token, 3 handler.
    pub(super) fn depth(&self, observation: &Observation, policy: &Policy) -> usize {
        let hello = matches!(&observation.handshake, Handshake::Refused(why) if why.starts_with("after"));
        if observation.entered(policy) {
            3
        } else if observation.answer.is_some() {
            2
        } else {
            usize::from(observation.handshake == Handshake::Accepted || hello)
        }
    }

    pub(super) fn reason(&mut self, observation: &Observation) {
        if let Handshake::Refused(why) = &observation.handshake
            && (self.refusals.len() < REFUSALS || self.refusals.contains_key(why))
        {
            *self.refusals.entry(why.clone()).or_default() += 1;
        }
    }

    pub(super) fn count(&mut self, depth: usize) {
        self.inputs += 1;
        for reached in self.reached.iter_mut().take(depth) {
            *reached += 1;
        }
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |part: u64| format!("{:.1} %", 100.0 * part as f64 / self.inputs.max(1) as f64);
        let first = if self.surface == Surface::RawTls { "server's hello" } else { "handshake" };
        let [handshake, token, handler] = self.reached.map(share);
        write!(
            f,
            "{}: {} inputs, {} rejected; reached {first} {handshake}, token {token}, handler {handler}",
            self.surface,
            self.inputs,
            share(self.rejected)
        )?;
        let mut refusals: Vec<_> = self.refusals.iter().collect();
        refusals.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let total: u64 = self.refusals.values().sum();
        for (i, (why, count)) in refusals.into_iter().take(6).enumerate() {
            let share = 100.0 * *count as f64 / total.max(1) as f64;
            write!(f, "{} {why} {share:.0} %", if i == 0 { "; handshakes refused:" } else { "," })?;
        }
        Ok(())
    }
}
