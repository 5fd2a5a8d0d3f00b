//! Forecasts of the past, and the model that would have been best.

use super::{Model, Season, grid::Grid};

/// Most back-tests.
const MOST_TESTS: usize = 200;
/// The share of the history nothing is tested in: the first forecasts need something to go on.
const HEAD: usize = 4;
const SEASONS: [Season; 4] = [Season::None, Season::Day, Season::WorkingDay, Season::Week];
const HALF_LIVES: [f64; 5] = [0.0, 1.0, 6.0, 36.0, 1_000.0];
const TRENDS: [u32; 3] = [0, 6, 24];
/// How much better a model has to be than a simpler one.
const BETTER: f64 = 0.98;
/// The weight of a back-test at quite another time of day, and what counts as near, as a share of the day.
const FAR: f64 = 0.25;
const NEAR: f64 = 0.15;

/// What went wrong in one forecast of the past: observed less forecast, step by step.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) errors: Vec<Option<f64>>,
    pub(super) weight: f64,
}

/// The model with the least mean absolute error, and its back-tests.
pub(super) fn choose(grid: &Grid, steps: usize) -> (Model, Vec<Path>) {
    let origins = origins(grid, steps);
    let mut best = Model {
        season: Season::None,
        half_life_hours: 1_000.0,
        trend_hours: 0,
    };
    let mut least = mean_error(&run(grid, steps, &origins, best));
    let mut consider = |model: Model, best: &mut Model| {
        let error = mean_error(&run(grid, steps, &origins, model));
        if error < least * BETTER {
            (least, *best) = (error, model);
        }
    };
    for season in SEASONS {
        for half_life_hours in HALF_LIVES {
            let model = Model {
                season,
                half_life_hours,
                trend_hours: 0,
            };
            consider(model, &mut best);
        }
    }
    for trend_hours in TRENDS {
        let model = Model {
            trend_hours,
            ..best
        };
        consider(model, &mut best);
    }
    (best, run(grid, steps, &origins, best))
}

/// Mean absolute error over all steps of all tests.
pub(super) fn mean_error(paths: &[Path]) -> f64 {
    let errors = || paths.iter().flat_map(|path| path.errors.iter().flatten());
    let count = errors().count().max(1) as f64;
    errors().map(|error| error.abs()).sum::<f64>() / count
}

/// Evenly spread instants of the past that have the whole horizon after them.
fn origins(grid: &Grid, steps: usize) -> Vec<usize> {
    let from = (grid.len() / HEAD).max(8);
    let to = grid.len().saturating_sub(steps);
    let apart = to.saturating_sub(from).div_ceil(MOST_TESTS).max(1);
    // Not a divisor of the day, or all tests would start at a few times of it.
    let day = grid.steps(24 * 3_600_000);
    let apart = if apart > 1 && day.is_multiple_of(apart) {
        apart + 1
    } else {
        apart
    };
    (from..=to).rev().step_by(apart).collect()
}

fn run(grid: &Grid, steps: usize, origins: &[usize], model: Model) -> Vec<Path> {
    let of_day = |n: usize| {
        let cell = grid.cell(n);
        cell.map_or(0.0, |cell| {
            f64::from(cell.of_day) / grid.steps(24 * 3_600_000) as f64
        })
    };
    let now = of_day(grid.len());
    origins
        .iter()
        .map(|origin| {
            let middles = grid.ahead(*origin, steps, model);
            let errors = middles
                .iter()
                .enumerate()
                .map(|(n, middle)| Some(grid.value(origin + n)? - middle))
                .collect();
            let apart = (of_day(*origin) - now).abs();
            let apart = apart.min(1.0 - apart) / NEAR;
            Path {
                errors,
                weight: FAR + (1.0 - FAR) * (-apart * apart).exp(),
            }
        })
        .collect()
}
