//! Objectives: what share of requests was answered without error, and what is left of the error budget, of
//! everything together and of each application.

use bongsu_sdk_model::Metric;

use super::super::{ExecuteError, build::Builder, groups::Group};
use crate::{
    Cell, Column, Dimension, Fact, Lang, Table,
    word::{Sentence, figure, marked, metric_label, with},
};

/// The share of requests that are promised to succeed when nobody said another, per cent.
const TARGET: f64 = 99.9;

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    let target = builder
        .plan
        .threshold
        .map_or(TARGET, crate::Number::value)
        .clamp(1.0, 99.999);
    let query = builder.query(Metric::Sla);
    let Some(kept) = builder.measure(&query, &Group::All)? else {
        builder.say(Sentence::NothingHeard);
        return Ok(());
    };
    let left = builder.facts.budget_left(&kept, target);
    say(builder, &kept, &left, target);
    let mut rows = vec![];
    for name in builder.members(Dimension::App, &query)? {
        let Some(group) = Group::of(Dimension::App, &name) else {
            continue;
        };
        let query = group.narrow(query.clone());
        let Some(kept) = builder.measure(&query, &group)? else {
            continue;
        };
        let left = builder.facts.budget_left(&kept, target);
        rows.push(row(builder, &group, &kept, &left)?);
    }
    let lang = builder.lang;
    let titles = lang.pick(
        [
            "앱",
            "SLA 준수율",
            "남은 에러 예산",
            "응답시간 p95",
            "APDEX",
            "에러 건수",
        ],
        [
            "application",
            "attainment",
            "budget left",
            "p95",
            "APDEX",
            "errors",
        ],
    );
    builder.table(Table {
        title: metric_label(Metric::Sla, lang).to_owned(),
        columns: titles.into_iter().map(Column::plain).collect(),
        rows,
    });
    builder.caveat(
        &format!("SLA 준수율은 에러 없이 처리한 요청의 비율이고, 목표는 기본값 {target}%입니다."),
        &format!("Attainment is the share of requests answered without error; the target is the default, {target}%."),
    );
    Ok(())
}

fn say(builder: &mut Builder<'_>, kept: &Fact, left: &Fact, target: f64) {
    let label = metric_label(Metric::Sla, Lang::Ko);
    let (ko, en) = if left.value >= 0.0 {
        ("목표를 지켰습니다", "The objective was kept")
    } else {
        ("목표를 지키지 못했습니다", "The objective was broken")
    };
    let text = match builder.lang {
        Lang::Ko => format!(
            "{} {}로 {ko}. 목표 {target}%의 에러 예산은 {} 남았습니다.",
            with(label, "은", "는"),
            marked(kept, Lang::Ko),
            marked(left, Lang::Ko)
        ),
        Lang::En => format!(
            "{en}: {} of requests were answered without error; of the budget of {target}%, {} is left.",
            marked(kept, Lang::En),
            marked(left, Lang::En)
        ),
    };
    builder.say(Sentence::Words(text));
}

fn row(
    builder: &mut Builder<'_>,
    group: &Group,
    kept: &Fact,
    left: &Fact,
) -> Result<Vec<Cell>, ExecuteError> {
    let lang = builder.lang;
    let mut cells = vec![
        Cell::Text(builder.label(group)),
        Cell::Text(figure(kept, lang)),
        Cell::Text(figure(left, lang)),
    ];
    for metric in [Metric::LatencyP95, Metric::Apdex, Metric::ErrorsCount] {
        let query = group.narrow(builder.query(metric));
        let fact = builder.measure(&query, group)?;
        cells.push(fact.map_or(Cell::Empty, |fact| Cell::Text(figure(&fact, lang))));
    }
    Ok(cells)
}
