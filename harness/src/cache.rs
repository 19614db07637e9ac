//! A bounded cache for values that are expensive and deterministic: an evicted value can be rebuilt.
//!
//! A campaign has some thirty worlds, each with caches of its own. Their bounds are low, because random cases rarely ask for
//! the same value twice.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// A bounded cache of two generations: what was of use lately stays when room is made.
pub(crate) struct BoundedCache<K, V> {
    generations: Mutex<Generations<K, V>>,
    most: usize,
}

struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq, V: Clone> BoundedCache<K, V> {
    /// An empty cache of at most `most` values.
    pub(crate) fn new(most: usize) -> Self {
        Self { generations: Mutex::new(Generations { young: HashMap::new(), old: HashMap::new() }), most }
    }

    /// The value for a key, made where it is not at hand. `Err` when it cannot be made, which is not kept.
    pub(crate) fn get_or_make<Q, E>(&self, key: &Q, make: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let generations = || self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = generations().get(key, self.most) {
            return Ok(value);
        }
        let value = make()?;
        generations().insert(key.to_owned(), value.clone(), self.most);
        Ok(value)
    }
}

impl<K: Hash + Eq, V: Clone> Generations<K, V> {
    /// What was of use once more is young again, while there is room among the young.
    fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q, most: usize) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        if self.young.len() >= most / 2 {
            return self.old.get(key).cloned();
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.young.insert(key, value.clone());
        Some(value)
    }

    fn insert(&mut self, key: K, value: V, most: usize) {
        if self.young.len() >= most / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn it_is_made_once_and_never_grows_beyond_its_bound() {
        let kept: BoundedCache<u64, u64> = BoundedCache::new(8);
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
        // What is asked for again and again is not made anew, whatever comes in between.
        for key in 100..200 {
            assert_eq!(kept.get_or_make(&7, || Err(())), Ok(49));
            assert_eq!(kept.get_or_make(&key, || Ok::<_, Infallible>(key)), Ok(key));
        }
        for key in 0..100 {
            assert_eq!(kept.get_or_make(&key, || Ok::<_, Infallible>(key * key)), Ok(key * key));
            let size = kept.generations.lock().map(|it| it.young.len() + it.old.len());
            assert!(size.is_ok_and(|size| size <= 8));
        }
        assert_eq!(kept.get_or_make(&1000, || Err("no")), Err("no"));
    }
}
