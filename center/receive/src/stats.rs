//! What has happened since the start, for `/metrics`. Counts only; nothing is decided by them.

use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_sdk_wire::RefusalCode;

/// Counts since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// Connections that were welcomed.
    pub welcomed: u64,
    /// Attempts that did not get through TLS: no certificate, a foreign one, an expired one, not QUIC.
    pub failed_handshakes: u64,
    /// Attempts turned away because there were too many connections.
    pub turned_away: u64,
    /// Connections ended by the center, by reason.
    pub refused: Vec<(RefusalCode, u64)>,
    /// Batches applied.
    pub batches: u64,
    /// Payload bytes handed over to be applied.
    pub bytes: u64,
    /// Transactions they were applied in.
    pub transactions: u64,
    /// Batches that had been applied before.
    pub duplicates: u64,
    /// Sequences recorded as lost.
    pub lost: u64,
    /// Pulses taken in.
    pub pulses: u64,
    /// Edges enrolled.
    pub joined: u64,
    /// Enrolments refused: a bad token, a bad proof, nonsense.
    pub joins_refused: u64,
}

/// The running counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) welcomed: Count,
    pub(crate) failed_handshakes: Count,
    pub(crate) turned_away: Count,
    refused: [Count; RefusalCode::ALL.len()],
    pub(crate) batches: Count,
    pub(crate) bytes: Count,
    pub(crate) transactions: Count,
    pub(crate) duplicates: Count,
    pub(crate) lost: Count,
    pub(crate) pulses: Count,
    pub(crate) joined: Count,
    pub(crate) joins_refused: Count,
}

impl Counts {
    /// Counts a connection ended for `reason`.
    pub(crate) fn refuse(&self, reason: RefusalCode) {
        for (code, count) in RefusalCode::ALL.iter().zip(&self.refused) {
            count.add(u64::from(*code == reason));
        }
    }

    pub(crate) fn snapshot(&self) -> Stats {
        Stats {
            welcomed: self.welcomed.value(),
            failed_handshakes: self.failed_handshakes.value(),
            turned_away: self.turned_away.value(),
            refused: RefusalCode::ALL
                .into_iter()
                .zip(self.refused.iter().map(Count::value))
                .collect(),
            batches: self.batches.value(),
            bytes: self.bytes.value(),
            transactions: self.transactions.value(),
            duplicates: self.duplicates.value(),
            lost: self.lost.value(),
            pulses: self.pulses.value(),
            joined: self.joined.value(),
            joins_refused: self.joins_refused.value(),
        }
    }
}

/// One of them.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds, and gives the new value.
    pub(crate) fn add(&self, by: u64) -> u64 {
        self.0.fetch_add(by, Ordering::Relaxed).wrapping_add(by)
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
