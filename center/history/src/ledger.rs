//! Effectively once: deltas and their ledger entry in one durable transaction.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use bongsu_sdk_model::{Finding, SiteId, Tier, Timestamp};
use bongsu_sdk_sketch::Block;
use serde::{Deserialize, Serialize};
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional as _};

use crate::{History, HistoryError, SiteFinding, keys};

/// What one batch adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its sequence in the site's epoch.
    pub sequence: u64,
    /// Deltas of minutes, and of the five minutes and hours that a full spool merged them into.
    pub rollups: Vec<Block>,
    /// Findings.
    pub findings: Vec<Finding>,
}

/// A run of sequences that never arrived and never will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// First sequence lost.
    pub from: u64,
    /// Last sequence lost.
    pub through: u64,
    /// Why, in a word.
    pub why: String,
}

type Blocks = BTreeMap<Vec<u8>, Block>;

/// Everything one transaction writes, worked out beforehand.
#[derive(Default)]
struct Writes {
    minutes: Blocks,
    wides: Blocks,
    /// Additions to derived blocks of hours that are sealed.
    fives: Blocks,
    hours: Blocks,
    /// Derived blocks that are to be derived again.
    stale_fives: BTreeSet<Vec<u8>>,
    stale_hours: BTreeSet<Vec<u8>>,
    findings: Vec<(Vec<u8>, Vec<u8>)>,
    through: u64,
}

