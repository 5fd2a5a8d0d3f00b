//! Merges just the part of the roll-ups that a metric needs.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sdk_model::{Counters, Gauge, GaugeKind, Gauges, IdentityMode, Scope, SiteId, Tier};
use bongsu_sdk_sketch::{Block, DistinctSketch, Histogram, Peak, RollUp};

use crate::selection::Selection;

/// What was found in one tile of a window.
#[derive(Debug, Default)]
pub(crate) struct Tile {
    pub(crate) users: [DistinctSketch; 3],
    pub(crate) counters: Counters,
    pub(crate) durations: Histogram,
    /// Levels per site and scope.
    pub(crate) levels: BTreeMap<(SiteId, Scope), Gauges>,
    /// Highest concurrent users, valid while only one site is in it.
    pub(crate) peaks: [Option<Peak>; 3],
    /// Sites in it.
    pub(crate) sites: BTreeSet<SiteId>,
    /// Tiers it was made of.
    pub(crate) tiers: BTreeSet<Tier>,
}

/// The part of a roll-up a metric is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Users,
    Counters,
    Durations,
    Levels,
}

impl Tile {
    pub(crate) fn add(&mut self, site: &SiteId, block: &Block, what: &Selection<'_>, part: Part) {
        for (scope, rollup) in block.scopes.iter().filter(|(scope, _)| what.holds(scope)) {
            self.add_one(site, block.tier, scope, rollup, part);
        }
    }

    /// Takes in the part of one scope.
    pub(crate) fn add_one(
        &mut self,
        site: &SiteId,
        tier: Tier,
        scope: &Scope,
        rollup: &RollUp,
        part: Part,
    ) {
        if !self.sites.contains(site) {
            self.sites.insert(site.clone());
        }
        self.tiers.insert(tier);
        match part {
            Part::Users => self.add_users(rollup),
            Part::Counters => self.counters.add(&rollup.counters),
            Part::Durations => self.durations.merge(&rollup.durations),
            Part::Levels if rollup.gauges.is_empty() => {}
            Part::Levels => {
                let key = (site.clone(), scope.clone());
                self.levels.entry(key).or_default().merge(&rollup.gauges);
            }
        }
    }

    /// Whether nothing was heard.
    pub(crate) fn is_silent(&self) -> bool {
        self.sites.is_empty()
    }

    /// The sketch of one mode.
    pub(crate) const fn users(&self, mode: IdentityMode) -> &DistinctSketch {
        let [ip, session, cookie] = &self.users;
        match mode {
            IdentityMode::Ip => ip,
            IdentityMode::Session => session,
            IdentityMode::Cookie => cookie,
        }
    }

    /// One level of every instance that reported it.
    pub(crate) fn gauges(&self, kind: GaugeKind) -> impl Iterator<Item = &Gauge> {
        self.levels
            .values()
            .filter_map(move |gauges| gauges.of(kind))
    }

    /// Means over each site's instances of their highest load term.
    pub(crate) fn site_loads(&self) -> Vec<f64> {
        let mut per_site: BTreeMap<&SiteId, Vec<f64>> = BTreeMap::new();
        for ((site, _), gauges) in &self.levels {
            if let Some((_, load)) = gauges.load() {
                per_site.entry(site).or_default().push(load);
            }
        }
        per_site
            .values()
            .filter_map(|loads| mean(loads.iter().copied()))
            .collect()
    }

    /// The name of the coarsest tier used, as `rollup:1m`.
    pub(crate) fn source(&self) -> String {
        let tier = self.tiers.last().map_or("none", |tier| tier.name());
        format!("rollup:{tier}")
    }

    fn add_users(&mut self, rollup: &RollUp) {
        for (mode, users) in IdentityMode::ALL.into_iter().zip(&mut self.users) {
            users.union(rollup.users(mode));
        }
        for (mode, held) in IdentityMode::ALL.into_iter().zip(&mut self.peaks) {
            if let Some(peak) = rollup.peak(mode)
                && held.is_none_or(|held| peak.users > held.users)
            {
                *held = Some(peak);
            }
        }
    }
}

/// Arithmetic mean; `None` of nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of tiles and instances are small"
)]
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}
