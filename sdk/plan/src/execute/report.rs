//! `report`: a document. The text is what a head of department reads; the tables are for engineers.
//!
//! Figures of the window against those of the span before it, the sites, the slowest and most failing URLs,
//! objectives, and what detectors said. It tells no reason it has not computed and no action it does not know of.

mod objectives;

use bongsu_sdk_model::{Metric, Unit, Window};

use super::{
    ExecuteError,
    build::Builder,
    explain,
    facts::{indistinct, natural},
    groups::Group,
    notices,
};
use crate::{
    Baseline, BaselineKind, Cell, Chart, ChartKind, ChartSeries, Column, Dimension, Fact, Lang,
    Query, Report, Table,
    word::{Sentence, figure, interval, marked, metric_label, named, size, split_title, with},
};

/// The figures of a report that names none.
const FIGURES: [Metric; 7] = [
    Metric::UsersDistinct,
    Metric::UsersConcurrent,
    Metric::Requests,
    Metric::LatencyAvg,
    Metric::LatencyP95,
    Metric::ErrorsRate,
    Metric::Load,
];
/// Figures of each site.
const OF_SITE: [Metric; 4] = [
    Metric::Load,
    Metric::Requests,
    Metric::LatencyAvg,
    Metric::ErrorsRate,
];
/// Rows of a ranking.
const ROWS: usize = 10;

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.note_left_out();
    heading(builder);
    let kind = builder.plan.report.unwrap_or(Report::Custom);
    match kind {
        Report::Sla => {
            objectives::run(builder)?;
            let query = whole(builder, Metric::Alerts);
            notices::tell(builder, &query)?;
        }
        Report::Incident => {
            figures(
                builder,
                &[Metric::ErrorsRate, Metric::LatencyAvg, Metric::Requests],
            )?;
            explain::over(builder, builder.window)?;
        }
        Report::Weekly | Report::Monthly | Report::Custom => {
            let metrics = builder.plan.metrics.clone();
            let named = !metrics.is_empty();
            figures(builder, if named { &metrics } else { &FIGURES })?;
            if named {
                extremes(builder, &metrics)?;
            } else {
                sites(builder)?;
                urls(builder, Metric::LatencyAvg)?;
                urls(builder, Metric::ErrorsCount)?;
            }
            let query = whole(builder, Metric::Alerts);
            notices::tell(builder, &query)?;
            builder.caveat(
                "조치 이력은 이 보고서에 아직 들어 있지 않습니다.",
                "Actions taken are not part of this report yet.",
            );
        }
    }
    let link = whole(builder, Metric::Load);
    builder.link(&link);
    Ok(())
}

fn heading(builder: &mut Builder<'_>) {
    let place = builder.place();
    let when = interval(&builder.shown(builder.window));
    let (ko, en) = match builder.plan.report {
        Some(Report::Weekly) => ("주간 성능 보고서", "Weekly performance report"),
        Some(Report::Monthly) => ("월간 성능 보고서", "Monthly performance report"),
        Some(Report::Incident) => ("장애 보고서", "Incident report"),
        Some(Report::Sla) => ("SLA 보고서", "SLA report"),
        Some(Report::Custom) | None => ("성능 보고서", "Performance report"),
    };
    builder.say(Sentence::Words(builder.lang.pick(
        format!("{place} {ko}, {when}."),
        format!("{en}: {place}, {when}."),
    )));
}

fn whole(builder: &Builder<'_>, metric: Metric) -> Query {
    builder.query(metric)
}

/// The span before the window that it is compared with.
fn before(builder: &Builder<'_>) -> Option<(Window, &'static str)> {
    let kind = match (builder.plan.baseline, builder.plan.report) {
        (Some(baseline), _) => baseline,
        (None, Some(Report::Weekly)) => Baseline::of(BaselineKind::PreviousWeek),
        (None, Some(Report::Monthly)) => Baseline::of(BaselineKind::PreviousMonth),
        (None, _) => {
            let earlier = builder.window.earlier(builder.window.width());
            return Some((
                earlier,
                builder.lang.pick("직전 같은 길이", "the span before"),
            ));
        }
    };
    let window = builder.baseline(kind, builder.window)?;
    Some((window, crate::word::baseline_label(kind.kind, builder.lang)))
}

