//! One shard of the keys of every database, in memory, with the time they expire and the weight of it all.
//!
//! Keeps four things in step that must never part: the entries, the queue of expiries, the list of changes
//! for the journal, and the account of sessions. Takes time as a parameter; knows no command and no disk.

use std::collections::BTreeSet;

use bongsu_sdk_model::{SessionEventKind, Timestamp};
use indexmap::IndexMap;

use super::{
    changes::{Changes, Touched},
    journal::Position,
    ledger::Ledger,
    limits::instant,
    notice::{Class, Notices},
    record,
    value::{Key, Value},
    watch::Watched,
};
use crate::sessions::BINDINGS;

/// Bytes of bookkeeping per key: entry, hash, expiry queue and allocator rounding.
pub(super) const ENTRY_OVERHEAD: usize = 160;

/// A value and when it expires.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What the key holds.
    pub(crate) value: Value,
    /// When it ends; none: never.
    pub(crate) expires: Option<Timestamp>,
    /// Where it stands in the queue of expiries: at or before the time it expires. A life that is prolonged at
    /// every request, as a session's is, leaves the queue as it is until the old time comes.
    queued: Option<Timestamp>,
    /// When a command last looked at it, seconds since the epoch.
    pub(crate) accessed: u32,
    /// When it was first put, seconds since the epoch.
    pub(super) created: u32,
}

impl Entry {
    /// Whether its time had run out at `now`.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// When it was first put.
    pub(crate) fn created(&self) -> Timestamp {
        instant(self.created)
    }
}

/// The keys of one database. An `IndexMap` because a position in it serves as a `SCAN` cursor.
pub(crate) type Database = IndexMap<Key, Entry>;

/// Every database.
#[derive(Debug)]
pub(crate) struct Keyspace {
    /// By number; those beyond the end were never used.
    databases: Vec<Database>,
    expiries: BTreeSet<(Timestamp, u8, Key)>,
    weight: usize,
    /// What the journal has not seen yet.
    pub(crate) changes: Changes,
    /// The account of sessions.
    pub(crate) ledger: Ledger,
    /// What subscribers to changes of keys are to be told.
    pub(crate) notices: Notices,
    /// Who depends on which key.
    pub(crate) watched: Watched,
    appended: Position,
}

impl Keyspace {
    /// No keys.
    pub(crate) fn new(ledger: Ledger, notices: Notices) -> Self {
        Self {
            databases: Vec::new(),
            expiries: BTreeSet::new(),
            weight: 0,
            changes: Changes::default(),
            ledger,
            notices,
            watched: Watched::default(),
            appended: Position::default(),
        }
    }

    /// Bytes of keys, values and their bookkeeping.
    pub(crate) const fn weight(&self) -> usize {
        self.weight
    }

    /// The entry of a key for a command, and a note that it was looked at; an expired one is removed.
    pub(crate) fn touch(&mut self, db: u8, key: &[u8], now: Timestamp) -> Option<&Entry> {
        let database = self.databases.get_mut(usize::from(db))?;
        let (position, _, entry) = database.get_full_mut(key)?;
        if entry.is_expired(now) {
            self.remove(db, key, SessionEventKind::Expired, now);
            return None;
        }
        entry.accessed = seconds(now);
        let (_, entry) = self.database(db)?.get_index(position)?;
        Some(entry)
    }

    /// One database; none if it was never used.
    pub(crate) fn database(&self, db: u8) -> Option<&Database> {
        self.databases.get(usize::from(db))
    }

