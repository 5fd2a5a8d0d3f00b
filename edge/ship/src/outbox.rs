//! What shipping needs of a spool. The spool itself is elsewhere: this crate never stores anything.

/// The spool of an edge: batches numbered 1, 2, 3 … within an epoch, kept until they are acknowledged.
///
/// Every method may block; the driver calls them on blocking threads.
pub trait Outbox: Send + Sync + 'static {
    /// Which life of the spool. It changes whenever the numbering starts again at 1, and is never reused:
    /// the center tells a repetition from something new by `(site, epoch, sequence)`.
    fn epoch(&self) -> u64;

    /// Lowest sequence held; the next one to be given if none is held. At least 1.
    ///
    /// # Errors
    /// [`OutboxError`] if the spool cannot be read.
    fn oldest(&self) -> Result<u64, OutboxError>;

    /// Encoded `Payload`s after `sequence`, contiguous and in order: as many as fit into `max_bytes`, but at
    /// least one if there is one.
    ///
    /// # Errors
    /// [`OutboxError`] if the spool cannot be read.
    fn read_after(
        &self,
        sequence: u64,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, OutboxError>;

    /// Everything up to and including `through` is durable at the center and may be deleted. Called again
    /// with a number already seen after each reconnection.
    ///
    /// # Errors
    /// [`OutboxError`] if it cannot be written, or if `through` was never given out: this spool is then an
    /// older copy of the one the center knows, and must go on under a new epoch.
    fn acknowledged(&self, through: u64) -> Result<(), OutboxError>;
}

/// The spool failed. The connection is closed and tried again later.
#[derive(Debug, thiserror::Error)]
#[error("spool: {0}")]
pub struct OutboxError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl OutboxError {
    /// Wraps the spool's own error, or a sentence.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