/// Each figure with that of the span before: sentences, and a table.
fn figures(builder: &mut Builder<'_>, metrics: &[Metric]) -> Result<(), ExecuteError> {
    let before = before(builder);
    let mut rows = Vec::new();
    for metric in metrics {
        let query = whole(builder, *metric);
        let Some(now) = builder.measure(&query, &Group::All)? else {
            continue;
        };
        let mut base = None;
        if let Some((window, _)) = before {
            let query = Query {
                window,
                mode: now.mode,
                ..query
            };
            base = builder.measure(&query, &Group::All)?;
        }
        rows.push(one(builder, now, base, before.map_or("", |(_, name)| name)));
    }
    if rows.is_empty() {
        builder.say(Sentence::NothingHeard);
        return Ok(());
    }
    let base = before.map_or("", |(_, name)| name);
    let titles = builder.lang.pick(
        ["지표", "이번", base, "변화"],
        ["metric", "this time", base, "change"],
    );
    builder.table(Table {
        title: builder.lang.pick("주요 지표", "key figures").to_owned(),
        columns: titles.into_iter().map(Column::plain).collect(),
        rows,
    });
    Ok(())
}

/// Says one figure, and gives its row of the table.
fn one(builder: &mut Builder<'_>, now: Fact, base: Option<Fact>, than: &str) -> Vec<Cell> {
    let lang = builder.lang;
    let label = named(&now, lang);
    let Some(base) = base.filter(|base| base.mode == now.mode) else {
        return alone(builder, &label, &now);
    };
    let change = if now.unit == Unit::Percent {
        Some(builder.facts.difference(&now, &base))
    } else {
        builder.facts.change(&now, &base)
    };
    let amount = change.as_ref().map(|change| {
        let points = if now.unit == Unit::Percent {
            lang.pick("p", " points")
        } else {
            ""
        };
        format!("{}{points}", size(change, lang))
    });
    let small = change
        .as_ref()
        .is_some_and(|change| change.value.abs() < 0.05);
    let same = indistinct(&now, &base) || now.value == base.value || small;
    let up = now.value > base.value;
    let text = match (&change, &amount, lang) {
        _ if same => lang.pick(
            format!(
                "{} {}, {than}과 거의 같습니다.",
                with(&label, "은", "는"),
                marked(&now, lang)
            ),
            format!("{label}: {}, much as {than}.", marked(&now, lang)),
        ),
        (Some(change), Some(amount), Lang::Ko) => format!(
            "{} {}, {than}보다 {amount} [{}] {}.",
            with(&label, "은", "는"),
            marked(&now, lang),
            change.id,
            if up {
                "늘었습니다"
            } else {
                "줄었습니다"
            }
        ),
        (Some(change), Some(amount), Lang::En) => format!(
            "{label}: {}, {amount} [{}] {} than {than}.",
            marked(&now, lang),
            change.id,
            if up { "more" } else { "less" }
        ),
        _ => lang.pick(
            format!("{} {}입니다.", with(&label, "은", "는"), marked(&now, lang)),
            format!("{label}: {}.", marked(&now, lang)),
        ),
    };
    builder.say(Sentence::Words(text));
    let sign = if up { "+" } else { "-" };
    let amount = amount.filter(|_| !same);
    let amount = amount.map_or(String::new(), |amount| format!("{sign}{amount}"));
    let cells = [label, figure(&now, lang), figure(&base, lang), amount];
    cells.map(Cell::Text).to_vec()
}

/// Says a figure that nothing can be compared with, and gives its row.
fn alone(builder: &mut Builder<'_>, label: &str, now: &Fact) -> Vec<Cell> {
    let lang = builder.lang;
    let text = lang.pick(
        format!("{} {}입니다.", with(label, "은", "는"), marked(now, lang)),
        format!("{label}: {}.", marked(now, lang)),
    );
    builder.say(Sentence::Words(text));
    let cells = [
        label.to_owned(),
        figure(now, lang),
        String::new(),
        String::new(),
    ];
    cells.map(Cell::Text).to_vec()
}

/// Highest, lowest and mean of named metrics, and their course.
fn extremes(builder: &mut Builder<'_>, metrics: &[Metric]) -> Result<(), ExecuteError> {
    use crate::Agg;
    let mut rows = Vec::new();
    for metric in metrics {
        let mut cells = vec![Cell::Text(metric_label(*metric, builder.lang).to_owned())];
        for agg in [Agg::Max, Agg::Min, Agg::Avg] {
            let query = Query {
                agg: Some(agg),
                ..whole(builder, *metric)
            };
            let fact = builder.measure(&query, &Group::All)?;
            let text = fact.map(|fact| figure(&fact, builder.lang));
            cells.push(text.map_or(Cell::Empty, Cell::Text));
        }
        rows.push(cells);
        let step = super::window::step(builder.window, *metric);
        let query = Query {
            agg: natural(*metric, true),
            ..whole(builder, *metric)
        };
        let points = builder.series(&query, step)?;
        let line = ChartSeries {
            name: builder.place(),
            points: points.into_iter().map(|(at, v)| (at.as_ms(), v)).collect(),
            values: Vec::new(),
        };
        let chart = builder.lines(*metric, vec![line]);
        builder.chart(chart);
    }
    let titles = builder.lang.pick(
        ["지표", "최대", "최소", "평균"],
        ["metric", "highest", "lowest", "mean"],
    );
    builder.table(Table {
        title: builder.lang.pick("최대·최소·평균", "extremes").to_owned(),
        columns: titles.into_iter().map(Column::plain).collect(),
        rows,
    });
    Ok(())
}

