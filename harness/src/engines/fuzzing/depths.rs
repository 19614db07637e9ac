//! Where an input of each surface is attempted, and with which cryptography.

use gatecrash_model::{Case, SlotStage};

use crate::{
    attacks::casefile::Surface,
    campaign::check,
    gate::{Depth, Gate},
    world::crypto::Crypto,
};

impl Surface {
    /// Whether only the token changes, so that client and connection are as good as any.
    pub(in crate::engines) fn is_token(self) -> bool {
        use Surface::*;
        matches!(self, Claims | IdealToken | JoseHeader | RawToken | Signature)
    }

    /// The cryptography that bytes are attempted with.
    pub(in crate::engines) fn crypto(self) -> Crypto {
        if self == Surface::IdealToken { Crypto::Ideal } else { Crypto::Real }
    }

    /// Where an input is attempted; `case` is what it says, of structured inputs. What changes nothing of the request goes
    /// through the whole stack one time in so many.
    pub(in crate::engines) fn depths(self, gate: &Gate, input: &[u8], case: Option<&Case>) -> Vec<Depth> {
        use SlotStage::{Connection, Request};
        let mut depths = case.map_or_else(|| gate.depths(), |case| check::depths(case, gate));
        let asks = |case: &Case| case.mutations().any(|it| matches!(it.slot().stage, Connection | Request));
        let whole = match case {
            _ if self.is_token() => one_in(16, input),
            Some(case) => asks(case) || one_in(8, input),
            None => true,
        };
        if depths.contains(&Depth::Service) && !whole {
            depths.retain(|depth| *depth == Depth::Service);
        }
        depths
    }
}

/// Whether an input is one of so many, always the same ones.
pub(super) fn one_in(many: u32, input: &[u8]) -> bool {
    let sum = input.iter().fold(0_u32, |sum, octet| sum.wrapping_mul(31).wrapping_add(u32::from(*octet)));
    sum.is_multiple_of(many)
}
