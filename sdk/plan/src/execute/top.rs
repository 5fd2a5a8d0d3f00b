//! `top`: the members of a dimension ranked by a metric.
//!
//! Sites with equal `load` are ranked by `users.concurrent`. Where the first two may be equal within their
//! error, the answer says so.

use bongsu_sdk_model::Metric;

use super::{
    ExecuteError,
    build::Builder,
    clock,
    facts::indistinct,
    groups::{Group, fulfils, groups},
};
use crate::{
    Cell, Chart, ChartKind, ChartSeries, Column, Dimension, Fact, FactScope, Order, Query, Table,
    word::{Sentence, metric_label, split_title},
};

/// Ranks when nobody said how many.
const DEFAULT_LIMIT: usize = 5;

struct Ranked {
    group: Group,
    fact: Fact,
    /// Decides between equal figures.
    second: f64,
}

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.only_places()?;
    let Some(metric) = builder.plan.metrics.first().copied() else {
        return Ok(());
    };
    let order = builder.plan.order.unwrap_or(Order {
        by: metric,
        desc: true,
    });
    if let [dimension] = builder.plan.group_by.as_slice()
        && clock::is_time(*dimension)
    {
        return clock::run(builder, *dimension, order.by, Some(order.desc));
    }
    let mut ranked = measure(builder, order)?;
    break_ties(builder, &mut ranked, order.by)?;
    ranked.sort_by(|a, b| {
        let by = a
            .fact
            .value
            .total_cmp(&b.fact.value)
            .then(a.second.total_cmp(&b.second));
        if order.desc { by.reverse() } else { by }
    });
    let mean = average(builder, &ranked, order.by);
    let limit = builder
        .plan
        .limit
        .map_or(DEFAULT_LIMIT, |limit| limit as usize);
    tell(builder, &ranked, order, limit);
    if let Some(fact) = mean {
        builder.say(Sentence::Mean(fact));
    }
    if let Some(first) = ranked
        .first()
        .filter(|_| order.by == Metric::Load && order.desc)
    {
        let (group, load) = (first.group.clone(), first.fact.value);
        beside(builder, &group, load, ranked.len())?;
    }
    Ok(())
}

/// What the most loaded carries, beside the others: whether it is over a threshold, and its users.
fn beside(
    builder: &mut Builder<'_>,
    group: &Group,
    load: f64,
    members: usize,
) -> Result<(), ExecuteError> {
    let (ko, en) = match load {
        load if load >= CRITICAL => (
            "위험 임계치를 넘었습니다.",
            "It is over the critical threshold.",
        ),
        load if load >= WARNING => (
            "경고 임계치를 넘었습니다.",
            "It is over the warning threshold.",
        ),
        _ => (
            "경고 임계치 아래입니다.",
            "It is below the warning threshold.",
        ),
    };
    builder.say_in(ko, en);
    if members < 2 || !matches!(group, Group::Site(_)) {
        return Ok(());
    }
    let query = group.narrow(builder.query(Metric::UsersConcurrent));
    if let Some(fact) = builder.measure(&query, group)? {
        let place = builder.label(group);
        builder.say(Sentence::Figure { place, fact });
    }
    Ok(())
}

/// Load from which an operator is warned, and from which it is critical, per cent.
const WARNING: f64 = 70.0;
const CRITICAL: f64 = 90.0;

fn measure(builder: &mut Builder<'_>, order: Order) -> Result<Vec<Ranked>, ExecuteError> {
    let whole = builder.query(order.by);
    let whole = Query {
        mode: builder.pinned_mode(&whole)?,
        ..whole
    };
    let mut ranked = Vec::new();
    for group in candidates(builder, order, &whole)? {
        if !fulfils(builder, &group)? {
            continue;
        }
        let query = group.narrow(whole.clone());
        if let Some(fact) = builder.measure(&query, &group)? {
            ranked.push(Ranked {
                group,
                fact,
                second: 0.0,
            });
        }
    }
    Ok(ranked)
}

