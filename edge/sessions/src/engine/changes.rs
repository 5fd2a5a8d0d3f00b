//! What a group of commands touched and the log has not seen yet.
//!
//! Only names are kept: the log looks their state up when the group ends. A key written a hundred times in
//! one group therefore costs one record.

use std::collections::{HashMap, HashSet};

use super::value::Key;

/// The members of one key that were added, changed or removed. The key itself counts as touched as well.
pub(crate) type Touched = HashSet<Box<[u8]>>;

/// What was touched since the last commit.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    keys: HashMap<(u8, Key), Touched>,
    /// Whether a client waits for these: expiry alone does not need an fsync, since a restart would find the
    /// key expired anyway.
    pub(crate) awaited: bool,
}

impl Changes {
    /// Marks a key; more of its members may be marked on what is returned.
    pub(crate) fn touch(&mut self, db: u8, key: &Key) -> &mut Touched {
        self.keys.entry((db, Key::clone(key))).or_default()
    }

    /// Whether nothing was touched.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Every touched key with its touched members.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, &Key, &Touched)> {
        self.keys
            .iter()
            .map(|((db, key), touched)| (*db, key, touched))
    }
}
