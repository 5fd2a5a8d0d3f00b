//! Batches waiting for the center, numbered without gaps.

use bongsu_sdk_model::Timestamp;

use crate::{History, HistoryError, keys};

const EPOCH: &str = "epoch";
const NEXT: &str = "next";
const ACKED: &str = "acked";

/// The spool at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolState {
    /// Identifies this database: a new one starts a new epoch, and sequences begin at 1 again.
    pub epoch: u64,
    /// Sequence the next batch will get.
    pub next: u64,
    /// Every sequence up to this one is durable at the center.
    pub acked: u64,
}

impl SpoolState {
    /// Batches waiting.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.next.saturating_sub(self.acked).saturating_sub(1)
    }
}

impl History {
    /// The spool's position.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn spool(&self) -> Result<SpoolState, HistoryError> {
        let read = |key: &str| -> Result<u64, HistoryError> {
            self.meta
                .get(key)?
                .map_or(Ok(0), |value| keys::number_of(&value))
        };
        Ok(SpoolState {
            epoch: read(EPOCH)?,
            next: read(NEXT)?,
            acked: read(ACKED)?,
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
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn read_spool(
        &self,
        sequence: u64,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, HistoryError> {
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
            self.meta.insert(EPOCH, &keys::of_number(epoch))?;
            self.flush()?;
        }
        Ok(())
    }

    pub(crate) const fn next_key() -> &'static str {
        NEXT
    }
}
