//! The history's spool as shipping wants it.

use std::sync::Arc;

use bongsu_edge_history::History;
use bongsu_edge_ship::{Outbox, OutboxError};

/// The spool of an opened history.
pub(crate) struct Spool {
    history: Arc<History>,
    epoch: u64,
}

impl Spool {
    pub(crate) fn new(history: Arc<History>) -> Result<Self, OutboxError> {
        let epoch = history.spool().map_err(OutboxError::new)?.epoch;
        Ok(Self { history, epoch })
    }
}

impl Outbox for Spool {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn oldest(&self) -> Result<u64, OutboxError> {
        self.history.oldest_spooled().map_err(OutboxError::new)
    }

    fn read_after(
        &self,
        sequence: u64,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, OutboxError> {
        self.history
            .read_spool(sequence, max_bytes)
            .map_err(OutboxError::new)
    }

    fn acknowledged(&self, through: u64) -> Result<(), OutboxError> {
        let given = self.history.spool().map_err(OutboxError::new)?.given;
        if through > given {
            let what = format!(
                "the center has batch {through}, this spool only gave {given}; hint: the data directory is an \
                 older copy, move it away to start a new epoch",
            );
            return Err(OutboxError::new(what));
        }
        self.history.acknowledge(through).map_err(OutboxError::new)
    }
}
