//! What holds the roll-ups.

use bongsu_sdk_model::{Finding, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_plan::{Listing, Wanted};
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

    /// The latest findings of `sites` whose window ended in `window`, newest first; none from a store that keeps
    /// only their number.
    ///
    /// # Errors
    /// [`BlockError`] if the store can't be read.
    fn findings(
        &self,
        _sites: &[SiteId],
        _window: Window,
        _limit: usize,
    ) -> Result<Vec<(SiteId, Finding)>, BlockError> {
        Ok(Vec::new())
    }

    /// Live sessions or recent requests; `None` where none are kept.
    ///
    /// # Errors
    /// [`BlockError`] if the store can't be read.
    fn rows(&self, _wanted: &Wanted, _now: Timestamp) -> Result<Option<Listing>, BlockError> {
        Ok(None)
    }
}

/// The store failed.
#[derive(Debug)]
pub struct BlockError(pub String);
