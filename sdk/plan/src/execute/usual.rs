//! `compare` with what is usual: the window's figure, and the band learnt from like windows before it.

use bongsu_sdk_model::{Metric, Unit};

use super::{
    ExecuteError,
    build::Builder,
    groups::{Group, groups},
    holidays,
};
use crate::{
    BaselineKind, Basis, Cell, Column, Estimate, EstimateKind, Expected, Fact, Measured, Query,
    Table,
    word::{self, Sentence, interval, metric_label, split_title},
};

/// Most groups that are told in the text; the table has all.
const NAMED: usize = 5;
/// Days from which a band is worth trusting.
const ENOUGH_DAYS: u32 = 4;
/// How many of 100 normal values lie within the band.
const SHARE_PCT: u8 = 95;

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    let metrics = builder.plan.metrics.clone();
    let Some(first) = metrics.first() else {
        return Ok(());
    };
    holidays::inside(builder, builder.window);
    let mut rows = Vec::new();
    for group in &groups(builder, &builder.query(*first))? {
        for metric in &metrics {
            let tell = rows.len() < NAMED * metrics.len();
            rows.push(one(builder, group, *metric, tell)?);
        }
    }
    if rows.is_empty() {
        builder.say(Sentence::NothingHeard);
    }
    let table = table(builder, rows);
    builder.table(table);
    Ok(())
}

fn one(
    builder: &mut Builder<'_>,
    group: &Group,
    metric: Metric,
    tell: bool,
) -> Result<Vec<Cell>, ExecuteError> {
    let query = group.narrow(builder.query(metric));
    let place = if *group == Group::All {
        builder.place()
    } else {
        builder.label(group)
    };
    let mut row = vec![
        Cell::Text(place.clone()),
        Cell::Text(metric_label(metric, builder.lang).to_owned()),
    ];
    let now = builder.measure(&query, group)?;
    let Some(now) = now else {
        row.resize(6, Cell::Empty);
        if tell {
            builder.say(Sentence::NoData { place, metric });
        }
        return Ok(row);
    };
    row.push(Cell::Number(now.value));
    let query = Query {
        mode: now.mode,
        ..query
    };
    let Some(expected) = builder.source.usual(&query)? else {
        row.resize(6, Cell::Empty);
        if tell {
            let kind = BaselineKind::Usual;
            builder.say(Sentence::NoBaseline { place, now, kind });
        }
        return Ok(row);
    };
    row.extend([expected.value, expected.low, expected.high].map(Cell::Number));
    if tell {
        learnt(builder, &expected);
        let sentence = against(builder, place, now, (&query, group), &expected);
        builder.say(sentence);
    }
    Ok(row)
}

/// The figure against what is usual, each a fact.
fn against(
    builder: &mut Builder<'_>,
    place: String,
    now: Fact,
    (query, group): (&Query, &Group),
    expected: &Expected,
) -> Sentence {
    let usual = builder.facts.estimated(
        query,
        group.scope(query),
        now.window,
        Measured {
            value: expected.value,
            mode: now.mode,
            error_pct_95: None,
            source: "usual".to_owned(),
        },
        Some(Estimate {
            kind: EstimateKind::Usual,
            band: Some([expected.low, expected.high]),
            share_pct: Some(SHARE_PCT),
            samples: Some(expected.days),
            threshold: None,
        }),
    );
    let difference = builder.facts.difference(&now, &usual);
    // A change of a percentage is told in points only: "per cent of per cent" misleads.
    let change = if query.metric.unit() == Unit::Percent {
        None
    } else {
        builder.facts.change(&now, &usual)
    };
    let band = expected.low..=expected.high;
    Sentence::Usual(Box::new(word::Against {
        place,
        inside: band.contains(&now.value),
        band: [expected.low, expected.high],
        now,
        usual,
        difference,
        change,
    }))
}

/// What the band was learnt from.
fn learnt(builder: &mut Builder<'_>, expected: &Expected) {
    let span = interval(&builder.shown(expected.learnt));
    let days = expected.days;
    let (ko, en) = match expected.basis {
        Basis::SameWeekday => ("같은 요일 같은 시간대", "the same weekday and time"),
        Basis::Sundays => (
            "일요일 같은 시간대(공휴일 기록이 적음)",
            "the same time of Sundays, as few holidays were seen",
        ),
        Basis::AlikeDays => (
            "평일 또는 주말의 같은 시간대(같은 요일 기록이 적음)",
            "the same time of like days, as few of this weekday were seen",
        ),
    };
    builder.caveat(
        &format!(
            "평소 수준은 {span}의 {ko} {days}일에서 배웠고, 범위는 정상 값 100개 중 {SHARE_PCT}개가 드는 폭입니다."
        ),
        &format!(
            "What is usual was learnt from {days} days of {en} in {span}; the band holds {SHARE_PCT} of 100 normal values."
        ),
    );
    if days < ENOUGH_DAYS {
        builder.caveat(
            "기록된 날이 적어 평소 범위가 넓습니다.",
            "The usual band is wide, because few days were seen.",
        );
    }
}

fn table(builder: &Builder<'_>, rows: Vec<Vec<Cell>>) -> Table {
    let lang = builder.lang;
    let titles = [
        split_title(builder.plan.group_by.first().copied(), lang),
        lang.pick("지표", "metric"),
        lang.pick("이번", "this window"),
        lang.pick("평소", "usual"),
        lang.pick("평소 하한", "usual, lower edge"),
        lang.pick("평소 상한", "usual, upper edge"),
    ];
    Table {
        title: lang.pick("평소와 비교", "against the usual").to_owned(),
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
