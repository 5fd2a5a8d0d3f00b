//! The last half hour of every site in 2-second blocks, in memory.

use std::{collections::BTreeMap, time::Duration};

use bongsu_sdk_model::{SessionCounts, SiteId, Timestamp};
use bongsu_sdk_sketch::Block;

use crate::History;

/// How long live blocks are kept, against the newest of the site.
const KEPT: Duration = Duration::from_secs(30 * 60);

/// What a site last said of itself.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat {
    /// When its last pulse came, by the center's clock.
    pub at: Option<Timestamp>,
    /// Whether its connection stands.
    pub connected: bool,
    /// Its session store, if it told.
    pub sessions: Option<SessionCounts>,
    /// One line about its own state; empty when all is well.
    pub health: String,
}

#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) heartbeat: Heartbeat,
    pub(crate) blocks: BTreeMap<Timestamp, Block>,
}

impl History {
    /// Takes a pulse: each block replaces the one of its interval.
    pub fn pulse(
        &self,
        site: &SiteId,
        blocks: Vec<Block>,
        sessions: Option<SessionCounts>,
        health: String,
        received: Timestamp,
    ) {
        let mut all = self.live();
        let live = all.entry(site.clone()).or_default();
        live.blocks
            .extend(blocks.into_iter().map(|block| (block.start, block)));
        if let Some((newest, _)) = live.blocks.last_key_value() {
            live.blocks = live.blocks.split_off(&newest.minus(KEPT));
        }
        live.heartbeat.at = Some(received);
        live.heartbeat.sessions = sessions;
        live.heartbeat.health = health;
    }

    /// Notes that a site's connection stands or has ended.
    pub fn set_connected(&self, site: &SiteId, connected: bool) {
        self.live()
            .entry(site.clone())
            .or_default()
            .heartbeat
            .connected = connected;
    }

    /// What a site last said of itself.
    #[must_use]
    pub fn heartbeat(&self, site: &SiteId) -> Heartbeat {
        self.live()
            .get(site)
            .map(|live| live.heartbeat.clone())
            .unwrap_or_default()
    }
}
