//! One task per access log: read, parse, hand on, remember how far.
//!
//! Lines are parsed in the order of the file and none is dropped for its time stamp: servers write a request
//! when it ends, so the seconds of a log are out of order. When the channel is full the task waits; the file
//! is its buffer.

mod checkpoint;
pub(crate) mod entry;
mod follow;
pub(crate) mod format;
mod json;
mod pattern;
mod scan;
mod stamp;
mod tail;

use std::{path::Path, sync::Arc, time::Duration};

use bongsu_sdk_model::Transaction;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Collected, Promise, Sink,
    access_log::{
        checkpoint::{Checkpoint, Marks},
        follow::{Follower, Rules},
        tail::Found,
    },
    config::LogConfig,
    login::LoginRule,
    stats::Counts,
};

/// Shortest time between two checkpoints of a busy log.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// Unparsable lines that are logged, without their content, per log.
const UNPARSED_LOGGED: usize = 5;

/// Follows one log into the sink.
pub(crate) struct Task {
    reader: Reader,
    poll: Duration,
    sink: Sink,
    counts: Arc<Counts>,
    /// The log's name, where positions go with the lines.
    gives: Option<String>,
}

/// The blocking half: the files, and the parser.
struct Reader {
    log: LogConfig,
    login: Arc<LoginRule>,
    checkpoint: Checkpoint,
    follower: Option<Follower>,
    /// Where it was left, as it was kept elsewhere.
    left: Option<Vec<u8>>,
    unparsed_logged: usize,
    failing: bool,
    counts: Arc<Counts>,
}

impl Task {
    pub(crate) fn new(
        log: LogConfig,
        data_dir: &Path,
        login: Arc<LoginRule>,
        sink: Sink,
        counts: Arc<Counts>,
        promise: &Promise,
    ) -> Self {
        let poll = log.poll;
        let name = log.path.to_string_lossy().into_owned();
        let (gives, left) = match promise {
            Promise::Taken => (None, None),
            Promise::Kept(positions) => {
                let left = positions.get(&name).cloned();
                (Some(name), left)
            }
        };
        let checkpoint = Checkpoint::of(data_dir, &log.path);
        let reader = Reader {
            log,
            login,
            checkpoint,
            follower: None,
            left,
            unparsed_logged: 0,
            failing: false,
            counts: counts.clone(),
        };
        Self {
            reader,
            poll,
            sink,
            counts,
            gives,
        }
    }

    /// Follows until stopped; then remembers exactly what was handed on.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Self {
            mut reader,
            poll,
            sink,
            counts,
            gives,
        } = self;
        let mut delivered = None;
        let mut saved = None;
        let mut saved_at = Instant::now();
        while !stop.is_cancelled() {
            let Ok((back, read)) = spawn_blocking(|| reader.read()).await else {
                return stopped();
            };
            reader = back;
            let Read {
                mut batch,
                marks,
                more,
            } = read;
            let lines = batch.len();
            if let (Some(log), Some(marks)) =
                (&gives, marks.as_ref().filter(|_| marks != delivered))
            {
                batch.push(Collected::Position {
                    log: log.clone(),
                    read: Checkpoint::to_give(marks),
                });
            }
            if !batch.is_empty() {
                match stop.run_until_cancelled(sink.reserve()).await {
                    Some(Ok(slot)) => slot.send(batch),
                    Some(Err(_)) | None => break,
                }
                counts.transactions.add(lines);
            }
            delivered = marks;
            if gives.is_none()
                && delivered != saved
                && (saved.is_none() || saved_at.elapsed() >= CHECKPOINT_EVERY)
            {
                let marks = delivered.clone();
                let Ok((back, is_saved)) = spawn_blocking(|| reader.save(marks)).await else {
                    return stopped();
                };
                reader = back;
                saved_at = Instant::now();
                if is_saved {
                    saved.clone_from(&delivered);
                }
            }
            if !more {
                stop.run_until_cancelled(sleep(poll)).await;
            }
        }
        if gives.is_none()
            && delivered != saved
            && spawn_blocking(|| reader.save(delivered)).await.is_err()
        {
            stopped();
        }
    }
}

