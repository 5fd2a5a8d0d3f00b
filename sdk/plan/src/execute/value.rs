//! `value`: one figure per metric and group.

use bongsu_sdk_model::{Metric, Window};

use super::{
    ExecuteError,
    build::Builder,
    clock,
    groups::{Group, fulfils, groups},
};
use crate::{
    Cell, Column, Dimension, Fact, Table,
    word::{Sentence, metric_label, split_title},
};

/// Most groups that are named in the text; the table has all.
const NAMED: usize = 5;

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.only_places()?;
    if builder.plan.group_by == [Dimension::Day] {
        return by_day(builder);
    }
    if let [dimension] = builder.plan.group_by.as_slice()
        && clock::is_time(*dimension)
        && let Some(metric) = builder.plan.metrics.first().copied()
    {
        return clock::run(builder, *dimension, metric, None);
    }
    let metrics = builder.plan.metrics.clone();
    let Some(first) = metrics.first() else {
        return Ok(());
    };
    let groups = groups(builder, &builder.query(*first))?;
    let mut modes = Vec::new();
    for metric in &metrics {
        modes.push(builder.pinned_mode(&builder.query(*metric))?);
    }
    let mut rows: Vec<(String, Vec<Option<Fact>>)> = Vec::new();
    for group in &groups {
        if !fulfils(builder, group)? {
            continue;
        }
        let mut row = Vec::new();
        for (metric, mode) in metrics.iter().zip(&modes) {
            let mut query = group.narrow(builder.query(*metric));
            query.mode = *mode;
            row.push(builder.measure(&query, group)?);
        }
        let label = if *group == Group::All {
            builder.place()
        } else {
            builder.label(group)
        };
        rows.push((label, row));
    }
    sort(builder, &mut rows);
    tell(builder, &metrics, rows);
    Ok(())
}

fn sort(builder: &Builder<'_>, rows: &mut Vec<(String, Vec<Option<Fact>>)>) {
    if let Some(order) = builder.plan.order {
        let key = |row: &(String, Vec<Option<Fact>>)| {
            row.1
                .iter()
                .flatten()
                .find(|fact| fact.metric == order.by)
                .map(|fact| fact.value)
        };
        rows.sort_by(|a, b| {
            let (a, b) = (
                key(a).unwrap_or(f64::NEG_INFINITY),
                key(b).unwrap_or(f64::NEG_INFINITY),
            );
            if order.desc {
                b.total_cmp(&a)
            } else {
                a.total_cmp(&b)
            }
        });
    }
    if let Some(limit) = builder.plan.limit {
        rows.truncate(limit as usize);
    }
}

fn tell(builder: &mut Builder<'_>, metrics: &[Metric], rows: Vec<(String, Vec<Option<Fact>>)>) {
    if rows.is_empty() {
        let sentence = if builder.plan.conditions.is_empty() {
            Sentence::NothingHeard
        } else {
            Sentence::NoneFulfils
        };
        builder.say(sentence);
        return;
    }
    for (label, row) in rows.iter().take(NAMED) {
        for (metric, fact) in metrics.iter().zip(row) {
            let place = label.clone();
            builder.say(match fact {
                Some(fact) => Sentence::Figure {
                    place,
                    fact: fact.clone(),
                },
                None => Sentence::NoData {
                    place,
                    metric: *metric,
                },
            });
        }
    }
    if rows.len() > NAMED {
        builder.say(Sentence::RestInTable);
    }
    if rows.len() > 1 || builder.plan.present.contains(&crate::Present::Table) {
        let dimension = builder.plan.group_by.first().copied();
        let table = table(builder, dimension, metrics, rows);
        builder.table(table);
    }
}

fn table(
    builder: &Builder<'_>,
    dimension: Option<Dimension>,
    metrics: &[Metric],
    rows: Vec<(String, Vec<Option<Fact>>)>,
) -> Table {
    let lang = builder.lang;
    let heading = Column {
        title: split_title(dimension, lang).to_owned(),
        unit: None,
    };
    let figures = metrics.iter().map(|metric| Column {
        title: metric_label(*metric, lang).to_owned(),
        unit: Some(metric.unit()),
    });
    let cell = |fact: Option<Fact>| fact.map_or(Cell::Empty, |fact| Cell::Number(fact.value));
    Table {
        title: builder.place(),
        columns: std::iter::once(heading).chain(figures).collect(),
        rows: rows
            .into_iter()
            .map(|(label, row)| {
                std::iter::once(Cell::Text(label))
                    .chain(row.into_iter().map(cell))
                    .collect()
            })
            .collect(),
    }
}

/// One row per calendar day.
fn by_day(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    let metrics = builder.plan.metrics.clone();
    let days: Vec<Window> = builder.days();
    let mut rows = Vec::new();
    for day in days {
        let mut row = Vec::new();
        for metric in &metrics {
            let mut query = builder.query(*metric);
            query.window = day;
            row.push(builder.measure(&query, &Group::All)?);
        }
        let label = crate::word::day(&builder.shown(day));
        rows.push((label, row));
    }
    tell(builder, &metrics, rows);
    Ok(())
}
