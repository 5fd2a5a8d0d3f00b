//! The write-ahead journal: opaque records made durable in the order they came, in segment files that are
//! dropped once their content is kept elsewhere. Knows nothing of keys, reads no clock.
//!
//! A record is copied into one pending buffer, whoever appends it; what is pending is written with one call
//! and settles together. Who does that differs:
//!
//! - [`Durability::Os`]: the task that waits. It lets the other tasks of its worker append first, then
//!   writes for all of them; no thread is woken. A thread syncs every [`Pace::sync_every`].
//! - [`Durability::Group`]: the same, with a sync, as long as the disk is quick (its last sync took less than half a
//!   millisecond). While it is slower, a thread of ours writes and syncs, so that who only reads need not wait
//!   with the worker; what arrives meanwhile is the next group.
//!
//! **When the disk fails** writes are refused, and everything acknowledged stays true: records not yet as
//! durable as promised stay in memory and are written to a *new* segment as soon as that succeeds, tried every
//! [`Pace::retry_every`]. The old one is not written again, because after a failed fsync the kernel may have
//! dropped pages it reports as written. The new segment's first bytes say how much of the old one counts.
//! A refused write may all the same be found after a restart, as with any server that dies before it answers;
//! a record may even be found twice if the machine fails in mid-retry. Both are harmless, because a record
//! sets the state of its keys and does not change it relatively.
//!
//! **After a crash** the end of the last segment may be torn; it is cut, with a warning, and left on disk until
//! its segment is forgotten. Where the next segment says that the bytes were synced, damage refuses the start.
//! Trade-off: damage inside the last segment cannot be told from a torn end, so it is cut as well.
//!
//! ## Decisions
//!
//! - **Room is made with zeros, a MiB at a time, in `Group`.** Measured on ext4 with 55 KB per group: write and
//!   fdatasync 0.11 ms over zeros, 0.19 to 0.26 ms when the file grows, 0.19 ms after `fallocate` (its blocks
//!   must be marked written). Each byte is written twice for it, by a disk that mostly waits.
//! - **Each segment says how the one before it ended**, rather than truncating a failed segment: a disk that
//!   refuses writes refuses truncation too, and a start must not depend on it.
//! - **Rejected: writing each shard's changes to a file of its own.** No shared buffer, but an fsync per shard,
//!   and a transaction over several shards could be found in part.

mod core;
mod files;
mod frame;
mod replay;
mod segment;
mod signal;
#[cfg(test)]
mod tests;
mod thread;

use std::{
    fmt,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::task::yield_now;

use self::{
    core::{Core, Writer, lock},
    files::{Disk, Files},
    frame::{Before, PREAMBLE},
    segment::Segment,
};
use crate::{Durability, Error};

/// How often a task lets others work before it waits for another to write.
const PATIENCE: usize = 4;

/// How often the journal does what nobody waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Between two syncs with [`Durability::Os`].
    pub(crate) sync_every: Duration,
    /// Between two attempts after a failure; with [`Durability::Group`] also how long a record that nobody
    /// waits for may stay in memory.
    pub(crate) retry_every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            sync_every: Duration::from_secs(1),
            retry_every: Duration::from_millis(250),
        }
    }
}

/// Where a record ends, in bytes ever appended by this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Position(u64);

impl Position {
    /// Of a record that cannot be kept: it never settles.
    const NEVER: Self = Self(u64::MAX);
}

/// The first segment after a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark(u64);

/// Why the journal cannot be written, for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(Arc<str>);

impl Failure {
    fn new(reason: &str) -> Self {
        Self(reason.into())
    }
}

/// The open journal.
pub(crate) struct Journal {
    /// None: [`Durability::Memory`].
    running: Option<Running>,
}

