//! What one component did while the symptom was bad: slower, failing, busier, short of something.

use super::{
    case::{Case, Component, Indicator, Statistic},
    course::Course,
    deviation::{self, Deviation},
    scale,
};

/// One component's deviations and what they amount to.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Profile {
    /// Slower by so much.
    pub(super) latency: Option<Channel>,
    /// Failing so much more.
    pub(super) errors: Option<Channel>,
    /// Requests a row in the bad rows, where counted.
    pub(super) requests: Option<f64>,
    /// Change of its requests.
    pub(super) load: Option<Deviation>,
    /// Changes of its resources, strongest first.
    pub(super) resources: Vec<Deviation>,
}

/// One way of being worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Channel {
    /// Strongest deviation that speaks for it.
    pub(super) deviation: Deviation,
    /// Its change a request: ms, or errors.
    pub(super) each: f64,
    /// Its change a row: ms, or errors; where requests are counted.
    pub(super) amount: Option<f64>,
}

impl Channel {
    /// Chance-like weight of the deviation being real: 0 at none, half at five spreads.
    pub(super) fn confidence(&self) -> f64 {
        confidence(self.deviation.strength)
    }
}

/// Spreads at which a deviation is as likely real as not, many series being looked at.
const HALF_CONVINCED: f64 = 5.0;

/// 0 at no deviation, half at [`HALF_CONVINCED`] spreads, towards 1.
pub(super) fn confidence(strength: f64) -> f64 {
    let square = strength.max(0.0).powi(2);
    square / (square + HALF_CONVINCED.powi(2))
}

/// Of every component, in order.
pub(super) fn all(case: &Case, course: &Course) -> Vec<Profile> {
    let mut typical: Vec<(Indicator, f64)> = Vec::new();
    for series in case.components.iter().flat_map(|c| &c.series) {
        if !typical.iter().any(|(i, _)| *i == series.indicator) {
            let spread = deviation::typical_spread(case, series.indicator);
            typical.push((series.indicator, spread));
        }
    }
    let of = |component: &Component| {
        let deviations: Vec<_> = component
            .series
            .iter()
            .filter_map(|s| {
                let spread = typical.iter().find(|(i, _)| *i == s.indicator)?.1;
                deviation::measure(case, s, course, spread)
            })
            .filter(|d| d.strength.is_finite())
            .collect();
        profile(case, component, course, &deviations)
    };
    case.components.iter().map(of).collect()
}

fn profile(
    case: &Case,
    component: &Component,
    course: &Course,
    deviations: &[Deviation],
) -> Profile {
    let find = |indicator| {
        deviations
            .iter()
            .find(|d| d.indicator == indicator)
            .copied()
    };
    let load = find(Indicator::Requests);
    let requests = load
        .map(|d| d.level)
        .or_else(|| mean_requests(case, component, course));
    let mut resources: Vec<_> = deviations
        .iter()
        .filter(|d| d.indicator.is_resource())
        .copied()
        .collect();
    resources.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    Profile {
        latency: latency(case.symptom.indicator, deviations, requests),
        errors: find(Indicator::Availability).map(|d| {
            let each = (d.baseline - d.level) / 100.0;
            Channel {
                deviation: d,
                each,
                amount: requests.map(|r| each * r),
            }
        }),
        requests,
        load,
        resources,
    }
}

/// The mean is what adds up along calls; the tail and the symptom's own statistic may speak louder.
fn latency(symptom: Indicator, deviations: &[Deviation], requests: Option<f64>) -> Option<Channel> {
    let of = |statistic| {
        deviations
            .iter()
            .find(|d| d.indicator == Indicator::Latency(statistic))
            .copied()
    };
    let adds_up = Statistic::ALL.into_iter().find_map(of)?;
    let heard = |d: &Deviation| {
        let trusted = d.indicator == symptom || d.indicator == adds_up.indicator;
        d.strength * if trusted { 1.0 } else { 0.8 }
    };
    let strongest = Statistic::ALL
        .into_iter()
        .filter_map(of)
        .max_by(|a, b| heard(a).total_cmp(&heard(b)))?;
    let each = adds_up.level - adds_up.baseline;
    Some(Channel {
        deviation: Deviation {
            strength: heard(&strongest),
            ..strongest
        },
        each,
        amount: requests.map(|r| each * r),
    })
}

/// Where only bad rows have a count there is no change to speak of, yet a volume.
fn mean_requests(case: &Case, component: &Component, course: &Course) -> Option<f64> {
    let series = component
        .series
        .iter()
        .find(|s| s.indicator == Indicator::Requests)?;
    let (sum, weight) = scale::within(series, case.incident)
        .map(|p| (p.value, course.badness(p.at)))
        .fold((0.0, 0.0), |(s, w), (v, b)| (s + v * b, w + b));
    (weight > 0.0).then(|| sum / weight)
}
