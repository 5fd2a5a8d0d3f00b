//! How tasks and the journal's thread wait for each other. Knows nothing of files.
//!
//! Who waits stands in a list with the position it waits for, so a finished group wakes exactly its own, once;
//! a `watch` or `Notify` would wake everyone for every group. All decisions are taken under one mutex, so no
//! wake-up is lost between looking and waiting.

use std::{
    mem,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::{Failure, Mark, Position};

/// The answer to a request for a new segment.
pub(super) type Rotation = SyncSender<Result<Mark, Failure>>;
/// The answer to a task that waits.
type Waiter = oneshot::Sender<Result<(), Failure>>;

/// The meeting point.
#[derive(Default)]
pub(super) struct Signal {
    requests: Mutex<Requests>,
    wake: Condvar,
}

#[derive(Default)]
struct Requests {
    waiters: Vec<(Position, Waiter)>,
    rotations: Vec<Rotation>,
    stop: bool,
    /// The thread has something to look at that is none of the above.
    nudged: bool,
    /// The thread waits.
    asleep: bool,
    /// The thread is gone.
    ended: bool,
}

/// Why the thread went on.
pub(super) struct Call {
    pub(super) rotations: Vec<Rotation>,
    pub(super) stop: bool,
    /// The time was up.
    pub(super) timed_out: bool,
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the thread: waits until there is something to do, at most `patience`.
    pub(super) fn next(&self, patience: Duration) -> Call {
        let mut requests = self.lock();
        requests.asleep = true;
        let idle = |requests: &mut Requests| {
            requests.waiters.is_empty()
                && requests.rotations.is_empty()
                && !requests.stop
                && !requests.nudged
        };
        let (mut requests, waited) = self
            .wake
            .wait_timeout_while(requests, patience, idle)
            .unwrap_or_else(PoisonError::into_inner);
        requests.asleep = false;
        requests.nudged = false;
        Call {
            rotations: mem::take(&mut requests.rotations),
            stop: requests.stop,
            timed_out: waited.timed_out(),
        }
    }

    /// For a task: waits for `at`, unless `outcome` is known by now.
    pub(super) fn wait(
        &self,
        at: Position,
        outcome: impl FnOnce() -> Option<Result<(), Failure>>,
    ) -> Result<oneshot::Receiver<Result<(), Failure>>, Result<(), Failure>> {
        let mut requests = self.lock();
        // Looked at under the lock: whoever settles or fails takes it afterwards and finds us in the list.
        if let Some(outcome) = outcome() {
            return Err(outcome);
        }
        let (waiter, answer) = oneshot::channel();
        requests.waiters.push((at, waiter));
        let asleep = mem::take(&mut requests.asleep);
        drop(requests);
        if asleep {
            self.wake.notify_one();
        }
        Ok(answer)
    }

    /// Tells those who wait for something before `settled`.
    pub(super) fn release(&self, settled: Position) {
        let done: Vec<_> = self
            .lock()
            .waiters
            .extract_if(.., |(at, _)| *at <= settled)
            .collect();
        for (_, waiter) in done {
            let _ = waiter.send(Ok(()));
        }
    }

    /// Tells everyone that waits that it was in vain for now.
    pub(super) fn refuse(&self, failure: &Failure) {
        let mut requests = self.lock();
        requests.nudged = true;
        let waiters = mem::take(&mut requests.waiters);
        drop(requests);
        self.wake.notify_one();
        for (_, waiter) in waiters {
            let _ = waiter.send(Err(failure.clone()));
        }
    }

    /// Asks the thread for a new segment; none: it is gone.
    pub(super) fn ask_rotation(&self) -> Option<Receiver<Result<Mark, Failure>>> {
        let mut requests = self.lock();
        if requests.ended {
            return None;
        }
        let (rotation, answer) = sync_channel(1);
        requests.rotations.push(rotation);
        self.wake.notify_one();
        Some(answer)
    }

    /// Asks the thread to end.
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.wake.notify_one();
    }

    /// For the thread: it ends; who asked for a segment hears so.
    pub(super) fn end(&self) {
        let mut requests = self.lock();
        requests.ended = true;
        requests.rotations.clear();
    }
}
