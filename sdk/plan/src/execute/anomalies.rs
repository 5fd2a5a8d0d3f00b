//! `anomalies`: what stood out in a window, metric by metric and group by group.
//!
//! Each is told with what was expected and how often a normal series would be as odd. That nothing stood out
//! is an answer too; that too little is known to say so is another.

use bongsu_sdk_model::{Metric, Window};

use super::{
    ExecuteError,
    build::Builder,
    facts::natural,
    groups::{Group, groups},
};
use crate::{
    Cell, Column, Estimate, EstimateKind, Measured, Oddity, Query, Table,
    word::{self, Sentence, interval, metric_label, odd_label, split_title},
};

/// What is looked at when nobody named a metric.
const METRICS: [Metric; 5] = [
    Metric::UsersConcurrent,
    Metric::Requests,
    Metric::LatencyAvg,
    Metric::ErrorsRate,
    Metric::Load,
];
/// Most that are told in the text; the table has all.
const NAMED: usize = 5;
/// Most groups: each is a detector over weeks of its own.
const MAX_GROUPS: usize = 50;

/// One oddity and whose it is.
struct Found {
    group: Group,
    place: String,
    query: Query,
    oddity: Oddity,
}

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.only_places()?;
    let mut metrics = builder.plan.metrics.clone();
    if metrics.is_empty() {
        metrics = METRICS.to_vec();
    }
    let Some(first) = metrics.first() else {
        return Ok(());
    };
    let mut groups = groups(builder, &builder.query(*first))?;
    if groups.len() > MAX_GROUPS {
        groups.truncate(MAX_GROUPS);
        builder.caveat(
            "구성원이 너무 많아 일부만 살폈습니다.",
            "There are too many members; only some were looked at.",
        );
    }
    let (mut found, mut looked) = (Vec::new(), Vec::new());
    for group in &groups {
        for metric in &metrics {
            if look(builder, group, *metric, &mut found)? && !looked.contains(metric) {
                looked.push(*metric);
            }
        }
    }
    found.sort_by(|a, b| b.oddity.strength.total_cmp(&a.oddity.strength));
    tell(builder, &looked, found);
    Ok(())
}

/// Whether the metric could be looked at, with what was found.
fn look(
    builder: &mut Builder<'_>,
    group: &Group,
    metric: Metric,
    found: &mut Vec<Found>,
) -> Result<bool, ExecuteError> {
    let query = group.narrow(Query {
        agg: builder.agg(metric).or_else(|| natural(metric, true)),
        ..builder.query(metric)
    });
    let query = Query {
        mode: builder.pinned_mode(&query)?,
        ..query
    };
    let place = if *group == Group::All {
        builder.place()
    } else {
        builder.label(group)
    };
    let Some(odd) = builder.source.anomalies(&query)? else {
        let label = metric_label(metric, builder.lang);
        builder.caveat(
            &format!("{place} {label}: 지난 자료가 짧아 살피지 못했습니다."),
            &format!("{place}, {label}: too little history to look at."),
        );
        return Ok(false);
    };
    found.extend(odd.into_iter().map(|oddity| Found {
        group: group.clone(),
        place: place.clone(),
        query: query.clone(),
        oddity,
    }));
    Ok(true)
}

fn tell(builder: &mut Builder<'_>, looked: &[Metric], found: Vec<Found>) {
    if looked.is_empty() {
        builder.say(Sentence::TooLittleToCompare);
        return;
    }
    if found.is_empty() {
        builder.say(Sentence::NothingOdd {
            place: builder.place(),
            metrics: looked.to_vec(),
        });
        return;
    }
    let many = found.len() > NAMED;
    let mut rows = Vec::new();
    for (n, one) in found.into_iter().enumerate() {
        rows.push(row(builder, &one));
        if n < NAMED {
            let sentence = sentence(builder, one);
            builder.say(sentence);
        }
    }
    if many {
        builder.say(Sentence::RestInTable);
    }
    let table = table(builder, rows);
    builder.table(table);
}

/// The value farthest out as a fact, with what was expected as its estimate's band.
fn sentence(builder: &mut Builder<'_>, found: Found) -> Sentence {
    let Found {
        group,
        place,
        query,
        oddity,
    } = found;
    rarity(builder, &oddity);
    let window = builder.shown(oddity.window);
    let scope = group.scope(&query);
    let of = |value: f64, source: &str| Measured {
        value,
        mode: query.mode,
        error_pct_95: None,
        source: source.to_owned(),
    };
    let expected = builder.facts.estimated(
        &query,
        scope.clone(),
        window,
        of(oddity.expected, "detector"),
        Some(Estimate {
            kind: EstimateKind::Expected,
            band: Some([oddity.low, oddity.high]),
            share_pct: None,
            samples: None,
            threshold: None,
        }),
    );
    let observed = oddity.observed.map(|value| {
        builder
            .facts
            .measured(&query, scope, window, of(value, "rollup"))
    });
    Sentence::Odd(Box::new(word::Odd {
        place,
        kind: oddity.kind,
        goes_on: oddity.goes_on,
        band: [oddity.low, oddity.high],
        expected,
        observed,
    }))
}

/// How often a normal series is as odd.
fn rarity(builder: &mut Builder<'_>, oddity: &Oddity) {
    if let Some(every) = oddity.false_alarm_every {
        let days = every.as_secs_f64() / 86_400.0;
        builder.caveat(
            &format!(
                "정상인 지표에서도 이 정도 이상은 하나당 평균 {days:.0}일에 한 번쯤 나옵니다."
            ),
            &format!("A normal series looks as odd about once in {days:.0} days."),
        );
    }
}

fn row(builder: &Builder<'_>, found: &Found) -> Vec<Cell> {
    let Found { place, oddity, .. } = found;
    let span: Window = oddity.window;
    vec![
        Cell::Text(place.clone()),
        Cell::Text(metric_label(found.query.metric, builder.lang).to_owned()),
        Cell::Text(odd_label(oddity.kind, builder.lang).to_owned()),
        Cell::Text(interval(&builder.shown(span))),
        oddity.observed.map_or(Cell::Empty, Cell::Number),
        Cell::Number(oddity.expected),
    ]
}

fn table(builder: &Builder<'_>, rows: Vec<Vec<Cell>>) -> Table {
    let lang = builder.lang;
    let titles = [
        split_title(builder.plan.group_by.first().copied(), lang),
        lang.pick("지표", "metric"),
        lang.pick("모양", "kind"),
        lang.pick("언제", "when"),
        lang.pick("가장 벗어난 값", "farthest value"),
        lang.pick("예상", "expected"),
    ];
    Table {
        title: lang.pick("눈에 띈 것", "what stood out").to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lang, OddKind};

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for lang in [Lang::Ko, Lang::En] {
            let mut words: Vec<&str> = OddKind::ALL
                .iter()
                .map(|kind| odd_label(*kind, lang))
                .collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), OddKind::ALL.len());
        }
    }
}
