//! A small seeded generator (SplitMix64), so that one seed always makes one mutant.

use gatecrash_model::Draw;

/// A source of choices.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The choices of `seed`.
    ///
    /// ```
    /// use gatecrash::fuzzing::Dice;
    /// assert_eq!(Dice::new(7).bits(), Dice::new(7).bits());
    /// ```
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    ///
    /// ```
    /// let mut dice = gatecrash::fuzzing::Dice::new(7);
    /// assert_ne!(dice.bits(), dice.bits());
    /// ```
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of `list`; `None` when it is empty.
    ///
    /// ```
    /// let mut dice = gatecrash::fuzzing::Dice::new(7);
    /// assert!(dice.pick(&["a", "b", "c"]).is_some());
    /// assert_eq!(dice.pick::<u8>(&[]), None);
    /// ```
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}

impl Draw for Dice {
    fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound.max(1) as u64) as usize
    }
}
