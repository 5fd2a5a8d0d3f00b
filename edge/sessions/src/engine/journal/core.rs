//! What the journal's thread and the tasks share: records on their way to the disk, and what happens when the
//! disk fails. Never waits for anything but the disk.
//!
//! Locks, in the order in which they may be taken together: `writer`, then `pending` or `past`.

use std::{
    fs::{self, File},
    io, mem,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Durability, Failure, Mark, Position, files::Files, frame, frame::Before, replay::Past, segment,
    segment::Segment, signal::Signal,
};

/// Memory a buffer keeps between two groups, bytes.
const KEPT: usize = 1 << 20;

/// A disk that syncs within this time is waited for where the change was made.
const QUICK: Duration = Duration::from_micros(500);

/// The journal without its thread.
pub(super) struct Core {
    pub(super) durability: Durability,
    pub(super) files: Box<dyn Files>,
    /// Where the segments are.
    pub(super) path: PathBuf,
    /// The same, open and locked against a second process.
    pub(super) directory: File,
    pub(super) pending: Mutex<Pending>,
    pub(super) writer: Mutex<Writer>,
    /// Segments before the one being written, oldest first.
    pub(super) past: Mutex<Vec<Past>>,
    /// Bytes of `past` and of the segment being written.
    pub(super) backlog: AtomicU64,
    pub(super) settled: AtomicU64,
    /// The last sync took less than [`QUICK`].
    pub(super) quick: AtomicBool,
    pub(super) failing: AtomicBool,
    pub(super) failure: Mutex<Option<Failure>>,
    pub(super) signal: Signal,
}

/// Frames nobody has begun to write.
#[derive(Default)]
pub(super) struct Pending {
    frames: Vec<u8>,
    /// Bytes ever appended.
    appended: u64,
}

/// The segment being written.
pub(super) struct Writer {
    pub(super) segment: Segment,
    /// The frames being written; while the disk fails, all that are not as durable as promised.
    pub(super) group: Vec<u8>,
}