/// What one look at the files gave.
struct Read {
    batch: Vec<Collected>,
    /// How far the files are read once `batch` is delivered; `None` while they could not be read at all.
    marks: Option<Marks>,
    /// Whether there is more to read at once.
    more: bool,
}

impl Reader {
    fn read(mut self) -> (Self, Read) {
        let mut batch = Vec::new();
        let outcome = self.try_read(&mut batch);
        let more = match outcome {
            Ok(more) => {
                self.failing = false;
                more
            }
            Err(error) => {
                self.failed("read", &error);
                false
            }
        };
        let marks = self.follower.as_ref().map(Follower::marks);
        (self, Read { batch, marks, more })
    }

    fn try_read(&mut self, batch: &mut Vec<Collected>) -> std::io::Result<bool> {
        let Self {
            log,
            login,
            checkpoint,
            follower,
            left,
            unparsed_logged,
            counts,
            ..
        } = self;
        let follower = match follower {
            Some(follower) => follower,
            None => {
                let rules = Rules {
                    from_start: log.from_start,
                    max_line: log.max_line,
                    silent_looks: looks(log.rotated_for, log.poll),
                };
                let left = match left {
                    Some(left) => Some(Checkpoint::given(left).ok_or_else(damaged)?),
                    None => checkpoint.load()?,
                };
                follower.insert(Follower::open(&log.path, rules, left)?)
            }
        };
        let (mut unparsed, mut found) = (0, Found::default());
        let outcome = follower.read(
            &mut |line| {
                let made = log.format.transaction(line, &log.app, &log.instance, login);
                match made {
                    Some(transaction) => batch.push(one(transaction)),
                    None => unparsed += 1,
                }
            },
            &mut found,
        );
        counts.log_lines.add(found.lines);
        counts.log_lines_unparsed.add(unparsed);
        counts.log_lines_too_long.add(found.too_long);
        counts.log_rotations.add(found.rotations);
        counts.log_truncations.add(found.truncations);
        counts.log_files_lost.add(found.lost);
        if unparsed > 0 && *unparsed_logged < UNPARSED_LOGGED {
            *unparsed_logged += 1;
            let (path, format) = (log.path.display(), log.format.name());
            tracing::warn!(%path, format, lines = unparsed, "log lines are not in the log's format");
        }
        outcome.map(|()| found.bytes > 0)
    }

    /// Whether the checkpoint was written; one that was not is tried again.
    fn save(mut self, marks: Option<Marks>) -> (Self, bool) {
        let outcome = marks.map_or(Ok(()), |marks| self.checkpoint.save(&marks));
        if let Err(error) = &outcome {
            self.failed("write the checkpoint of", error);
        }
        (self, outcome.is_ok())
    }

    /// Counts a failure; logs the first of a row.
    fn failed(&mut self, what: &str, error: &std::io::Error) {
        self.counts.log_failures.add(1);
        if !self.failing {
            self.failing = true;
            tracing::warn!(path = %self.log.path.display(), %error, "failed to {what} a log, trying on");
        }
    }
}

fn damaged() -> std::io::Error {
    std::io::Error::other("the log's kept position is damaged")
}

/// Only a defect here or the end of the run time gets this far.
fn stopped() {
    tracing::error!("a log is not followed any more");
}

fn one(transaction: Transaction) -> Collected {
    Collected::Transaction(Box::new(transaction))
}

/// How many silent looks make up `time`.
fn looks(time: Duration, poll: Duration) -> u32 {
    let looks = time.as_millis().div_ceil(poll.as_millis().max(1));
    u32::try_from(looks).unwrap_or(u32::MAX)
}
