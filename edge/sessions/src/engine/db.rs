//! What a command sees: one database at one instant. An expired key is not there.

use bongsu_sdk_model::{SessionEventKind, Timestamp};
use bytes::Bytes;

use super::{
    Stats,
    changes::Touched,
    keyspace::{Database, Entry, Keyspace},
    notice::Class,
    value::{Fields, Member, Value},
};

/// The key holds another type than the command works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongType;

/// One database at one instant.
#[derive(Debug)]
pub(crate) struct Db<'a> {
    /// Every database.
    pub(crate) keyspace: &'a mut Keyspace,
    /// Figures about the server, for `INFO`.
    pub(crate) stats: &'a Stats,
    /// Which database.
    pub(crate) number: u8,
    /// The instant.
    pub(crate) now: Timestamp,
    /// Longest value a command may build, bytes.
    pub(crate) max_bulk: usize,
}

impl Db<'_> {
    /// The entry of a key, if it has not expired; an expired one is removed.
    pub(crate) fn entry(&mut self, key: &[u8]) -> Option<&Entry> {
        if self.keyspace.entry(self.number, key)?.is_expired(self.now) {
            self.keyspace
                .remove(self.number, key, SessionEventKind::Expired, self.now);
        }
        self.keyspace.entry(self.number, key)
    }

    /// Whether the key is there.
    pub(crate) fn has(&mut self, key: &[u8]) -> bool {
        self.entry(key).is_some()
    }

    /// The string a key holds.
    pub(crate) fn string(&mut self, key: &[u8]) -> Result<Option<Bytes>, WrongType> {
        match self.entry(key).map(|entry| &entry.value) {
            None => Ok(None),
            Some(Value::String(value)) => Ok(Some(value.clone())),
            Some(_) => Err(WrongType),
        }
    }

    /// The members of the hash or set a key holds.
    pub(crate) fn fields<M: Member>(
        &mut self,
        key: &[u8],
    ) -> Result<Option<&Fields<M>>, WrongType> {
        match self.entry(key) {
            None => Ok(None),
            Some(entry) => M::fields(&entry.value).map(Some).ok_or(WrongType),
        }
    }

    /// Gives a key a string. The bytes are copied: `value` is a view of a whole request.
    pub(crate) fn put_string(&mut self, key: &[u8], value: &[u8], expires: Option<Timestamp>) {
        self.put(key, Value::String(Bytes::copy_from_slice(value)), expires);
    }

    /// Gives a key a value.
    pub(crate) fn put(&mut self, key: &[u8], value: Value, expires: Option<Timestamp>) {
        self.drop_if_expired(key);
        self.keyspace
            .put(self.number, key, value, expires, self.now);
    }

    /// Takes a key out.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        self.drop_if_expired(key);
        self.keyspace
            .remove(self.number, key, SessionEventKind::Destroyed, self.now)
    }

    /// Changes when a key expires; a time that has passed removes it. Whether it was there.
    pub(crate) fn set_expiry(&mut self, key: &[u8], expires: Option<Timestamp>) -> bool {
        self.drop_if_expired(key);
        if expires.is_some_and(|expires| expires <= self.now) {
            return self.remove(key).is_some();
        }
        self.keyspace.set_expiry(self.number, key, expires)
    }

    /// Changes the hash or set of a key in place; a key that is not there starts empty, and one that ends
    /// empty is removed.
    pub(crate) fn edit<M: Member, R>(
        &mut self,
        key: &[u8],
        edit: impl FnOnce(&mut Editor<'_, M>) -> R,
    ) -> Result<R, WrongType> {
        if !self.has(key) {
            let mut fields = Fields::default();
            let result = edit(&mut Editor {
                fields: &mut fields,
                touched: &mut Touched::new(),
            });
            if !fields.is_empty() {
                self.put(key, M::value(fields), None);
            }
            return Ok(result);
        }
        let run = |value: &mut Value, touched: &mut Touched| {
            M::fields_mut(value).map(|fields| edit(&mut Editor { fields, touched }))
        };
        self.keyspace
            .edit(self.number, key, self.now, run)
            .flatten()
            .ok_or(WrongType)
    }

    /// The keys of this database that have not expired, with their positions; `from` is exclusive and counted
    /// down to `to`.
    pub(crate) fn slice(&self, from: usize, to: usize) -> impl Iterator<Item = (&[u8], &Entry)> {
        let database = self.keyspace.database(self.number);
        let entries =
            database.and_then(|database| database.get_range(to..from.min(database.len())));
        let now = self.now;
        entries
            .into_iter()
            .flat_map(indexmap::map::Slice::iter)
            .filter(move |(_, entry)| !entry.is_expired(now))
            .map(|(key, entry)| (&**key, entry))
    }

    /// How many keys this database has.
    pub(crate) fn len(&self) -> usize {
        self.keyspace.database(self.number).map_or(0, Database::len)
    }

    /// Removes every key of one database.
    pub(crate) fn flush(&mut self, number: u8) {
        let keys: Vec<_> = self
            .keyspace
            .database(number)
            .map(|database| database.keys().cloned().collect())
            .unwrap_or_default();
        for key in keys {
            self.keyspace
                .remove(number, &key, SessionEventKind::Destroyed, self.now);
        }
    }

    /// Tells subscribers what a command did, by Redis's name for it. That a key expired is told without this.
    pub(crate) fn notify(&mut self, class: Class, event: &'static str, key: &[u8]) {
        self.keyspace.notices.note(class, event, self.number, key);
    }

    fn drop_if_expired(&mut self, key: &[u8]) {
        let _ = self.entry(key);
    }
}

/// Changes members and marks them for the log.
#[derive(Debug)]
pub(crate) struct Editor<'a, M> {
    fields: &'a mut Fields<M>,
    touched: &'a mut Touched,
}

impl<M: Member> Editor<'_, M> {
    /// What stands beside `name`.
    pub(crate) fn get(&self, name: &[u8]) -> Option<&M> {
        self.fields.get(name)
    }

    /// Adds or replaces; whether it is new.
    pub(crate) fn insert(&mut self, name: &[u8], member: M) -> bool {
        self.touched.insert(name.into());
        self.fields.insert(name, member)
    }

    /// Removes; whether it was there.
    pub(crate) fn remove(&mut self, name: &[u8]) -> bool {
        let removed = self.fields.remove(name);
        if removed {
            self.touched.insert(name.into());
        }
        removed
    }
}
