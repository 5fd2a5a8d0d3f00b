//! Who watches which key (`WATCH`), so that a transaction is not run when one of its keys has changed.
//!
//! Every change of a key marks those who watch it. Keys nobody watches cost one look at an empty map.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use bongsu_sdk_model::SessionEventKind;
use bytes::Bytes;

use super::{Engine, Position};

/// Set when a key that is watched changes. One connection has one for all its keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mark(Arc<AtomicBool>);

impl Mark {
    /// Whether a key has changed.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(SeqCst)
    }

    /// A key has changed.
    pub(crate) fn set(&self) {
        self.0.store(true, SeqCst);
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The watched keys of one part of the keyspace.
#[derive(Debug, Default)]
pub(crate) struct Watched(BTreeMap<u8, HashMap<Box<[u8]>, Vec<Mark>>>);

impl Watched {
    /// Sets `mark` when the key changes.
    pub(crate) fn watch(&mut self, db: u8, key: &[u8], mark: &Mark) {
        let marks = self.0.entry(db).or_default().entry(key.into()).or_default();
        marks.push(mark.clone());
    }

    /// Does so no longer.
    pub(crate) fn unwatch(&mut self, db: u8, key: &[u8], mark: &Mark) {
        let Some(keys) = self.0.get_mut(&db) else {
            return;
        };
        if let Some(marks) = keys.get_mut(key) {
            marks.retain(|one| !one.is(mark));
            if marks.is_empty() {
                keys.remove(key);
            }
        }
        if keys.is_empty() {
            self.0.remove(&db);
        }
    }

    /// How many keys are watched.
    pub(crate) fn len(&self) -> usize {
        self.0.values().map(HashMap::len).sum()
    }

    /// The key has changed.
    pub(crate) fn touch(&self, db: u8, key: &[u8]) {
        if self.0.is_empty() {
            return;
        }
        let marks = self.0.get(&db).and_then(|keys| keys.get(key));
        marks.into_iter().flatten().for_each(Mark::set);
    }
}

impl Engine {
    /// Sets `mark` when one of these keys changes, and takes that back. One shard after the other.
    /// Gives where the journal stands after that: a key that has run out is removed first, for its removal is no
    /// change any more.
    pub(crate) fn watch<'k>(
        &self,
        keys: impl Iterator<Item = (u8, &'k Bytes)>,
        mark: &Mark,
    ) -> Position {
        let (now, mut position) = (self.now(), Position::default());
        for (db, key) in keys {
            let mut shard = self.shards.one(self.shards.number(key));
            if shard
                .entry(db, key)
                .is_some_and(|entry| entry.is_expired(now))
            {
                let before = shard.weight();
                shard.remove(db, key, SessionEventKind::Expired, now);
                let at = self.finish(std::slice::from_mut(&mut shard), before, Vec::new());
                position = position.max(at);
            }
            shard.watched.watch(db, key, mark);
        }
        position
    }

    /// Takes [`Engine::watch`] back.
    pub(crate) fn unwatch<'k>(&self, keys: impl Iterator<Item = (u8, &'k Bytes)>, mark: &Mark) {
        for (db, key) in keys {
            let mut shard = self.shards.one(self.shards.number(key));
            shard.watched.unwatch(db, key, mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_marks_those_who_watch_the_key_and_nobody_else() {
        let mut watched = Watched::default();
        let [one, two, three] = [Mark::default(), Mark::default(), Mark::default()];
        watched.watch(0, b"a", &one);
        watched.watch(0, b"a", &two);
        watched.watch(1, b"a", &three);
        watched.unwatch(0, b"a", &two);
        watched.unwatch(0, b"none", &two);
        watched.touch(0, b"a");
        watched.touch(0, b"b");
        assert_eq!([&one, &two, &three].map(Mark::is_set), [true, false, false]);
        watched.unwatch(0, b"a", &one);
        watched.unwatch(1, b"a", &three);
        assert!(watched.0.is_empty() && watched.len() == 0);
    }
}
