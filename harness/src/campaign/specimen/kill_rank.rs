//! How soon a flaw shows in other orders of the same cases.
//!
//! A gate that keeps no state answers a case alike wherever it stands, so that one pass over the cases tells what each of
//! them shows, and every order can be reckoned from that.

/// How many orders are reckoned.
const ORDERS: u64 = 20;

/// The median over shuffled orders of `cases` cases, of which those at `showing` show the flaw: how many come up to and with
/// the first of these. `None` when none does.
pub(super) fn median_attempts(cases: u64, showing: impl Iterator<Item = u64>) -> Option<u64> {
    let showing: Vec<u64> = {
        let mut known: Vec<u64> = showing.filter(|index| *index < cases).collect();
        known.dedup();
        known
    };
    if showing.is_empty() {
        return None;
    }
    let mut firsts: Vec<u64> = (1..=ORDERS).map(|seed| first(cases, &showing, seed)).collect();
    firsts.sort_unstable();
    let middle = firsts.len() / 2;
    Some((firsts[middle - 1] + firsts[middle]).div_ceil(2))
}

/// Where the first of `showing` comes in the order that `seed` determines, from 1.
fn first(cases: u64, showing: &[u64], seed: u64) -> u64 {
    let mut order: Vec<u64> = (0..cases).collect();
    let mut state = seed;
    for last in (1..order.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, ((state >> 33) % (last as u64 + 1)) as usize);
    }
    let place = order.iter().position(|case| showing.binary_search(case).is_ok());
    place.map_or(cases, |place| place as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_where_it_must() {
        assert_eq!(median_attempts(1000, [].into_iter()), None);
        assert_eq!(median_attempts(1000, 0..1000), Some(1));
        // One in a thousand: in the middle, more or less.
        let one = median_attempts(1000, [17].into_iter()).unwrap();
        assert!((200..800).contains(&one), "{one}");
        // One in ten: soon.
        let many = median_attempts(1000, (0..1000).step_by(10)).unwrap();
        assert!((2..20).contains(&many), "{many}");
    }
}
