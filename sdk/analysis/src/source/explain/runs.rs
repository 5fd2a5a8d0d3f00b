//! Runs of rows in which a figure left its usual range.
//!
//! A row is held against the same clock times of like days, and of those a row earlier and later: their middle,
//! and a spread that is never less than what chance does to so few requests. A run needs two rows, and must
//! matter: a millisecond more is never an incident, however steady it is.

use bongsu_sdk_model::{GaugeKind, Metric, Scope, SiteId, Timestamp, Window};

use super::rows::{Grid, Place, Row, Rows, float};
use crate::robust::{MAD_TO_SIGMA, median};

/// Spreads from which a row is out, and which the worst of a run must reach.
const OUT: f64 = 3.0;
const FAR: f64 = 5.0;
/// Requests below which a row has no mean.
const LEAST_REQUESTS: u64 = 5;
/// Standard deviation of durations in means: pages of one application differ by that much.
const TAIL: f64 = 3.0;
/// Strength counts up to here: beyond it nothing is more certain.
const CERTAIN: f64 = 20.0;

/// What can leave its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    Errors,
    Latency,
    Level(GaugeKind),
    Requests,
}

/// A figure of a place, out of its range.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) site: SiteId,
    pub(super) scope: Scope,
    pub(super) figure: Figure,
    pub(super) window: Window,
    /// Its usual value in the run.
    pub(super) usual: f64,
    /// Spreads of the worst row.
    pub(super) strength: f64,
    /// Orders runs: how sure, how long, how bad a kind.
    pub(super) score: f64,
}

impl Figure {
    /// Every figure of a kind of scope.
    fn of(scope: &Scope) -> &'static [Self] {
        const FIGURES: &[Figure] = &[Figure::Errors, Figure::Latency, Figure::Requests];
        const LEVELS: &[Figure] = &[
            Figure::Level(GaugeKind::Cpu),
            Figure::Level(GaugeKind::Memory),
            Figure::Level(GaugeKind::Heap),
            Figure::Level(GaugeKind::Threads),
            Figure::Level(GaugeKind::DbConnections),
        ];
        if matches!(scope, Scope::Instance(..)) {
            LEVELS
        } else {
            FIGURES
        }
    }

    /// The metric that measures it.
    pub(super) const fn metric(self) -> Metric {
        match self {
            Self::Errors => Metric::ErrorsRate,
            Self::Latency => Metric::LatencyAvg,
            Self::Requests => Metric::Tps,
            Self::Level(GaugeKind::Memory) => Metric::Memory,
            Self::Level(GaugeKind::Heap) => Metric::JvmHeap,
            Self::Level(GaugeKind::Threads) => Metric::ThreadsBusy,
            Self::Level(GaugeKind::DbConnections) => Metric::DbConnections,
            Self::Level(_) => Metric::Cpu,
        }
    }

    fn value(self, row: &Row) -> Option<f64> {
        match self {
            Self::Errors => (row.requests >= LEAST_REQUESTS)
                .then(|| 100.0 * float(row.errors) / float(row.requests)),
            Self::Latency if row.requests >= LEAST_REQUESTS => row.each(row.duration_us),
            Self::Latency => None,
            Self::Requests => Some(float(row.requests)),
            Self::Level(kind) => row.level(kind),
        }
    }

    /// What chance does to a row like this around `usual`.
    fn noise(self, usual: f64, row: &Row) -> f64 {
        let requests = float(row.requests.max(1));
        match self {
            Self::Errors => {
                let share = (usual / 100.0).max(0.5 / requests).min(0.5);
                (100.0 * (share * (1.0 - share) / requests).sqrt()).max(0.3)
            }
            // Durations have long tails: a few slow requests in a quiet row are not an incident.
            Self::Latency => (0.1 * usual).max(TAIL * usual / requests.sqrt()).max(1.0),
            Self::Requests => (0.15 * usual).max(usual.sqrt()).max(2.0),
            Self::Level(_) => 4.0,
        }
    }

    /// Whether a change from `usual` to `value` is worth anybody's time.
    fn matters(self, usual: f64, value: f64, errors: u64) -> bool {
        match self {
            Self::Errors => value - usual >= 1.0 && errors >= 5,
            Self::Latency => value >= 1.25 * usual && value - usual >= 10.0,
            Self::Requests => {
                (value >= 1.5 * usual || value <= 0.5 * usual) && (value - usual).abs() >= 20.0
            }
            Self::Level(_) => value >= 70.0 && value - usual >= 10.0,
        }
    }

    /// Traffic is more often why something else went wrong than what went wrong.
    const fn weight(self) -> f64 {
        match self {
            Self::Errors => 1.5,
            Self::Latency => 1.2,
            Self::Level(_) => 1.0,
            Self::Requests => 0.5,
        }
    }
}

