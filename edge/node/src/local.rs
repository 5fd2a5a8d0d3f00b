//! The edge's own history as the analysis reads it.

mod rows;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bongsu_edge_history::{History, HistoryError};
use bongsu_sdk_analysis::{BlockError, Blocks};
use bongsu_sdk_model::{AppId, Finding, Scope, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_plan::{Listing, Wanted};
use bongsu_sdk_sketch::Block;

pub(crate) use self::rows::LocalRows;

/// Blocks of one site: stored minutes, and live 2-second blocks for minutes still open.
pub(crate) struct LocalBlocks {
    pub(crate) history: Arc<History>,
    pub(crate) site: SiteId,
    /// The present instant: this site always hears itself.
    pub(crate) now: Timestamp,
    pub(crate) rows: LocalRows,
}

impl Blocks for LocalBlocks {
    fn sites(&self) -> Vec<SiteId> {
        vec![self.site.clone()]
    }

    fn heard(&self, site: &SiteId) -> Result<Option<Timestamp>, BlockError> {
        Ok((*site == self.site).then_some(self.now))
    }

    fn visit(
        &self,
        site: &SiteId,
        window: Window,
        coarsest: Tier,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), BlockError> {
        if *site != self.site {
            return Ok(());
        }
        // Live blocks are of the last half hour; an hour that has been made has no open minute.
        let mut made = Vec::new();
        let minutes = self
            .history
            .cover(window, coarsest, &mut |block| {
                if block.tier > Tier::Minute {
                    made.push(block.window());
                }
                visit(block);
            })
            .map_err(failed)?;
        self.history
            .visit(Tier::TwoSeconds, window, &mut |block| {
                if made.iter().any(|made| made.contains(block.start)) {
                    return;
                }
                if !minutes.contains(&Tier::Minute.floor(block.start)) {
                    visit(block);
                }
            })
            .map_err(failed)
    }

    fn count_findings(&self, sites: &[SiteId], window: Window) -> Result<u64, BlockError> {
        if !sites.contains(&self.site) {
            return Ok(0);
        }
        let findings = self.history.findings(window, usize::MAX).map_err(failed)?;
        Ok(findings.len() as u64)
    }

    fn findings(
        &self,
        sites: &[SiteId],
        window: Window,
        limit: usize,
    ) -> Result<Vec<(SiteId, Finding)>, BlockError> {
        if !sites.contains(&self.site) {
            return Ok(Vec::new());
        }
        let findings = self.history.findings(window, limit).map_err(failed)?;
        let with_site = findings.into_iter().map(|found| (self.site.clone(), found));
        Ok(with_site.collect())
    }

    fn rows(&self, wanted: &Wanted, now: Timestamp) -> Result<Option<Listing>, BlockError> {
        Ok(self.rows.of(wanted, now))
    }
}

fn failed(error: HistoryError) -> BlockError {
    BlockError(error.to_string())
}

/// Applications heard of in the last ten minutes.
pub(crate) fn apps(history: &History, now: Timestamp) -> Result<BTreeSet<AppId>, HistoryError> {
    let mut apps = BTreeSet::new();
    let window = Window::ending_at(now, Duration::from_secs(600));
    history.visit(Tier::Minute, window, &mut |block| {
        apps.extend(block.scopes.keys().filter_map(Scope::app).cloned());
    })?;
    Ok(apps)
}
