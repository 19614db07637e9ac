//! What is dear to make, by what determines it, bounded in memory. What is made anew after it was given up is the same.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// A bounded cache.
pub(crate) struct Kept<K, V> {
    entries: Mutex<HashMap<K, V>>,
    most: usize,
}

impl<K: Hash + Eq, V: Clone> Kept<K, V> {
    /// Keeps `most` values at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { entries: Mutex::default(), most }
    }

    /// The value for a key, made where it is not at hand. `Err` when it cannot be made, which is not kept.
    pub(crate) fn get_or_make<Q, E>(&self, key: &Q, make: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let entries = || self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = entries().get(key) {
            return Ok(value.clone());
        }
        let value = make()?;
        let mut entries = entries();
        if entries.len() >= self.most {
            entries.clear();
        }
        entries.insert(key.to_owned(), value.clone());
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn it_is_made_once_and_never_grows_beyond_its_bound() {
        let kept: Kept<u64, u64> = Kept::new(8);
        let mut made = 0;
        for round in 0..3 {
            for key in 0..8 {
                let value = kept.get_or_make(&key, || {
                    made += 1;
                    Ok::<_, Infallible>(key * key)
                });
                assert_eq!(value, Ok(key * key), "{round}");
            }
        }
        assert_eq!(made, 8);
        for key in 0..100 {
            assert_eq!(kept.get_or_make(&key, || Ok::<_, Infallible>(key * key)), Ok(key * key));
            assert!(kept.entries.lock().is_ok_and(|entries| entries.len() <= 8));
        }
        assert_eq!(kept.get_or_make(&1000, || Err("no")), Err("no"));
    }
}
