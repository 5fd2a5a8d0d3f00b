//! `compare` of weekdays with weekends: figures of whole days, and their mean of either kind.
//!
//! A holiday from Monday to Friday is neither and left out; days only partly inside the window are left out
//! too, because half a day has half the requests.

use std::{collections::BTreeMap, time::Duration};

use bongsu_sdk_model::{Metric, Unit, Window};
use jiff::civil::Date;

use super::{
    ExecuteError,
    build::Builder,
    facts::natural,
    groups::{Group, groups},
};
use crate::{
    Cell, ChartSeries, Column, Fact, Query, Table,
    moment::instant,
    word::{self, Sentence, metric_label, split_title},
};

/// Most groups: every day of each is a fact.
const MAX_GROUPS: usize = 20;
/// The shortest a whole day is, where clocks change.
const WHOLE_DAY: Duration = Duration::from_secs(23 * 3_600);
const HOUR: Duration = Duration::from_secs(3_600);

/// Whole days of the window, by kind.
struct Days {
    weekdays: Vec<Window>,
    weekends: Vec<Window>,
}

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    let metrics = builder.plan.metrics.clone();
    let Some(first) = metrics.first() else {
        return Ok(());
    };
    let days = days(builder);
    if days.weekdays.is_empty() || days.weekends.is_empty() {
        builder.say(Sentence::NoWholeDays);
        return Ok(());
    }
    let mut groups = groups(builder, &builder.query(*first))?;
    if groups.len() > MAX_GROUPS {
        groups.truncate(MAX_GROUPS);
        builder.caveat(
            "구성원이 너무 많아 일부만 계산했습니다.",
            "There are too many members; only some were measured.",
        );
    }
    let mut rows = Vec::new();
    for group in &groups {
        for metric in &metrics {
            rows.push(one(builder, group, *metric, &days)?);
        }
    }
    for metric in &metrics {
        pattern(builder, *metric, &days)?;
    }
    let table = table(builder, rows);
    builder.table(table);
    Ok(())
}

fn days(builder: &mut Builder<'_>) -> Days {
    let holidays = builder.source.holidays(builder.window);
    let (whole, parts): (Vec<Window>, Vec<Window>) = builder
        .days()
        .into_iter()
        .partition(|day| day.width() >= WHOLE_DAY);
    let date = |day: &Window| -> Date {
        instant(day.from)
            .to_zoned(builder.executor.zone.clone())
            .date()
    };
    let (weekends, weekdays): (Vec<Window>, Vec<Window>) = whole
        .into_iter()
        .partition(|day| date(day).weekday().to_monday_zero_offset() >= 5);
    let (free, weekdays): (Vec<Window>, Vec<Window>) = weekdays
        .into_iter()
        .partition(|day| holidays.contains(&date(day)));
    if !free.is_empty() {
        let names: Vec<String> = free.iter().map(|day| date(day).to_string()).collect();
        let names = names.join(", ");
        builder.caveat(
            &format!("평일의 공휴일은 제외했습니다: {names}."),
            &format!("Holidays on weekdays are left out: {names}."),
        );
    }
    if !parts.is_empty() {
        builder.caveat(
            "하루가 다 들지 않은 날은 제외했습니다.",
            "Days only partly inside the window are left out.",
        );
    }
    Days { weekdays, weekends }
}

