//! The durable log: what must be there after a restart, on sled. The only file that names sled.
//!
//! One record per key and one per member of a hash or set, so that touching one field of a large hash writes
//! one small record:
//!
//! ```text
//! key    = database (1) · length of the key (4, big endian) · key · 0              the key itself
//!        | database (1) · length of the key (4, big endian) · key · 1 · member     one member of it
//! value  = kind (1) · expiry, ms since the epoch, big endian, i64::MAX: never (8) · the string, if it is one
//!        | the member's value
//! ```
//!
//! A key's own record sorts before its members', so loading is one pass. A group of commands is one sled
//! batch, which sled applies wholly or not at all. What was never committed is never acknowledged; what
//! failed to commit poisons the engine (it stops writing), not the log.

use std::{fs, os::unix::fs::DirBuilderExt, path::Path};

use bongsu_sdk_model::Timestamp;
use bytes::Bytes;
use sled::{Batch, IVec};

use super::{
    changes::Changes,
    keyspace::{Entry, Keyspace},
    value::{Kind, Value},
};
use crate::Error;

/// The format above.
const FORMAT: &[u8] = b"1";
/// Memory sled may use for pages; the sessions themselves are in the keyspace.
const CACHE_BYTES: u64 = 32 << 20;
/// Records between two progress lines of a load.
const PROGRESS: u64 = 250_000;

/// The open log.
#[derive(Debug)]
pub(crate) struct Log {
    db: sled::Db,
    #[cfg(test)]
    pub(super) fail: bool,
}

