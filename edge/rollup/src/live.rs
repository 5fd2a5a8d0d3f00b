//! The last 30 minutes in 2-second blocks, and which of them changed since they were last read.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bongsu_sdk_model::{Tier, Timestamp};
use bongsu_sdk_sketch::Block;

/// How long live blocks are kept.
const KEPT: Duration = Duration::from_secs(30 * 60);

/// A ring of live blocks.
#[derive(Debug, Default)]
pub(crate) struct Live {
    blocks: BTreeMap<Timestamp, Block>,
    changed: BTreeSet<Timestamp>,
}

impl Live {
    /// The block that holds `at`, if `at` is recent enough to be live.
    pub(crate) fn block(&mut self, at: Timestamp, now: Timestamp) -> Option<&mut Block> {
        if at < now.minus(KEPT) {
            return None;
        }
        let start = Tier::TwoSeconds.floor(at);
        self.changed.insert(start);
        Some(
            self.blocks
                .entry(start)
                .or_insert_with(|| Block::new(Tier::TwoSeconds, start)),
        )
    }

    pub(crate) fn at(&self, start: Timestamp) -> Option<&Block> {
        self.blocks.get(&start)
    }

    /// Starts of the blocks in `[from, to)`.
    pub(crate) fn starts(&self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        self.blocks
            .range(from..to)
            .map(|(start, _)| *start)
            .collect()
    }

    /// Blocks changed since the last call, oldest first, at most `limit`; the newest win.
    pub(crate) fn take_changed(&mut self, limit: usize) -> Vec<Block> {
        let changed = std::mem::take(&mut self.changed);
        let skip = changed.len().saturating_sub(limit);
        changed
            .iter()
            .skip(skip)
            .filter_map(|start| self.blocks.get(start).cloned())
            .collect()
    }

    /// Forgets what is no longer live.
    pub(crate) fn prune(&mut self, now: Timestamp) {
        let oldest = now.minus(KEPT);
        self.blocks = self.blocks.split_off(&oldest);
        self.changed = self.changed.split_off(&oldest);
    }
}
