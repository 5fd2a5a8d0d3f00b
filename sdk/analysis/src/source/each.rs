//! One figure of every member of a dimension, in one pass over the blocks.

use std::collections::BTreeMap;

use bongsu_sdk_model::{Metric, Scope, SiteId, Tier};
use bongsu_sdk_plan::{Agg, Dimension, Measured, Query, Source as _, SourceError};

use super::{CONCURRENT, RollUpSource, measured};
use crate::{
    Blocks,
    accumulator::{Part, Tile},
    figure,
    selection::Selection,
};

impl<B: Blocks> RollUpSource<B> {
    pub(super) fn each_member(
        &self,
        dimension: Dimension,
        query: &Query,
    ) -> Result<Vec<(String, Measured)>, SourceError> {
        if !self.is_one_tile(query)? {
            return self.one_by_one(dimension, query);
        }
        let part = figure::part(query.metric)?;
        let what = match (dimension, part) {
            (Dimension::Site, Part::Levels) if query.metric != Metric::SessionsActive => {
                Selection::of_levels(query)?
            }
            (Dimension::Site, _) => Selection::of(query)?,
            (Dimension::App, Part::Levels) | (Dimension::Instance, _) => {
                Selection::Instances(query)
            }
            (Dimension::App, _) => Selection::Apps(query),
            (Dimension::Url, Part::Levels) => return self.one_by_one(dimension, query),
            (Dimension::Url, _) => Selection::Urls(query),
            _ => return self.one_by_one(dimension, query),
        };
        let mut tiles: BTreeMap<String, Tile> = BTreeMap::new();
        for site in self.sites(query) {
            let visit = &mut |block: &bongsu_sdk_sketch::Block| {
                for (scope, rollup) in &block.scopes {
                    if !what.holds(scope) {
                        continue;
                    }
                    if let Some(name) = member(dimension, &site, scope) {
                        let tile = match tiles.get_mut(name) {
                            Some(tile) => tile,
                            None => tiles.entry(name.to_owned()).or_default(),
                        };
                        tile.add_one(&site, block.tier, scope, rollup, part);
                    }
                }
            };
            let coarsest = Tier::ALL.into_iter().rev();
            let coarsest = coarsest
                .clone()
                .find(|tier| tier.width() <= query.window.width());
            let coarsest = coarsest.unwrap_or(Tier::TwoSeconds);
            self.blocks.each(&site, query.window, coarsest, visit)?;
        }
        let width = self.elapsed(query.window);
        Ok(tiles
            .into_iter()
            .filter_map(|(name, tile)| {
                let figure = figure::of(query.metric, &tile, width, query.mode, query.agg)?;
                Some((name, measured(figure, tile.source())))
            })
            .collect())
    }

    /// Whether the figure is that of all blocks of the window together.
    fn is_one_tile(&self, query: &Query) -> Result<bool, SourceError> {
        let is_wide = query.window.width() > CONCURRENT;
        Ok(match (query.metric, query.agg) {
            (Metric::Alerts, _) => false,
            (Metric::UsersConcurrent, _) => !is_wide,
            (metric, Some(Agg::Max | Agg::Min)) => {
                metric != Metric::Load && figure::part(metric)? == Part::Levels
            }
            _ => true,
        })
    }

    fn one_by_one(
        &self,
        dimension: Dimension,
        query: &Query,
    ) -> Result<Vec<(String, Measured)>, SourceError> {
        let mut each = Vec::new();
        for name in self.members(dimension, query)? {
            let Some(narrowed) = query.narrowed(dimension, &name) else {
                continue;
            };
            if let Some(measured) = self.measure(&narrowed)? {
                each.push((name, measured));
            }
        }
        Ok(each)
    }
}

/// The name of the member of `dimension` that `scope` counts for.
fn member<'a>(dimension: Dimension, site: &'a SiteId, scope: &'a Scope) -> Option<&'a str> {
    match (dimension, scope) {
        (Dimension::Site, _) => Some(site.as_str()),
        (Dimension::App, _) => scope.app().map(bongsu_sdk_model::AppId::as_str),
        (Dimension::Url, Scope::Url(_, url)) => Some(url.as_str()),
        (Dimension::Instance, Scope::Instance(_, instance)) => Some(instance.as_str()),
        _ => None,
    }
}