    /// The same, to change; made if it was never used.
    #[expect(
        clippy::indexing_slicing,
        reason = "made just before if it was not there"
    )]
    fn database_mut(databases: &mut Vec<Database>, db: u8) -> &mut Database {
        let position = usize::from(db);
        if databases.len() <= position {
            databases.resize_with(position + 1, Database::new);
        }
        &mut databases[position]
    }

    /// The entry of a key, expired or not.
    pub(crate) fn entry(&self, db: u8, key: &[u8]) -> Option<&Entry> {
        self.database(db)?.get(key)
    }

    /// Puts a key that is not there; neither a change nor a new session.
    pub(crate) fn load(
        &mut self,
        db: u8,
        key: &[u8],
        value: Value,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) {
        let key = Key::from(key);
        self.weight += ENTRY_OVERHEAD + key.len() + value.weight();
        let queued = requeue(&mut self.expiries, db, &key, None, expires);
        let accessed = seconds(now);
        Self::database_mut(&mut self.databases, db).insert(
            key,
            Entry {
                value,
                expires,
                queued,
                accessed,
                created: accessed,
            },
        );
    }

    /// Says when a key was first put, seconds since the epoch; no change.
    pub(crate) fn set_created(&mut self, db: u8, key: &[u8], created: u32) {
        let database = self.databases.get_mut(usize::from(db));
        if let Some(entry) = database.and_then(|database| database.get_mut(key)) {
            entry.created = created;
        }
    }

    /// Takes a key out as if it had never been there.
    pub(crate) fn forget(&mut self, db: u8, key: &[u8]) {
        let _ = self.take(db, key);
    }

    /// Empties a database as if there had never been anything in it.
    pub(crate) fn forget_database(&mut self, db: u8) -> Database {
        let database = self
            .databases
            .get_mut(usize::from(db))
            .map(std::mem::take)
            .unwrap_or_default();
        self.expiries.retain(|(_, number, _)| *number != db);
        for (key, entry) in &database {
            self.weight -= ENTRY_OVERHEAD + key.len() + entry.value.weight();
        }
        database
    }

    /// Gives a key another expiry; neither a change nor looked at.
    pub(crate) fn queue(&mut self, db: u8, key: &[u8], expires: Option<Timestamp>) -> Option<&Key> {
        let database = self.databases.get_mut(usize::from(db))?;
        let (_, key, entry) = database.get_full_mut(key)?;
        entry.queued = requeue(&mut self.expiries, db, key, entry.queued, expires);
        entry.expires = expires;
        Some(key)
    }

    /// Lets `edit` change the value of a key; neither a change nor looked at.
    pub(crate) fn with_value<R>(
        &mut self,
        db: u8,
        key: &[u8],
        edit: impl FnOnce(&mut Value) -> R,
    ) -> Option<R> {
        let database = self.databases.get_mut(usize::from(db))?;
        let entry = database.get_mut(key)?;
        let before = entry.value.weight();
        let result = edit(&mut entry.value);
        self.weight = self.weight - before + entry.value.weight();
        Some(result)
    }

    /// Takes account of the keys of a database that are sessions, or told of sessions.
    pub(crate) fn count_sessions(&mut self, db: u8) {
        if let Some(database) = self.databases.get(usize::from(db)) {
            for (key, entry) in database {
                self.ledger.loaded(db, key, &entry.value, entry.expires);
            }
        }
    }

    /// Takes a key out of the entries, the queue and the weight.
    fn take(&mut self, db: u8, key: &[u8]) -> Option<(Key, Entry)> {
        let database = self.databases.get_mut(usize::from(db))?;
        let (key, entry) = database.swap_remove_entry(key)?;
        self.weight -= ENTRY_OVERHEAD + key.len() + entry.value.weight();
        requeue(&mut self.expiries, db, &key, entry.queued, None);
        Some((key, entry))
    }

    /// Gives a key a value and an expiry, whatever it held.
    pub(crate) fn put(
        &mut self,
        db: u8,
        key: &[u8],
        value: Value,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) {
        let database = Self::database_mut(&mut self.databases, db);
        self.weight += value.weight();
        let accessed = seconds(now);
        if let Some((_, key, entry)) = database.get_full_mut(key) {
            let touched = self.changes.touch(db, key);
            touched.extend(entry.value.members().map(Box::from));
            touched.extend(value.members().map(Box::from));
            self.weight -= entry.value.weight();
            let queued = requeue(&mut self.expiries, db, key, entry.queued, expires);
            *entry = Entry {
                value,
                expires,
                queued,
                accessed,
                created: entry.created,
            };
        } else {
            let key = Key::from(key);
            self.weight += ENTRY_OVERHEAD + key.len();
            self.changes
                .touch(db, &key)
                .extend(value.members().map(Box::from));
            let queued = requeue(&mut self.expiries, db, &key, None, expires);
            self.ledger.record(SessionEventKind::Created, db, &key, now);
            database.insert(
                key,
                Entry {
                    value,
                    expires,
                    queued,
                    accessed,
                    created: accessed,
                },
            );
        }
    }

    /// Takes a key out; `why` is what becomes of the session if it is one.
    pub(crate) fn remove(
        &mut self,
        db: u8,
        key: &[u8],
        why: SessionEventKind,
        now: Timestamp,
    ) -> Option<Entry> {
        let (key, entry) = self.take(db, key)?;
        self.changes
            .touch(db, &key)
            .extend(entry.value.members().map(Box::from));
        if why == SessionEventKind::Expired && db < BINDINGS {
            self.notices.note(Class::Expired, "expired", db, &key);
        }
        self.ledger.record(why, db, &key, now);
        if self.ledger.gone(db, &key) {
            self.remove(db + BINDINGS, &key, why, now);
        }
        Some(entry)
    }

    /// Changes when a key expires; whether it is there.
    pub(crate) fn set_expiry(&mut self, db: u8, key: &[u8], expires: Option<Timestamp>) -> bool {
        let Some(key) = self.queue(db, key, expires).cloned() else {
            return false;
        };
        self.changes.touch(db, &key);
        true
    }

    /// Changes a value in place. `edit` marks the members it touches; marking none means nothing changed. A
    /// value left hollow is removed. None: there is no such key.
    pub(crate) fn edit<R>(
        &mut self,
        db: u8,
        key: &[u8],
        now: Timestamp,
        edit: impl FnOnce(&mut Value, &mut Touched) -> R,
    ) -> Option<R> {
        let (_, shared, entry) = self.databases.get_mut(usize::from(db))?.get_full_mut(key)?;
        let mut touched = Touched::new();
        let before = entry.value.weight();
        let result = edit(&mut entry.value, &mut touched);
        self.weight = self.weight - before + entry.value.weight();
        let hollow = entry.value.is_hollow();
        if !touched.is_empty() {
            self.changes.touch(db, shared).extend(touched);
        }
        if hollow {
            self.remove(db, key, SessionEventKind::Destroyed, now);
        }
        Some(result)
    }

    /// Removes every key of a database.
    pub(crate) fn clear(&mut self, db: u8, now: Timestamp) {
        if self.database(db).is_none_or(Database::is_empty) {
            return;
        }
        let database = self.forget_database(db);
        self.changes.clear(db);
        for key in database.keys() {
            self.watched.touch(db, key);
            self.ledger
                .record(SessionEventKind::Destroyed, db, key, now);
            self.ledger.gone(db, key);
        }
        if db < BINDINGS {
            self.clear(db + BINDINGS, now);
        }
    }

    /// When the next key may expire.
    pub(crate) fn next_expiry(&self) -> Option<Timestamp> {
        self.expiries.first().map(|(at, ..)| *at)
    }

    /// Removes keys whose time has run out, at most `limit` of them; whether there may be more.
    pub(crate) fn expire_due(&mut self, now: Timestamp, limit: usize) -> bool {
        for _ in 0..limit {
            let due = self.expiries.first().filter(|(at, ..)| *at <= now);
            let Some((_, db, key)) = due.cloned() else {
                return false;
            };
            if self
                .entry(db, &key)
                .is_some_and(|entry| entry.is_expired(now))
            {
                self.remove(db, &key, SessionEventKind::Expired, now);
            } else {
                self.put_off(db, &key);
            }
        }
        true
    }

    /// Queues a key again whose life was prolonged since it was queued.
    fn put_off(&mut self, db: u8, key: &Key) {
        let database = Self::database_mut(&mut self.databases, db);
        if let Some(entry) = database.get_mut(key) {
            if let Some(at) = entry.queued {
                self.expiries.remove(&(at, db, Key::clone(key)));
            }
            entry.queued = requeue(&mut self.expiries, db, key, None, entry.expires);
        }
    }

    /// Writes the present state of what was changed since the last time at the end of `record`;
    /// whether there was any.
    pub(crate) fn write_changes(&mut self, record: &mut Vec<u8>) -> bool {
        if self.changes.is_empty() {
            return false;
        }
        self.changes.settle();
        for (db, key, _) in self.changes.iter() {
            self.watched.touch(db, key);
        }
        record::encode(self, &self.changes, record);
        self.changes.reset();
        true
    }

    /// Notes where the journal stands after this shard's last change.
    pub(crate) const fn note_appended(&mut self, position: Position) {
        self.appended = position;
    }

    /// Where the journal stood when this shard last appended to it.
    pub(crate) const fn appended(&self) -> Position {
        self.appended
    }
}

