//! `correlate`: metrics side by side, each with its peak, and how closely their courses follow each other.
//!
//! Rank correlation, because load rarely follows users in a straight line. It never says that one causes the
//! other.

use std::time::Duration;

use bongsu_sdk_model::{Metric, Timestamp, Window};

use super::{ExecuteError, build::Builder, facts::natural, groups::Group, window};
use crate::{
    Cell, ChartSeries, Column, Condition, Fact, Field, Lang, Moment, Query, Table, Value,
    word::{Sentence, marked, metric_label},
};

/// Fewest instants at which both are known.
const LEAST: usize = 8;
/// Most instants in the table.
const ROWS: usize = 50;

type Points = Vec<(Timestamp, Option<f64>)>;

/// One metric's course and its highest interval.
struct Course {
    metric: Metric,
    points: Points,
    peak: Option<Fact>,
}

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.note_left_out();
    let metrics = builder.plan.metrics.clone();
    let step = builder.plan.step.map_or_else(
        || {
            let widths = metrics.iter().map(|m| window::step(builder.window, *m));
            widths.max().unwrap_or(window::NOW_WIDTH)
        },
        crate::Span::duration,
    );
    let mut courses = Vec::new();
    for metric in metrics {
        courses.push(course(builder, metric, step)?);
    }
    let known: Vec<&Course> = courses.iter().filter(|one| one.peak.is_some()).collect();
    if let [first, rest @ ..] = known.as_slice() {
        for other in rest {
            relate(builder, first, other);
        }
    }
    instants(builder, &courses);
    Ok(())
}

fn course(
    builder: &mut Builder<'_>,
    metric: Metric,
    step: Duration,
) -> Result<Course, ExecuteError> {
    let agg = builder
        .agg(metric)
        .or_else(|| natural(metric, step >= window::NOW_WIDTH));
    let query = Query {
        agg,
        ..builder.query(metric)
    };
    let points = builder.series(&query, step)?;
    let known = points
        .iter()
        .filter_map(|(at, value)| Some((*at, (*value)?)));
    let highest = known.reduce(|best, one| if one.1 > best.1 { one } else { best });
    let place = builder.place();
    let mut peak = None;
    if let Some((at, _)) = highest {
        let window = Window::new(at, at.plus(step).min(query.window.to));
        let query = Query { window, ..query };
        peak = builder.measure(&query, &Group::All)?;
    }
    builder.say(match &peak {
        Some(fact) => Sentence::Extreme {
            place: place.clone(),
            fact: fact.clone(),
            highest: true,
        },
        None => Sentence::NoData {
            place: place.clone(),
            metric,
        },
    });
    let line = ChartSeries {
        name: metric_label(metric, builder.lang).to_owned(),
        points: points.iter().map(|(at, v)| (at.as_ms(), *v)).collect(),
        values: Vec::new(),
    };
    let chart = builder.lines(metric, vec![line]);
    builder.chart(chart);
    Ok(Course {
        metric,
        points,
        peak,
    })
}

/// How closely two courses follow each other, as a fact.
fn relate(builder: &mut Builder<'_>, left: &Course, right: &Course) {
    let (Some(a), Some(b)) = (&left.peak, &right.peak) else {
        return;
    };
    let pairs: Vec<(f64, f64)> = left
        .points
        .iter()
        .zip(&right.points)
        .filter_map(|((_, x), (_, y))| Some(((*x)?, (*y)?)))
        .collect();
    if pairs.len() < LEAST {
        builder.say_in(
            "함께 잰 시점이 적어 상관은 계산하지 않았습니다.",
            "Too few instants are known of both to correlate them.",
        );
        return;
    }
    let Some(value) = spearman(&pairs) else {
        builder.say_in(
            "한쪽이 거의 변하지 않아 상관을 말할 수 없습니다.",
            "One of them hardly changes, so there is no correlation to tell.",
        );
        return;
    };
    let window = builder.shown(builder.window);
    let fact = builder.facts.correlation(a, b, value, window);
    let (ko, en) = match value.abs() {
        r if r >= 0.7 && value > 0.0 => ("함께 움직였습니다", "move together"),
        r if r >= 0.7 => ("반대로 움직였습니다", "move in opposite ways"),
        r if r >= 0.4 => ("어느 정도 관련 있게 움직였습니다", "are moderately related"),
        _ => ("뚜렷한 관련이 없습니다", "show no clear relation"),
    };
    let labels = |lang| {
        (
            metric_label(left.metric, lang),
            metric_label(right.metric, lang),
        )
    };
    let text = match builder.lang {
        Lang::Ko => {
            let (x, y) = labels(Lang::Ko);
            let x = crate::word::with(x, "과", "와");
            let pair = crate::word::with(&format!("{x} {y}"), "은", "는");
            format!("{pair} {ko}(순위 상관 {}).", marked(&fact, Lang::Ko))
        }
        Lang::En => {
            let (x, y) = labels(Lang::En);
            format!(
                "{x} and {y} {en} (rank correlation {}).",
                marked(&fact, Lang::En)
            )
        }
    };
    builder.say(Sentence::Words(text));
    builder.caveat(
        "함께 움직였다는 것이 한쪽이 다른 쪽의 원인이라는 뜻은 아닙니다.",
        "That two figures move together does not mean that one causes the other.",
    );
}

