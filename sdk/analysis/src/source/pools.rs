//! How many instances each application has at each site, what each carries, and how many it needs.
//!
//! What one carries is learnt from hours of each instance in the last two weeks (of many sites fewer: a nation
//! of them is read in about the same time). What is to be carried is, of a few pools, the forecast of the next
//! day at its upper edge; of many, the busiest hour there was, because forecasts of a thousand pools would take
//! minutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bongsu_sdk_model::{AppId, InstanceId, Metric, Scope, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_plan::{Pool, PoolAdvice, PoolRefusal, Query, Source as _, SourceError};

use super::RollUpSource;
use crate::{
    Blocks,
    sizing::{self, Advice, Demand, Observation, Policy, Refusal},
};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// Hours of history looked at, of few sites and at least.
const HOURS: usize = 336;
const LEAST_HOURS: usize = 48;
/// Blocks read in all, if that leaves the least.
const BLOCKS: usize = 12_000;
/// Pools whose demand is forecast.
const FORECAST: usize = 4;

/// Hours of one application at one site.
#[derive(Debug, Default)]
struct Known {
    observations: Vec<Observation>,
    /// Requests a second of all instances together.
    tps: BTreeMap<Timestamp, f64>,
    instances: BTreeSet<InstanceId>,
    loads: Vec<f64>,
}

impl<B: Blocks> RollUpSource<B> {
    pub(super) fn sized(
        &self,
        query: &Query,
        servers: Option<u32>,
    ) -> Result<Vec<Pool>, SourceError> {
        let sites = self.sites(query);
        let hours = (BLOCKS / sites.len().max(1)).clamp(LEAST_HOURS, HOURS);
        let learnt = Window::ending_at(
            Tier::Hour.floor(self.now),
            HOUR * u32::try_from(hours).unwrap_or(1),
        );
        let mut known: BTreeMap<(SiteId, AppId), Known> = BTreeMap::new();
        for site in &sites {
            self.learn(site, query, learnt, &mut known)?;
            self.present(site, query, &mut known)?;
        }
        let forecasts = known.len() <= FORECAST;
        let mut pools = Vec::new();
        for ((site, app), known) in known {
            let have = servers.unwrap_or(u32::try_from(known.instances.len()).unwrap_or(u32::MAX));
            let load = crate::accumulator::mean(known.loads.iter().copied());
            let advice = self.advice(query, (&site, &app), &known, have, learnt, forecasts);
            if known.instances.is_empty() {
                continue;
            }
            pools.push(Pool {
                site,
                app,
                have,
                load: load.unwrap_or(0.0),
                advice,
            });
        }
        pools.sort_by(|a, b| {
            let lacking = |pool: &Pool| {
                pool.advice.map_or(f64::NEG_INFINITY, |advice| {
                    f64::from(advice.needed) / f64::from(pool.have.max(1))
                })
            };
            lacking(b)
                .total_cmp(&lacking(a))
                .then(b.load.total_cmp(&a.load))
        });
        Ok(pools)
    }

    /// Hours of every instance.
    fn learn(
        &self,
        site: &SiteId,
        query: &Query,
        window: Window,
        known: &mut BTreeMap<(SiteId, AppId), Known>,
    ) -> Result<(), SourceError> {
        self.blocks.each(site, window, Tier::Hour, &mut |block| {
            // Hours only: a store that keeps minutes alone gives them piecewise, which would be too few requests.
            let seconds = block.tier.width().as_secs_f64();
            for (scope, rollup) in &block.scopes {
                let Scope::Instance(app, _) = scope else {
                    continue;
                };
                if !(query.apps.is_empty() || query.apps.contains(app)) {
                    continue;
                }
                let one = known.entry((site.clone(), app.clone())).or_default();
                #[expect(clippy::cast_precision_loss, reason = "requests of an hour")]
                let tps = rollup.counters.requests as f64 / seconds;
                let hour = Tier::Hour.floor(block.start);
                *one.tps.entry(hour).or_default() += tps * seconds / 3_600.0;
                if let Some((_, load)) = rollup.gauges.load() {
                    one.observations.push(Observation { tps, load });
                }
            }
        })
    }

    /// Which instances there are now, and how loaded.
    fn present(
        &self,
        site: &SiteId,
        query: &Query,
        known: &mut BTreeMap<(SiteId, AppId), Known>,
    ) -> Result<(), SourceError> {
        self.blocks
            .each(site, query.window, Tier::FiveMinutes, &mut |block| {
                for (scope, rollup) in &block.scopes {
                    let Scope::Instance(app, instance) = scope else {
                        continue;
                    };
                    if !(query.apps.is_empty() || query.apps.contains(app)) {
                        continue;
                    }
                    let one = known.entry((site.clone(), app.clone())).or_default();
                    one.instances.insert(instance.clone());
                    one.loads.extend(rollup.gauges.load().map(|(_, load)| load));
                }
            })
    }

    fn advice(
        &self,
        query: &Query,
        (site, app): (&SiteId, &AppId),
        known: &Known,
        have: u32,
        learnt: Window,
        forecasts: bool,
    ) -> Result<PoolAdvice, PoolRefusal> {
        let capacity = sizing::learn(&known.observations).map_err(refused)?;
        let mut demand = Vec::new();
        if forecasts {
            let ahead = Query {
                metric: Metric::Tps,
                sites: vec![site.clone()],
                apps: vec![app.clone()],
                window: Window::new(self.now, self.now.plus(DAY)),
                agg: None,
                ..query.clone()
            };
            let outlook = self.forecast(&ahead, None);
            let steps = outlook.into_iter().flat_map(|outlook| outlook.steps);
            demand.extend(steps.map(|step| Demand {
                at: step.at,
                tps: step.value,
                high_tps: step.high,
            }));
        }
        let is_forecast = !demand.is_empty();
        if !is_forecast {
            demand.extend(known.tps.iter().map(|(at, tps)| Demand {
                at: *at,
                tps: *tps,
                high_tps: *tps,
            }));
        }
        let sized = sizing::size(capacity, &demand, have, Policy::default()).map_err(refused)?;
        Ok(PoolAdvice {
            tps_per_instance: sized.tps_per_instance,
            load_at_most: sized.load_at_most,
            idle_load: sized.capacity.idle_load,
            load_per_tps: sized.capacity.load_per_tps,
            observations: u32::try_from(sized.capacity.observations).unwrap_or(u32::MAX),
            learnt,
            demand_tps: sized.peak.high_tps.max(sized.peak.tps),
            demand_at: sized.peak.at,
            is_forecast,
            headroom: sized.policy.headroom,
            spare: sized.policy.spare,
            needed: sized.needed,
            by: match sized.advice {
                Advice::Add { by, .. } if is_forecast => Some(by),
                _ => None,
            },
        })
    }
}

const fn refused(refusal: Refusal) -> PoolRefusal {
    match refusal {
        Refusal::TooFew { .. } => PoolRefusal::TooFew,
        Refusal::TooNarrow { .. } => PoolRefusal::TooNarrow,
        Refusal::Target { .. } => PoolRefusal::OverTarget,
        Refusal::NoDemand | Refusal::NoInstance => PoolRefusal::NoDemand,
        _ => PoolRefusal::Unrelated,
    }
}
