//! The image: the state of every key as of some moment, on sled. The only file that names sled.
//!
//! Fed from journal segments that are closed, never by a command, so nothing waits for it. It may be behind
//! the keys in memory by what the journal still holds, and ahead of a journal that is read again from its
//! start; both end in the same state, see `record`. An error of the disk stops sled for good: the image is then
//! opened anew, and what the journal holds is applied again.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    hash::{BuildHasher as _, RandomState},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use sled::Batch;

use super::record::{self, Name};
use crate::Error;

/// The format of `record`.
const FORMAT: &[u8] = b"1";
/// Memory sled may use for pages; the sessions themselves are in the keyspace.
const CACHE_BYTES: u64 = 16 << 20;
/// Records between two progress lines of a load.
const PROGRESS: u64 = 250_000;
/// How often, and how long apart, an image that somebody holds is tried again.
const PATIENCE: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);
/// Pairs of one sled batch.
const BATCH: usize = 512;

/// The open image.
#[derive(Debug)]
pub(crate) struct Image {
    db: sled::Db,
    path: PathBuf,
}

impl Image {
    /// Opens or creates the image in `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(None);
        remove_unfinished(path);
        let db = open_free(&config).map_err(|error| failed(path, &error))?;
        check_format(&db, path)?;
        Ok(Self {
            db,
            path: path.to_owned(),
        })
    }

    /// Hands every pair to `restore`, a key's own before those of its members.
    pub(crate) fn load(
        &self,
        mut restore: impl FnMut(&[u8], &[u8]) -> Option<()>,
    ) -> Result<(), Error> {
        let mut records = 0_u64;
        for pair in &*self.db {
            let (name, value) = pair.map_err(|error| failed(&self.path, &error))?;
            restore(&name, &value).ok_or_else(|| self.damaged())?;
            records += 1;
            if records.is_multiple_of(PROGRESS) {
                tracing::info!(records, "loading sessions");
            }
        }
        tracing::info!(records, "session image loaded");
        Ok(())
    }

    /// Applies what `updates` chose among the records that `read` hands out, the same as were chosen from, and
    /// makes it durable.
    pub(crate) fn apply(
        &self,
        updates: &Updates,
        read: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let failed = |error| failed(&self.path, &error);
        for db in &updates.cleared {
            self.clear(*db).map_err(failed)?;
        }
        let (mut batch, mut count, mut place) = (Batch::default(), 0_usize, 0_u64);
        read(&mut |record| {
            for (name, value) in record::decode(record).flatten() {
                if updates.is_last(name, place) {
                    match value {
                        Some(value) => batch.insert(name, value),
                        None => batch.remove(name),
                    }
                    count += 1;
                }
                place += 1;
            }
            if count >= BATCH {
                count = 0;
                let batch = std::mem::take(&mut batch);
                self.db.apply_batch(batch).map_err(failed)?;
            }
            Ok(())
        })?;
        self.db.apply_batch(batch).map_err(failed)?;
        self.db.flush().map(drop).map_err(failed)
    }

    fn clear(&self, db: u8) -> sled::Result<()> {
        for name in self.db.scan_prefix([db]).keys() {
            self.db.remove(name?)?;
        }
        Ok(())
    }

    fn damaged(&self) -> Error {
        Error::Format {
            path: self.path.clone(),
            found: "damaged".to_owned(),
        }
    }
}

/// Which pairs of some records are the last of their names: a session that was written a hundred times in them
/// is applied once. Values are not held; the records are read a second time for them.
#[derive(Debug, Default)]
pub(crate) struct Updates {
    cleared: BTreeSet<u8>,
    hasher: (RandomState, RandomState),
    /// The place of the last pair of each name, by the name's hash and its database; two names with one
    /// 128-bit hash are not expected in the life of the machine.
    last: HashMap<(u64, u64), (u8, u64)>,
    places: u64,
}

impl Updates {
    /// Takes the next record; none: it is damaged.
    pub(crate) fn take(&mut self, record: &[u8]) -> Option<()> {
        for pair in record::decode(record) {
            let (name, _) = pair?;
            match record::read_name(name)? {
                Name::Database(db) => {
                    self.last.retain(|_, (of, _)| *of != db);
                    self.cleared.insert(db);
                }
                Name::Key(db, _) | Name::Member(db, ..) => {
                    self.last.insert(self.hash(name), (db, self.places));
                }
            }
            self.places += 1;
        }
        Some(())
    }

    fn is_last(&self, name: &[u8], place: u64) -> bool {
        let last = self.last.get(&self.hash(name));
        last.is_some_and(|(_, last)| *last == place)
    }

    fn hash(&self, name: &[u8]) -> (u64, u64) {
        (self.hasher.0.hash_one(name), self.hasher.1.hash_one(name))
    }
}

/// Opens, and waits a moment for whoever is just letting go of it: a store that ends, here or in a process that
/// is being replaced.
fn open_free(config: &sled::Config) -> sled::Result<sled::Db> {
    for _ in 0..PATIENCE {
        match config.open() {
            Err(error) if error.to_string().contains("could not acquire lock") => {
                thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
    config.open()
}

/// Removes snapshots that sled was writing when the disk was full. It writes the next one over the rest of such a
/// file without cutting it, and then takes its own snapshot for damaged.
fn remove_unfinished(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.")
            && name.ends_with(".generating")
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::warn!(%error, "an unfinished snapshot of the session image is in the way");
        }
    }
}

fn failed(path: &Path, error: &sled::Error) -> Error {
    Error::Log {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// Refuses an image of another format; a new one is marked with ours.
fn check_format(db: &sled::Db, path: &Path) -> Result<(), Error> {
    let failed = |error: sled::Error| failed(path, &error);
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