impl Log {
    /// Opens or creates the log in `path` (readable by its owner only).
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let directory = |source| Error::Directory {
            path: path.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(directory)?;
        let failed = |error: sled::Error| Error::Log {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(None);
        let db = config.open().map_err(failed)?;
        check_format(&db, path)?;
        Ok(Self {
            db,
            #[cfg(test)]
            fail: false,
        })
    }

    /// Puts everything the log keeps into the keyspace; expired keys too, which then expire as any other.
    pub(crate) fn load(&self, keyspace: &mut Keyspace, path: &Path) -> Result<(), Error> {
        let mut open: Option<(Vec<u8>, Entry)> = None;
        let mut records = 0_u64;
        for record in &*self.db {
            let (name, value) = record.map_err(|error| Error::Log {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
            let placed = place(keyspace, &mut open, &name, &value);
            placed.ok_or_else(|| Error::Format {
                path: path.to_owned(),
                found: "damaged".to_owned(),
            })?;
            records += 1;
            if records.is_multiple_of(PROGRESS) {
                tracing::info!(records, "loading sessions");
            }
        }
        close(keyspace, open.take());
        let active = keyspace.ledger.tallies().counts().active;
        tracing::info!(records, sessions = active, "session log loaded");
        Ok(())
    }

    /// Writes the present state of everything in `changes`, wholly or not at all; not yet durable.
    pub(crate) fn write(&self, keyspace: &Keyspace, changes: &Changes) -> Result<(), String> {
        let mut batch = Batch::default();
        for (db, key, touched) in changes.iter() {
            let entry = keyspace.entry(db, key);
            match entry {
                Some(entry) => batch.insert(key_record(db, key), header(entry)),
                None => batch.remove(key_record(db, key)),
            }
            for member in touched {
                match entry.and_then(|entry| entry.value.member(member)) {
                    Some(value) => batch.insert(member_record(db, key, member), value),
                    None => batch.remove(member_record(db, key, member)),
                }
            }
        }
        self.db
            .apply_batch(batch)
            .map_err(|error| error.to_string())
    }

    /// Makes every write so far durable.
    pub(crate) fn sync(&self) -> Result<(), String> {
        #[cfg(test)]
        if self.fail {
            return Err("the disk is on fire".to_owned());
        }
        self.db.flush().map(drop).map_err(|error| error.to_string())
    }
}

/// Refuses a log of another format; a new one is marked with ours.
fn check_format(db: &sled::Db, path: &Path) -> Result<(), Error> {
    let failed = |error: sled::Error| Error::Log {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let meta = db.open_tree("meta").map_err(failed)?;
    match meta.get("format").map_err(failed)? {
        Some(format) if format == FORMAT => {}
        Some(format) => {
            let found = format!("of format {}", String::from_utf8_lossy(&format));
            return Err(Error::Format {
                path: path.to_owned(),
                found,
            });
        }
        None => {
            meta.insert("format", FORMAT).map_err(failed)?;
            db.flush().map_err(failed)?;
        }
    }
    Ok(())
}

fn key_record(db: u8, key: &[u8]) -> Vec<u8> {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    [&[db][..], &length.to_be_bytes(), key, &[0]].concat()
}

fn member_record(db: u8, key: &[u8], member: &[u8]) -> Vec<u8> {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    [&[db][..], &length.to_be_bytes(), key, &[1], member].concat()
}

fn header(entry: &Entry) -> Vec<u8> {
    let expires = entry
        .expires
        .map_or(i64::MAX, Timestamp::as_ms)
        .to_be_bytes();
    let string = if let Value::String(value) = &entry.value {
        &value[..]
    } else {
        &[]
    };
    [&[entry.value.kind() as u8][..], &expires, string].concat()
}

/// Takes one record in order: a key's own record opens its entry, its members go into it, the next key
/// closes it. None: no such record can have been written.
fn place(
    keyspace: &mut Keyspace,
    open: &mut Option<(Vec<u8>, Entry)>,
    name: &[u8],
    value: &IVec,
) -> Option<()> {
    let length = usize::try_from(u32::from_be_bytes(name.get(1..5)?.try_into().ok()?)).ok()?;
    let (own, rest) = name.split_at_checked(5 + length)?;
    match rest {
        [0] => {
            close(keyspace, open.replace((own.to_vec(), read_header(value)?)));
        }
        [1, member @ ..] => {
            let (key, entry) = open.as_mut()?;
            if key != own {
                return None;
            }
            match &mut entry.value {
                Value::String(_) => return None,
                Value::Hash(fields) => fields.insert(member, Bytes::copy_from_slice(value)),
                Value::Set(fields) => fields.insert(member, ()),
            };
        }
        _ => return None,
    }
    Some(())
}

fn read_header(value: &[u8]) -> Option<Entry> {
    let (kind, rest) = value.split_first()?;
    let (expires, string) = rest.split_first_chunk::<8>()?;
    let expires = Some(i64::from_be_bytes(*expires))
        .filter(|ms| *ms != i64::MAX)
        .map(Timestamp::from_ms);
    let value = match Kind::ALL.into_iter().find(|known| *known as u8 == *kind)? {
        Kind::String => Value::String(Bytes::copy_from_slice(string)),
        Kind::Hash => Value::Hash(Box::default()),
        Kind::Set => Value::Set(Box::default()),
    };
    Some(Entry { value, expires })
}

fn close(keyspace: &mut Keyspace, done: Option<(Vec<u8>, Entry)>) {
    if let Some((own, entry)) = done
        && let [db, _, _, _, _, key @ ..] = &*own
        && !entry.value.is_hollow()
    {
        keyspace.load(*db, key, entry.value, entry.expires);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;

    use super::*;
    use crate::engine::ledger::Ledger;

    #[test]
    fn another_format_and_damage_are_refused_not_guessed_at() {
        let dir = tempfile::tempdir().unwrap();
        let mut keyspace = Keyspace::new(Ledger::new(&[], Arc::default(), mpsc::channel(1).0));
        let log = Log::open(dir.path()).unwrap();
        log.db
            .insert(member_record(0, b"orphan", b"field"), b"value")
            .unwrap();
        let error = log.load(&mut keyspace, dir.path()).unwrap_err();
        assert!(error.to_string().contains("is damaged"), "{error}");
        log.db
            .open_tree("meta")
            .unwrap()
            .insert("format", "9")
            .unwrap();
        drop(log);
        let error = Log::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains("is of format 9"), "{error}");
    }
}
