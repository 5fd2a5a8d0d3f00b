//! Groups of time: which hour of the day, weekday or calendar day of a window a figure belongs to.
//!
//! The figure of an hour of the day over several days is the mean of that hour on each of them.

use std::collections::BTreeMap;

use bongsu_sdk_model::{Metric, Window};
use jiff::tz::TimeZone;

use super::{ExecuteError, build::Builder, facts::natural, groups::Group, window};
use crate::{
    Cell, Chart, ChartKind, ChartSeries, Column, Dimension, Fact, Lang, Query, Table,
    word::{Sentence, metric_label, split_title},
};

/// Most intervals measured.
const MOST: usize = 800;

/// One hour of the day, weekday or day, with its intervals.
struct Part {
    label: String,
    intervals: Vec<Window>,
}

/// Whether a dimension is one of time.
pub(super) const fn is_time(dimension: Dimension) -> bool {
    matches!(
        dimension,
        Dimension::Hour | Dimension::Weekday | Dimension::Day
    )
}

/// Ranks or lists the parts of the window by the metric.
pub(super) fn run(
    builder: &mut Builder<'_>,
    dimension: Dimension,
    metric: Metric,
    ranked: Option<bool>,
) -> Result<(), ExecuteError> {
    let mut rows: Vec<(String, f64, Vec<Window>)> = Vec::new();
    for part in parts(builder, dimension) {
        let mut values = Vec::new();
        for window in &part.intervals {
            let query = query(builder, metric, *window);
            values.extend(builder.peek(&query)?);
        }
        if !values.is_empty() {
            #[expect(clippy::cast_precision_loss, reason = "some hundred intervals")]
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            rows.push((part.label, mean, part.intervals));
        }
    }
    if let Some(desc) = ranked {
        rows.sort_by(|a, b| {
            let by = a.1.total_cmp(&b.1);
            if desc { by.reverse() } else { by }
        });
    }
    let told = if ranked.is_some() {
        rows.first()
    } else {
        rows.iter().max_by(|a, b| a.1.total_cmp(&b.1))
    };
    let Some((label, _, intervals)) = told else {
        builder.say(Sentence::NothingHeard);
        return Ok(());
    };
    let (label, intervals) = (label.clone(), intervals.clone());
    if let Some(fact) = mean(builder, metric, &intervals)? {
        builder.say(Sentence::Best {
            place: label,
            fact,
            dimension: Some(dimension),
            desc: ranked.unwrap_or(true),
        });
    }
    present(builder, dimension, metric, &rows);
    Ok(())
}

fn query(builder: &Builder<'_>, metric: Metric, window: Window) -> Query {
    Query {
        window,
        agg: builder
            .agg(metric)
            .or_else(|| natural(metric, window.width() > window::NOW_WIDTH)),
        ..builder.query(metric)
    }
}

/// The mean of the intervals as a fact derived from each; of one interval its own.
fn mean(
    builder: &mut Builder<'_>,
    metric: Metric,
    intervals: &[Window],
) -> Result<Option<Fact>, ExecuteError> {
    let mut facts = Vec::new();
    for window in intervals {
        let query = query(builder, metric, *window);
        facts.extend(builder.measure(&query, &Group::All)?);
    }
    if let [one] = facts.as_slice() {
        return Ok(Some(one.clone()));
    }
    let inputs: Vec<&Fact> = facts.iter().collect();
    let Some(first) = inputs.first() else {
        return Ok(None);
    };
    let window = builder.shown(builder.window);
    let scope = first.scope.clone();
    Ok(builder.facts.mean(&inputs, scope, window))
}

fn parts(builder: &Builder<'_>, dimension: Dimension) -> Vec<Part> {
    let zone = &builder.executor.zone;
    let intervals = match dimension {
        Dimension::Hour => hours(builder.window),
        _ => builder.days(),
    };
    let mut parts: BTreeMap<i64, Part> = BTreeMap::new();
    for window in intervals.into_iter().take(MOST) {
        let (order, label) = part_of(window, dimension, zone, builder.lang);
        let part = parts.entry(order).or_insert_with(|| Part {
            label,
            intervals: Vec::new(),
        });
        part.intervals.push(window);
    }
    parts.into_values().collect()
}

/// The whole hours of the window, cut to it.
fn hours(window: Window) -> Vec<Window> {
    const HOUR_MS: i64 = 3_600_000;
    let mut hours = Vec::new();
    let mut from = window.from;
    while from < window.to && hours.len() < MOST {
        let next = (from.as_ms().div_euclid(HOUR_MS) + 1) * HOUR_MS;
        let to = bongsu_sdk_model::Timestamp::from_ms(next).min(window.to);
        hours.push(Window::new(from, to));
        from = to;
    }
    hours
}

fn part_of(window: Window, dimension: Dimension, zone: &TimeZone, lang: Lang) -> (i64, String) {
    let at = crate::moment::instant(window.from).to_zoned(zone.clone());
    match dimension {
        Dimension::Hour => (i64::from(at.hour()), at.strftime("%H:00").to_string()),
        Dimension::Weekday => {
            let index = at.weekday().to_monday_zero_offset();
            let ko = ["월", "화", "수", "목", "금", "토", "일"];
            let en = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
            let names = lang.pick(ko, en);
            let name = usize::try_from(index).ok().and_then(|i| names.get(i));
            let label = name.copied().unwrap_or_default();
            (
                i64::from(index),
                lang.pick(format!("{label}요일"), label.to_owned()),
            )
        }
        _ => (window.from.as_ms(), at.strftime("%Y-%m-%d").to_string()),
    }
}

fn present(
    builder: &mut Builder<'_>,
    dimension: Dimension,
    metric: Metric,
    rows: &[(String, f64, Vec<Window>)],
) {
    let title = metric_label(metric, builder.lang);
    let columns = vec![
        Column::plain(split_title(Some(dimension), builder.lang)),
        Column::of(title, metric.unit()),
    ];
    let cells = rows
        .iter()
        .map(|(label, value, _)| vec![Cell::Text(label.clone()), Cell::Number(*value)]);
    builder.table(Table {
        title: title.to_owned(),
        columns,
        rows: cells.collect(),
    });
    builder.chart(Chart {
        kind: ChartKind::Bar,
        title: title.to_owned(),
        unit: metric.unit(),
        categories: rows.iter().map(|(label, ..)| label.clone()).collect(),
        series: vec![ChartSeries {
            name: title.to_owned(),
            points: Vec::new(),
            values: rows.iter().map(|(_, value, _)| Some(*value)).collect(),
        }],
    });
}
