//! Changes TLS records where they hold values, and writes the lengths anew: otherwise most mutants die before their first
//! message is read.

use gatecrash_model::Draw as _;

use super::{
    Engine,
    dice::Dice,
    raw::hello::{self, Hello},
};

/// Extensions that a client may send first and that seeds leave out (IANA, TLS ExtensionType Values).
const KINDS: [u16; 14] = [5, 15, 18, 21, 23, 27, 28, 35, 41, 42, 44, 49, 0x0A0A, 0xFF01];
/// Cipher suites and groups of every age, and one that nobody has.
const CODES: [u16; 12] =
    [0x0000, 0x0005, 0x000A, 0x002F, 0x009C, 0x1301, 0x1302, 0x1303, 0x1304, 0xC02B, 0xCCA8, 0x5A5A];

/// A mutant whose first message is a ClientHello still. `None`: change the octets as they stand.
pub(super) fn mutate(input: &[u8], room: usize, dice: &mut Dice, bytes: Engine) -> Option<Vec<u8>> {
    // One mutant in eight is changed as octets.
    if dice.below(8) == 0 {
        return None;
    }
    let (mut hello, mut rest) = hello::read(input)?;
    // Half of the mutants are honest but for one extension: else what one of them lost, all that come of it lack.
    if dice.below(2) == 0
        && let Some(kept) = dice.pick(&hello.extensions).cloned()
    {
        hello = Hello::honest();
        match hello.extensions.iter_mut().find(|(kind, _)| *kind == kept.0) {
            Some(extension) => *extension = kept,
            None => hello.extensions.insert(0, kept),
        }
    }
    let changed = |octets: &mut Vec<u8>, more: usize| {
        let size = octets.len();
        // The engine wants room for one octet at least.
        if size + more == 0 {
            return;
        }
        octets.resize(size + more, 0);
        let size = bytes(octets, size, size + more);
        octets.truncate(size);
    };
    let at = dice.below(hello.extensions.len());
    let mut pieces = 1;
    match dice.below(12) {
        0 if !hello.extensions.is_empty() => drop(hello.extensions.remove(at)),
        1 => {
            let again = hello.extensions.get(at)?.clone();
            hello.extensions.push(again);
        }
        2 if !hello.extensions.is_empty() => {
            let other = dice.below(hello.extensions.len());
            hello.extensions.swap(at, other);
        }
        3 => {
            let mut contents = vec![0; dice.below(8)];
            changed(&mut contents, 16);
            hello.extensions.insert(at, (*dice.pick(&KINDS)?, contents));
        }
        4 => hello.extensions.get_mut(at)?.0 = *dice.pick(&KINDS)?,
        5 => hello.suites.insert(dice.below(hello.suites.len() + 1), *dice.pick(&CODES)?),
        6 => {
            let turn = at.min(hello.suites.len());
            hello.suites.rotate_left(turn);
            hello.suites.truncate(1 + dice.below(4));
        }
        7 => changed(&mut hello.session, 0),
        // The message in several records (RFC 8446 §5.1), or something after it.
        8 => pieces = 2 + dice.below(4),
        9 => {
            let mut contents = vec![1; 1 + dice.below(4)];
            changed(&mut contents, 32);
            rest.extend(hello::record(*dice.pick(&[20, 21, 22, 23, 24])?, &contents));
        }
        // One bit, or what the engine knows, of what an extension says.
        10 => {
            let contents = &mut hello.extensions.get_mut(at)?.1;
            let bit = dice.below(8 * contents.len());
            *contents.get_mut(bit / 8)? ^= 1 << (bit % 8);
        }
        _ => changed(&mut hello.extensions.get_mut(at)?.1, 4),
    }
    let text = [hello.records(pieces), rest].concat();
    (text.len() <= room).then_some(text)
}

/// The ClientHello of one with extensions of the other.
pub(super) fn cross(one: &[u8], other: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let ((mut hello, rest), (other, _)) = (hello::read(one)?, hello::read(other)?);
    let (at, from) = (dice.below(hello.extensions.len() + 1), dice.below(other.extensions.len() + 1));
    hello.extensions.truncate(at);
    hello.extensions.extend_from_slice(&other.extensions[from..]);
    Some([hello.records(1), rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_mutants_are_read_again() {
        let seed = Hello::honest().records(1);
        let engine = |octets: &mut [u8], size: usize, most: usize| {
            octets.iter_mut().take(1).for_each(|octet| *octet = octet.wrapping_add(1));
            size.max(most.min(2))
        };
        let made = (0..500).map(|dice| mutate(&seed, 4096, &mut Dice::new(dice), engine));
        let made: Vec<Vec<u8>> = made.flatten().collect();
        assert!(made.len() > 350, "{}", made.len());
        assert!(made.iter().all(|mutant| hello::read(mutant).is_some()));
        assert!(made.iter().filter(|mutant| **mutant != seed).count() > 300);
    }

    #[test]
    fn an_empty_hello_is_changed_as_well() {
        let empty = Hello { random: vec![0; 32], session: Vec::new(), suites: Vec::new(), extensions: Vec::new() };
        let seed = empty.records(1);
        let engine = |_: &mut [u8], size: usize, most: usize| {
            assert!(most > 0);
            size
        };
        for dice in 0..500 {
            let _ = mutate(&seed, 4096, &mut Dice::new(dice), engine);
            let _ = cross(&seed, &seed, &mut Dice::new(dice));
        }
    }

    #[test]
    fn what_is_no_hello_is_left_alone() {
        for octets in [&b"GET / HTTP/1.1\r\n"[..], &[22, 3, 3, 0, 9, 1], &[]] {
            assert_eq!(hello::read(octets), None);
        }
    }
}
