//! Sentences about what is to come.

use bongsu_sdk_model::Metric;

use super::{en, figure, interval, josa, ko, metric_label, usual::band};
use crate::{Fact, Lang};

/// A figure that is to come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Forecast {
    pub(crate) place: String,
    pub(crate) fact: Fact,
    /// Edges of the interval.
    pub(crate) band: [f64; 2],
    /// How many of 100 lie within it.
    pub(crate) share_pct: u8,
    pub(crate) crossing: Option<Crossing>,
}

/// How likely a threshold is crossed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Crossing {
    /// The probability.
    pub(crate) fact: Fact,
    /// The threshold, in the unit of the metric.
    pub(crate) level: f64,
    pub(crate) below: bool,
}

/// The threshold as a figure of the metric.
fn level(forecast: &Forecast, crossing: &Crossing, lang: Lang) -> String {
    let fact = Fact {
        value: crossing.level,
        ..forecast.fact.clone()
    };
    figure(&fact, lang)
}

pub(super) fn forecast_ko(forecast: &Forecast) -> String {
    let Forecast {
        place,
        fact,
        share_pct,
        ..
    } = forecast;
    let subject = josa::with(&format!("{place} {}", ko::named(fact)), "은", "는");
    let middle = format!(
        "{subject} {}에 {}({share_pct}% 범위 {}) [{}]로 예상됩니다.",
        interval(&fact.window),
        figure(fact, Lang::Ko),
        band(fact, forecast.band, Lang::Ko),
        fact.id
    );
    let Some(crossing) = &forecast.crossing else {
        return middle;
    };
    let level = josa::with(&level(forecast, crossing, Lang::Ko), "을", "를");
    let crosses = if crossing.below { "밑돌" } else { "넘을" };
    format!(
        "{middle} {} 사이에 {level} {crosses} 확률은 {}입니다.",
        interval(&crossing.fact.window),
        ko::marked(&crossing.fact)
    )
}

pub(super) fn forecast_en(forecast: &Forecast) -> String {
    let Forecast {
        place,
        fact,
        share_pct,
        ..
    } = forecast;
    let middle = format!(
        "{place}: {} in {} is expected to be {} ({share_pct}% interval {}) [{}].",
        en::named(fact),
        interval(&fact.window),
        figure(fact, Lang::En),
        band(fact, forecast.band, Lang::En),
        fact.id
    );
    let Some(crossing) = &forecast.crossing else {
        return middle;
    };
    let way = if crossing.below { "below" } else { "above" };
    format!(
        "{middle} The probability that it is {way} {} within {} is {}.",
        level(forecast, crossing, Lang::En),
        interval(&crossing.fact.window),
        en::marked(&crossing.fact)
    )
}

pub(super) fn too_little_ko(place: &str, metric: Metric) -> String {
    let subject = josa::with(
        &format!("{place} {}", metric_label(metric, Lang::Ko)),
        "은",
        "는",
    );
    format!("{subject} 지난 자료가 짧아 이만큼 앞을 예측할 수 없습니다.")
}

pub(super) fn too_little_en(place: &str, metric: Metric) -> String {
    format!(
        "{place}: the history of {} is too short to forecast that far ahead.",
        metric_label(metric, Lang::En)
    )
}
