//! `compare`: the window against a baseline, metric by metric and group by group.
//!
//! Both sides are counted the same way or not compared at all.

use std::time::Duration;

use bongsu_sdk_model::{Metric, Timestamp, Unit, Window};

use super::{
    ExecuteError,
    build::Builder,
    facts::{indistinct, natural},
    groups::{Group, groups},
    holidays, usual, week, window,
};
use crate::{
    Baseline, BaselineKind, Cell, ChartSeries, Column, Fact, Query, Table,
    word::{self, Sentence, baseline_label, metric_label, split_title},
};

/// Most groups whose comparison is told in the text.
const NAMED: usize = 5;

struct Compared {
    place: String,
    metric: Metric,
    now: Option<Fact>,
    base: Option<Fact>,
    change: Option<Fact>,
}

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.only_places()?;
    let Some(baseline) = builder.plan.baseline else {
        return Ok(());
    };
    match baseline.kind {
        BaselineKind::Usual => return usual::run(builder),
        BaselineKind::WeekdayVsWeekend => return week::run(builder),
        _ => {}
    }
    let Some(base) = builder.baseline(baseline, builder.window) else {
        return Err(builder.unsupported(format!(
            "baseline: {}",
            baseline_label(baseline.kind, builder.lang)
        )));
    };
    holidays::caveat(builder, builder.window, base);
    let metrics = builder.plan.metrics.clone();
    let Some(first) = metrics.first() else {
        return Ok(());
    };
    let groups = groups(builder, &builder.query(*first))?;
    let mut rows = Vec::new();
    for group in &groups {
        for metric in &metrics {
            let tell = rows.len() < NAMED * metrics.len();
            rows.push(one(builder, group, *metric, base, baseline, tell)?);
        }
    }
    if rows.is_empty() {
        builder.say(Sentence::NothingHeard);
    }
    for metric in &metrics {
        chart(builder, *metric, baseline)?;
    }
    table(builder, baseline, rows);
    Ok(())
}

fn one(
    builder: &mut Builder<'_>,
    group: &Group,
    metric: Metric,
    base: Window,
    baseline: Baseline,
    tell: bool,
) -> Result<Compared, ExecuteError> {
    let query = group.narrow(builder.query(metric));
    let now = builder.measure(&query, group)?;
    let mode = now.as_ref().and_then(|fact| fact.mode);
    let base = builder.measure(
        &Query {
            window: base,
            mode,
            ..query
        },
        group,
    )?;
    let place = if *group == Group::All {
        builder.place()
    } else {
        builder.label(group)
    };
    let mut compared = Compared {
        place: place.clone(),
        metric,
        now,
        base,
        change: None,
    };
    let sentence = match (&compared.now, &compared.base) {
        (Some(now), Some(base)) if now.mode != base.mode => Sentence::ModesDiffer { place, metric },
        (Some(now), Some(base)) => {
            let difference = builder.facts.difference(now, base);
            // A change of a percentage is told in points only: "per cent of per cent" misleads.
            compared.change = if metric.unit() == Unit::Percent {
                None
            } else {
                builder.facts.change(now, base)
            };
            Sentence::Compared(Box::new(word::Compared {
                place,
                now: now.clone(),
                base: base.clone(),
                within_error: indistinct(now, base),
                difference,
                change: compared.change.clone(),
                kind: baseline.kind,
            }))
        }
        (Some(now), None) => Sentence::NoBaseline {
            place,
            now: now.clone(),
            kind: baseline.kind,
        },
        (None, _) => Sentence::NoData { place, metric },
    };
    if tell {
        builder.say(sentence);
    }
    Ok(compared)
}

/// Both series over the same axis: the baseline's points carry the window's instants.
fn chart(
    builder: &mut Builder<'_>,
    metric: Metric,
    baseline: Baseline,
) -> Result<(), ExecuteError> {
    let hour = Duration::from_secs(3_600);
    let window = if builder.window.width() < hour {
        Window::ending_at(builder.window.to, hour)
    } else {
        builder.window
    };
    let Some(base) = builder.baseline(baseline, window) else {
        return Ok(());
    };
    let step = builder
        .plan
        .step
        .map_or_else(|| window::step(window, metric), crate::Span::duration);
    let agg = builder
        .agg(metric)
        .or_else(|| natural(metric, step >= window::NOW_WIDTH));
    let query = Query {
        window,
        agg,
        ..builder.query(metric)
    };
    let mode = builder.pinned_mode(&query)?;
    let mut series = Vec::new();
    for (name, of) in [
        (builder.lang.pick("이번", "this window"), window),
        (baseline_label(baseline.kind, builder.lang), base),
    ] {
        let points = builder.series(
            &Query {
                window: of,
                mode,
                ..query.clone()
            },
            step,
        )?;
        series.push(ChartSeries {
            name: name.to_owned(),
            points: aligned(&points, of, window),
            values: Vec::new(),
        });
    }
    let chart = builder.lines(metric, series);
    builder.chart(chart);
    Ok(())
}

fn aligned(
    points: &[(Timestamp, Option<f64>)],
    from: Window,
    to: Window,
) -> Vec<(i64, Option<f64>)> {
    let shift = to.from.as_ms() - from.from.as_ms();
    points
        .iter()
        .map(|(at, value)| (at.as_ms() + shift, *value))
        .collect()
}

fn table(builder: &mut Builder<'_>, baseline: Baseline, rows: Vec<Compared>) {
    let lang = builder.lang;
    let number = |fact: Option<Fact>| fact.map_or(Cell::Empty, |fact| Cell::Number(fact.value));
    let title = |text: &str| Column {
        title: text.to_owned(),
        unit: None,
    };
    let columns = vec![
        title(split_title(builder.plan.group_by.first().copied(), lang)),
        title(lang.pick("지표", "metric")),
        title(lang.pick("이번", "this window")),
        title(baseline_label(baseline.kind, lang)),
        Column {
            title: lang.pick("변화", "change").to_owned(),
            unit: Some(Unit::Percent),
        },
    ];
    let rows = rows
        .into_iter()
        .map(|row| {
            vec![
                Cell::Text(row.place),
                Cell::Text(metric_label(row.metric, lang).to_owned()),
                number(row.now),
                number(row.base),
                number(row.change),
            ]
        })
        .collect();
    builder.table(Table {
        title: lang.pick("비교", "comparison").to_owned(),
        columns,
        rows,
    });
}
