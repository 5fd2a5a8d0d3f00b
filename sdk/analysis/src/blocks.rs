//! What holds the roll-ups.

use bongsu_sdk_model::{SiteId, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;

/// A store of blocks. The center's history implements it for all sites, the edge's for its own.
pub trait Blocks {
    /// The sites that should report.
    fn sites(&self) -> Vec<SiteId>;

    /// When a site was last heard; `None` if never.
    ///
    /// # Errors
    /// [`BlockError`] if the store can't be read.
    fn heard(&self, site: &SiteId) -> Result<Option<Timestamp>, BlockError>;

    /// Hands blocks of `site` that start in `window`, together cover it once, and are no wider than
    /// `coarsest`.
    ///
    /// # Errors
    /// [`BlockError`] if the store can't be read.
    fn visit(
        &self,
        site: &SiteId,
        window: Window,
        coarsest: Tier,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), BlockError>;

    /// Number of findings of `sites` whose window ended in `window`.
    ///
    /// # Errors
    /// [`BlockError`] if the store can't be read.
    fn count_findings(&self, sites: &[SiteId], window: Window) -> Result<u64, BlockError>;
}

/// The store failed.
#[derive(Debug)]
pub struct BlockError(pub String);
