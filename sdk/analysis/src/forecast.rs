//! A metric hours to days ahead, with intervals, and the probability that it crosses a threshold.
//!
//! The middle is the season's profile (chosen among none, day, working day or not, weekday), plus what the
//! last values depart from it, fading, plus their damped trend. Which profile, how fast it fades and whether
//! there is a trend is chosen by back-tests: the same forecast made at up to 200 instants of the past from
//! what was known then.
//!
//! Intervals and probabilities are the errors of those back-tests, whole paths of them, laid over the
//! forecast; those made at a like time of day count more. Nothing is assumed Gaussian. How well the claims
//! hold is printed by `cargo xtask eval forecast`.
//!
//! ## Decisions
//!
//! - **Paths, not one error per horizon.** "Within three hours" asks for the greatest of many steps, whose
//!   errors go together; multiplying single steps' probabilities would be far off.
//! - **At most 96 steps.** A day ahead is told in quarters of an hour; finer steps cost time and tell nothing.
//! - **Refuses with fewer than 20 back-tests.** Rejected: a wide guess, which nobody could tell from a
//!   forecast.

mod backtest;
mod grid;
mod model;

use std::time::Duration;

use bongsu_sdk_model::{Timestamp, Window};

pub use self::model::{Model, Season};
use self::{backtest::Path, grid::Grid};
use crate::{calendar::Calendar, robust};

/// Most steps of a forecast.
const MOST_STEPS: u128 = 96;
/// How far margins are smoothed, as a share of the usual bandwidth: values tie often, and a wide step would
/// give half of each tie away.
const SMOOTH: f64 = 0.2;
/// Fewest back-tests a forecast is made from.
pub(crate) const LEAST_PATHS: usize = 20;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ask {
    /// Time between two points of the history.
    pub step: Duration,
    /// How far ahead.
    pub horizon: Duration,
    /// The metric cannot be below this.
    pub floor: Option<f64>,
    /// The metric cannot be above this.
    pub ceiling: Option<f64>,
}

/// Why there is no forecast.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No finite value at all.
    #[error("the history has no values")]
    Empty,
    /// Step or horizon are zero, or the horizon is shorter than a step.
    #[error("a horizon of {horizon:?} cannot be told in steps of {step:?}")]
    Horizon {
        /// The step.
        step: Duration,
        /// The horizon.
        horizon: Duration,
    },
    /// Too little history to test a forecast that far ahead.
    #[error("only {tests} forecasts of the past can be tested, {needed} are needed")]
    TooShort {
        /// Back-tests that could be made.
        tests: usize,
        /// Back-tests needed.
        needed: usize,
    },
}

/// One step ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The instant the step starts.
    pub at: Timestamp,
    /// The middle: as likely above as below.
    pub value: f64,
    /// The interval that holds 80 of 100.
    pub band_80: (f64, f64),
    /// The interval that holds 95 of 100.
    pub band_95: (f64, f64),
}

/// Where a threshold lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Crossed by a greater value.
    Above,
    /// Crossed by a smaller value.
    Below,
}

/// How likely a threshold is crossed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// Probability that at least one step within the horizon is beyond it.
    pub probability: f64,
    /// First instant by which it is more likely than not crossed.
    pub likely_by: Option<Timestamp>,
    /// Back-tests the probability was computed from.
    pub tests: usize,
}

/// A forecast.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// The steps ahead, in order.
    pub steps: Vec<Step>,
    /// The width of a step.
    pub step: Duration,
    /// The history it was made from.
    pub history: Window,
    /// How the middle was made.
    pub model: Model,
    /// Back-tests made.
    pub tests: usize,
    /// Mean absolute error of the back-tests, over all steps.
    pub mean_error: f64,
    /// The middles the paths' errors are measured from.
    middles: Vec<f64>,
    paths: Vec<Path>,
    /// How many tests tell something of their own: those that overlap tell nearly the same.
    independent: f64,
    bounds: (f64, f64),
}

/// The forecast of what follows the last of `points`, which may be in any order, with gaps and repeats.
///
/// # Errors
/// [`Refusal`] when the history cannot carry it.
pub fn forecast(
    points: &[(Timestamp, f64)],
    ask: Ask,
    calendar: &Calendar,
) -> Result<Forecast, Refusal> {
    let horizon = ask.horizon.as_millis();
    let bad = || Refusal::Horizon {
        step: ask.step,
        horizon: ask.horizon,
    };
    if ask.step.is_zero() || horizon < ask.step.as_millis() {
        return Err(bad());
    }
    let whole = horizon.div_ceil(MOST_STEPS).div_ceil(ask.step.as_millis());
    let step = i64::try_from(whole * ask.step.as_millis()).map_err(|_| bad())?;
    let steps = usize::try_from(horizon.div_ceil(step.unsigned_abs().into())).map_err(|_| bad())?;
    let grid = Grid::of(points, step, calendar).ok_or(Refusal::Empty)?;
    let (model, paths) = backtest::choose(&grid, steps);
    if paths.len() < LEAST_PATHS {
        return Err(Refusal::TooShort {
            tests: paths.len(),
            needed: LEAST_PATHS,
        });
    }
    let bounds = (
        ask.floor.unwrap_or(f64::NEG_INFINITY),
        ask.ceiling.unwrap_or(f64::INFINITY),
    );
    let middles = grid.ahead(grid.len(), steps, model);
    let independent = 2.0 * grid.len() as f64 / steps as f64;
    Ok(Forecast {
        steps: banded(&grid, &middles, (&paths, independent), bounds),
        step: Duration::from_millis(step.unsigned_abs()),
        history: grid.window(),
        model,
        tests: paths.len(),
        mean_error: backtest::mean_error(&paths),
        middles,
        paths,
        independent,
        bounds,
    })
}

