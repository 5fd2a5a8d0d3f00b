//! What one command touched and the journal has not seen yet.
//!
//! Only names are kept: their state is looked up when the command has run. A name that was touched again and
//! again, as scripts and transactions do, is written once.

use indexmap::{IndexMap, IndexSet};

use super::value::Key;

/// The members of one key that were added, changed or removed. The key itself counts as touched as well.
pub(crate) type Touched = Vec<Box<[u8]>>;

/// What was touched since the journal was last told.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    cleared: Vec<u8>,
    keys: Vec<(u8, Key, Touched)>,
}

impl Changes {
    /// Marks a key; more of its members may be marked on what is returned.
    #[expect(clippy::indexing_slicing, reason = "not empty: pushed to if it was")]
    pub(crate) fn touch(&mut self, db: u8, key: &Key) -> &mut Touched {
        let again = self
            .keys
            .last()
            .is_some_and(|(last_db, last, _)| *last_db == db && last == key);
        if !again {
            self.keys.push((db, Key::clone(key), Touched::new()));
        }
        let last = self.keys.len() - 1;
        &mut self.keys[last].2
    }

    /// Marks a whole database as emptied.
    pub(crate) fn clear(&mut self, db: u8) {
        self.cleared.push(db);
    }

    /// Whether nothing was touched.
    pub(crate) const fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.cleared.is_empty()
    }

    /// Databases that were emptied; what else was touched in them may have been before or after.
    pub(crate) fn cleared(&self) -> &[u8] {
        &self.cleared
    }

    /// Every touched key with its touched members.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, &Key, &Touched)> {
        self.keys
            .iter()
            .map(|(db, key, touched)| (*db, key, touched))
    }

    /// Leaves each name once. Each would be written with all of its state: a loop that appends to two long strings
    /// in turn would fill the memory with copies of them.
    pub(crate) fn settle(&mut self) {
        if self.keys.len() > 1 {
            let mut once: IndexMap<_, Touched> = IndexMap::with_capacity(self.keys.len());
            for (db, key, touched) in self.keys.drain(..) {
                once.entry((db, key)).or_default().extend(touched);
            }
            let once = once.into_iter();
            self.keys
                .extend(once.map(|((db, key), touched)| (db, key, touched)));
        }
        for (_, _, touched) in &mut self.keys {
            if touched.len() > 1 {
                let once: IndexSet<_> = touched.drain(..).collect();
                touched.extend(once);
            }
        }
    }

    /// Forgets everything; the room is kept.
    pub(crate) fn reset(&mut self) {
        self.cleared.clear();
        self.keys.clear();
        self.keys.shrink_to(64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_again_and_again_is_written_once() {
        let mut changes = Changes::default();
        let keys = [Key::from(&b"a"[..]), Key::from(&b"b"[..])];
        for _ in 0..100 {
            for key in &keys {
                let touched = changes.touch(0, key);
                touched.push(b"f"[..].into());
                touched.push(b"g"[..].into());
            }
            changes.touch(1, &keys[0]);
        }
        changes.settle();
        let found: Vec<_> = changes
            .iter()
            .map(|(db, key, touched)| (db, key.to_vec(), touched.len()))
            .collect();
        let [a, b] = [b"a".to_vec(), b"b".to_vec()];
        assert_eq!(found, [(0, a.clone(), 2), (0, b, 2), (1, a, 0)]);
    }
}
