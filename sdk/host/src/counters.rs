//! What a plugin has cost and how it has failed, since it was loaded.

use std::time::Duration;

use crate::{PluginError, instance::Spent};

/// Figures of one loaded plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Batches it was given.
    pub calls: u64,
    /// Calls that outlived the deadline.
    pub deadlines: u64,
    /// Calls that hit the memory limit.
    pub out_of_memory: u64,
    /// Calls that trapped in another way.
    pub traps: u64,
    /// Calls whose answer was refused.
    pub nonsense: u64,
    /// Calls that made more host calls than they may, or one that is not granted.
    pub stopped: u64,
    /// Instances made after the first one.
    pub restarts: u64,
    /// Log lines dropped for being over the limit.
    pub log_lines_dropped: u64,
    /// Writes to its state refused for want of room.
    pub state_refused: u64,
    /// Figures of its own that were dropped.
    pub metrics_dropped: u64,
    /// Calls it made to the host.
    pub host_calls: u64,
    /// Time spent in calls, instances' start included.
    pub busy: Duration,
}

impl Counters {
    /// Calls that failed, for whatever reason.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.deadlines + self.out_of_memory + self.traps + self.nonsense + self.stopped
    }

    pub(crate) const fn count(&mut self, error: &PluginError) {
        match error {
            PluginError::Deadline { .. } => self.deadlines += 1,
            PluginError::Memory { .. } => self.out_of_memory += 1,
            PluginError::Nonsense { .. } => self.nonsense += 1,
            PluginError::HostCalls { .. } | PluginError::Ungranted { .. } => self.stopped += 1,
            _ => self.traps += 1,
        }
    }

    pub(crate) const fn spend(&mut self, spent: Spent) {
        self.log_lines_dropped += spent.log_lines_dropped;
        self.state_refused += spent.state_refused;
        self.metrics_dropped += spent.metrics_dropped;
        self.host_calls += spent.host_calls;
    }
}
