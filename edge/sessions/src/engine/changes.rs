//! What one command touched and the journal has not seen yet.
//!
//! Only names are kept: their state is looked up when the command has run. A name that stands twice costs
//! bytes in the journal and nothing else, so only the last one is checked for.

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

    /// Forgets everything; the room is kept.
    pub(crate) fn reset(&mut self) {
        self.cleared.clear();
        self.keys.clear();
        self.keys.shrink_to(64);
    }
}