fn seconds(now: Timestamp) -> u32 {
    u32::try_from(now.as_ms() / 1000).unwrap_or(u32::MAX)
}

/// Keeps the queue in step with an entry that stands in it at `queued` and now expires at `expires`. Where it
/// stands now: as before if it need not be looked at any earlier.
fn requeue(
    queue: &mut BTreeSet<(Timestamp, u8, Key)>,
    db: u8,
    key: &Key,
    queued: Option<Timestamp>,
    expires: Option<Timestamp>,
) -> Option<Timestamp> {
    if let (Some(queued), Some(expires)) = (queued, expires)
        && queued <= expires
    {
        return Some(queued);
    }
    if let Some(at) = queued {
        queue.remove(&(at, db, Key::clone(key)));
    }
    if let Some(at) = expires {
        queue.insert((at, db, Key::clone(key)));
    }
    expires
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use tokio::sync::mpsc;

    use super::*;
    use crate::sessions::{Applications, Registry};

    #[test]
    fn entries_queue_and_weight_stay_in_step() {
        let ledger = Ledger::new(
            Arc::new(Registry::new(Applications::default())),
            Arc::default(),
            mpsc::channel(1).0,
        );
        let mut keys = Keyspace::new(ledger, Notices::new(Arc::default()));
        let at = |ms| Some(Timestamp::from_ms(ms));
        let now = Timestamp::from_ms(0);
        let text = || Value::String(Bytes::from_static(b"value"));
        keys.put(0, b"a", text(), at(30), now);
        keys.put(0, b"a", text(), at(10), now);
        keys.put(1, b"b", text(), at(20), now);
        keys.put(1, b"c", text(), None, now);
        assert!(keys.set_expiry(1, b"c", at(15)) && !keys.set_expiry(2, b"c", None));
        assert_eq!((keys.expiries.len(), keys.next_expiry()), (3, at(10)));
        keys.put(0, b"a", text(), at(16), now);
        keys.expire_due(Timestamp::from_ms(10), 1);
        assert_eq!((keys.expiries.len(), keys.next_expiry()), (3, at(15)));
        keys.expire_due(Timestamp::from_ms(16), 1);
        assert!(keys.entry(1, b"c").is_none() && keys.entry(0, b"a").is_some());
        keys.expire_due(Timestamp::from_ms(20), 100);
        assert_eq!(
            (
                keys.weight(),
                keys.next_expiry(),
                keys.database(1).unwrap().len()
            ),
            (0, None, 0)
        );
    }
}
