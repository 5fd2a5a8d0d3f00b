//! Findings of all sites, by time.

use bongsu_sdk_model::{Finding, SiteId, Window};
use serde::{Deserialize, Serialize};

use crate::{History, HistoryError, keys};

/// A finding and the site it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteFinding {
    /// Where.
    pub site: SiteId,
    /// What.
    pub finding: Finding,
}

impl History {
    /// The latest findings whose window ended in `window`, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read or a finding is damaged.
    pub fn findings(&self, window: Window, limit: usize) -> Result<Vec<SiteFinding>, HistoryError> {
        self.finding
            .range(keys::of_instant(window.from)..keys::of_instant(window.to))
            .rev()
            .take(limit)
            .map(|item| {
                serde_json::from_slice(&item?.1)
                    .map_err(|error| HistoryError::Damaged(error.to_string()))
            })
            .collect()
    }
}