impl Forecast {
    /// How likely a step of the first `within` is beyond `threshold`.
    #[must_use]
    pub fn crossing(&self, threshold: f64, side: Side, within: Duration) -> Crossing {
        let steps = within.as_millis().div_ceil(self.step.as_millis().max(1));
        let steps = usize::try_from(steps).unwrap_or(usize::MAX).max(1);
        let sign = match side {
            Side::Above => 1.0,
            Side::Below => -1.0,
        };
        let mut margins: Vec<f64> = vec![f64::NEG_INFINITY; self.paths.len()];
        let mut crossing = Crossing {
            probability: 0.0,
            likely_by: None,
            tests: self.paths.len(),
        };
        let ahead = self.steps.iter().zip(&self.middles).take(steps);
        for (n, (step, middle)) in ahead.enumerate() {
            for (margin, path) in margins.iter_mut().zip(&self.paths) {
                if let Some(error) = path.errors.get(n).copied().flatten() {
                    let value = (middle + error).clamp(self.bounds.0, self.bounds.1);
                    *margin = margin.max((value - threshold) * sign);
                }
            }
            crossing.probability = self.share_beyond(&margins);
            if crossing.likely_by.is_none() && crossing.probability > 0.5 {
                crossing.likely_by = Some(step.at);
            }
        }
        crossing
    }

    /// The weighted share of positive margins, smoothed over their spread, and never quite 0 or 1: `n` tests
    /// cannot tell one in ten thousand.
    fn share_beyond(&self, margins: &[f64]) -> f64 {
        let finite = margins.iter().copied().filter(|margin| margin.is_finite());
        let Some((_, sigma)) = robust::centre_and_sigma(finite) else {
            return 0.0;
        };
        let (mut beyond, mut all, mut squares) = (0.0, 0.0, 0.0);
        for (margin, path) in margins.iter().zip(&self.paths) {
            if margin.is_finite() {
                beyond += path.weight * f64::from(*margin > 0.0);
                all += path.weight;
                squares += path.weight * path.weight;
            }
        }
        if all <= 0.0 {
            return 0.0;
        }
        let tests = (all * all / squares).min(self.independent);
        let width = sigma * tests.powf(-0.2) * SMOOTH;
        if width > 0.0 {
            beyond = margins
                .iter()
                .zip(&self.paths)
                .filter(|(margin, _)| margin.is_finite())
                .map(|(margin, path)| path.weight * logistic(margin / width))
                .sum();
        }
        (beyond / all * tests + 0.5) / (tests + 1.0)
    }
}

/// A smooth step from 0 to 1, close to the Gaussian's distribution function.
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-1.702 * x).exp())
}

fn banded(
    grid: &Grid,
    middles: &[f64],
    (paths, independent): (&[Path], f64),
    bounds: (f64, f64),
) -> Vec<Step> {
    let within = |value: f64| value.clamp(bounds.0, bounds.1);
    middles
        .iter()
        .enumerate()
        .map(|(n, middle)| {
            // Neighbouring steps err alike: more errors, steadier quantiles.
            let near = n.saturating_sub(1)..=n + 1;
            let mut errors: Vec<(f64, f64)> = paths
                .iter()
                .flat_map(|path| {
                    let errors = near.clone().filter_map(|at| path.errors.get(at).copied()?);
                    errors.map(|error| (error, path.weight))
                })
                .collect();
            errors.sort_by(|a, b| a.0.total_cmp(&b.0));
            let band = |share: f64| {
                let side = (1.0 - share) / 2.0;
                let low = weighted_quantile(&errors, side, independent);
                let high = weighted_quantile(&errors, 1.0 - side, independent);
                (within(middle + low), within(middle + high))
            };
            let centre = weighted_quantile(&errors, 0.5, independent);
            Step {
                at: grid.at(grid.len() + n),
                value: within(middle + centre),
                band_80: band(0.80),
                band_95: band(0.95),
            }
        })
        .collect()
}

/// The quantile of sorted errors by weight. Its ends are moved out for the number of tests, as conformal
/// prediction does.
fn weighted_quantile(sorted: &[(f64, f64)], q: f64, tests: f64) -> f64 {
    let all: f64 = sorted.iter().map(|(_, weight)| weight).sum();
    let out = 1.0 / (tests + 1.0);
    let q = (q + (q - 0.5) * 2.0 * out).clamp(0.0, 1.0);
    let mut sum = 0.0;
    for (error, weight) in sorted {
        sum += weight;
        if sum >= q * all {
            return *error;
        }
    }
    sorted.last().map_or(0.0, |(error, _)| *error)
}