/// Each site's figures, the most loaded first.
fn sites(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    let query = whole(builder, Metric::Load);
    let mut rows = Vec::new();
    for name in builder.members(Dimension::Site, &query)? {
        let Some(group) = Group::of(Dimension::Site, &name) else {
            continue;
        };
        let mut values = Vec::new();
        for metric in OF_SITE {
            let query = group.narrow(whole(builder, metric));
            values.push(builder.peek(&query)?);
        }
        rows.push((group, values));
    }
    let load = |row: &(Group, Vec<Option<f64>>)| row.1.first().copied().flatten();
    rows.sort_by(|a, b| {
        let key = |row| load(row).unwrap_or(f64::NEG_INFINITY);
        key(b).total_cmp(&key(a))
    });
    if let Some((group, _)) = rows
        .first()
        .filter(|row| rows.len() > 1 && load(row).is_some())
    {
        let query = group.narrow(query);
        if let Some(fact) = builder.measure(&query, group)? {
            let place = builder.label(group);
            best(builder, Dimension::Site, &place, &fact);
        }
    }
    let lang = builder.lang;
    let mut columns = vec![Column::plain(split_title(Some(Dimension::Site), lang))];
    columns.extend(OF_SITE.map(|metric| Column::of(metric_label(metric, lang), metric.unit())));
    let cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|(group, values)| {
            let label = Cell::Text(builder.label(group));
            let values = values.iter().map(|v| v.map_or(Cell::Empty, Cell::Number));
            std::iter::once(label).chain(values).collect()
        })
        .collect();
    builder.table(Table {
        title: lang.pick("지역별", "by region").to_owned(),
        columns,
        rows: cells,
    });
    Ok(())
}

/// The first of a ranking; the report's heading has said when.
fn best(builder: &mut Builder<'_>, dimension: Dimension, place: &str, fact: &Fact) {
    let lang = builder.lang;
    let what = split_title(Some(dimension), lang);
    let label = metric_label(fact.metric, lang);
    builder.say(Sentence::Words(lang.pick(
        format!(
            "{} 가장 높은 {what}: {place} {}.",
            with(label, "이", "가"),
            marked(fact, lang)
        ),
        format!("Highest {label}: {what} {place}, {}.", marked(fact, lang)),
    )));
}

/// The URLs with most of a metric.
fn urls(builder: &mut Builder<'_>, metric: Metric) -> Result<(), ExecuteError> {
    let query = whole(builder, metric);
    let mut ranked = builder.ranked(Dimension::Url, &query)?;
    ranked.retain(|(_, value)| *value > 0.0);
    ranked.truncate(ROWS);
    let Some((first, _)) = ranked.first() else {
        return Ok(());
    };
    let query = first.narrow(query);
    let place = builder.label(first);
    if let Some(fact) = builder.measure(&query, first)? {
        best(builder, Dimension::Url, &place, &fact);
    }
    let title = metric_label(metric, builder.lang);
    let rows = ranked
        .iter()
        .map(|(group, value)| vec![Cell::Text(builder.label(group)), Cell::Number(*value)]);
    let rows: Vec<Vec<Cell>> = rows.collect();
    builder.chart(Chart {
        kind: ChartKind::Bar,
        title: title.to_owned(),
        unit: metric.unit(),
        categories: ranked
            .iter()
            .map(|(group, _)| builder.label(group))
            .collect(),
        series: vec![ChartSeries {
            name: title.to_owned(),
            points: Vec::new(),
            values: ranked.iter().map(|(_, value)| Some(*value)).collect(),
        }],
    });
    builder.table(Table {
        title: builder
            .lang
            .pick(format!("URL별 {title}"), format!("{title} by URL")),
        columns: vec![Column::plain("URL"), Column::of(title, metric.unit())],
        rows,
    });
    Ok(())
}
