//! Batches waiting for the center, numbered without gaps.
//!
//! **What was ever given out is never rewritten.** [`History::read_spool`] writes the highest sequence it
//! gives out to disk before it gives it, so that this mark holds across a crash; [`shrink`] touches only what
//! is above it. A batch below the mark may be applied at the center although no acknowledgement came back.
//!
//! Why that is enough: a batch above the mark was never outside this process, so no center has it and no
//! ledger counts it. What replaces it has the same sequences (the merged roll-up in the last ones, empty
//! batches in the others), so the center sees neither gap nor repetition. And because the flush that moves
//! the mark also makes every rewriting before it durable, a crash can't bring back the unmerged batches after
//! the center has counted some of the merged ones.

mod held;
mod shrink;

use std::sync::{Mutex, MutexGuard, PoisonError};

use bongsu_sdk_model::Timestamp;

use crate::{History, HistoryError, keys};

pub use shrink::Shrunk;

use held::Held;

const EPOCH: &str = "epoch";
const NEXT: &str = "next";
const ACKED: &str = "acked";
const GIVEN: &str = "given";

/// The spool at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolState {
    /// Identifies this database: a new one starts a new epoch, and sequences begin at 1 again.
    pub epoch: u64,
    /// Sequence the next batch will get.
    pub next: u64,
    /// Every sequence up to this one is durable at the center.
    pub acked: u64,
    /// Highest sequence that was ever given out to be sent.
    pub given: u64,
    /// Sequences below this one are on disk: no crash takes them.
    pub durable: u64,
}

impl SpoolState {
    /// Batches waiting.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.next.saturating_sub(self.acked).saturating_sub(1)
    }
}

/// What is known of the spool without reading it. Whoever holds it gives out batches or rewrites them, so
/// that neither happens during the other.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<Option<Held>>);

impl Book {
    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    /// The spool's position.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn spool(&self) -> Result<SpoolState, HistoryError> {
        let read = |key: &str| -> Result<Option<u64>, HistoryError> {
            let value = self.meta.get(key)?;
            value.map(|value| keys::number_of(&value)).transpose()
        };
        let next = read(NEXT)?.unwrap_or(0);
        Ok(SpoolState {
            epoch: read(EPOCH)?.unwrap_or(0),
            next,
            acked: read(ACKED)?.unwrap_or(0),
            // A database from before there was a mark may have given out everything.
            given: read(GIVEN)?.unwrap_or(next.saturating_sub(1)),
            durable: self.durable(),
        })
    }

    /// Lowest sequence held; the next one if the spool is empty.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn oldest_spooled(&self) -> Result<u64, HistoryError> {
        match self.spool.first()? {
            Some((key, _)) => keys::number_of(&key),
            None => Ok(self.spool()?.next),
        }
    }

    /// Batches after `sequence` that are on disk, in order, until their sizes add up to `max_bytes`; at least one
    /// if any waits. One that is not yet on disk stays: after a crash its sequence would be given to another.
    /// From now on these batches stay as they are.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read, or the mark can't be made durable.
    pub fn read_spool(
        &self,
        sequence: u64,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, HistoryError> {
        let _book = self.book.lock();
        let mut batches = Vec::new();
        let mut bytes = 0;
        let first = sequence.saturating_add(1);
        let end = self.durable().max(first);
        for item in self
            .spool
            .range(keys::of_number(first)..keys::of_number(end))
        {
            let (key, value) = item?;
            bytes += value.len();
            if bytes > max_bytes && !batches.is_empty() {
                break;
            }
            batches.push((keys::number_of(&key)?, value.to_vec()));
        }
        if let Some((last, _)) = batches.last()
            && *last > self.spool()?.given
        {
            self.meta.insert(GIVEN, &keys::of_number(*last))?;
            self.flush()?;
        }
        Ok(batches)
    }

    /// Forgets every batch up to `through`: the center has them.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be written.
    pub fn acknowledge(&self, through: u64) -> Result<(), HistoryError> {
        let mut removals = sled::Batch::default();
        for key in self.spool.range(..=keys::of_number(through)).keys() {
            removals.remove(key?);
        }
        self.spool.apply_batch(removals)?;
        let acked = self.spool()?.acked.max(through);
        self.meta.insert(ACKED, &keys::of_number(acked))?;
        Ok(())
    }

    /// Gives a new database its epoch: the instant of its first opening, so that a younger database of the
    /// same site has a higher one.
    pub(crate) fn start_epoch(&self, now: Timestamp) -> Result<(), HistoryError> {
        if self.meta.get(EPOCH)?.is_none() {
            let epoch = now.as_ms().unsigned_abs().max(1);
            self.meta.insert(NEXT, &keys::of_number(1))?;
            self.meta.insert(GIVEN, &keys::of_number(0))?;
            self.meta.insert(EPOCH, &keys::of_number(epoch))?;
            self.flush()?;
        }
        Ok(())
    }

    pub(crate) const fn next_key() -> &'static str {
        NEXT
    }
}
