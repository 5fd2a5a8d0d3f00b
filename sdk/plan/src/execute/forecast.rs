//! `forecast`: a metric ahead of now, and how likely it crosses a threshold.
//!
//! Refuses, with the reason, when the past is too short to test such a forecast on.

use std::time::Duration;

use bongsu_sdk_model::{Metric, Window};

use super::{
    ExecuteError,
    build::Builder,
    facts::natural,
    groups::{Group, groups},
    holidays,
};
use crate::{
    ChartSeries, Estimate, EstimateKind, Fact, Measured, Outlook, Query, SourceError, Threshold,
    word::{self, Sentence, figure, interval},
};

/// How far ahead when nobody said.
const DEFAULT_HORIZON: Duration = Duration::from_secs(3_600);
/// How many of 100 lie within the interval.
const SHARE_PCT: u8 = 80;
/// Most groups: each is a forecast of its own.
const MAX_GROUPS: usize = 5;
/// Steps of the past in the chart.
const SHOWN: u32 = 24;

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.only_places()?;
    let Some(metric) = builder.plan.metrics.first().copied() else {
        return Ok(());
    };
    let horizon = builder
        .plan
        .horizon
        .map_or(DEFAULT_HORIZON, crate::Span::duration);
    let ahead = Window::new(builder.now, builder.now.plus(horizon));
    holidays::inside(builder, ahead);
    let now = builder.query(metric);
    let query = Query {
        window: ahead,
        mode: builder.pinned_mode(&now)?,
        agg: builder.agg(metric).or_else(|| natural(metric, true)),
        ..now
    };
    let mut groups = groups(builder, &builder.query(metric))?;
    if groups.len() > MAX_GROUPS {
        groups.truncate(MAX_GROUPS);
        builder.caveat(
            "구성원이 너무 많아 일부만 예측했습니다.",
            "There are too many members; only some were forecast.",
        );
    }
    for group in &groups {
        one(builder, group, &group.narrow(query.clone()))?;
    }
    Ok(())
}

fn one(builder: &mut Builder<'_>, group: &Group, query: &Query) -> Result<(), ExecuteError> {
    let place = if *group == Group::All {
        builder.place()
    } else {
        builder.label(group)
    };
    let metric = query.metric;
    let threshold = builder.plan.threshold.map(|level| Threshold {
        level: level.value(),
        below: matches!(metric, Metric::Apdex | Metric::Sla),
    });
    let outlook = match builder.source.forecast(query, threshold) {
        Ok(outlook) => outlook,
        Err(SourceError::TooLittleHistory { tests, needed }) => {
            builder.say(Sentence::TooLittleHistory { place, metric });
            builder.caveat(
                &format!(
                    "지난 자료에서 검증할 수 있는 예측이 {tests}개뿐이며 {needed}개가 필요합니다."
                ),
                &format!("Only {tests} forecasts of the past can be tested; {needed} are needed."),
            );
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let Some(last) = outlook.steps.last().copied() else {
        builder.say(Sentence::TooLittleHistory { place, metric });
        return Ok(());
    };
    let step = Window::new(last.at, last.at.plus(outlook.step));
    let estimate = Estimate {
        kind: EstimateKind::Forecast,
        band: Some([last.low, last.high]),
        share_pct: Some(SHARE_PCT),
        samples: Some(outlook.tests),
        threshold: None,
    };
    let window = builder.shown(step);
    let fact = builder.facts.estimated(
        query,
        group.scope(query),
        window,
        forecast(query, last.value),
        Some(estimate),
    );
    let crossing = threshold
        .zip(outlook.crossing)
        .map(|(threshold, probability)| crossing(builder, &fact, query, threshold, probability));
    tested(builder, &fact, &outlook, crossing.is_some());
    builder.say(Sentence::Forecast(Box::new(word::Forecast {
        place: place.clone(),
        band: [last.low, last.high],
        share_pct: SHARE_PCT,
        fact,
        crossing,
    })));
    chart(builder, query, &outlook)
}

fn forecast(query: &Query, value: f64) -> Measured {
    Measured {
        value,
        mode: query.mode,
        error_pct_95: None,
        source: "forecast".to_owned(),
    }
}

/// The probability as a fact of its own.
fn crossing(
    builder: &mut Builder<'_>,
    of: &Fact,
    query: &Query,
    threshold: Threshold,
    probability: f64,
) -> word::Crossing {
    let samples = of.estimate.as_ref().and_then(|estimate| estimate.samples);
    let window = builder.shown(query.window);
    let fact = builder.facts.estimated(
        query,
        of.scope.clone(),
        window,
        forecast(query, 100.0 * probability),
        Some(Estimate {
            kind: EstimateKind::Probability,
            band: None,
            share_pct: None,
            samples,
            threshold: Some(threshold.level),
        }),
    );
    word::Crossing {
        fact,
        level: threshold.level,
        below: threshold.below,
    }
}

/// What the interval and the probability rest on.
fn tested(builder: &mut Builder<'_>, fact: &Fact, outlook: &Outlook, has_probability: bool) {
    let error = Fact {
        value: outlook.mean_error,
        ..fact.clone()
    };
    let (tests, history) = (outlook.tests, interval(&builder.shown(outlook.history)));
    let minutes = outlook.step.as_secs() / 60;
    builder.caveat(
        &format!(
            "{history} 자료({minutes}분 단위)의 과거 {tests}개 시점에서 같은 예측을 다시 해 보고, 그 오차로 범위와 확률을 만들었습니다. 평균 오차 {}.",
            figure(&error, crate::Lang::Ko)
        ),
        &format!(
            "Interval and probability are the errors of the same forecast made again at {tests} instants of {history} (steps of {minutes} min). Mean error {}.",
            figure(&error, crate::Lang::En)
        ),
    );
    if !has_probability {
        builder.caveat(
            "임계치를 말하면 넘을 확률도 계산합니다.",
            "Name a threshold to get the probability of crossing it.",
        );
    }
}

/// The latest steps of the past, then what is to come with its interval.
fn chart(builder: &mut Builder<'_>, query: &Query, outlook: &Outlook) -> Result<(), ExecuteError> {
    let until = outlook.steps.first().map_or(builder.now, |step| step.at);
    let query = Query {
        window: Window::ending_at(until, outlook.step * SHOWN),
        ..query.clone()
    };
    let past = builder.series(&query, outlook.step)?;
    let past = past
        .into_iter()
        .map(|(at, value)| (at.as_ms(), value))
        .collect();
    let ahead = |of: fn(&crate::StepAhead) -> f64| {
        let points = outlook.steps.iter();
        points
            .map(|step| (step.at.as_ms(), Some(of(step))))
            .collect()
    };
    let names = builder.lang.pick(
        ["실측", "예측", "예측 하한", "예측 상한"],
        ["measured", "forecast", "lower edge", "upper edge"],
    );
    let points = [
        past,
        ahead(|step| step.value),
        ahead(|step| step.low),
        ahead(|step| step.high),
    ];
    let series = names
        .into_iter()
        .zip(points)
        .map(|(name, points)| ChartSeries {
            name: name.to_owned(),
            points,
            values: Vec::new(),
        })
        .collect();
    let chart = builder.lines(query.metric, series);
    builder.chart(chart);
    Ok(())
}
