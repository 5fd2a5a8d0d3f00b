//! What the spool holds above the mark, without its bytes: enough to choose what to merge.
//!
//! It is read from the spool once and then followed, so that a spool of gigabytes is not read every minute.

use std::collections::BTreeMap;

use bongsu_sdk_model::{Tier, Timestamp};
use bongsu_sdk_sketch::Block;
use bongsu_sdk_wire::Payload;

use crate::{History, HistoryError, keys};

/// What an entry costs besides its payload: key and the store's own share, roughly.
const ENTRY_BYTES: u64 = 32;

/// One roll-up that may still be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RollUp {
    pub(super) tier: Tier,
    pub(super) start: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Item {
    bytes: u64,
    rollup: Option<RollUp>,
}

/// Sequences with their sizes, and which of them are roll-ups.
#[derive(Debug, Default)]
pub(super) struct Held {
    items: BTreeMap<u64, Item>,
    bytes: u64,
    /// Sequences below this one were looked at.
    seen: u64,
}

impl Held {
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Forgets what was acknowledged and looks at what was added.
    pub(super) fn follow(&mut self, history: &History) -> Result<(), HistoryError> {
        let oldest = history.oldest_spooled()?;
        while let Some(first) = self.items.first_entry()
            && *first.key() < oldest
        {
            self.bytes = self.bytes.saturating_sub(first.remove().bytes);
        }
        let from = keys::of_number(self.seen.max(oldest));
        for entry in history.spool.range(from..) {
            let (key, value) = entry?;
            let sequence = keys::number_of(&key)?;
            self.set(sequence, &value);
            self.seen = sequence + 1;
        }
        Ok(())
    }

    /// Notes the payload now at `sequence`.
    pub(super) fn set(&mut self, sequence: u64, payload: &[u8]) {
        let item = Item {
            bytes: payload.len() as u64 + ENTRY_BYTES,
            rollup: rollup_of(payload),
        };
        self.bytes += item.bytes;
        if let Some(old) = self.items.insert(sequence, item) {
            self.bytes = self.bytes.saturating_sub(old.bytes);
        }
    }

    /// The roll-ups above `given`, with their sequences.
    pub(super) fn rollups(&self, given: u64) -> impl Iterator<Item = (u64, RollUp)> + '_ {
        self.items
            .range(given.saturating_add(1)..)
            .filter_map(|(sequence, item)| Some((*sequence, item.rollup?)))
    }

    /// Intervals of `to` that hold two or more roll-ups, not all as wide, above `given`; the oldest is the last.
    pub(super) fn groups(&self, to: Tier, given: u64) -> Vec<(Timestamp, Vec<u64>)> {
        let mut groups: BTreeMap<Timestamp, (bool, Vec<u64>)> = BTreeMap::new();
        for (sequence, rollup) in self.rollups(given) {
            if rollup.tier <= to {
                let (finer, sequences) = groups.entry(to.floor(rollup.start)).or_default();
                *finer |= rollup.tier < to;
                sequences.push(sequence);
            }
        }
        let worth = |(start, (finer, sequences)): (Timestamp, (bool, Vec<u64>))| {
            (finer && sequences.len() > 1).then_some((start, sequences))
        };
        groups.into_iter().rev().filter_map(worth).collect()
    }
}

/// Only the beginning of a block is unpacked for this.
fn rollup_of(payload: &[u8]) -> Option<RollUp> {
    let Ok(Payload::RollUps(bytes)) = Payload::decode(payload) else {
        return None;
    };
    let (tier, start) = Block::peek(&bytes).ok()?;
    Some(RollUp { tier, start })
}
