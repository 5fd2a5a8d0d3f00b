//! What is remembered from one export to the next: calls that wait for their server span, server spans that
//! came, traces that logged an exception, versions that run. All bounded.

mod seen;
mod versions;

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bongsu_sdk_model::{AppId, InstanceId, Timestamp, Transaction};

use self::{seen::Seen, versions::Versions};
use super::{
    exceptions::{Exceptions, Part},
    joins::{GivenUp, Joined, Joins},
    spans::Taken,
};
use crate::{Collected, Deployment, LevelSample, SpanRole};

/// Senders whose totals are remembered.
const PAUSES: usize = 4_096;

/// A transaction that may still get time of its calls.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) transaction: Box<Transaction>,
    /// Trace and span id, if it has both.
    pub(super) id: Option<([u8; 16], [u8; 8])>,
}

/// What an export came to together with those before it.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) batch: Vec<Collected>,
    pub(super) transactions: usize,
    pub(super) duplicates: usize,
    pub(super) given_up: GivenUp,
}

/// What is remembered. One lock, held while an export is settled and not while it is read.
#[derive(Debug)]
pub(super) struct Memory {
    hasher: RandomState,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    joins: Joins,
    seen: Seen,
    exceptions: Exceptions,
    versions: Versions,
    pauses: HashMap<(AppId, InstanceId), f64>,
}

impl Memory {
    pub(super) fn new(join_wait: Duration) -> Self {
        Self {
            hasher: RandomState::new(),
            held: Mutex::new(Held {
                joins: Joins::new(join_wait),
                seen: Seen::default(),
                exceptions: Exceptions::default(),
                versions: Versions::default(),
                pauses: HashMap::new(),
            }),
        }
    }

    /// Who sent a span, as a number that nobody outside can aim at.
    pub(super) fn hash(&self, sender: &(AppId, InstanceId)) -> u64 {
        self.hasher.hash_one(sender)
    }

    /// An export that was settled could not be kept: when it comes again it is no duplicate. Others that were
    /// kept are not known any more either, which is the lesser evil while the disk fails.
    pub(super) fn not_kept(&self) {
        self.held().seen.clear();
    }

    /// Notes which parts of traces logged an exception.
    pub(super) fn logged(&self, parts: Vec<Part>) {
        let mut held = self.held();
        for part in parts {
            held.exceptions.add(part);
        }
    }

    /// The versions among `reported` that are news.
    pub(super) fn deployed(&self, reported: Vec<Deployment>) -> Vec<Collected> {
        let mut held = self.held();
        let news = reported
            .into_iter()
            .filter_map(|one| held.versions.note(one));
        news.map(|one| Collected::Deployment(Box::new(one)))
            .collect()
    }

    /// Totals since a sender's start as differences to its report before; the first has none.
    pub(super) fn since_last(&self, totals: Vec<LevelSample>) -> Vec<Collected> {
        let mut held = self.held();
        let mut samples = Vec::new();
        for mut sample in totals {
            if held.pauses.len() >= PAUSES {
                held.pauses.clear();
            }
            let sender = (sample.app.clone(), sample.instance.clone());
            let before = held.pauses.insert(sender, sample.value);
            // A total that fell is of a process started anew.
            if let Some(before) = before.filter(|before| *before <= sample.value) {
                sample.value -= before;
                samples.push(Collected::Level(sample));
            }
        }
        samples
    }

    /// Puts an export together with those before it.
    pub(super) fn settle(&self, taken: Taken, now: Timestamp) -> Settled {
        let Taken {
            mut transactions,
            nodes,
            statements,
            exceptions,
            records,
            versions,
            ..
        } = taken;
        let mut settled = Settled::default();
        let held = &mut *self.held();
        let (joined, given_up) = held.joins.take(nodes, now);
        settled.given_up = given_up;
        join(&mut transactions, &joined);
        settled.batch.reserve(transactions.len() + 1);
        for Draft {
            mut transaction,
            id,
        } in transactions
        {
            let is_new = id.is_none_or(|id| held.seen.note(self.span_hash(id, &transaction)));
            if !is_new {
                settled.duplicates += 1;
                continue;
            }
            transaction.failed |=
                !transaction.is_client_error() && held.exceptions.has(&transaction);
            settled.batch.push(Collected::Transaction(transaction));
        }
        settled.transactions = settled.batch.len();
        let news = versions
            .into_iter()
            .filter_map(|one| held.versions.note(one));
        let news = news.map(|one| Collected::Deployment(Box::new(one)));
        settled.batch.extend(news);
        let statements = statements.into_iter().map(Box::new);
        settled.batch.extend(statements.map(Collected::Statement));
        let exceptions = exceptions.into_iter().map(Box::new);
        settled.batch.extend(exceptions.map(Collected::Exception));
        if !records.is_empty() {
            settled.batch.push(Collected::Spans(records));
        }
        settled
    }

    /// A span's ids and what it said: an instrumentation that uses ids again loses nothing.
    fn span_hash(&self, id: ([u8; 16], [u8; 8]), transaction: &Transaction) -> u64 {
        let Transaction {
            started,
            ended,
            duration_us,
            target,
            client,
            session,
            cookie,
            ..
        } = transaction;
        let times = (started.as_ms(), ended.as_ms(), duration_us);
        self.hasher
            .hash_one((id, times, target, client, session, cookie))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn join(transactions: &mut [Draft], joined: &[Joined]) {
    for one in joined {
        if let Some(draft) = transactions.get_mut(one.transaction) {
            let sum = match one.role {
                SpanRole::Sql => &mut draft.transaction.sql_us,
                _ => &mut draft.transaction.external_us,
            };
            *sum = sum.saturating_add(one.duration_us);
        }
    }
}
