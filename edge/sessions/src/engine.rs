//! The engine: one thread that owns every key, takes commands in groups and acknowledges them together.
//!
//! Nothing else touches the keyspace, so commands need no lock and each sees the effect of all before it. A
//! group is whatever arrived while the last one was being written: it is applied in memory, written as one
//! batch, synced once, and only then answered. Readers in front of the first write of a group are answered
//! at once: all they saw is durable.
//!
//! Trade-off: one core applies all commands. Parsing, encoding and sockets are on the others; several engines
//! with a hash of the key choosing among them are the way to more.

mod changes;
mod db;
mod keyspace;
mod ledger;
mod log;
mod stats;
mod value;

use std::{
    fmt, io,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

use bongsu_sdk_model::{Clock, SessionEventKind, Timestamp};
use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

pub(crate) use self::{
    db::{Db, WrongType},
    keyspace::{Entry, Keyspace},
    ledger::{Ledger, Tallies},
    log::Log,
    stats::Stats,
    value::Fields,
};
use crate::{
    Config, Durability, Error,
    command::{Access, KeyspaceFn, Spec},
    protocol::Reply,
};

/// Jobs that may wait for the engine; beyond, connections wait to hand theirs in.
pub(crate) const QUEUE: usize = 1024;
/// Most jobs of one group.
const GROUP: usize = 256;
/// Most keys that expire between two groups.
const EXPIRE_STEP: usize = 1024;
/// Longest sleep while keys wait to expire: a clock may be moved without telling us.
const TICK: Duration = Duration::from_millis(50);

/// A command, ready to run.
#[derive(Debug)]
pub(crate) struct Call {
    /// What it is.
    pub(crate) spec: &'static Spec,
    /// What runs it.
    pub(crate) run: KeyspaceFn,
    /// Its arguments without its name.
    pub(crate) args: Vec<Bytes>,
    /// The database it works on.
    pub(crate) db: u8,
}

/// Commands of one connection, to be run in order.
#[derive(Debug)]
pub(crate) struct Job {
    /// The commands.
    pub(crate) calls: Vec<Call>,
    /// Where the replies go; fewer than calls if they outgrew the output limit.
    pub(crate) done: oneshot::Sender<Vec<Reply>>,
}

/// Owns the keyspace and its log.
pub(crate) struct Engine {
    keyspace: Keyspace,
    log: Log,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
    durability: Durability,
    max_memory: usize,
    max_output: usize,
    max_bulk: usize,
    /// Jobs applied but not yet acknowledged.
    held: Vec<(Job, Vec<Reply>)>,
    /// When writes that nobody waits for must be synced.
    sync_due: Option<Instant>,
    /// Why the log can no longer be trusted; from then on writes are refused.
    poisoned: Option<String>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("poisoned", &self.poisoned).finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the log and loads it. Blocks.
    pub(crate) fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        stats: Arc<Stats>,
        ledger: Ledger,
    ) -> Result<Self, Error> {
        let mut keyspace = Keyspace::new(ledger);
        let log = Log::open(&config.data_dir)?;
        log.load(&mut keyspace, &config.data_dir)?;
        keyspace.ledger.tallies().note_bytes(keyspace.weight());
        Ok(Self {
            keyspace,
            log,
            clock,
            stats,
            durability: config.durability,
            max_memory: usize::try_from(config.max_memory).unwrap_or(usize::MAX),
            max_output: config.max_output,
            max_bulk: config.max_bulk,
            held: Vec::new(),
            sync_due: None,
            poisoned: None,
        })
    }

    /// Starts the engine's thread: `open` runs on it, then jobs are served until every sender is gone. The
    /// first receiver hears how `open` ended, the second ends when the thread does.
    pub(crate) fn spawn(
        jobs: mpsc::Receiver<Job>,
        open: impl FnOnce() -> Result<Self, Error> + Send + 'static,
    ) -> Result<(oneshot::Receiver<Result<(), Error>>, oneshot::Receiver<()>), Error> {
        let (opened, is_open) = oneshot::channel();
        let (ended, is_ended) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| Error::Engine(error.to_string()))?;
        let body = move || {
            let _ended = ended;
            match open() {
                Ok(engine) => {
                    let _ = opened.send(Ok(()));
                    runtime.block_on(engine.run(jobs));
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            }
        };
        let thread = thread::Builder::new().name("sessions".to_owned()).spawn(body);
        thread.map_err(|error: io::Error| Error::Engine(error.to_string()))?;
        Ok((is_open, is_ended))
    }

    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let wake = self.wake();
            tokio::select! {
                biased;
                count = jobs.recv_many(&mut group, GROUP) => if count == 0 { break },
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
            for job in group.drain(..) {
                self.serve(job);
            }
            self.keyspace.expire_due(self.clock.now(), EXPIRE_STEP);
            self.commit();
            if self.sync_due.is_some_and(|due| due <= Instant::now()) {
                self.sync();
            }
        }
        self.sync();
    }

    /// When there is something to do even if no job comes.
    fn wake(&self) -> Option<Instant> {
        let expiry = self.keyspace.next_expiry().map(|at| Instant::now() + at.since(self.clock.now()).min(TICK));
        [expiry, self.sync_due].into_iter().flatten().min()
    }

    /// Runs a job and answers it, unless its answer must wait for the log.
    fn serve(&mut self, job: Job) {
        let now = self.clock.now();
        self.keyspace.expire_due(now, EXPIRE_STEP);
        let mut replies = Vec::with_capacity(job.calls.len());
        let mut weight = 0;
        for call in &job.calls {
            let reply = self.apply(call, now);
            weight += reply.weight();
            if weight > self.max_output {
                break;
            }
            replies.push(reply);
        }
        self.stats.commands.fetch_add(u64::try_from(job.calls.len()).unwrap_or(u64::MAX), Relaxed);
        if self.keyspace.changes.awaited {
            self.held.push((job, replies));
        } else {
            let _ = job.done.send(replies);
        }
    }

    fn apply(&mut self, call: &Call, now: Timestamp) -> Reply {
        if let Some(refusal) = self.refuse(call, now) {
            return refusal;
        }
        let mut db = Db {
            keyspace: &mut self.keyspace,
            stats: &self.stats,
            number: call.db,
            now,
            max_bulk: self.max_bulk,
        };
        (call.run)(&mut db, &call.args).unwrap_or_else(Reply::from)
    }

    /// Writes are refused when the log has failed, writes that add also when memory is full.
    fn refuse(&mut self, call: &Call, now: Timestamp) -> Option<Reply> {
        if let (Some(reason), Access::Write | Access::Add) = (&self.poisoned, call.spec.access) {
            return Some(log_failed(reason));
        }
        if call.spec.access != Access::Add || self.keyspace.weight() <= self.max_memory {
            return None;
        }
        if let Some(key) = call.args.first().filter(|key| self.keyspace.entry(call.db, key).is_none()) {
            self.keyspace.ledger.record(SessionEventKind::Rejected, key, now);
        }
        Some(Reply::Error("OOM command not allowed when used memory > 'maxmemory'.".into()))
    }

    /// Writes what the group changed, makes it durable if someone waits for that, and answers.
    fn commit(&mut self) {
        let changes = std::mem::take(&mut self.keyspace.changes);
        if !changes.is_empty() && self.poisoned.is_none() {
            let mut written = self.log.write(&self.keyspace, &changes);
            if changes.awaited && self.durability == Durability::Always {
                written = written.and_then(|()| self.log.sync());
            } else {
                self.sync_due.get_or_insert_with(|| Instant::now() + Durability::INTERVAL);
            }
            self.stats.commits.fetch_add(1, Relaxed);
            self.note(written);
        }
        for (job, mut replies) in self.held.drain(..) {
            if let Some(reason) = &self.poisoned {
                let writes = job.calls.iter().map(|call| call.spec.access != Access::Read);
                for (reply, _) in replies.iter_mut().zip(writes).filter(|(_, write)| *write) {
                    *reply = log_failed(reason);
                }
            }
            let _ = job.done.send(replies);
        }
        self.keyspace.ledger.tallies().note_bytes(self.keyspace.weight());
        self.keyspace.ledger.publish();
    }

    fn sync(&mut self) {
        self.sync_due = None;
        if self.poisoned.is_none() {
            let synced = self.log.sync();
            self.note(synced);
        }
    }

    /// After a failed write the disk's state is unknown: nothing more is acknowledged.
    fn note(&mut self, written: Result<(), String>) {
        if let Err(reason) = written {
            tracing::error!(reason, "the session log failed; writes are refused until a restart");
            self.stats.log_failed.store(1, Relaxed);
            self.poisoned = Some(reason);
        }
    }
}

/// The code Redis uses when it cannot write its own log.
fn log_failed(reason: &str) -> Reply {
    Reply::Error(format!("MISCONF Errors writing to the session log: {reason}, hint: free the disk and restart").into())
}
