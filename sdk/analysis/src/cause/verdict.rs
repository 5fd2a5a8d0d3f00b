//! Whether there is anything to explain: the symptom against its own usual range.
//!
//! Stricter than the ranking, because the alarm chose the moment: the worst row of some must leave the range
//! of single rows by far, and by enough to matter.

use bongsu_sdk_model::Timestamp;

use super::{
    case::{Case, Indicator, Series},
    course::Course,
    deviation,
    diagnosis::{SeriesFact, Verdict},
    robust,
    scale::{self, Worse},
};

/// Spreads the worst row must be away.
const FAR: f64 = 6.0;
/// The same, where a cause that accounts for it deviates clearly at the same time.
const CORROBORATED: f64 = 3.0;
/// A first cause from this score on is such.
const TELLING: f64 = 0.6;
/// A duration or count must change by this part to matter, an availability by so many points.
const MATTERS_RATIO: f64 = 0.10;
const MATTERS_POINTS: f64 = 1.0;
/// A first cause below this score accounts for nothing.
const ACCOUNTS: f64 = 0.1;

/// The symptom's worst row against its past; none without measurements or anything to hold them against.
pub(super) fn symptom(case: &Case, course: &Course) -> Option<SeriesFact> {
    let symptom = case.symptom;
    let series = case
        .components
        .get(symptom.component)?
        .series
        .iter()
        .find(|s| s.indicator == symptom.indicator)?;
    let reference = reference(case, series, course)?;
    let typical = deviation::typical_spread(case, symptom.indicator);
    let noise = deviation::usual_noise(case, series, typical);
    let (at, worst, strength) = scale::within(series, case.incident)
        .map(|p| {
            let value = scale::scaled(symptom.indicator, p.value);
            let difference = match scale::worse(symptom.indicator) {
                Worse::Lower => reference - value,
                Worse::Higher => value - reference,
                Worse::Either => (value - reference).abs(),
            };
            (p.at, p.value, difference / noise)
        })
        .max_by(|a, b| a.2.total_cmp(&b.2))?;
    Some(SeriesFact {
        component: symptom.component,
        indicator: symptom.indicator,
        window: case.incident,
        value: worst,
        baseline: scale::unscaled(symptom.indicator, reference),
        baseline_inside: course.inside,
        strength,
        onset: Some(course.onset().unwrap_or(at)),
        source: series.source.clone(),
    })
}

/// The usual level: of the normal period and the well rows, as the course says.
fn reference(case: &Case, series: &Series, course: &Course) -> Option<f64> {
    let level = |p: bongsu_sdk_model::Window, well: &dyn Fn(Timestamp) -> bool| {
        robust::median(
            scale::within(series, p)
                .filter(|p| well(p.at))
                .map(|p| scale::scaled(series.indicator, p.value)),
        )
    };
    let usual = case.normal.and_then(|window| level(window, &|_| true));
    let well = level(case.incident, &|at| course.badness(at) < 0.5);
    match (usual, well) {
        (Some(usual), Some(well)) => Some(course.inside * well + (1.0 - course.inside) * usual),
        (usual, well) => usual.or(well),
    }
}

/// What can be said, given the symptom and the score of the first cause.
pub(super) fn verdict(symptom: Option<&SeriesFact>, first: f64) -> Verdict {
    let Some(symptom) = symptom else {
        return Verdict::NotMeasured;
    };
    let far = if first >= TELLING { CORROBORATED } else { FAR };
    if symptom.strength < far || !matters(symptom) {
        Verdict::NothingStandsOut
    } else if first < ACCOUNTS {
        Verdict::Unexplained
    } else {
        Verdict::Explained
    }
}

fn matters(symptom: &SeriesFact) -> bool {
    let change = (symptom.value - symptom.baseline).abs();
    match symptom.indicator {
        Indicator::Availability => change >= MATTERS_POINTS,
        _ => change >= MATTERS_RATIO * symptom.baseline.abs(),
    }
}
