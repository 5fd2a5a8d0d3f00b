//! Holds back what is to be told to those who listen until the change that caused it is as durable as its reply.
//!
//! What commands announce is put in line while they hold their shards, so that notices of one key stand in the
//! order of its changes; whoever has waited for the journal lets everything go that may be told. Trade-off: a
//! message published in front of which somebody's write still waits for the disk waits with it.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
};

use super::{Engine, Failure, Position};
use crate::{
    pubsub::{Announcement, Broker},
    settings::Settings,
};

/// Something announced, with its place among everything announced: one command may use several shards.
#[derive(Debug)]
pub(crate) struct Announced {
    order: u64,
    /// What.
    pub(super) what: Announcement,
}

impl Announced {
    /// Announced after everything so far.
    pub(crate) fn now(what: Announcement) -> Self {
        static ORDER: AtomicU64 = AtomicU64::new(0);
        Self {
            order: ORDER.fetch_add(1, Relaxed),
            what,
        }
    }
}

/// What waits to be told.
#[derive(Debug)]
pub(super) struct Announcer {
    broker: Arc<Broker>,
    settings: Arc<Settings>,
    line: Mutex<VecDeque<(Position, Vec<Announcement>)>>,
    /// Length of `line`.
    length: AtomicUsize,
}

impl Announcer {
    /// Nothing waits.
    pub(super) fn new(broker: Arc<Broker>, settings: Arc<Settings>) -> Self {
        Self {
            broker,
            settings,
            line: Mutex::default(),
            length: AtomicUsize::new(0),
        }
    }

    /// Who is told.
    pub(super) fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Whether anything waits.
    pub(super) fn is_holding(&self) -> bool {
        self.length.load(SeqCst) > 0
    }

    /// Puts in line what must not be told before the journal is settled up to `position`.
    pub(super) fn hold(&self, position: Position, mut announced: Vec<Announced>) {
        if announced.is_empty() {
            return;
        }
        announced.sort_unstable_by_key(|one| one.order);
        let announced = announced.into_iter().map(|one| one.what).collect();
        let mut line = self.lock();
        line.push_back((position, announced));
        self.length.store(line.len(), SeqCst);
    }

    /// The journal is settled up to `position`: tells what may be told now, in order.
    pub(super) fn release(&self, position: Position) {
        if !self.is_holding() {
            return;
        }
        let flags = self.settings.notify();
        // Held while telling, so that nobody overtakes.
        let mut line = self.lock();
        while let Some((_, announcements)) = line.pop_front_if(|(at, _)| *at <= position) {
            self.broker.announce(&announcements, flags);
        }
        self.length.store(line.len(), SeqCst);
    }

    /// A holder that panicked left the line whole: each change is one push or pop.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(Position, Vec<Announcement>)>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Waits until everything up to the position may be told, then tells those who listen.
    pub(crate) async fn settled(&self, position: Position) -> Result<(), Failure> {
        let settled = if self.journal.is_settled(position) {
            Ok(())
        } else {
            self.journal.settled(position).await
        };
        // Also after a failure: what is in memory is what others read.
        self.announcer.release(position);
        settled
    }

    /// Who listens to what.
    pub(crate) fn broker(&self) -> &Broker {
        self.announcer.broker()
    }
}
