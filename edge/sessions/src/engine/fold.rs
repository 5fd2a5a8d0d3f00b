//! Moves what the journal holds into the image, in the background, and reads both at the start.
//!
//! A segment is read back from the journal, not from memory: the keys in memory are not touched, no command
//! waits, and of a session written a hundred times in a segment only the last state is applied. Rejected:
//! writing the present state of keys marked as changed, which holds their shards' locks and a name per key.
//!
//! Trade-off: a session is written twice to the disk, once in the journal and once here.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    image::{Image, Updates},
    journal::{Journal, Pace},
    record::{self, Name},
};
use crate::{Config, Durability, Error};

/// Time between two looks at the backlog.
const LOOK: Duration = Duration::from_secs(1);

/// Opens image and journal and hands every pair of both to `restore`. Blocks.
pub(super) fn open(
    config: &Config,
    mut restore: impl FnMut(&[u8], Option<&[u8]>) -> Option<()>,
) -> Result<(Arc<Journal>, Fold), Error> {
    let path = &config.data_dir;
    if config.durability == Durability::Memory {
        let journal = Journal::open(path, Durability::Memory, Pace::default(), |_| Ok(()))?;
        return Ok((journal, Fold::default()));
    }
    let directory = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    directory.map_err(|source| Error::Directory {
        path: path.clone(),
        source,
    })?;
    let image = Image::open(path)?;
    image.load(|name, value| {
        // A fold that was cut short may have left a member without its key, or beside a key of another kind. The
        // journal still holds all of what was being folded and puts it right.
        let is_member = || matches!(record::read_name(name), Some(Name::Member(..))).then_some(());
        restore(name, Some(value)).or_else(is_member)
    })?;
    let journal = Journal::open(path, config.durability, Pace::default(), |record| {
        let mut pairs = record::decode(record);
        let restored = pairs.try_for_each(|pair| {
            let (name, value) = pair?;
            restore(name, value)
        });
        restored.ok_or_else(|| damaged(path))
    })?;
    let folder = Folder {
        path: path.clone(),
        journal: Arc::clone(&journal),
        journal_size: config.journal_size,
        image: Some(image),
    };
    Ok((journal, Fold::start(folder)?))
}

fn damaged(path: &Path) -> Error {
    Error::Format {
        path: path.to_owned(),
        found: "damaged".to_owned(),
    }
}

/// The background thread.
#[derive(Debug, Default)]
pub(super) struct Fold(Mutex<Option<(SyncSender<()>, JoinHandle<()>)>>);

impl Fold {
    fn start(folder: Folder) -> Result<Self, Error> {
        let (stop, stopped) = sync_channel(1);
        let body = move || folder.run(&stopped);
        let thread = thread::Builder::new()
            .name("sessions-fold".to_owned())
            .spawn(body)
            .map_err(|error| Error::Engine(error.to_string()))?;
        Ok(Self(Mutex::new(Some((stop, thread)))))
    }

    /// Folds what is left and ends the thread. Blocks.
    pub(super) fn close(&self) {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, thread)) = taken {
            // The thread takes one word and then ends; if it has ended already there is nobody to tell.
            let _ = stop.send(());
            if thread.join().is_err() {
                tracing::error!("the session journal could not be folded");
            }
        }
    }
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    journal: Arc<Journal>,
    /// Bytes it holds before it is folded.
    journal_size: u64,
    /// None after an error: to be opened anew.
    image: Option<Image>,
}

