//! What a sender may be told: that its batch was taken, or that it is kept.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

/// When an OTLP export is answered, and who remembers how far logs were read.
#[derive(Debug, Clone, Default)]
pub enum Promise {
    /// At once when the channel has taken the batch; followers write checkpoints of their own.
    #[default]
    Taken,
    /// When whoever reads the channel says so by its [`Receipt`]; followers hand their positions on with the
    /// lines ([`Collected::Position`](crate::Collected::Position)), begin where these say, and write nothing.
    /// A log without one begins at its checkpoint, if it has one.
    Kept(Positions),
}

/// How far logs were read: by log, opaque, as [`Collected::Position`](crate::Collected::Position) gave it.
pub type Positions = BTreeMap<String, Vec<u8>>;

/// Somebody waits to hear that the batch this came with is kept. Dropped unsaid, it means that nothing of the
/// batch was kept, and the sender is asked to come again.
#[derive(Debug, Clone)]
pub struct Receipt(Arc<watch::Sender<bool>>);

impl Receipt {
    pub(crate) fn pair() -> (Self, Waiting) {
        let (said, heard) = watch::channel(false);
        (Self(Arc::new(said)), Waiting(heard))
    }

    /// Tells the sender.
    pub fn kept(&self) {
        self.0.send_replace(true);
    }
}

impl PartialEq for Receipt {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The sender's half.
#[derive(Debug)]
pub(crate) struct Waiting(watch::Receiver<bool>);

impl Waiting {
    /// Whether the batch was kept.
    pub(crate) async fn is_kept(mut self) -> bool {
        self.0.wait_for(|kept| *kept).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_receipt_says_kept_or_by_its_end_that_nothing_was() {
        let (receipt, waiting) = Receipt::pair();
        receipt.clone().kept();
        drop(receipt);
        assert!(waiting.is_kept().await);
        let (receipt, waiting) = Receipt::pair();
        drop(receipt);
        assert!(!waiting.is_kept().await);
    }
}
