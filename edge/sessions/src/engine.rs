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
#[cfg_attr(not(test), expect(dead_code, reason = "the engine moves onto it next"))]
mod journal;
mod keyspace;
mod ledger;
mod log;
mod notice;
mod stats;
mod thread;
mod value;

use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
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
    notice::Class,
    stats::Stats,
    thread::Thread,
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
        f.debug_struct("Engine")
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
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
        let expiry = self
            .keyspace
            .next_expiry()
            .map(|at| Instant::now() + at.since(self.clock.now()).min(TICK));
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
        self.stats
            .commands
            .fetch_add(u64::try_from(job.calls.len()).unwrap_or(u64::MAX), Relaxed);
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
        if let Some(key) = call
            .args
            .first()
            .filter(|key| self.keyspace.entry(call.db, key).is_none())
        {
            self.keyspace
                .ledger
                .record(SessionEventKind::Rejected, key, now);
        }
        Some(Reply::Error(
            "OOM command not allowed when used memory > 'maxmemory'.".into(),
        ))
    }

    /// Writes what the group changed, makes it durable if someone waits for that, and answers.
    fn commit(&mut self) {
        let changes = std::mem::take(&mut self.keyspace.changes);
        if !changes.is_empty() && self.poisoned.is_none() {
            let mut written = self.log.write(&self.keyspace, &changes);
            if changes.awaited && self.durability == Durability::Always {
                written = written.and_then(|()| self.log.sync());
            } else {
                self.sync_due
                    .get_or_insert_with(|| Instant::now() + Durability::INTERVAL);
            }
            self.stats.commits.fetch_add(1, Relaxed);
            self.note(written);
        }
        // Told before it is acknowledged, so that who has a reply finds the counts up to date.
        self.keyspace
            .ledger
            .tallies()
            .note_bytes(self.keyspace.weight());
        self.keyspace.ledger.publish();
        for (job, mut replies) in self.held.drain(..) {
            if let Some(reason) = &self.poisoned {
                let writes = job
                    .calls
                    .iter()
                    .map(|call| call.spec.access != Access::Read);
                for (reply, _) in replies.iter_mut().zip(writes).filter(|(_, write)| *write) {
                    *reply = log_failed(reason);
                }
            }
            let _ = job.done.send(replies);
        }
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
            tracing::error!(
                reason,
                "the session log failed; writes are refused until a restart"
            );
            self.stats.log_failed.store(1, Relaxed);
            self.poisoned = Some(reason);
        }
    }
}

/// The code Redis uses when it cannot write its own log.
fn log_failed(reason: &str) -> Reply {
    Reply::Error(
        format!(
            "MISCONF Errors writing to the session log: {reason}, hint: free the disk and restart"
        )
        .into(),
    )
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::{Faults, Section};
    use bongsu_sdk_model::ManualClock;

    use super::*;
    use crate::command::{self, Run};

    fn job(commands: &[&str]) -> (Job, oneshot::Receiver<Vec<Reply>>) {
        let (done, replies) = oneshot::channel();
        let call = |command: &&str| {
            let mut words = command.split(' ').map(|word| Bytes::from(word.to_owned()));
            let name = words.next().unwrap();
            let args: Vec<_> = words.collect();
            let spec = command::resolve(&name, &args).unwrap();
            let Run::Keyspace(run) = spec.run else {
                panic!("{command} does not run here")
            };
            Call {
                spec,
                run,
                args,
                db: 0,
            }
        };
        (
            Job {
                calls: commands.iter().map(call).collect(),
                done,
            },
            replies,
        )
    }

    fn engine(dir: &std::path::Path) -> Engine {
        let text = format!("data_dir = {:?}", dir.to_str().unwrap());
        let config = Config::read(Section::parse(&text, &Faults::default()));
        let stats = Arc::new(Stats::new(&config, Timestamp::from_ms(0), 0));
        let ledger = Ledger::new(&config.session_prefixes, Arc::default(), mpsc::channel(8).0);
        Engine::open(&config, Arc::new(ManualClock::default()), stats, ledger).unwrap()
    }

    #[tokio::test]
    async fn jobs_that_wait_together_share_one_commit() {
        let dir = tempfile::tempdir().unwrap();
        let engine = engine(dir.path());
        let stats = Arc::clone(&engine.stats);
        let (sender, jobs) = mpsc::channel(64);
        let mut waiting = Vec::new();
        for number in 0..50 {
            let (job, replies) = job(&[&format!("SET k{number} v"), "DBSIZE"]);
            sender.try_send(job).unwrap();
            waiting.push(replies);
        }
        drop(sender);
        engine.run(jobs).await;
        for (number, replies) in (1..).zip(waiting) {
            assert_eq!(replies.await.unwrap(), [Reply::OK, Reply::Integer(number)]);
        }
        assert_eq!(stats.commits.load(Relaxed), 1);
    }

    #[tokio::test]
    async fn a_failed_sync_poisons_writes_and_spares_reads() {
        let dir = tempfile::tempdir().unwrap();
        let mut engine = engine(dir.path());
        let run = |engine: &mut Engine, commands: &[&str]| {
            let (job, mut replies) = job(commands);
            engine.serve(job);
            engine.commit();
            replies.try_recv().unwrap()
        };
        let refused = log_failed("the disk is on fire");
        let value = |text: &'static str| Reply::name(text);
        assert_eq!(run(&mut engine, &["SET a 1"]), [Reply::OK]);
        engine.log.fail = true;
        assert_eq!(
            run(&mut engine, &["GET a", "SET a 2"]),
            [value("1"), refused.clone()]
        );
        engine.log.fail = false;
        assert_eq!(
            run(&mut engine, &["SET b 1", "DEL a", "GET b"]),
            [refused.clone(), refused, Reply::Null]
        );
        drop(engine);
        let mut engine = self::engine(dir.path());
        assert_eq!(
            run(&mut engine, &["EXISTS b", "SET c 1"]),
            [Reply::Integer(0), Reply::OK]
        );
    }

    #[tokio::test]
    async fn readers_in_front_of_a_write_are_answered_before_it_is_durable() {
        let dir = tempfile::tempdir().unwrap();
        let mut engine = engine(dir.path());
        let jobs = [job(&["GET a"]), job(&["SET a 1"]), job(&["GET a"])];
        let mut answered = Vec::new();
        for (job, replies) in jobs {
            engine.serve(job);
            answered.push(replies);
        }
        assert_eq!(answered[0].try_recv().unwrap(), [Reply::Null]);
        assert!(answered[1].try_recv().is_err() && answered[2].try_recv().is_err());
        engine.commit();
        assert_eq!(answered[1].try_recv().unwrap(), [Reply::OK]);
        assert_eq!(answered[2].try_recv().unwrap(), [Reply::name("1")]);
    }
}