/// Every instant at which the plan's conditions hold, or every instant when there are none.
fn instants(builder: &mut Builder<'_>, courses: &[Course]) {
    let holds = |condition: &Condition, row: usize| {
        let (Field::Metric(metric), Value::Number(level)) = (&condition.field, &condition.value)
        else {
            return true;
        };
        let course = courses.iter().find(|one| one.metric == *metric);
        let value = course.and_then(|one| one.points.get(row)).and_then(|p| p.1);
        value.is_some_and(|value| condition.cmp.holds(value, level.value()))
    };
    let conditions = &builder.plan.conditions;
    let has_conditions = conditions
        .iter()
        .any(|condition| matches!(condition.field, Field::Metric(_)));
    let Some(first) = courses.first() else { return };
    let zone = &builder.executor.zone;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (row, (at, _)) in first.points.iter().enumerate() {
        let values = courses
            .iter()
            .map(|one| one.points.get(row).and_then(|p| p.1));
        let values: Vec<Option<f64>> = values.collect();
        let is_known = values.iter().any(Option::is_some);
        if is_known && conditions.iter().all(|condition| holds(condition, row)) {
            let at = Moment::new(*at, zone).wall();
            let mut cells = vec![Cell::Text(at.strftime("%Y-%m-%d %H:%M").to_string())];
            cells.extend(
                values
                    .into_iter()
                    .map(|value| value.map_or(Cell::Empty, Cell::Number)),
            );
            rows.push(cells);
        }
    }
    if has_conditions && rows.is_empty() {
        builder.say_in(
            "조건에 맞는 시점은 없었습니다.",
            "The condition was never fulfilled.",
        );
        return;
    }
    if has_conditions {
        builder.say_in(
            "조건에 맞는 시점은 표에 있습니다.",
            "The instants at which the condition was fulfilled are in the table.",
        );
    }
    rows.truncate(ROWS);
    let lang = builder.lang;
    let mut columns = vec![Column::plain(lang.pick("시각", "at"))];
    let titles = courses.iter().map(|one| (one.metric, one.metric.unit()));
    columns.extend(titles.map(|(metric, unit)| Column::of(metric_label(metric, lang), unit)));
    builder.table(Table {
        title: lang.pick("나란히", "side by side").to_owned(),
        columns,
        rows,
    });
}

/// Spearman's rank correlation; `None` when one side does not change.
fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let left = ranks(pairs.iter().map(|pair| pair.0));
    let right = ranks(pairs.iter().map(|pair| pair.1));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / float(values.len());
    let (a, b) = (mean(&left), mean(&right));
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        left.iter().zip(&right).map(|(x, y)| f(x - a, y - b)).sum()
    };
    let spread = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    (spread > 0.0).then(|| sum(&|x, y| x * y) / spread)
}

/// Ranks with the mean rank for equal values.
fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = values.enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut ranks = vec![0.0; order.len()];
    let mut done = 0;
    for equal in order.chunk_by(|a, b| a.1.total_cmp(&b.1).is_eq()) {
        let rank = float(done) + (float(equal.len()) - 1.0) / 2.0;
        for (index, _) in equal {
            if let Some(slot) = ranks.get_mut(*index) {
                *slot = rank;
            }
        }
        done += equal.len();
    }
    ranks
}

#[expect(
    clippy::cast_precision_loss,
    reason = "series have a few hundred points"
)]
const fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_any_rising_curve_and_equal_values_share_one() {
        let rising: Vec<(f64, f64)> = (1..20)
            .map(|n| (f64::from(n), f64::from(n).powi(3)))
            .collect();
        assert!((spearman(&rising).unwrap() - 1.0).abs() < 1e-9);
        let falling: Vec<(f64, f64)> = rising.iter().map(|(x, y)| (*x, -y)).collect();
        assert!((spearman(&falling).unwrap() + 1.0).abs() < 1e-9);
        assert_eq!(ranks([5.0, 1.0, 5.0].into_iter()), [1.5, 0.0, 1.5]);
        let flat: Vec<(f64, f64)> = rising.iter().map(|(x, _)| (*x, 7.0)).collect();
        assert_eq!(spearman(&flat), None);
    }
}