fn one(
    builder: &mut Builder<'_>,
    group: &Group,
    metric: Metric,
    days: &Days,
) -> Result<Vec<Cell>, ExecuteError> {
    let mut query = group.narrow(builder.query(metric));
    let weekdays = measure(builder, group, &mut query, &days.weekdays)?;
    let weekends = measure(builder, group, &mut query, &days.weekends)?;
    let place = if *group == Group::All {
        builder.place()
    } else {
        builder.label(group)
    };
    let mut row = vec![
        Cell::Text(place.clone()),
        Cell::Text(metric_label(metric, builder.lang).to_owned()),
    ];
    let (scope, window) = (group.scope(&query), builder.shown(builder.window));
    let mut mean = |facts: &[Fact]| {
        let inputs: Vec<&Fact> = facts.iter().collect();
        builder.facts.mean(&inputs, scope.clone(), window)
    };
    let (Some(weekday), Some(weekend)) = (mean(&weekdays), mean(&weekends)) else {
        builder.say(Sentence::NoData { place, metric });
        row.resize(4, Cell::Empty);
        return Ok(row);
    };
    let (n, m) = (weekdays.len(), weekends.len());
    builder.caveat(
        &format!("자료가 있는 평일 {n}일과 주말 {m}일의 하루 값을 평균했습니다."),
        &format!("Means of the daily figures of {n} weekdays and {m} weekend days with data."),
    );
    row.extend([weekday.value, weekend.value].map(Cell::Number));
    let difference = builder.facts.difference(&weekday, &weekend);
    let change = if metric.unit() == Unit::Percent {
        None
    } else {
        builder.facts.change(&weekday, &weekend)
    };
    builder.say(Sentence::Week(Box::new(word::Week {
        place,
        weekday,
        weekend,
        difference,
        change,
    })));
    Ok(row)
}

/// A fact per day that has data; the first decides how users are told apart.
fn measure(
    builder: &mut Builder<'_>,
    group: &Group,
    query: &mut Query,
    days: &[Window],
) -> Result<Vec<Fact>, ExecuteError> {
    let mut facts = Vec::new();
    for day in days {
        query.window = *day;
        if let Some(fact) = builder.measure(query, group)? {
            query.mode = query.mode.or(fact.mode);
            facts.push(fact);
        }
    }
    query.window = builder.window;
    Ok(facts)
}

/// The mean course of a weekday and of a weekend day, hour by hour, over the last day of the window.
fn pattern(builder: &mut Builder<'_>, metric: Metric, days: &Days) -> Result<(), ExecuteError> {
    let (kinds, all) = (
        [&days.weekdays, &days.weekends],
        days.weekdays.iter().chain(&days.weekends),
    );
    let Some(last) = all.max_by_key(|day| day.from).copied() else {
        return Ok(());
    };
    let names = builder
        .lang
        .pick(["평일", "주말"], ["weekdays", "weekends"]);
    let mut lines = Vec::new();
    for (kind, name) in kinds.into_iter().zip(names) {
        let mut hours: BTreeMap<i8, (f64, f64)> = BTreeMap::new();
        for day in kind {
            let query = Query {
                window: *day,
                agg: builder.agg(metric).or_else(|| natural(metric, true)),
                ..builder.query(metric)
            };
            for (at, value) in builder.series(&query, HOUR)? {
                let hour = instant(at).to_zoned(builder.executor.zone.clone()).hour();
                if let Some(value) = value {
                    let (sum, count) = hours.entry(hour).or_default();
                    *sum += value;
                    *count += 1.0;
                }
            }
        }
        let points = hours.into_iter().map(|(hour, (sum, count))| {
            let at = last.from.as_ms() + i64::from(hour) * 3_600_000;
            (at, Some(sum / count))
        });
        lines.push(ChartSeries {
            name: name.to_owned(),
            points: points.collect(),
            values: Vec::new(),
        });
    }
    let chart = builder.lines(metric, lines);
    builder.chart(chart);
    Ok(())
}

fn table(builder: &Builder<'_>, rows: Vec<Vec<Cell>>) -> Table {
    let lang = builder.lang;
    let titles = [
        split_title(builder.plan.group_by.first().copied(), lang),
        lang.pick("지표", "metric"),
        lang.pick("평일 하루", "a weekday"),
        lang.pick("주말 하루", "a weekend day"),
    ];
    Table {
        title: lang.pick("평일과 주말", "weekdays and weekends").to_owned(),
        columns: titles
            .into_iter()
            .map(|title| Column {
                title: title.to_owned(),
                unit: None,
            })
            .collect(),
        rows,
    }
}
