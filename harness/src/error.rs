//! The error type of gate factories, and the name that somebody meant who misspelled one.

/// Any error. Factories of gates return it, and every error of this crate converts into it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The known name that differs least from `name`; `None` where nothing comes near.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).max(1);
    let measured = known.into_iter().map(|other| (distance(name, other), other));
    measured.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, other)| other)
}

/// How many letters are to be added, removed, replaced or swapped with their neighbor. Case and `_` for `-` count for nothing.
fn distance(one: &str, other: &str) -> usize {
    let letters = |text: &str| -> Vec<char> { text.to_lowercase().replace('_', "-").chars().collect() };
    let (one, other) = (letters(one), letters(other));
    let mut before_last = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for row in 1..=one.len() {
        let mut present = vec![row; other.len() + 1];
        for column in 1..=other.len() {
            let replaced = last[column - 1] + usize::from(one[row - 1] != other[column - 1]);
            let mut least = replaced.min(last[column] + 1).min(present[column - 1] + 1);
            let swapped =
                row > 1 && column > 1 && one[row - 1] == other[column - 2] && one[row - 2] == other[column - 1];
            if swapped {
                least = least.min(before_last[column - 2] + 1);
            }
            present[column] = least;
        }
        before_last = std::mem::replace(&mut last, present);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_name_that_was_meant() {
        let known = ["audience", "scopes", "trust-domain", "url"];
        for (name, meant) in
            [("scops", "scopes"), ("trust_domain", "trust-domain"), ("audeince", "audience"), ("ulr", "url")]
        {
            assert_eq!(nearest(name, known), Some(meant), "{name}");
        }
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("scopes", []), None);
    }
}
