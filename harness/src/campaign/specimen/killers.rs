//! Which attacks of the catalogue earn their place: those that show a flaw, those that alone do, and the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::attacks::catalogue::{Attack, Catalogue, Expect};

/// A small set of attacks that together kill every gate that some attack kills. The attack that kills most comes first; of equals,
/// the first by name.
///
/// Greedy, then without those that the others make superfluous: an attack that alone kills some gate is in it in any case.
///
/// ```
/// let (one, other) = (["aud-missing".to_string(), "exp-missing".into()], ["exp-missing".to_string()]);
/// assert_eq!(gatecrash::__internals::exhibit::killing_set([&one[..], &other[..]]), ["exp-missing"]);
/// ```
pub fn killing_set<'a>(gates: impl IntoIterator<Item = &'a [String]>) -> Vec<String> {
    let gates: Vec<&[String]> = gates.into_iter().filter(|attacks| !attacks.is_empty()).collect();
    let mut chosen: Vec<&String> = Vec::new();
    let mut alive = gates.clone();
    while !alive.is_empty() {
        let mut kills: BTreeMap<&String, usize> = BTreeMap::new();
        for attack in alive.iter().flat_map(|attacks| attacks.iter()) {
            *kills.entry(attack).or_default() += 1;
        }
        let Some((best, _)) = kills.into_iter().rev().max_by_key(|(_, count)| *count) else { break };
        chosen.push(best);
        alive.retain(|attacks| !attacks.contains(best));
    }
    for attack in chosen.clone() {
        let killed_without = |attacks: &&[String]| chosen.iter().any(|it| *it != attack && attacks.contains(it));
        if gates.iter().all(killed_without) {
            chosen.retain(|known| *known != attack);
        }
    }
    chosen.into_iter().cloned().collect()
}

/// The catalogue, divided by what its attacks kill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Killers {
    /// Attacks that show the flaw of some gate.
    pub killers: BTreeSet<String>,
    /// Attacks that alone show the flaw of some gate, and of which.
    pub sole: BTreeMap<String, Vec<String>>,
    /// Attacks that show none and say why they are kept.
    pub robustness: BTreeSet<String>,
    /// Attacks that need not be refused: they hold gates to admitting what is honest, and kill none that is too generous.
    pub admitting: BTreeSet<String>,
    /// Attacks that show none and do not say why they are kept.
    pub idle: BTreeSet<String>,
    /// Attacks that are marked and yet show a flaw: the mark is out of date.
    pub marked_killers: BTreeSet<String>,
}

/// Divides the catalogue, given the killers of each gate.
///
/// ```
/// use gatecrash::{corpus::catalogue::Catalogue, __internals::exhibit::killers};
/// let catalogue = Catalogue::embedded()?;
/// let divided = killers(&catalogue, [("careless", &["aud-missing".to_string()][..])]);
/// assert_eq!(divided.sole["aud-missing"], ["careless"]);
/// assert!(divided.idle.contains("exp-missing"), "it shows no flaw of this one gate");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn killers<'a>(catalogue: &Catalogue, gates: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Killers {
    let mut divided = Killers::default();
    for (gate, attacks) in gates {
        if let [sole] = attacks {
            divided.sole.entry(sole.clone()).or_default().push(gate.to_string());
        }
        divided.killers.extend(attacks.iter().cloned());
    }
    for attack in &catalogue.attacks {
        let kills = divided.killers.contains(&attack.id);
        let place = match (kills, attack) {
            (true, Attack { robustness: Some(_), .. }) => &mut divided.marked_killers,
            (true, _) => continue,
            (false, Attack { robustness: Some(_), .. }) => &mut divided.robustness,
            (false, Attack { expect: Expect::Refuse, .. }) => &mut divided.idle,
            (false, _) => &mut divided.admitting,
        };
        place.insert(attack.id.clone());
    }
    divided
}