/// Every run there is, in no order.
pub(super) fn find(grid: &Grid, rows: &Rows) -> Vec<Run> {
    let starts = grid.starts();
    let mut runs = Vec::new();
    for (place, held) in &rows.of {
        for figure in Figure::of(&place.1) {
            let out: Vec<Out> = starts
                .iter()
                .filter_map(|at| Out::of(*figure, *at, held, grid))
                .collect();
            runs.extend(
                out.chunk_by(|a, b| b.at.since(a.at) <= grid.step * 2)
                    .filter_map(|chunk| run(place, *figure, chunk, grid)),
            );
        }
    }
    runs
}

/// A row out of its range.
#[derive(Debug, Clone, Copy)]
struct Out {
    at: Timestamp,
    usual: f64,
    value: f64,
    strength: f64,
    requests: u64,
    errors: u64,
}

impl Out {
    fn of(
        figure: Figure,
        at: Timestamp,
        held: &std::collections::BTreeMap<Timestamp, Row>,
        grid: &Grid,
    ) -> Option<Self> {
        let row = held.get(&at)?;
        let value = figure.value(row)?;
        let mut like: Vec<f64> = grid
            .like(at)
            .filter_map(|at| figure.value(held.get(&at)?))
            .collect();
        if like.len() < 2 {
            // Without a past the other rows of the window are all there is to compare with.
            let window = held.range(grid.window.from..grid.window.to);
            like = window.filter_map(|(_, row)| figure.value(row)).collect();
        }
        if like.len() < 2 {
            return None;
        }
        let usual = median(like.iter().copied())?;
        let deviations = like.iter().map(|value| (value - usual).abs());
        let spread = median(deviations).unwrap_or(0.0) * MAD_TO_SIGMA;
        let strength = (value - usual) / spread.max(figure.noise(usual, row));
        let is_out = match figure {
            Figure::Requests => strength.abs() >= OUT,
            _ => strength >= OUT,
        };
        is_out.then_some(Self {
            at,
            usual,
            value,
            strength: strength.abs(),
            requests: row.requests,
            errors: row.errors,
        })
    }
}

fn run(place: &Place, figure: Figure, chunk: &[Out], grid: &Grid) -> Option<Run> {
    let (first, last) = (chunk.first()?, chunk.last()?);
    let worst = chunk
        .iter()
        .max_by(|a, b| a.strength.total_cmp(&b.strength))?;
    let errors = chunk.iter().map(|out| out.errors).sum();
    let is_far = worst.strength >= FAR;
    // The latest row alone may be how something begins, if it is far enough out.
    let is_new = last.at.plus(grid.step) >= grid.window.to && worst.strength >= FAR * 2.0;
    let long_enough =
        chunk.len() >= 2 || is_new || grid.step >= bongsu_sdk_model::Tier::Hour.width();
    if !(is_far && long_enough && figure.matters(worst.usual, worst.value, errors)) {
        return None;
    }
    let count = float(u64::try_from(chunk.len()).unwrap_or(1));
    let mean = |of: fn(&Out) -> f64| chunk.iter().map(of).sum::<f64>() / count;
    let requests = float(chunk.iter().map(|out| out.requests).sum());
    let rate = grid.step.as_secs_f64();
    let usual = match figure {
        Figure::Requests => mean(|out| out.usual) / rate,
        _ => mean(|out| out.usual),
    };
    let sure = mean(|out| out.strength.min(CERTAIN));
    let ongoing = if last.at.plus(grid.step) >= grid.window.to {
        1.5
    } else {
        1.0
    };
    // An application is a better address than the whole site it is most of.
    let nearer = if matches!(place.1, Scope::Site) {
        1.0
    } else {
        1.1
    };
    Some(Run {
        site: place.0.clone(),
        scope: place.1.clone(),
        figure,
        window: Window::new(first.at, last.at.plus(grid.step).min(grid.window.to)),
        usual,
        strength: worst.strength,
        score: sure * count.sqrt() * figure.weight() * nearer * requests.ln_1p().max(1.0) * ongoing,
    })
}