/// All members where each counts (for conditions, and for the mean), else those that can be named: of many
/// URLs it is a waste to measure each again.
fn candidates(
    builder: &mut Builder<'_>,
    order: Order,
    whole: &Query,
) -> Result<Vec<Group>, ExecuteError> {
    let [dimension] = builder.plan.group_by.as_slice() else {
        return groups(builder, whole);
    };
    let dimension = *dimension;
    let all_count = !builder.plan.conditions.is_empty() || has_mean(order.by);
    let is_place = matches!(
        dimension,
        Dimension::Site | Dimension::App | Dimension::Url | Dimension::Instance
    );
    if all_count || !is_place {
        return groups(builder, whole);
    }
    let mut ranked = builder.ranked(dimension, whole)?;
    if !order.desc {
        ranked.reverse();
    }
    let limit = builder
        .plan
        .limit
        .map_or(DEFAULT_LIMIT, |limit| limit as usize);
    ranked.truncate(limit.max(DEFAULT_LIMIT).saturating_add(1));
    Ok(ranked.into_iter().map(|(group, _)| group).collect())
}

/// Figures of which a mean over members means something.
const fn has_mean(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::Load | Metric::Cpu | Metric::Memory | Metric::JvmHeap
    )
}

fn break_ties(
    builder: &mut Builder<'_>,
    ranked: &mut [Ranked],
    by: Metric,
) -> Result<(), ExecuteError> {
    if by != Metric::Load {
        return Ok(());
    }
    let values: Vec<f64> = ranked.iter().map(|one| one.fact.value).collect();
    for one in ranked {
        if values
            .iter()
            .filter(|value| **value == one.fact.value)
            .count()
            > 1
        {
            let query = one.group.narrow(builder.query(Metric::UsersConcurrent));
            one.second = builder.peek(&query)?.unwrap_or(0.0);
        }
    }
    Ok(())
}

/// The mean over all ranked members, for figures where a mean of members means something.
fn average(builder: &mut Builder<'_>, ranked: &[Ranked], by: Metric) -> Option<Fact> {
    if !has_mean(by) || ranked.len() < 2 {
        return None;
    }
    let scope = FactScope {
        sites: builder.plan.scope.sites.clone(),
        ..FactScope::default()
    };
    let window = builder.shown(builder.window);
    builder.facts.mean(
        &ranked.iter().map(|one| &one.fact).collect::<Vec<_>>(),
        scope,
        window,
    )
}

fn tell(builder: &mut Builder<'_>, ranked: &[Ranked], order: Order, limit: usize) {
    let Some(first) = ranked.first() else {
        let sentence = if builder.plan.conditions.is_empty() {
            Sentence::NothingHeard
        } else {
            Sentence::NoneFulfils
        };
        builder.say(sentence);
        return;
    };
    let dimension = builder.plan.group_by.first().copied();
    let place = builder.label(&first.group);
    builder.say(Sentence::Best {
        place,
        fact: first.fact.clone(),
        dimension,
        desc: order.desc,
    });
    let next: Vec<(String, Fact)> = ranked
        .iter()
        .skip(1)
        .take(limit.min(DEFAULT_LIMIT).saturating_sub(1))
        .map(|one| (builder.label(&one.group), one.fact.clone()))
        .collect();
    if let Some((_, second)) = next.first()
        && indistinct(&first.fact, second)
    {
        builder.caveat(
            "1위와 2위의 차이는 오차 범위 안입니다.",
            "The first two differ by less than their error.",
        );
    }
    if !next.is_empty() {
        builder.say(Sentence::Next(next));
    }
    let rows: Vec<(String, f64)> = ranked
        .iter()
        .take(limit.max(DEFAULT_LIMIT))
        .map(|one| (builder.label(&one.group), one.fact.value))
        .collect();
    present(
        builder,
        dimension,
        order.by,
        rows.get(..limit.min(rows.len())).unwrap_or(&rows),
    );
}

fn present(
    builder: &mut Builder<'_>,
    dimension: Option<Dimension>,
    metric: Metric,
    rows: &[(String, f64)],
) {
    let lang = builder.lang;
    let title = metric_label(metric, lang).to_owned();
    builder.table(Table {
        title: title.clone(),
        columns: vec![
            Column {
                title: split_title(dimension, lang).to_owned(),
                unit: None,
            },
            Column {
                title: title.clone(),
                unit: Some(metric.unit()),
            },
        ],
        rows: rows
            .iter()
            .map(|(name, value)| vec![Cell::Text(name.clone()), Cell::Number(*value)])
            .collect(),
    });
    builder.chart(Chart {
        kind: ChartKind::Bar,
        unit: metric.unit(),
        categories: rows.iter().map(|(name, _)| name.clone()).collect(),
        series: vec![ChartSeries {
            name: title.clone(),
            points: Vec::new(),
            values: rows.iter().map(|(_, value)| Some(*value)).collect(),
        }],
        title,
    });
}
