//! Changes a token where it is JSON, and writes it as base64url again: otherwise most mutants die in decoding.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash_model::Draw as _;

use super::{Engine, dice::Dice};

/// A mutant in one of whose segments `bytes` has changed the decoded octets. `None`: change the text as it stands.
pub(super) fn mutate(token: &[u8], room: usize, dice: &mut Dice, bytes: Engine) -> Option<Vec<u8>> {
    // One mutant in four is changed as text.
    if dice.below(4) == 0 {
        return None;
    }
    let mut segments: Vec<String> = std::str::from_utf8(token).ok()?.split('.').map(String::from).collect();
    let at = dice.below(segments.len());
    let mut octets = Base64UrlUnpadded::decode_vec(&segments[at]).ok()?;
    let size = octets.len();
    let most = size + 32;
    octets.resize(most, 0);
    let size = bytes(&mut octets, size, most);
    segments[at] = Base64UrlUnpadded::encode_string(&octets[..size]);
    let text = segments.join(".").into_bytes();
    (text.len() <= room).then_some(text)
}