impl History {
    /// Highest sequence of `(site, epoch)` that is applied; 0 if none.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn position(&self, site: &SiteId, epoch: u64) -> Result<u64, HistoryError> {
        let key = keys::of_site_number(site, epoch);
        self.ledger
            .get(key)?
            .map_or(Ok(0), |value| keys::number_of(&value))
    }

    /// Applies entries in order and moves the ledger, durably; gives the position after it. Entries at or
    /// below the present position are repetitions and change nothing.
    ///
    /// # Errors
    /// [`HistoryError::Gap`] if a sequence is missing, or a failure of the store; nothing is applied then.
    pub fn apply(
        &self,
        site: &SiteId,
        epoch: u64,
        entries: Vec<Entry>,
        received: Timestamp,
    ) -> Result<u64, HistoryError> {
        self.check_sound()?;
        let _writing = self.lock_writing();
        let position = self.position(site, epoch)?;
        let mut writes = Writes {
            through: position,
            ..Writes::default()
        };
        for entry in entries
            .into_iter()
            .filter(|entry| entry.sequence > position)
        {
            self.collect(site, entry, &mut writes)?;
        }
        if writes.through == position {
            return Ok(position);
        }
        self.write(site, epoch, &writes, received)?;
        self.flush()?;
        Ok(writes.through)
    }

    /// Moves the ledger past sequences that are lost and records durably that they are.
    ///
    /// # Errors
    /// [`HistoryError`] if it was not recorded.
    pub fn skip(
        &self,
        site: &SiteId,
        epoch: u64,
        through: u64,
        why: &str,
    ) -> Result<(), HistoryError> {
        self.check_sound()?;
        let _writing = self.lock_writing();
        let from = self.position(site, epoch)? + 1;
        if through < from {
            return Ok(());
        }
        let loss = Skipped {
            from,
            through,
            why: why.to_owned(),
        };
        let value = serde_json::to_vec(&loss).map_err(|e| HistoryError::Damaged(e.to_string()))?;
        let ledger_key = keys::of_site_number(site, epoch);
        let loss_key = [ledger_key.as_slice(), &from.to_be_bytes()].concat();
        (&self.ledger, &self.loss)
            .transaction(|(ledger, losses)| {
                losses.insert(loss_key.as_slice(), value.as_slice())?;
                ledger.insert(ledger_key.as_slice(), &through.to_be_bytes())?;
                Ok::<_, ConflictableTransactionError>(())
            })
            .map_err(store_error)?;
        self.flush()
    }

    /// What was lost of a site, oldest first.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn losses(&self, site: &SiteId) -> Result<Vec<Skipped>, HistoryError> {
        self.loss
            .scan_prefix([site.as_str().as_bytes(), &[0]].concat())
            .values()
            .map(|value| {
                serde_json::from_slice(&value?).map_err(|e| HistoryError::Damaged(e.to_string()))
            })
            .collect()
    }

    fn collect(&self, site: &SiteId, entry: Entry, to: &mut Writes) -> Result<(), HistoryError> {
        if entry.sequence != to.through + 1 {
            return Err(HistoryError::Gap {
                expected: to.through + 1,
                got: entry.sequence,
            });
        }
        to.through = entry.sequence;
        for delta in entry.rollups {
            self.collect_delta(site, &delta, to)?;
        }
        for finding in entry.findings {
            let number = self.db.generate_id()?.to_be_bytes();
            let key = [keys::of_instant(finding.window.to), number].concat();
            let value = serde_json::to_vec(&SiteFinding {
                site: site.clone(),
                finding,
            })
            .map_err(|error| HistoryError::Damaged(error.to_string()))?;
            to.findings.push((key, value));
        }
        Ok(())
    }

    /// Adds a delta to what it belongs to. Derived blocks above it are thrown away to be made again, unless
    /// the hour is sealed: then what they were made of is no longer whole, and it is added to them as well.
    fn collect_delta(
        &self,
        site: &SiteId,
        delta: &Block,
        to: &mut Writes,
    ) -> Result<(), HistoryError> {
        let of = |tier: Tier| keys::of_site_instant(site, tier.floor(delta.start));
        let (five, hour) = (of(Tier::FiveMinutes), of(Tier::Hour));
        let gone = self.gone()?;
        if self.is_sealed(site, delta.start, gone)? {
            if delta.start >= gone.five {
                add(&self.five, &mut to.fives, five, Tier::FiveMinutes, delta)?;
            }
            add(&self.hour, &mut to.hours, hour, Tier::Hour, delta)?;
        } else {
            to.stale_fives.insert(five);
            to.stale_hours.insert(hour);
        }
        if delta.start < gone.minute {
            return Ok(());
        }
        let key = keys::of_site_instant(site, delta.start);
        match delta.tier {
            Tier::Minute => add(&self.minute, &mut to.minutes, key, Tier::Minute, delta),
            tier => {
                let key = keys::of_wide(key, tier);
                add(&self.wide, &mut to.wides, key, tier, delta)
            }
        }
    }

    fn write(
        &self,
        site: &SiteId,
        epoch: u64,
        writes: &Writes,
        received: Timestamp,
    ) -> Result<(), HistoryError> {
        let mut encoded = Vec::new();
        let blocks = [&writes.minutes, &writes.wides, &writes.fives, &writes.hours];
        for (tree, blocks) in blocks.into_iter().enumerate() {
            for (key, block) in blocks {
                encoded.push((tree, key, Self::encode(block)?));
            }
        }
        let ledger_key = keys::of_site_number(site, epoch);
        let Self {
            minute,
            wide,
            five,
            hour,
            stale_hour,
            finding,
            ledger,
            heard,
            ..
        } = self;
        (minute, wide, five, hour, stale_hour, finding, ledger, heard)
            .transaction(
                |(minute, wide, five, hour, stale_hour, finding, ledger, heard)| {
                    for key in &writes.stale_fives {
                        five.remove(key.as_slice())?;
                    }
                    for key in &writes.stale_hours {
                        hour.remove(key.as_slice())?;
                        stale_hour.insert(key.as_slice(), &[])?;
                    }
                    for (tree, key, value) in &encoded {
                        let tree = match tree {
                            0 => minute,
                            1 => wide,
                            2 => five,
                            _ => hour,
                        };
                        tree.insert(key.as_slice(), value.as_slice())?;
                    }
                    for (key, value) in &writes.findings {
                        finding.insert(key.as_slice(), value.as_slice())?;
                    }
                    ledger.insert(ledger_key.as_slice(), &writes.through.to_be_bytes())?;
                    heard.insert(site.as_str(), &keys::of_instant(received))?;
                    Ok::<_, ConflictableTransactionError>(())
                },
            )
            .map_err(store_error)
    }
}

/// Adds `delta` to the block that will be written at `key`, beginning with the one that is there.
fn add(
    tree: &sled::Tree,
    blocks: &mut Blocks,
    key: Vec<u8>,
    tier: Tier,
    delta: &Block,
) -> Result<(), HistoryError> {
    let block = match blocks.entry(key) {
        btree_map::Entry::Occupied(held) => held.into_mut(),
        btree_map::Entry::Vacant(place) => {
            let held = tree.get(place.key())?;
            let held = held.map(|bytes| History::decode(&bytes)).transpose()?;
            place.insert(held.unwrap_or_else(|| Block::new(tier, tier.floor(delta.start))))
        }
    };
    block.merge(delta);
    Ok(())
}

pub(crate) fn store_error(error: TransactionError) -> HistoryError {
    match error {
        TransactionError::Storage(error) | TransactionError::Abort(error) => {
            HistoryError::Store(error)
        }
    }
}
