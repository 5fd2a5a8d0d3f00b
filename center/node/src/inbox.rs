//! What receiving hands over, applied to the history.

use std::sync::Arc;

use bongsu_center_history::{Entry, History};
use bongsu_center_receive::{Inbox, InboxError, Link, Loss};
use bongsu_sdk_model::{Clock, SiteId, Tier, Timestamp};
use bongsu_sdk_sketch::Block;
use bongsu_sdk_wire::{Payload, Pulse};

/// Clocks further apart than this make windows of two sites differ.
const CLOCK_LIMIT_MS: i64 = 2_000;

/// An opened history as an inbox.
pub(crate) struct HistoryInbox {
    pub(crate) history: Arc<History>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Inbox for HistoryInbox {
    fn position(&self, site: &SiteId, epoch: u64) -> Result<u64, InboxError> {
        self.history.position(site, epoch).map_err(InboxError::new)
    }

    fn apply(
        &self,
        site: &SiteId,
        epoch: u64,
        batches: Vec<(u64, Payload)>,
    ) -> Result<u64, InboxError> {
        let entries = batches
            .into_iter()
            .map(|(sequence, payload)| entry(site, sequence, payload));
        self.history
            .apply(site, epoch, entries.collect(), self.clock.now())
            .map_err(InboxError::new)
    }

    fn skip(&self, site: &SiteId, epoch: u64, through: u64, why: Loss) -> Result<(), InboxError> {
        let why = match why {
            Loss::NotHeld => "not held",
            Loss::Unreadable => "unreadable",
        };
        tracing::error!("batches of {site} through {through} are lost: {why}");
        self.history
            .skip(site, epoch, through, why)
            .map_err(InboxError::new)
    }

    fn pulse(&self, site: &SiteId, pulse: Pulse, received: Timestamp) {
        let is_live = |block: &Block| block.tier == Tier::TwoSeconds;
        let blocks = pulse
            .blocks
            .iter()
            .filter_map(|bytes| Block::decode(bytes).ok());
        let blocks = blocks.filter(is_live).collect();
        self.history
            .pulse(site, blocks, pulse.sessions, pulse.health, received);
    }

    fn connected(&self, site: &SiteId, link: Link) {
        tracing::info!(
            "{site} is connected from {}, clock offset {} ms",
            link.address,
            link.clock_offset_ms
        );
        if link.clock_offset_ms.abs() > CLOCK_LIMIT_MS {
            tracing::warn!(
                "the clock of {site} is off by {} ms, hint: is its time service running?",
                link.clock_offset_ms
            );
        }
        self.history.set_connected(site, true);
    }

    fn disconnected(&self, site: &SiteId, _: Timestamp) {
        tracing::info!("{site} is disconnected");
        self.history.set_connected(site, false);
    }
}

/// A payload whose inside is unusable becomes an empty entry: refusing it would make the edge send it for ever.
fn entry(site: &SiteId, sequence: u64, payload: Payload) -> Entry {
    let mut entry = Entry {
        sequence,
        rollups: Vec::new(),
        findings: Vec::new(),
    };
    match payload {
        Payload::Findings(findings) => entry.findings = findings,
        Payload::RollUps(bytes) => match Block::decode(&bytes) {
            // A spool that was full sends minutes merged into five minutes and hours.
            Ok(block) if block.tier != Tier::TwoSeconds => entry.rollups.push(block),
            Ok(block) => tracing::error!(
                "batch {sequence} of {site} holds {} blocks",
                block.tier.name()
            ),
            Err(error) => tracing::error!("batch {sequence} of {site} can't be read: {error}"),
        },
    }
    entry
}
