//! What a command sees: one database at one instant. An expired key is not there.

mod about;

use bongsu_sdk_model::{SessionEventKind, Timestamp};
use bytes::Bytes;

use super::{
    Announced, Engine, Stats,
    changes::Touched,
    keyspace::{Database, Entry},
    notice::Class,
    shards::{Held, SHARDS},
    value::{Fields, Key, Member, Value},
};
use crate::{pubsub::Announcement, script::Scripts};

/// Bits of a `SCAN` cursor that say how far it is in a shard; the shard is above them.
const POSITION_BITS: u32 = 40;
const POSITION: u64 = (1 << POSITION_BITS) - 1;

/// The key holds another type than the command works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongType;

/// One database at one instant.
#[derive(Debug)]
pub(crate) struct Db<'a> {
    /// The shards the command may touch.
    pub(crate) shards: Held<'a>,
    /// What the shards belong to.
    pub(crate) engine: &'a Engine,
    /// Runs and keeps scripts.
    pub(crate) scripts: &'a Scripts,
    /// Figures about the server, for `INFO`.
    pub(crate) stats: &'a Stats,
    /// Which database.
    pub(crate) number: u8,
    /// The instant.
    pub(crate) now: Timestamp,
    /// Longest value a command may build, bytes.
    pub(crate) max_bulk: usize,
    /// What was published.
    pub(crate) announced: Vec<Announced>,
}

impl Db<'_> {
    /// The entry of a key, if it has not expired; an expired one is removed.
    pub(crate) fn entry(&mut self, key: &[u8]) -> Option<&Entry> {
        let (number, now) = (self.number, self.now);
        self.shards.of(key).touch(number, key, now)
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
        self.shards
            .of(key)
            .put(self.number, key, value, expires, self.now);
    }

    /// Takes a key out.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        self.drop_if_expired(key);
        self.shards
            .of(key)
            .remove(self.number, key, SessionEventKind::Destroyed, self.now)
    }

    /// Changes when a key expires; a time that has passed removes it. Whether it was there.
    pub(crate) fn set_expiry(&mut self, key: &[u8], expires: Option<Timestamp>) -> bool {
        self.drop_if_expired(key);
        if expires.is_some_and(|expires| expires <= self.now) {
            return self.remove(key).is_some();
        }
        self.shards.of(key).set_expiry(self.number, key, expires)
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
        self.shards
            .of(key)
            .edit(self.number, key, self.now, run)
            .flatten()
            .ok_or(WrongType)
    }

    /// Every key of this database that has not expired.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        let now = self.now;
        self.shards
            .iter()
            .filter_map(|shard| shard.database(self.number))
            .flatten()
            .filter(move |(_, entry)| !entry.is_expired(now))
    }

    /// Some of the keys that have not expired, from `cursor` on, and the cursor to go on from; zero begins and
    /// ends. Looks at `count` positions or a few more.
    ///
    /// The cursor is a shard and the number of positions in it not yet looked at, counted from the top.
    /// Removing a key moves the last one into its place, hence only ever downwards, where the cursor still has
    /// to pass: a key that stays is met at least once, as Redis promises.
    pub(crate) fn page(&self, cursor: u64, count: usize) -> (u64, Vec<(&Key, &Entry)>) {
        let (mut left, mut page) = (count, Vec::new());
        let begin = if cursor == 0 {
            (SHARDS, 0)
        } else {
            (
                usize::try_from(cursor >> POSITION_BITS).unwrap_or(usize::MAX),
                usize::try_from(cursor & POSITION).unwrap_or(usize::MAX),
            )
        };
        for (number, shard) in self.shards.iter().enumerate().rev() {
            let length = shard.database(self.number).map_or(0, Database::len);
            let from = match number.cmp(&begin.0) {
                std::cmp::Ordering::Greater => continue,
                std::cmp::Ordering::Equal => length.min(begin.1),
                std::cmp::Ordering::Less => length,
            };
            let to = from.saturating_sub(left);
            let database = shard.database(self.number);
            let slice = database.and_then(|database| database.get_range(to..from));
            page.extend(
                slice
                    .into_iter()
                    .flat_map(indexmap::map::Slice::iter)
                    .filter(|(_, entry)| !entry.is_expired(self.now)),
            );
            left -= from - to;
            if to > 0 {
                let (number, to) = (number as u64, to as u64);
                return (number << POSITION_BITS | to, page);
            }
        }
        (0, page)
    }

    /// How many keys this database has.
    pub(crate) fn len(&self) -> usize {
        self.shards
            .iter()
            .filter_map(|shard| shard.database(self.number))
            .map(Database::len)
            .sum()
    }

    /// How many keys a database has, and how many of them expire.
    pub(crate) fn census(&self, number: u8) -> (usize, usize) {
        let databases = self
            .shards
            .iter()
            .filter_map(|shard| shard.database(number));
        databases.fold((0, 0), |(keys, expiring), database| {
            let more = database
                .values()
                .filter(|entry| entry.expires.is_some())
                .count();
            (keys + database.len(), expiring + more)
        })
    }

    /// Removes every key of one database.
    pub(crate) fn flush(&mut self, number: u8) {
        for shard in self.shards.iter_mut() {
            shard.clear(number, self.now);
        }
    }

    /// Tells subscribers what a command did, by Redis's name for it. That a key expired is told without this.
    pub(crate) fn notify(&mut self, class: Class, event: &'static str, key: &[u8]) {
        let number = self.number;
        self.shards.of(key).notices.note(class, event, number, key);
    }

    /// Publishes something, to be told when everything done so far may be.
    pub(crate) fn announce(&mut self, what: Announcement) {
        self.announced.push(Announced::now(what));
    }

    fn drop_if_expired(&mut self, key: &[u8]) {
        let _ = self.entry(key);
    }
}

/// Changes members and marks them for the log.
#[derive(Debug)]
pub(crate) struct Editor<'a, M: Member> {
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
        self.touched.push(name.into());
        self.fields.insert(name, member)
    }

    /// Removes; whether it was there.
    pub(crate) fn remove(&mut self, name: &[u8]) -> bool {
        let removed = self.fields.remove(name);
        if removed {
            self.touched.push(name.into());
        }
        removed
    }
}
