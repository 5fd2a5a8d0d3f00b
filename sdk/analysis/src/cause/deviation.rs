//! How far one series leaves its own usual range while the symptom is bad.
//!
//! The level in the bad rows is held against two references: the well rows of the incident, and the normal
//! period. The symptom's own course says how much each counts ([`Course::inside`]). The difference is
//! measured in spreads, learned from the normal period, from like series of other components where there is
//! little of it, and from what the course leaves unexplained in the incident's own rows.

use bongsu_sdk_model::Timestamp;

use super::{
    case::{Case, Indicator, Series},
    course::Course,
    robust,
    scale::{self, Worse},
};

/// A series against its own past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Deviation {
    /// What deviates.
    pub(super) indicator: Indicator,
    /// Level in the bad rows.
    pub(super) level: f64,
    /// Level it is held against.
    pub(super) baseline: f64,
    /// Difference in spreads; positive is worse. For requests positive is more.
    pub(super) strength: f64,
    /// How much of the reference is the incident's own well rows, 0–1.
    pub(super) inside: f64,
    /// First row at least half way to the level.
    pub(super) onset: Option<Timestamp>,
}

/// Rows of a normal period that count as fully known noise.
const ENOUGH_ROWS: f64 = 24.0;
/// What the spread of like series counts, in rows.
const PRIOR_ROWS: f64 = 4.0;
/// Rows of the incident that count at most: neighbouring rows are not independent.
const INDEPENDENT_ROWS: f64 = 3.0;
/// Relative spread of durations and counts where nothing at all is known.
const UNKNOWN_SPREAD: f64 = 0.15;

/// Typical spread of one indicator over all components, where normal periods tell.
pub(super) fn typical_spread(case: &Case, indicator: Indicator) -> f64 {
    let spreads = case
        .components
        .iter()
        .flat_map(|c| &c.series)
        .filter_map(|s| {
            (s.indicator == indicator).then(|| robust::spread(&normal_values(case, s)))?
        });
    robust::median(spreads)
        .unwrap_or(if scale::floor(indicator) < 0.1 {
            UNKNOWN_SPREAD
        } else {
            0.0
        })
        .max(scale::floor(indicator))
}

fn normal_values(case: &Case, series: &Series) -> Vec<f64> {
    robust::sorted(
        case.normal
            .into_iter()
            .flat_map(|window| scale::within(series, window))
            .map(|p| scale::scaled(series.indicator, p.value)),
    )
}

/// Of `series` along `course`; `None` where nothing was measured in a bad row or there is nothing to hold
/// it against.
pub(super) fn measure(
    case: &Case,
    series: &Series,
    course: &Course,
    typical: f64,
) -> Option<Deviation> {
    let indicator = series.indicator;
    let rows: Vec<_> = scale::within(series, case.incident)
        .map(|p| Row {
            at: p.at,
            value: scale::scaled(indicator, p.value),
            weight: course.badness(p.at),
        })
        .collect();
    let normal = normal_values(case, series);
    let (level, bad) = weighted(&rows, |w| w)?;
    let well = weighted(&rows, |w| 1.0 - w);
    let usual = robust::quantile(&normal, 0.5);
    let (reference, inside) = match (well, usual) {
        (Some((well, _)), Some(usual)) => (
            course.inside * well + (1.0 - course.inside) * usual,
            course.inside,
        ),
        (Some((well, _)), None) => (well, 1.0),
        (None, Some(usual)) => (usual, 0.0),
        (None, None) => return None,
    };
    let unexplained = residual(&rows, level, well.map_or(reference, |(w, _)| w));
    let noise = noise(indicator, &normal, unexplained, typical);
    let held_against = well.map_or(0.0, |(_, n)| inside * n) + (1.0 - inside) * normal.len() as f64;
    let rows_known = |n: f64| n.clamp(1.0, INDEPENDENT_ROWS);
    let error = noise * (1.0 / rows_known(bad) + 1.0 / rows_known(held_against)).sqrt();
    let difference = match scale::worse(indicator) {
        Worse::Lower => reference - level,
        Worse::Higher | Worse::Either => level - reference,
    };
    Some(Deviation {
        indicator,
        level: scale::unscaled(indicator, level),
        baseline: scale::unscaled(indicator, reference),
        strength: difference / error,
        inside,
        onset: onset(&rows, level, reference),
    })
}

struct Row {
    at: Timestamp,
    value: f64,
    weight: f64,
}

/// Weighted mean of the rows and how many rows that is; `None` below half a row.
fn weighted(rows: &[Row], weight: impl Fn(f64) -> f64) -> Option<(f64, f64)> {
    let total: f64 = rows.iter().map(|r| weight(r.weight)).sum();
    if total < 0.5 {
        return None;
    }
    let sum: f64 = rows.iter().map(|r| weight(r.weight) * r.value).sum();
    Some((sum / total, total))
}

/// Sum of squares, and how many, of what the course does not explain.
fn residual(rows: &[Row], level: f64, well: f64) -> (f64, f64) {
    let squares = rows.iter().map(|r| {
        let expected = r.weight * level + (1.0 - r.weight) * well;
        (r.value - expected).powi(2)
    });
    (squares.sum(), (rows.len() as f64 - 2.0).max(0.0))
}

/// The noise of single rows of `series`, from its normal period and like series.
pub(super) fn usual_noise(case: &Case, series: &Series, typical: f64) -> f64 {
    noise(
        series.indicator,
        &normal_values(case, series),
        (0.0, 0.0),
        typical,
    )
}

fn noise(indicator: Indicator, normal: &[f64], unexplained: (f64, f64), typical: f64) -> f64 {
    let own = robust::spread(normal);
    let own_rows = own.map_or(0.0, |_| (normal.len() as f64).min(ENOUGH_ROWS));
    let (squares, rows) = unexplained;
    let variance = (own.unwrap_or(0.0).powi(2) * own_rows + typical.powi(2) * PRIOR_ROWS + squares)
        / (own_rows + PRIOR_ROWS + rows);
    variance.sqrt().max(scale::floor(indicator))
}

fn onset(rows: &[Row], level: f64, reference: f64) -> Option<Timestamp> {
    let half = (level - reference) / 2.0;
    rows.iter()
        .find(|r| (r.value - reference) * half.signum() >= half.abs())
        .map(|r| r.at)
}
