//! The middle of a forecast, made from what was known at an instant.

use super::grid::Grid;
use crate::robust::median;

const HOUR_MS: i64 = 3_600_000;
/// Like steps a profile is the median of.
const LIKE: usize = 6;
/// Days looked back for like steps.
const DAYS: usize = 42;
/// What is left of a trend after each step of its own length.
const DAMPING: f64 = 0.6;

/// Which steps are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Season {
    /// All: there is no season.
    None,
    /// The same time of day.
    Day,
    /// The same time of a working day, or of a day off.
    WorkingDay,
    /// The same time of the same weekday.
    Week,
}

/// How the middle is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    /// Which steps of the past are alike.
    pub season: Season,
    /// Hours after which half of a departure from the season is left; 0 for none of it.
    pub half_life_hours: f64,
    /// Hours the trend is taken from; 0 for no trend.
    pub trend_hours: u32,
}

impl Grid {
    /// The middles of the `steps` steps from `origin` on, from steps before it.
    pub(super) fn ahead(&self, origin: usize, steps: usize, model: Model) -> Vec<f64> {
        let level = self.level(origin);
        let profile = |n: usize| self.profile(n, origin, model.season).unwrap_or(level);
        let departure = self.departure(origin, model.season, level);
        let slope = self.slope(origin, model, level);
        let half = model.half_life_hours * HOUR_MS as f64 / self.step() as f64;
        let reach = self.steps(i64::from(model.trend_hours) * HOUR_MS);
        let keep = DAMPING.powf(1.0 / reach as f64);
        let mut rise = 0.0;
        let mut kept = 1.0;
        (0..steps)
            .map(|n| {
                kept *= keep;
                rise += slope * kept;
                let left = if half > 0.0 {
                    0.5_f64.powf((n + 1) as f64 / half)
                } else {
                    0.0
                };
                profile(origin + n) + (departure * left) + rise
            })
            .collect()
    }

    /// The median of the latest values alike to step `n`, from before `origin`.
    fn profile(&self, n: usize, origin: usize, season: Season) -> Option<f64> {
        let day = self.steps(24 * HOUR_MS);
        if season == Season::None || 24 * HOUR_MS % self.step() != 0 {
            return None;
        }
        let here = self.cell(n)?;
        let mut like = Vec::with_capacity(LIKE);
        for back in 1..=DAYS {
            let Some(there) = n.checked_sub(back * day) else {
                break;
            };
            let Some(cell) = self.cell(there).filter(|_| there < origin) else {
                continue;
            };
            let alike = match season {
                Season::WorkingDay => cell.working == here.working,
                Season::Week => cell.weekday == here.weekday,
                Season::Day | Season::None => true,
            } && cell.of_day == here.of_day;
            if let Some(value) = cell.value.filter(|_| alike) {
                like.push(value);
                if like.len() == LIKE {
                    break;
                }
            }
        }
        median(like)
    }

    /// The median of the last day.
    fn level(&self, origin: usize) -> f64 {
        let day = self.steps(24 * HOUR_MS);
        let last = (origin.saturating_sub(day)..origin).filter_map(|n| self.value(n));
        median(last).unwrap_or(0.0)
    }

    /// How far the last values are from the season: the median of the last four steps.
    fn departure(&self, origin: usize, season: Season, level: f64) -> f64 {
        let last =
            (origin.saturating_sub(4)..origin).filter_map(|n| self.residual(n, season, level));
        median(last).unwrap_or(0.0)
    }

    /// Rise per step: between the medians of the first and the last third of the trend's hours.
    fn slope(&self, origin: usize, model: Model, level: f64) -> f64 {
        if model.trend_hours == 0 {
            return 0.0;
        }
        let reach = self.steps(i64::from(model.trend_hours) * HOUR_MS);
        let third = (reach / 3).max(1);
        let of = |from: usize, to: usize| {
            median((from..to).filter_map(|n| self.residual(n, model.season, level)))
        };
        let first = of(
            origin.saturating_sub(reach),
            origin.saturating_sub(reach - third.min(reach)),
        );
        let last = of(origin.saturating_sub(third), origin);
        let apart = (reach - third).max(1) as f64;
        first.zip(last).map_or(0.0, |(a, b)| (b - a) / apart)
    }

    /// How far a known step is from the season, as the season was known before it.
    fn residual(&self, n: usize, season: Season, level: f64) -> Option<f64> {
        let value = self.value(n)?;
        Some(value - self.profile(n, n, season).unwrap_or(level))
    }
}
