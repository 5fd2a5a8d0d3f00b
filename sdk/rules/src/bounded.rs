//! A map that never holds more than so many entries.
//!
//! Two generations: new and used entries are in the young one; when that is full it becomes the old one and the former
//! old one is forgotten. So whatever is used at least once while half the bound's worth of other keys comes along
//! survives, and a flood of new keys costs the flood its own entries.

use std::collections::HashMap;

/// At most `most` values by name, the longest unused forgotten first.
#[derive(Debug)]
pub struct Bounded<V> {
    young: HashMap<String, V>,
    old: HashMap<String, V>,
    half: usize,
    forgotten: u64,
}

impl<V> Bounded<V> {
    /// Holds at most `most` values (at least 2).
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            half: (most / 2).max(1),
            forgotten: 0,
        }
    }

    /// The value of `key`, if it is remembered. Does not count as use.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Forgets one value.
    pub fn remove(&mut self, key: &str) -> Option<V> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    /// Every value that is remembered, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.young
            .iter()
            .chain(&self.old)
            .map(|(key, value)| (key.as_str(), value))
    }

    /// Forgets what does not satisfy `keep`.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut V) -> bool) {
        self.young.retain(|key, value| keep(key, value));
        self.old.retain(|key, value| keep(key, value));
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }

    /// How many were forgotten for want of room, ever.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Puts a value in place of whatever `key` had.
    pub fn put(&mut self, key: &str, value: V) {
        self.old.remove(key);
        self.make_room(key);
        self.young.insert(key.to_owned(), value);
    }

    fn make_room(&mut self, key: &str) {
        if self.young.len() >= self.half && !self.young.contains_key(key) {
            let old = std::mem::take(&mut self.young);
            self.forgotten += self.old.len() as u64;
            self.old = old;
        }
    }
}

impl<V: Default> Bounded<V> {
    /// The value of `key`, made if it is not remembered.
    pub fn entry(&mut self, key: &str) -> &mut V {
        if !self.young.contains_key(key) {
            let value = self.old.remove(key).unwrap_or_default();
            self.make_room(key);
            self.young.insert(key.to_owned(), value);
        }
        self.young.entry(key.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_survives_a_flood_and_the_bound_holds() {
        let mut map: Bounded<u32> = Bounded::new(100);
        for i in 0..10_000 {
            *map.entry(&format!("flood-{i}")) += 1;
            if i % 20 == 0 {
                *map.entry("regular") += 1;
            }
            assert!(map.len() <= 100);
        }
        assert_eq!(map.peek("regular"), Some(&500));
        assert_eq!(map.peek("flood-0"), None);
        assert!(map.forgotten() >= 9_900);
    }

    #[test]
    fn a_value_is_in_one_place_only() {
        let mut map: Bounded<u32> = Bounded::new(4);
        map.put("a", 1);
        map.put("b", 2);
        map.put("c", 3);
        map.put("a", 4);
        assert_eq!(map.peek("a"), Some(&4));
        assert_eq!(map.iter().filter(|(key, _)| *key == "a").count(), 1);
        assert_eq!(map.remove("a"), Some(4));
        assert_eq!(map.peek("a"), None);
        map.retain(|_, value| *value > 2);
        assert_eq!(map.iter().collect::<Vec<_>>(), [("c", &3)]);
    }
}