/// Takes a lock; whoever panicked under it left nothing half done that matters to us.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub(super) fn append(&self, record: &[u8]) -> Position {
        let Some(head) = frame::frame(record) else {
            return Position::NEVER;
        };
        let mut pending = lock(&self.pending);
        pending.frames.extend_from_slice(&head);
        pending.frames.extend_from_slice(record);
        pending.appended += (head.len() + record.len()) as u64;
        Position(pending.appended)
    }

    pub(super) fn appended(&self) -> Position {
        Position(lock(&self.pending).appended)
    }

    pub(super) fn is_settled(&self, at: Position) -> bool {
        self.settled.load(Acquire) >= at.0
    }

    pub(super) fn refusal(&self) -> Option<Failure> {
        if !self.failing.load(Relaxed) {
            return None;
        }
        lock(&self.failure).clone()
    }

    /// Whether waiting for `at` is over, and how.
    pub(super) fn outcome(&self, at: Position) -> Option<Result<(), Failure>> {
        if at == Position::NEVER {
            return Some(Err(Failure::new("a change is longer than 1 GiB")));
        }
        if self.is_settled(at) {
            return Some(Ok(()));
        }
        self.refusal().map(Err)
    }

    /// Makes everything appended so far as durable as the mode promises.
    pub(super) fn commit(&self) -> Result<(), Failure> {
        let written = self.commit_with(&mut lock(&self.writer));
        self.signal.release(Position(self.settled.load(Acquire)));
        written
    }

    /// The same, unless somebody is writing.
    pub(super) fn try_commit(&self) -> Option<Result<(), Failure>> {
        let mut writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let written = self.commit_with(&mut writer);
        drop(writer);
        self.signal.release(Position(self.settled.load(Acquire)));
        Some(written)
    }

    fn commit_with(&self, writer: &mut Writer) -> Result<(), Failure> {
        if let Some(failure) = self.refusal() {
            return Err(failure);
        }
        let end = self.take(writer);
        if writer.group.is_empty() {
            return Ok(());
        }
        let Writer { segment, group } = writer;
        let written = segment
            .write(&*self.files, group, self.durability)
            .and_then(|()| match self.durability {
                Durability::Group => self.sync_group(segment),
                Durability::Os | Durability::Memory => Ok(()),
            });
        written.map_err(|error| self.fail(&error))?;
        self.settle(writer, end);
        Ok(())
    }

    fn sync_group(&self, segment: &mut Segment) -> io::Result<()> {
        let begun = Instant::now();
        segment.sync(&*self.files)?;
        self.quick.store(begun.elapsed() < QUICK, Relaxed);
        Ok(())
    }

    /// Whether a task should write and sync by itself rather than have the thread do it.
    pub(super) fn is_quick(&self) -> bool {
        self.durability == Durability::Os || self.quick.load(Relaxed)
    }

    /// Moves what is pending behind what the writer has.
    fn take(&self, writer: &mut Writer) -> u64 {
        let mut pending = lock(&self.pending);
        if writer.group.is_empty() {
            mem::swap(&mut writer.group, &mut pending.frames);
        } else {
            writer.group.append(&mut pending.frames);
        }
        pending.appended
    }

    fn settle(&self, writer: &mut Writer, end: u64) {
        self.backlog.fetch_add(writer.group.len() as u64, Relaxed);
        writer.group.clear();
        writer.group.shrink_to(KEPT);
        self.settled.store(end, Release);
    }

    /// For [`Durability::Os`]: puts on disk what was written, while others go on writing.
    pub(super) fn sync_behind(&self) -> Result<(), Failure> {
        let (number, file, written) = {
            let Segment {
                number,
                file,
                written,
                synced,
                ..
            } = &lock(&self.writer).segment;
            if self.failing.load(Relaxed) || synced == written {
                return self.refusal().map_or(Ok(()), Err);
            }
            (*number, Arc::clone(file), *written)
        };
        self.files.sync(&file).map_err(|error| self.fail(&error))?;
        let segment = &mut lock(&self.writer).segment;
        if segment.number == number {
            segment.synced = segment.synced.max(written);
        }
        Ok(())
    }

    /// Commits, then goes on in a new segment.
    pub(super) fn rotate(&self) -> Result<Mark, Failure> {
        if self.durability == Durability::Os {
            // Most of it now, while writers need not wait.
            self.sync_behind()?;
        }
        // Made before the lock is taken: an empty file says nothing, and names may take their time.
        let number = lock(&self.writer).segment.number + 1;
        let file = self.files.create(&segment::path(&self.path, number));
        let file = file.map_err(|error| Failure::new(&error.to_string()))?;
        let mut writer = lock(&self.writer);
        self.commit_with(&mut writer)?;
        // From here on the next segment says where this one ends: after a failure nothing more may be
        // written here.
        let next = self.begin_after(&writer.segment, file);
        let mut next = next.map_err(|error| self.fail(&error))?;
        if self.durability == Durability::Group {
            self.settle_file(&mut next)
                .map_err(|error| self.fail(&error))?;
        }
        let (old, new) = (Arc::clone(&writer.segment.file), Arc::clone(&next.file));
        let length = writer.segment.ending(self.durability).length;
        let mark = self.switch(&mut writer, next);
        drop(writer);
        self.signal.release(Position(self.settled.load(Acquire)));
        if self.durability == Durability::Os {
            self.confirm(&old, &new, length)
                .map_err(|error| self.fail(&error))?;
            self.sync_behind()?;
        }
        Ok(mark)
    }

    /// For [`Durability::Os`]: syncs the end of the segment before, and only then says in the new one that all
    /// of it is on disk.
    fn confirm(&self, old: &File, new: &File, length: u64) -> io::Result<()> {
        self.files.sync(old)?;
        self.files.sync(&self.directory)?;
        let before = Before {
            length,
            sure: length,
        };
        self.files.write(new, &frame::preamble(before), 0)
    }

    fn begin_after(&self, segment: &Segment, file: File) -> io::Result<Segment> {
        let before = segment.ending(self.durability);
        Segment::begin(&*self.files, file, segment.number + 1, before)
    }

    /// Puts a new segment and its name on disk.
    fn settle_file(&self, segment: &mut Segment) -> io::Result<()> {
        segment.sync(&*self.files)?;
        self.files.sync(&self.directory)
    }

    fn switch(&self, writer: &mut Writer, next: Segment) -> Mark {
        self.backlog.fetch_add(frame::PREAMBLE as u64, Relaxed);
        let length = writer.segment.ending(self.durability).length;
        let old = mem::replace(&mut writer.segment, next);
        lock(&self.past).push(Past {
            number: old.number,
            length,
        });
        Mark(writer.segment.number)
    }

    /// From now on writes are refused, until [`Self::retry`] succeeds.
    fn fail(&self, error: &io::Error) -> Failure {
        let failure = Failure::new(&error.to_string());
        tracing::error!(
            path = %self.path.display(), error = %failure,
            "the session journal cannot be written; writes are refused until it can"
        );
        self.refuse(&failure);
        failure
    }

    /// Refuses writes, and tells those who wait.
    pub(super) fn refuse(&self, failure: &Failure) {
        *lock(&self.failure) = Some(failure.clone());
        self.failing.store(true, Release);
        self.signal.refuse(failure);
    }

    /// After a failure: writes everything not yet durable to a new segment, since the old one cannot be
    /// trusted any more. Leaves no trace if that fails too.
    pub(super) fn retry(&self) {
        let mut writer = lock(&self.writer);
        let end = self.take(&mut writer);
        let path = segment::path(&self.path, writer.segment.number + 1);
        let next = self.files.create(&path).and_then(|file| {
            let mut next = self.begin_after(&writer.segment, file)?;
            next.write(&*self.files, &writer.group, self.durability)?;
            self.settle_file(&mut next)?;
            Ok(next)
        });
        match next {
            Ok(next) => {
                self.switch(&mut writer, next);
                self.settle(&mut writer, end);
                self.failing.store(false, Release);
                drop(writer);
                self.signal.release(Position(end));
                tracing::info!(path = %self.path.display(), "the session journal can be written again");
            }
            Err(error) => {
                tracing::debug!(%error, "the session journal still cannot be written");
                // It would take the room that others need to make room.
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Removes the segments before `before`, oldest first, so that a crash leaves no gap.
    pub(super) fn forget(&self, before: Mark) -> io::Result<()> {
        loop {
            // Not held while a file is removed: a rotation must not wait for that.
            let oldest = lock(&self.past).first().map(|oldest| oldest.number);
            let Some(number) = oldest.filter(|number| *number < before.0) else {
                return self.files.sync(&self.directory);
            };
            match fs::remove_file(segment::path(&self.path, number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut past = lock(&self.past);
            for gone in past.extract_if(.., |past| past.number == number) {
                self.backlog.fetch_sub(gone.length, Relaxed);
            }
        }
    }
}
