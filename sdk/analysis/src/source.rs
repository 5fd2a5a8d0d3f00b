//! The measurements of a question plan, over blocks.

mod ahead;
mod each;
mod explain;
mod fleet;
mod odd;
mod pools;
mod usual;

use std::time::Duration;

use bongsu_sdk_model::{Finding, IdentityMode, Metric, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_plan::{
    Agg, Coverage, Dimension, Expected, Explanation, Listing, Measured, Notice, Oddity, Outlook,
    Pool, Query, Source, SourceError, Threshold, Wanted,
};
use bongsu_sdk_sketch::DistinctSketch;
use jiff::{civil::Date, tz::TimeZone};

use crate::{
    BlockError, Blocks,
    accumulator::{Part, Tile, mean},
    calendar::Calendar,
    decoded::Decoded,
    figure::{self, Figure},
    selection::Selection,
};

/// A site not heard for this long is stale: three pulses of a second, and slack for a slow network.
pub const STALE_AFTER: Duration = Duration::from_secs(10);

/// The window of `users.concurrent`.
const CONCURRENT: Duration = Duration::from_secs(300);
const MINUTE: Duration = Duration::from_secs(60);
/// Most tiles one figure or series is made of: a quarter of minutes is plenty, a hostile step is not.
const MAX_TILES: usize = 150_000;

/// Answers one question's measurements from `blocks`, as of `now`. Make a new one per question: it keeps the
/// blocks it has decoded.
#[derive(Debug)]
pub struct RollUpSource<B> {
    blocks: Decoded<B>,
    now: Timestamp,
    calendar: Calendar,
}

impl<B: Blocks> RollUpSource<B> {
    /// A source for one question, that knows weekends in UTC and no holidays.
    pub const fn new(blocks: B, now: Timestamp) -> Self {
        Self {
            blocks: Decoded::new(blocks),
            now,
            calendar: Calendar::plain(TimeZone::UTC),
        }
    }

    /// With the calendar by whose days it learns what is usual.
    #[must_use]
    pub fn with_calendar(self, calendar: Calendar) -> Self {
        Self { calendar, ..self }
    }

    fn sites(&self, query: &Query) -> Vec<SiteId> {
        if query.sites.is_empty() {
            self.blocks.store().sites()
        } else {
            query.sites.clone()
        }
    }

    /// Cuts `window` into tiles of `step` and fills each with what `query` selects.
    fn tiles(
        &self,
        query: &Query,
        window: Window,
        step: Duration,
    ) -> Result<Vec<Tile>, SourceError> {
        let count = window.width().as_millis().div_ceil(step.as_millis().max(1));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > MAX_TILES {
            return Err(SourceError::NotHeld {
                what: format!("a series of {count} steps"),
            });
        }
        let part = figure::part(query.metric)?;
        let what = match part {
            Part::Levels if query.metric != Metric::SessionsActive => Selection::of_levels(query)?,
            _ => Selection::of(query)?,
        };
        let coarsest = Tier::ALL
            .into_iter()
            .rev()
            .find(|tier| tier.width() <= step);
        let mut tiles: Vec<Tile> = std::iter::repeat_with(Tile::default).take(count).collect();
        for site in self.sites(query) {
            let coarsest = coarsest.unwrap_or(Tier::TwoSeconds);
            self.blocks.each(&site, window, coarsest, &mut |block| {
                let offset = block.start.since(window.from).as_millis() / step.as_millis().max(1);
                if let Some(tile) = usize::try_from(offset).ok().and_then(|i| tiles.get_mut(i)) {
                    tile.add(&site, block, &what, part);
                }
            })?;
        }
        Ok(tiles)
    }

    /// The figure of the whole window, made of one tile.
    fn whole(&self, query: &Query) -> Result<Option<Measured>, SourceError> {
        let width = self.elapsed(query.window);
        let tiles = self.tiles(query, query.window, query.window.width())?;
        let Some(tile) = tiles.first() else {
            return Ok(None);
        };
        let figure = figure::of(query.metric, tile, width, query.mode, query.agg);
        Ok(figure.map(|figure| measured(figure, tile.source())))
    }

    /// A figure over many tiles: highest, lowest, latest or mean.
    fn over_tiles(&self, query: &Query, step: Duration) -> Result<Option<Measured>, SourceError> {
        let tiles = self.tiles(query, query.window, step)?;
        let mode = query.mode.or_else(|| best_mode(&tiles));
        let figures: Vec<Figure> = tiles
            .iter()
            .filter_map(|tile| figure::of(query.metric, tile, step, mode, None))
            .collect();
        let values = || figures.iter().map(|figure| figure.value);
        let value = match query.agg {
            Some(Agg::Max) => values()
                .chain(peak(&tiles, query, mode))
                .max_by(f64::total_cmp),
            Some(Agg::Min) => values().min_by(f64::total_cmp),
            Some(Agg::Last) => values().next_back(),
            Some(Agg::Sum) => Some(values().sum()),
            Some(Agg::Avg) | None => mean(values()),
        };
        let error = figures
            .iter()
            .filter_map(|f| f.error_pct_95)
            .max_by(f64::total_cmp);
        let source = tiles
            .iter()
            .rev()
            .find(|tile| !tile.is_silent())
            .map(Tile::source);
        Ok(value.filter(|_| !figures.is_empty()).map(|value| Measured {
            value,
            mode: figures.first().and_then(|figure| figure.mode),
            error_pct_95: error,
            source: source.unwrap_or_default(),
        }))
    }

    /// Concurrent users at the end of each step of less than 5 minutes: unions of overlapping windows.
    fn sliding(
        &self,
        query: &Query,
        step: Duration,
    ) -> Result<Vec<(Timestamp, Option<f64>)>, SourceError> {
        let lead = (CONCURRENT.as_millis() / step.as_millis().max(1)).saturating_sub(1);
        let lead = usize::try_from(lead).unwrap_or(0);
        let before = step * u32::try_from(lead).unwrap_or(0);
        let window = Window::new(query.window.from.minus(before), query.window.to);
        let tiles = self.tiles(query, window, step)?;
        let mode = query
            .mode
            .or_else(|| best_mode(&tiles))
            .unwrap_or(IdentityMode::Cookie);
        let mut points = Vec::new();
        for (i, inside) in tiles.windows(lead + 1).enumerate() {
            let heard = inside.last().is_some_and(|tile| !tile.is_silent());
            let mut users = DistinctSketch::default();
            inside.iter().for_each(|tile| users.union(tile.users(mode)));
            points.push((
                instant(query.window, step, i),
                heard.then(|| users.estimate().value),
            ));
        }
        Ok(points)
    }

    /// How much of the window has passed: a rate over the rest of today would be too low.
    fn elapsed(&self, window: Window) -> Duration {
        Window::new(window.from, window.to.min(self.now)).width()
    }

    fn findings(&self, query: &Query) -> Result<Option<Measured>, SourceError> {
        let sites = self.sites(query);
        let count = self
            .blocks
            .store()
            .count_findings(&sites, query.window)
            .map_err(failed)?;
        #[expect(clippy::cast_precision_loss, reason = "a count of findings")]
        let value = count as f64;
        Ok(Some(Measured {
            value,
            mode: None,
            error_pct_95: None,
            source: "findings".into(),
        }))
    }
}

impl<B: Blocks> Source for RollUpSource<B> {
    fn measure(&self, query: &Query) -> Result<Option<Measured>, SourceError> {
        let is_wide = query.window.width() > CONCURRENT;
        match (query.metric, query.agg) {
            (Metric::Alerts, _) => self.findings(query),
            (Metric::UsersConcurrent, _) if is_wide => self.over_tiles(query, CONCURRENT),
            (Metric::UsersConcurrent | Metric::UsersDistinct, _) => self.whole(query),
            // Levels know their own extremes; of everything else an extreme is that of a minute.
            (metric, Some(Agg::Max | Agg::Min))
                if metric == Metric::Load || figure::part(metric)? != Part::Levels =>
            {
                self.over_tiles(query, MINUTE)
            }
            _ => self.whole(query),
        }
    }

    fn series(
        &self,
        query: &Query,
        step: Duration,
    ) -> Result<Vec<(Timestamp, Option<f64>)>, SourceError> {
        if query.metric == Metric::UsersConcurrent && step < CONCURRENT {
            return self.sliding(query, step);
        }
        if query.metric == Metric::UsersConcurrent && step > CONCURRENT {
            return steps(query.window, step)
                .map(|(at, window)| {
                    let query = Query {
                        window,
                        ..query.clone()
                    };
                    Ok((at, self.over_tiles(&query, CONCURRENT)?.map(|m| m.value)))
                })
                .collect();
        }
        let tiles = self.tiles(query, query.window, step)?;
        let mode = query.mode.or_else(|| best_mode(&tiles));
        Ok(tiles
            .iter()
            .zip(steps(query.window, step))
            .map(|(tile, (at, window))| {
                let width = self.elapsed(window);
                (
                    at,
                    figure::of(query.metric, tile, width, mode, query.agg).map(|f| f.value),
                )
            })
            .collect())
    }

    fn members(&self, dimension: Dimension, query: &Query) -> Result<Vec<String>, SourceError> {
        self.members_with_data(dimension, query)
    }

    fn coverage(&self, window: Window) -> Coverage {
        self.heard_in(window)
    }

    fn usual(&self, query: &Query) -> Result<Option<Expected>, SourceError> {
        self.usually(query)
    }

    fn forecast(
        &self,
        query: &Query,
        threshold: Option<Threshold>,
    ) -> Result<Outlook, SourceError> {
        self.ahead(query, threshold)
    }

    fn anomalies(&self, query: &Query) -> Result<Option<Vec<Oddity>>, SourceError> {
        self.stood_out(query)
    }

    fn measure_each(
        &self,
        dimension: Dimension,
        query: &Query,
    ) -> Result<Vec<(String, Measured)>, SourceError> {
        self.each_member(dimension, query)
    }

    fn explain(&self, query: &Query) -> Result<Explanation, SourceError> {
        self.explained(query)
    }

    fn pools(&self, query: &Query, servers: Option<u32>) -> Result<Vec<Pool>, SourceError> {
        self.sized(query, servers)
    }

    fn notices(&self, query: &Query, limit: usize) -> Result<Vec<Notice>, SourceError> {
        let sites = self.sites(query);
        let store = self.blocks.store();
        let found = store
            .findings(&sites, query.window, limit)
            .map_err(failed)?;
        let of_app = |notice: &(SiteId, Finding)| {
            let app = notice.1.app.as_ref();
            query.apps.is_empty() || app.is_some_and(|app| query.apps.contains(app))
        };
        let notice = |(site, finding): (SiteId, Finding)| Notice {
            site,
            at: finding.window.to,
            window: finding.window,
            severity: finding.severity,
            kind: finding.kind,
            subject: finding.subject,
            summary: finding.summary,
        };
        Ok(found.into_iter().filter(of_app).map(notice).collect())
    }

    fn rows(&self, wanted: &Wanted) -> Result<Listing, SourceError> {
        let held = self.blocks.store().rows(wanted, self.now).map_err(failed)?;
        held.ok_or_else(|| SourceError::NotHeld {
            what: wanted.target.name().to_owned(),
        })
    }

    fn holidays(&self, window: Window) -> Vec<Date> {
        self.calendar.holidays_in(window)
    }
}

fn failed(error: BlockError) -> SourceError {
    SourceError::Failed(error.0)
}

fn measured(figure: Figure, source: String) -> Measured {
    let Figure {
        value,
        mode,
        error_pct_95,
    } = figure;
    Measured {
        value,
        mode,
        error_pct_95,
        source,
    }
}

fn best_mode(tiles: &[Tile]) -> Option<IdentityMode> {
    let best_first = [
        IdentityMode::Cookie,
        IdentityMode::Session,
        IdentityMode::Ip,
    ];
    best_first
        .into_iter()
        .find(|mode| tiles.iter().any(|tile| !tile.users(*mode).is_empty()))
}

/// The stored peak to 2 s, which exists for a whole site; of several sites it is not a peak of their union.
fn peak(tiles: &[Tile], query: &Query, mode: Option<IdentityMode>) -> Option<f64> {
    let is_whole_site =
        query.apps.is_empty() && query.urls.is_empty() && query.instances.is_empty();
    let one_site = tiles
        .iter()
        .flat_map(|tile| &tile.sites)
        .collect::<std::collections::BTreeSet<_>>()
        .len()
        == 1;
    let index = mode?.index();
    let peaks = tiles
        .iter()
        .filter_map(|tile| tile.peaks.get(index).copied().flatten());
    peaks
        .map(|peak| peak.users.round())
        .max_by(f64::total_cmp)
        .filter(|_| query.metric == Metric::UsersConcurrent && is_whole_site && one_site)
}

fn instant(window: Window, step: Duration, index: usize) -> Timestamp {
    window
        .from
        .plus(step * u32::try_from(index).unwrap_or(u32::MAX))
}

fn steps(window: Window, step: Duration) -> impl Iterator<Item = (Timestamp, Window)> {
    (0..)
        .map(move |i| instant(window, step, i))
        .take_while(move |at| *at < window.to)
        .map(move |at| (at, Window::new(at, at.plus(step).min(window.to))))
}