struct Running {
    core: Arc<Core>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("refusal", &self.refusal())
            .field("backlog", &self.backlog())
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens or creates the journal in `path/journal`, hands every record there is to `replay`, oldest first,
    /// and starts a new segment. Blocks.
    pub(crate) fn open(
        path: &Path,
        durability: Durability,
        pace: Pace,
        replay: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Arc<Self>, Error> {
        Self::open_on(Box::new(Disk), path, durability, pace, replay)
    }

    fn open_on(
        files: Box<dyn Files>,
        path: &Path,
        durability: Durability,
        pace: Pace,
        replay: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Arc<Self>, Error> {
        let path = path.join("journal");
        if durability == Durability::Memory {
            if fs::exists(&path).unwrap_or(true) {
                tracing::warn!(path = %path.display(), "durability is `memory`: the journal is left alone");
            }
            return Ok(Arc::new(Self { running: None }));
        }
        let failed = |source| replay::failed(&path, source);
        let directory = open_directory(&path)?;
        let past = replay::replay(&path, replay)?;
        let segment = first_segment(&*files, &path, &directory, past.last()).map_err(failed)?;
        let backlog = past.iter().map(|past| past.length).sum::<u64>() + PREAMBLE as u64;
        let core = Arc::new(Core {
            durability,
            files,
            directory,
            pending: Mutex::default(),
            writer: Mutex::new(Writer {
                segment,
                group: Vec::new(),
            }),
            past: Mutex::new(past),
            backlog: AtomicU64::new(backlog),
            settled: AtomicU64::default(),
            quick: false.into(),
            failing: false.into(),
            failure: Mutex::default(),
            signal: signal::Signal::default(),
            path: path.clone(),
        });
        let thread = thread::spawn(Arc::clone(&core), pace).map_err(failed)?;
        let thread = Mutex::new(Some(thread));
        Ok(Arc::new(Self {
            running: Some(Running { core, thread }),
        }))
    }

    /// Takes a record. Copies it under a lock and never touches the disk.
    pub(crate) fn append(&self, record: &[u8]) -> Position {
        self.running
            .as_ref()
            .map_or(Position(0), |running| running.core.append(record))
    }

    /// Where the journal ends now.
    pub(crate) fn appended(&self) -> Position {
        self.running
            .as_ref()
            .map_or(Position(0), |running| running.core.appended())
    }

    /// Whether everything before this position is as durable as the mode promises.
    pub(crate) fn is_settled(&self, at: Position) -> bool {
        self.running
            .as_ref()
            .is_none_or(|running| running.core.is_settled(at))
    }

    /// Waits for that. Fails when the journal cannot be written: the record may or may not be found later.
    pub(crate) async fn settled(&self, at: Position) -> Result<(), Failure> {
        let Some(Running { core, .. }) = &self.running else {
            return Ok(());
        };
        if let Some(outcome) = core.outcome(at) {
            return outcome;
        }
        // Connections that are ready on this worker append too, and share what follows.
        yield_now().await;
        if let Some(outcome) = core.outcome(at) {
            return outcome;
        }
        if core.is_quick() {
            return write(core, at).await;
        }
        match core.signal.wait(at, || core.outcome(at)) {
            Ok(answer) => answer.await.unwrap_or_else(|_| Err(closed())),
            Err(outcome) => outcome,
        }
    }

    /// Why writes must be refused just now, if they must.
    pub(crate) fn refusal(&self) -> Option<Failure> {
        self.running.as_ref()?.core.refusal()
    }

    /// Starts a new segment: everything appended before is in earlier ones, as durable as the mode promises.
    /// Blocks.
    pub(crate) fn rotate(&self) -> Result<Mark, Failure> {
        let Some(Running { core, .. }) = &self.running else {
            return Ok(Mark(0));
        };
        if let Some(failure) = core.refusal() {
            return Err(failure);
        }
        let answer = core.signal.ask_rotation().ok_or_else(closed)?;
        answer.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Hands every record in the segments before the mark to `take`, oldest first. Blocks.
    pub(crate) fn read(
        &self,
        before: Mark,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(Running { core, .. }) = &self.running else {
            return Ok(());
        };
        // Not held while files are read: a rotation must not wait for that.
        let past = lock(&core.past).clone();
        past.iter()
            .filter(|past| past.number < before.0)
            .try_for_each(|past| replay::read_again(&core.path, *past, &mut take))
    }

    /// Removes the segments before the mark: everything in them is kept, durably, elsewhere. Blocks.
    pub(crate) fn forget(&self, before: Mark) -> io::Result<()> {
        self.running
            .as_ref()
            .map_or(Ok(()), |running| running.core.forget(before))
    }

    /// Bytes in segments not yet forgotten.
    pub(crate) fn backlog(&self) -> u64 {
        self.running
            .as_ref()
            .map_or(0, |running| running.core.backlog.load(Relaxed))
    }

    /// Writes and syncs everything and ends; afterwards writes are refused. Blocks.
    pub(crate) fn close(&self) {
        let Some(Running { core, thread }) = &self.running else {
            return;
        };
        core.signal.stop();
        if let Some(thread) = lock(thread).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

/// Has what is before `at` written, by this task or by one that is at it. A worker that sleeps until another is
/// done costs two switches of its thread, so it first does whatever else it has to do.
async fn write(core: &Core, at: Position) -> Result<(), Failure> {
    for _ in 0..PATIENCE {
        if let Some(written) = core.try_commit() {
            return core.outcome(at).unwrap_or(written);
        }
        yield_now().await;
        if let Some(outcome) = core.outcome(at) {
            return outcome;
        }
    }
    // Whoever was writing meanwhile may have settled it, and another have failed since.
    let written = core.commit();
    core.outcome(at).unwrap_or(written)
}

fn closed() -> Failure {
    Failure::new("the journal is closed")
}

/// Makes the directory, and keeps a second process out of it.
fn open_directory(path: &Path) -> Result<File, Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| Error::Directory {
        path: path.to_owned(),
        source,
    })?;
    let directory = File::open(path).map_err(|source| replay::failed(path, source))?;
    directory.try_lock().map_err(|error| Error::Log {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(directory)
}

/// The segment this process begins with; says how far the last one was read, once that is on disk.
fn first_segment(
    files: &dyn Files,
    path: &Path,
    directory: &File,
    last: Option<&replay::Past>,
) -> io::Result<Segment> {
    let (mut number, mut before) = (1, Before { length: 0, sure: 0 });
    if let Some(last) = last {
        files.sync(&File::open(segment::path(path, last.number))?)?;
        number = last.number + 1;
        before = Before {
            length: last.length,
            sure: last.length,
        };
    }
    let mut segment = Segment::begin(
        files,
        files.create(&segment::path(path, number))?,
        number,
        before,
    )?;
    segment.sync(files)?;
    files.sync(directory)?;
    Ok(segment)
}
