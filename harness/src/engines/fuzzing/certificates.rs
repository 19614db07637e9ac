//! Changes certificates where they hold values, and leaves the lengths as they are: otherwise most mutants die in decoding.

use gatecrash_model::Draw as _;

use super::{Engine, dice::Dice, raw::der};

/// A mutant of concatenated DER certificates. `None`: change the octets as they stand.
pub(super) fn mutate(input: &[u8], room: usize, dice: &mut Dice, bytes: Engine) -> Option<Vec<u8>> {
    // One mutant in eight is changed as octets.
    if dice.below(8) == 0 {
        return None;
    }
    let mut chain: Vec<Vec<u8>> = der::split(input).into_iter().map(<[u8]>::to_vec).collect();
    let at = dice.below(chain.len());
    match dice.below(8) {
        // The chain in another order, shorter, longer.
        0 => {
            let other = dice.below(chain.len());
            chain.swap(at, other);
        }
        1 if chain.len() > 1 => drop(chain.remove(at)),
        2 => {
            let again = chain.get(at)?.clone();
            chain.push(again);
        }
        _ => {
            let certificate = chain.get_mut(at)?;
            let values = der::values(certificate);
            let value = dice.pick(&values)?.clone();
            let size = value.len();
            // Half of the time one bit: most of what is longer is no value of its type any more.
            if dice.below(2) == 0 {
                let at = value.start + dice.below(size);
                certificate[at] ^= 1 << dice.below(8);
                return Some(chain.concat());
            }
            // As many octets as there were: what the engine leaves short keeps its old end.
            bytes(&mut certificate[value], size, size);
        }
    }
    let text = chain.concat();
    (!text.is_empty() && text.len() <= room).then_some(text)
}

/// Certificates of both, each of them whole.
pub(super) fn cross(one: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let (one, other) = (der::split(one), der::split(other));
    let (at, from) = (dice.below(one.len() + 1), dice.below(other.len() + 1));
    [&one[..at], &other[from..]].concat().concat()
}
