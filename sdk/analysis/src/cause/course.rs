//! The course of the symptom: which rows of the incident are bad, and how bad, between 0 and 1.
//!
//! Everything else is compared along this course, so that a level that moved months ago, and was already
//! moved when the symptom was still well, is not taken for a cause.

use bongsu_sdk_model::Timestamp;

use super::{
    case::{Case, Series},
    robust,
    scale::{self, Worse},
};

/// The symptom's course.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Course {
    /// Instant and badness of each row, oldest first.
    rows: Vec<(Timestamp, f64)>,
    /// How much of the symptom's change happened inside the incident's rows (1) and how much between the
    /// normal period and them (0).
    pub(super) inside: f64,
    /// The well rows of the incident are not at the level of the normal period.
    pub(super) moved: bool,
}

/// Spreads between well rows and normal period that are no longer the same level.
const MOVED: f64 = 4.0;

/// Rows this many spreads apart show the onset by themselves.
const CLEAR_ONSET: f64 = 6.0;

impl Course {
    /// Of the symptom in `case`. Without a usable series every row from the alarm on counts as bad.
    pub(super) fn of(case: &Case) -> Self {
        let series = case.components.get(case.symptom.component).and_then(|c| {
            c.series
                .iter()
                .find(|s| s.indicator == case.symptom.indicator)
        });
        series
            .and_then(|series| Self::of_series(case, series))
            .unwrap_or_else(|| Self::by_the_clock(case))
    }

    fn of_series(case: &Case, series: &Series) -> Option<Self> {
        let indicator = series.indicator;
        let badness = |value| {
            let scaled = scale::scaled(indicator, value);
            if scale::worse(indicator) == Worse::Lower {
                -scaled
            } else {
                scaled
            }
        };
        let rows: Vec<_> = scale::within(series, case.incident)
            .map(|p| (p.at, badness(p.value)))
            .collect();
        let normal = robust::sorted(
            case.normal
                .into_iter()
                .flat_map(|window| scale::within(series, window))
                .map(|p| badness(p.value)),
        );
        let values = robust::sorted(rows.iter().map(|(_, b)| *b));
        let (low, high) = ends(&values)?;
        let range = high - low;
        let noise = robust::spread(&normal)
            .unwrap_or(0.0)
            .max(scale::floor(indicator));
        let usual = robust::quantile(&normal, 0.5);
        let whole = high - usual.map_or(low, |usual| low.min(usual));
        let clear = (range / noise / CLEAR_ONSET).clamp(0.0, 1.0);
        let inside = if whole > 0.0 {
            (range / whole).max(clear)
        } else {
            0.0
        };
        let weigh = |b: f64| {
            if clear < 0.25 || range <= 0.0 {
                return 1.0;
            }
            (((b - low) / range - 0.15) / 0.6).clamp(0.0, 1.0)
        };
        let rows = rows.into_iter().map(|(at, b)| (at, weigh(b))).collect();
        let moved = clear >= 1.0 && usual.is_some_and(|usual| (low - usual).abs() > MOVED * noise);
        Some(Self {
            rows,
            inside,
            moved,
        })
    }

    fn by_the_clock(case: &Case) -> Self {
        let mut instants: Vec<_> = case
            .components
            .iter()
            .flat_map(|c| &c.series)
            .flat_map(|s| scale::within(s, case.incident))
            .map(|p| p.at)
            .collect();
        instants.sort_unstable();
        instants.dedup();
        let rows = instants
            .into_iter()
            .map(|at| (at, if at >= case.symptom.at { 1.0 } else { 0.0 }))
            .collect();
        Self {
            rows,
            inside: 0.5,
            moved: false,
        }
    }

    /// How bad the symptom was at `at`: that of the nearest row.
    pub(super) fn badness(&self, at: Timestamp) -> f64 {
        let after = self.rows.partition_point(|(row, _)| *row < at);
        let near = |i: usize| self.rows.get(i).copied();
        match (after.checked_sub(1).and_then(near), near(after)) {
            (Some((before, b)), Some((next, n))) => {
                if at.since(before) < next.since(at) {
                    b
                } else {
                    n
                }
            }
            (Some((_, b)), None) | (None, Some((_, b))) => b,
            (None, None) => 1.0,
        }
    }

    /// Rows of the symptom in the incident.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// When the symptom first was at least half as bad as it got.
    pub(super) fn onset(&self) -> Option<Timestamp> {
        self.rows.iter().find(|(_, b)| *b >= 0.5).map(|(at, _)| *at)
    }

    /// The row after the first at least half as bad as it got: what began later did not begin this. One
    /// row of grace, because rows are all that is known of an instant.
    pub(super) fn developed(&self) -> Option<Timestamp> {
        let onset = self.rows.iter().position(|(_, b)| *b >= 0.5)?;
        self.rows.get(onset + 1).map(|(at, _)| *at)
    }
}

/// Best and worst row; of many rows the outer twentieths do not count.
fn ends(sorted: &[f64]) -> Option<(f64, f64)> {
    let outer = if sorted.len() >= 20 { 0.05 } else { 0.0 };
    Some((
        robust::quantile(sorted, outer)?,
        robust::quantile(sorted, 1.0 - outer)?,
    ))
}
