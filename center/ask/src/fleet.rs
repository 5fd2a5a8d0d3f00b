//! The center's history as the analysis reads it.

use bongsu_center_history::{History, HistoryError};
use bongsu_sdk_analysis::{BlockError, Blocks};
use bongsu_sdk_model::{Finding, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_plan::Named;
use bongsu_sdk_sketch::Block;

/// Blocks of every site of the fleet.
pub(crate) struct FleetBlocks<'a> {
    pub(crate) history: &'a History,
    pub(crate) sites: &'a [Named<SiteId>],
}

impl Blocks for FleetBlocks<'_> {
    fn sites(&self) -> Vec<SiteId> {
        self.sites.iter().map(|site| site.id.clone()).collect()
    }

    fn heard(&self, site: &SiteId) -> Result<Option<Timestamp>, BlockError> {
        self.history.heard(site).map_err(failed)
    }

    fn visit(
        &self,
        site: &SiteId,
        window: Window,
        coarsest: Tier,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), BlockError> {
        self.history
            .visit(site, window, coarsest, visit)
            .map_err(failed)
    }

    fn count_findings(&self, sites: &[SiteId], window: Window) -> Result<u64, BlockError> {
        let findings = self.history.findings(window, usize::MAX).map_err(failed)?;
        Ok(findings
            .iter()
            .filter(|found| sites.contains(&found.site))
            .count() as u64)
    }

    fn findings(
        &self,
        sites: &[SiteId],
        window: Window,
        limit: usize,
    ) -> Result<Vec<(SiteId, Finding)>, BlockError> {
        let found = self.history.findings(window, usize::MAX).map_err(failed)?;
        let of_sites = found
            .into_iter()
            .filter(|found| sites.contains(&found.site));
        let pairs = of_sites.map(|found| (found.site, found.finding));
        Ok(pairs.take(limit).collect())
    }
}

fn failed(error: HistoryError) -> BlockError {
    BlockError(error.to_string())
}
