//! `series` and `peak`: a metric over time, and its highest interval.

use std::time::Duration;

use bongsu_sdk_model::{Metric, Timestamp, Window};

use super::{
    ExecuteError,
    build::Builder,
    facts::natural,
    groups::{Group, groups},
    window,
};
use crate::{ChartSeries, Query, word::Sentence};

/// Most lines in one chart.
const MAX_LINES: usize = 20;

type Points = Vec<(Timestamp, Option<f64>)>;

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.only_places()?;
    for metric in builder.plan.metrics.clone() {
        let step = step(builder, metric);
        let query = query(builder, metric, step);
        let mode = builder.pinned_mode(&query)?;
        let mut groups = groups(builder, &query)?;
        if groups.len() > MAX_LINES {
            groups.truncate(MAX_LINES);
            builder.caveat(
                "선은 일부만 그렸습니다.",
                "Only some of the lines are drawn.",
            );
        }
        let mut lines = Vec::new();
        for group in &groups {
            let query = Query {
                mode,
                ..group.narrow(query.clone())
            };
            let points = builder.series(&query, step)?;
            let name = if *group == Group::All {
                builder.place()
            } else {
                builder.label(group)
            };
            extremes(builder, group, &query, &points, step, true)?;
            let points = points
                .into_iter()
                .map(|(at, value)| (at.as_ms(), value))
                .collect();
            lines.push(ChartSeries {
                name,
                points,
                values: Vec::new(),
            });
        }
        let chart = builder.lines(metric, lines);
        builder.chart(chart);
    }
    Ok(())
}

/// When the metric was highest, with its whole course as a chart.
pub(super) fn peak(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.only_places()?;
    let Some(metric) = builder.plan.metrics.first().copied() else {
        return Ok(());
    };
    let step = step(builder, metric);
    let query = query(builder, metric, step);
    let points = builder.series(&query, step)?;
    extremes(builder, &Group::All, &query, &points, step, false)?;
    let chart_points = points.clone();
    let points = points
        .into_iter()
        .map(|(at, value)| (at.as_ms(), value))
        .collect();
    let chart = builder.lines(
        metric,
        vec![ChartSeries {
            name: builder.place(),
            points,
            values: Vec::new(),
        }],
    );
    builder.chart(chart);
    let known = points_of(&chart_points);
    match known.reduce(|best, one| if one.1 > best.1 { one } else { best }) {
        Some((at, _)) if builder.plan.then == Some(crate::Then::Explain) => {
            let before = at.minus(step.max(AROUND));
            let to = at.plus(step.max(AROUND)).min(builder.now);
            super::explain::over(builder, Window::new(before, to.max(at.plus(step))))
        }
        _ => Ok(()),
    }
}

/// How much around a peak is looked at for its cause.
const AROUND: Duration = Duration::from_secs(1_800);

fn points_of(points: &[(Timestamp, Option<f64>)]) -> impl Iterator<Item = (Timestamp, f64)> {
    points
        .iter()
        .filter_map(|(at, value)| Some((*at, (*value)?)))
}

fn step(builder: &Builder<'_>, metric: Metric) -> Duration {
    builder.plan.step.map_or_else(
        || window::step(builder.window, metric),
        crate::Span::duration,
    )
}

/// The figure of one interval: which one of it depends on the interval's width, not on the window's.
fn query(builder: &Builder<'_>, metric: Metric, step: Duration) -> Query {
    let agg = builder
        .agg(metric)
        .or_else(|| natural(metric, step >= window::NOW_WIDTH));
    Query {
        agg,
        ..builder.query(metric)
    }
}

/// Says the highest (and, if asked, lowest) interval, each measured again for its error and provenance.
fn extremes(
    builder: &mut Builder<'_>,
    group: &Group,
    query: &Query,
    points: &Points,
    step: Duration,
    lowest_too: bool,
) -> Result<(), ExecuteError> {
    let place = if *group == Group::All {
        builder.place()
    } else {
        builder.label(group)
    };
    let metric: Metric = query.metric;
    let known = || {
        points
            .iter()
            .filter_map(|(at, value)| value.map(|value| (*at, value)))
    };
    // Of equal intervals the first is meant.
    let highest = known().reduce(|best, one| if one.1 > best.1 { one } else { best });
    let lowest = known()
        .reduce(|best, one| if one.1 < best.1 { one } else { best })
        .filter(|_| lowest_too);
    if highest.is_none() {
        builder.say(Sentence::NoData { place, metric });
        return Ok(());
    }
    for (point, highest) in [(highest, true), (lowest, false)] {
        let Some((at, _)) = point else { continue };
        let to = at.plus(step).min(query.window.to);
        let query = Query {
            window: Window::new(at, to),
            ..query.clone()
        };
        if let Some(fact) = builder.measure(&query, group)? {
            builder.say(Sentence::Extreme {
                place: place.clone(),
                fact,
                highest,
            });
        }
    }
    Ok(())
}
