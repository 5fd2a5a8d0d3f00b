//! What receiving needs of the center's store. The store itself is elsewhere: this crate never keeps a batch
//! longer than it takes to hand it over.

use std::net::SocketAddr;

use bongsu_sdk_model::{SiteId, Timestamp};
use bongsu_sdk_wire::{Payload, Pulse};

/// Where batches, pulses and news about connections go.
///
/// `position`, `apply` and `skip` may block and are called on blocking threads, one at a time per site.
/// `pulse`, `connected` and `disconnected` are called on network threads: they must return at once.
pub trait Inbox: Send + Sync + 'static {
    /// Highest sequence of `(site, epoch)` that is durably applied; 0 if none.
    ///
    /// # Errors
    /// [`InboxError`] if the store cannot be read; the edge tries again later.
    fn position(&self, site: &SiteId, epoch: u64) -> Result<u64, InboxError>;

    /// Applies contiguous batches and moves the ledger in **one** durable transaction; gives the position
    /// after it. Batches at or below the ledger's position are left out. A payload whose inside is unusable
    /// must not fail the transaction (the edge would send it for ever): count it and go on.
    ///
    /// # Errors
    /// [`InboxError`] if nothing was applied; the edge sends everything again later.
    fn apply(
        &self,
        site: &SiteId,
        epoch: u64,
        batches: Vec<(u64, Payload)>,
    ) -> Result<u64, InboxError>;

    /// Moves the ledger to `through` without data and records durably that everything between was lost.
    ///
    /// # Errors
    /// [`InboxError`] if it was not recorded; the edge tries again later.
    fn skip(&self, site: &SiteId, epoch: u64, through: u64, why: Loss) -> Result<(), InboxError>;

    /// The newest live figures of a site; `received` is the center's clock.
    fn pulse(&self, site: &SiteId, pulse: Pulse, received: Timestamp);

    /// A site has connected and been welcomed.
    fn connected(&self, site: &SiteId, link: Link);

    /// The connection that was last reported by [`Inbox::connected`] has ended at `at`.
    fn disconnected(&self, site: &SiteId, at: Timestamp);
}

/// Why sequences are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The edge no longer holds them, the center never had them or forgot them.
    NotHeld,
    /// They came, but are no payload this center can read.
    Unreadable,
}

/// A site's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// When it was welcomed, by the center's clock.
    pub since: Timestamp,
    /// Where the edge connects from.
    pub address: SocketAddr,
    /// The edge's clock minus the center's, ms, corrected by half the round trip.
    pub clock_offset_ms: i64,
    /// Which life of the edge's spool.
    pub epoch: u64,
}

/// The store failed. The connection is closed; the edge comes back.
#[derive(Debug, thiserror::Error)]
#[error("inbox: {0}")]
pub struct InboxError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl InboxError {
    /// Wraps the store's own error, or a sentence.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