impl Folder {
    fn run(mut self, stopped: &Receiver<()>) {
        loop {
            match stopped.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) if self.journal.backlog() < self.journal_size => {}
                Err(RecvTimeoutError::Timeout) => self.try_fold(),
                Ok(()) => {
                    self.try_fold();
                    self.journal.close();
                    return;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// What fails now is tried again when there is more: nothing is forgotten before it is in the image.
    fn try_fold(&mut self) {
        // sled panics at some errors of a disk, a failed sync while it is dropped among them; without this thread
        // the journal would grow until the next start.
        let folded = catch_unwind(AssertUnwindSafe(|| self.fold()));
        let reason = match folded {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the image panicked".to_owned(),
        };
        tracing::warn!(
            reason,
            "the session journal was not folded; it grows until that succeeds"
        );
    }

    fn fold(&mut self) -> Result<(), Error> {
        let image = match self.image.take() {
            Some(image) => image,
            None => Image::open(&self.path)?,
        };
        let failed = |source| Error::Journal {
            path: self.path.clone(),
            source,
        };
        let mark = self.journal.rotate().map_err(io::Error::other);
        let mark = mark.map_err(failed)?;
        let mut updates = Updates::default();
        self.journal.read(mark, |record| {
            updates.take(record).ok_or_else(|| damaged(&self.path))
        })?;
        image.apply(&updates, |visit| self.journal.read(mark, visit))?;
        self.journal.forget(mark).map_err(failed)?;
        self.image = Some(image);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::{Faults, Section};
    use bongsu_sdk_model::Timestamp;
    use bytes::Bytes;

    use super::*;
    use crate::{
        engine::{Fields, Keyspace, Ledger, Notices, Value},
        sessions::{Applications, Registry},
    };

    fn keyspace() -> Keyspace {
        let registry = Arc::new(Registry::new(Applications::default()));
        let ledger = Ledger::new(registry, Arc::default(), tokio::sync::mpsc::channel(1).0);
        Keyspace::new(ledger, Notices::new(Arc::default()))
    }

    /// The records of a session that is written and of another command that only changes its end, as
    /// `HSET` and `EXPIRE` do; `count` sessions of them.
    fn records(count: u32, keys: &mut Keyspace) -> [Vec<u8>; 2] {
        let now = Timestamp::from_ms(0);
        let [mut written, mut prolonged] = [Vec::new(), Vec::new()];
        for number in 0..count {
            let mut fields = Fields::default();
            fields.insert(b"f", Bytes::from_static(b"v"));
            let value = Value::Hash(Box::new(fields));
            keys.put(0, &number.to_be_bytes(), value, None, now);
        }
        keys.write_changes(&mut written);
        for number in 0..count {
            let end = Some(Timestamp::from_ms(1 << 40));
            keys.set_expiry(0, &number.to_be_bytes(), end);
        }
        keys.write_changes(&mut prolonged);
        [written, prolonged]
    }

    #[test]
    fn a_fold_that_was_cut_short_does_not_keep_the_store_from_starting() {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("bind = \"127.0.0.1:0\"\ndata_dir = {:?}", dir.path());
        let config = Config::read(Section::parse(&text, &Faults::default()));
        for of_another_kind in [false, true] {
            let mut keys = keyspace();
            let image = Image::open(dir.path()).unwrap();
            if of_another_kind {
                let mut text = Vec::new();
                let value = || Value::String(Bytes::from_static(b"text"));
                for number in 0..600_u32 {
                    let now = Timestamp::from_ms(0);
                    keys.put(0, &number.to_be_bytes(), value(), None, now);
                }
                keys.write_changes(&mut text);
                let mut updates = Updates::default();
                updates.take(&text).unwrap();
                image.apply(&updates, |visit| visit(&text)).unwrap();
            }
            let [written, prolonged] = records(600, &mut keys);
            let mut updates = Updates::default();
            updates.take(&written).unwrap();
            updates.take(&prolonged).unwrap();
            let cut = image.apply(&updates, |visit| {
                visit(&written)?;
                Err(Error::Engine("killed".to_owned()))
            });
            assert!(cut.is_err());
            drop(image);

            let mut found = keyspace();
            let (journal, fold) = open(&config, |name, value| {
                found.restore(&record::read_name(name)?, value, Timestamp::from_ms(0))
            })
            .unwrap();
            fold.close();
            drop(journal);
            // What the journal still holds.
            for record in [&written, &prolonged] {
                for (name, value) in record::decode(record).flatten() {
                    let name = record::read_name(name).unwrap();
                    found.restore(&name, value, Timestamp::from_ms(0)).unwrap();
                }
            }
            assert_eq!(found.weight(), keys.weight());
        }
    }
}
