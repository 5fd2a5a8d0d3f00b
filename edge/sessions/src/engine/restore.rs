//! Puts back what the disk kept: the pairs of the image, then those of the journal, each setting state absolutely.

use bongsu_sdk_model::Timestamp;
use bytes::Bytes;

use super::{
    keyspace::{Entry, Keyspace},
    record::{self, Header, Name},
    value::{Score, Value},
};

impl Keyspace {
    /// Takes one pair; none: no such pair can have been written. Neither a change nor a new session. A hash or
    /// set may be without members until its own come.
    pub(super) fn restore(
        &mut self,
        name: &Name<'_>,
        value: Option<&[u8]>,
        now: Timestamp,
    ) -> Option<()> {
        match (name, value) {
            (Name::Database(db), _) => drop(self.forget_database(*db)),
            (Name::Key(db, key), None) => self.forget(*db, key),
            (Name::Key(db, key), Some(value)) => {
                self.restore_key(*db, key, record::read_header(value)?, now);
            }
            (Name::Member(db, key, member), value) => {
                let restored =
                    self.with_value(*db, key, |held| restore_member(held, member, value));
                restored.unwrap_or_else(|| value.is_none().then_some(()))?;
            }
        }
        Some(())
    }

    /// A header says nothing of members: those of a value of the same kind stay.
    fn restore_key(&mut self, db: u8, key: &[u8], header: Header, now: Timestamp) {
        let Header {
            value,
            expires,
            created,
        } = header;
        let same = |entry: &Entry| {
            entry.value.kind() == value.kind() && !matches!(value, Value::String(_))
        };
        if self.entry(db, key).is_some_and(same) {
            self.queue(db, key, expires);
        } else {
            self.forget(db, key);
            self.load(db, key, value, expires, now);
        }
        if let Some(created) = created {
            self.set_created(db, key, created);
        }
    }

    /// Ends restoring: what has no members was removed member by member, and sessions are counted.
    pub(crate) fn restored(&mut self) {
        for db in 0..=u8::MAX {
            let Some(database) = self.database(db) else {
                return;
            };
            let hollow = database.iter().filter(|(_, entry)| entry.value.is_hollow());
            let hollow: Vec<_> = hollow.map(|(key, _)| key.clone()).collect();
            for key in hollow {
                self.forget(db, &key);
            }
            self.count_sessions(db);
        }
    }
}

/// Sets or removes one member of a hash or set; none: a string has no members.
fn restore_member(held: &mut Value, member: &[u8], value: Option<&[u8]>) -> Option<()> {
    match (held, value) {
        (Value::String(_), Some(_)) => return None,
        (Value::String(_), None) => {}
        (Value::Hash(fields), Some(value)) => {
            fields.insert(member, Bytes::copy_from_slice(value));
        }
        (Value::Set(fields), Some(_)) => {
            fields.insert(member, ());
        }
        (Value::SortedSet(fields), Some(value)) => {
            fields.insert(member, Score::decode(value)?);
        }
        (Value::Hash(fields), None) => {
            fields.remove(member);
        }
        (Value::Set(fields), None) => {
            fields.remove(member);
        }
        (Value::SortedSet(fields), None) => {
            fields.remove(member);
        }
    }
    Some(())
}
