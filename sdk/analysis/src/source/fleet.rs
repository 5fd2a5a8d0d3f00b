//! Who is in the fleet: members of a dimension, and which sites were heard.

use std::collections::BTreeSet;

use bongsu_sdk_model::{Scope, SiteId, Tier, Window};
use bongsu_sdk_plan::{Coverage, Dimension, Query, SourceError, StaleSite};

use super::{RollUpSource, STALE_AFTER};
use crate::Blocks;

impl<B: Blocks> RollUpSource<B> {
    pub(super) fn members_with_data(
        &self,
        dimension: Dimension,
        query: &Query,
    ) -> Result<Vec<String>, SourceError> {
        let mut names = BTreeSet::new();
        for site in self.sites(query) {
            self.blocks
                .each(&site, query.window, Tier::Hour, &mut |block| {
                    let asked = |scope: &&Scope| {
                        let app = scope.app();
                        query.apps.is_empty() || app.is_none_or(|app| query.apps.contains(app))
                    };
                    for scope in block.scopes.keys().filter(asked) {
                        names.extend(member(dimension, &site, scope));
                    }
                })?;
        }
        match dimension {
            Dimension::Site
            | Dimension::App
            | Dimension::Service
            | Dimension::Url
            | Dimension::Instance => Ok(names.into_iter().collect()),
            other => Err(SourceError::NotHeld {
                what: format!("a split by {}", other.name()),
            }),
        }
    }

    pub(super) fn heard_in(&self, window: Window) -> Coverage {
        let sites = self.blocks.store().sites();
        let needed = window.to.min(self.now).minus(STALE_AFTER);
        let mut stale = Vec::new();
        for site in &sites {
            let heard = self.blocks.store().heard(site).ok().flatten();
            if heard.is_none_or(|at| at < needed) {
                let age_s = heard.map(|at| self.now.since(at).as_secs());
                stale.push(StaleSite {
                    site: site.clone(),
                    age_s,
                });
            }
        }
        let expected = u32::try_from(sites.len()).unwrap_or(u32::MAX);
        let silent = u32::try_from(stale.len()).unwrap_or(u32::MAX);
        Coverage {
            expected,
            heard: expected.saturating_sub(silent),
            stale,
        }
    }
}

/// The name of the member of `dimension` that `scope` is.
fn member(dimension: Dimension, site: &SiteId, scope: &Scope) -> Option<String> {
    match (dimension, scope) {
        (Dimension::Site, _) => Some(site.to_string()),
        (Dimension::App | Dimension::Service, Scope::App(app)) => Some(app.to_string()),
        (Dimension::Url, Scope::Url(_, url)) => Some(url.to_string()),
        (Dimension::Instance, Scope::Instance(_, instance)) => Some(instance.to_string()),
        _ => None,
    }
}
