//! The last 30 minutes in 2-second blocks, and which of them are to be told again.

use std::{collections::BTreeMap, time::Duration};

use bongsu_sdk_model::{Tier, Timestamp};
use bongsu_sdk_sketch::Block;

/// How long live blocks are kept.
const KEPT: Duration = Duration::from_secs(30 * 60);

/// How often a changed block is told: whoever hears of it may miss all but one of the tellings.
const TELLINGS: u8 = 4;

/// A ring of live blocks.
#[derive(Debug, Default)]
pub(crate) struct Live {
    blocks: BTreeMap<Timestamp, Block>,
    /// Tellings left per changed block.
    changed: BTreeMap<Timestamp, u8>,
}

impl Live {
    /// The block that holds `at`, if `at` is recent enough to be live.
    pub(crate) fn block(&mut self, at: Timestamp, now: Timestamp) -> Option<&mut Block> {
        if at < now.minus(KEPT) {
            return None;
        }
        let start = Tier::TwoSeconds.floor(at);
        self.changed.insert(start, TELLINGS);
        Some(
            self.blocks
                .entry(start)
                .or_insert_with(|| Block::new(Tier::TwoSeconds, start)),
        )
    }

    /// Takes a block that was told before.
    pub(crate) fn restore(&mut self, block: Block) {
        self.blocks.insert(block.start, block);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Block> {
        self.blocks.values()
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

    /// Blocks that changed lately, each told [`TELLINGS`] times, oldest first, at most `limit`; the newest win.
    pub(crate) fn tell_changed(&mut self, limit: usize) -> Vec<Block> {
        let skip = self.changed.len().saturating_sub(limit);
        let told = self
            .changed
            .keys()
            .skip(skip)
            .filter_map(|start| self.blocks.get(start))
            .cloned();
        let told = told.collect();
        self.changed.retain(|_, left| {
            *left -= 1;
            *left > 0
        });
        told
    }

    /// Forgets what is no longer live.
    pub(crate) fn prune(&mut self, now: Timestamp) {
        let oldest = now.minus(KEPT);
        self.blocks = self.blocks.split_off(&oldest);
        self.changed = self.changed.split_off(&oldest);
    }
}
