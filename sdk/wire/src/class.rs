//! What goes up, by how urgent it is. One lane of the ledger each, so that a finding never waits behind a
//! backlog; the live pulse has its place between the first and the second and no lane, for it is not ledgered.

use serde::{Deserialize, Serialize};

/// A class of batches; the number on the wire is the position here. The most urgent is the first of
/// [`Class::BY_URGENCY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Roll-ups of one minute: what a healthy edge sends. The lane that Hello opens.
    Minutes,
    /// Findings and audit records.
    Urgent,
    /// Roll-ups that the spool coarsened while the center was away.
    Coarse,
    /// History imported from old logs.
    Backfill,
}

impl Class {
    /// Every class, the most urgent first.
    pub const BY_URGENCY: [Self; 4] = [Self::Urgent, Self::Minutes, Self::Coarse, Self::Backfill];

    /// Its name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Urgent => "urgent",
            Self::Coarse => "coarse",
            Self::Backfill => "backfill",
        }
    }

    /// Priority of its stream; more is sooner. A pulse has [`crate::PULSE_PRIORITY`].
    #[must_use]
    pub const fn priority(self) -> i32 {
        match self {
            Self::Urgent => 4,
            Self::Minutes => 2,
            Self::Coarse => 1,
            Self::Backfill => 0,
        }
    }

    /// The ledger's epoch of this lane in a spool of `epoch`: the class in the highest byte, which an epoch
    /// counted in milliseconds never reaches. [`Class::Minutes`] keeps the epoch as it is, so that a spool
    /// and a ledger of version 1 go on unchanged.
    #[must_use]
    pub const fn epoch(self, epoch: u64) -> u64 {
        let class = match self {
            Self::Minutes => 0,
            Self::Urgent => 1,
            Self::Coarse => 2,
            Self::Backfill => 3,
        };
        (epoch & (u64::MAX >> 8)) | (class << 56)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_epochs_of_their_own_and_the_first_keeps_the_old_one() {
        let epoch = 1_763_000_000_000;
        assert_eq!(Class::Minutes.epoch(epoch), epoch);
        let mut epochs: Vec<_> = Class::BY_URGENCY.map(|class| class.epoch(epoch)).into();
        epochs.sort_unstable();
        epochs.dedup();
        assert_eq!(epochs.len(), 4);
    }

    #[test]
    fn the_pulse_stands_between_findings_and_minutes() {
        let priorities = Class::BY_URGENCY.map(Class::priority);
        assert!(priorities.is_sorted_by(|a, b| a > b));
        assert!(Class::Urgent.priority() > crate::PULSE_PRIORITY);
        assert!(crate::PULSE_PRIORITY > Class::Minutes.priority());
    }
}
