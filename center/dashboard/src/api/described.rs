//! The answer as the OpenAPI document describes it. These types are never built; the real ones are in
//! `sdk/plan`, which knows nothing of OpenAPI. A test reads real answers with them, so the two can't differ.

#![expect(dead_code, reason = "they describe; tests read with them")]

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

/// A question plan: an operation, figures, a scope and a window. The full language is in the documentation;
/// fields not named here are accepted and returned as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "op": "compare",
    "metrics": ["users.concurrent", "load"],
    "scope": {"sites": ["busan"]},
    "window": {"from": "2026-11-20T13:30:00+09:00", "to": "2026-11-20T14:30:00+09:00"},
    "baseline": {"kind": "previous_day"},
}))]
pub(crate) struct Plan {
    /// `value`, `series`, `compare`, `top`, `list`, `explain` and others.
    op: String,
    /// Names of figures.
    metrics: Option<Vec<String>>,
    /// Where: lists of `sites`, `apps`, `urls` and others; empty means everywhere.
    scope: Option<BTreeMap<String, Vec<String>>>,
    /// When.
    window: Option<Window>,
    /// What the window is compared with.
    #[schema(value_type = Option<Object>)]
    baseline: Option<serde_json::Value>,
    /// Dimensions the figures are split by.
    group_by: Option<Vec<String>>,
    /// What was not said and had to be assumed.
    assumed: Option<Vec<String>>,
}

/// `{"kind": "now"}`, or `{"from": …, "to": …}` with `to` not inside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    /// `now`, if it is the present.
    kind: Option<String>,
    /// First instant inside, RFC 3339.
    from: Option<String>,
    /// First instant after, RFC 3339.
    to: Option<String>,
}

/// An answer: facts first, then words, tables and charts made of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// What was executed.
    plan: Plan,
    /// The figures.
    facts: Vec<Fact>,
    /// Sentences; `[f1]` marks the fact a number is from.
    text: String,
    /// Tables.
    tables: Vec<Table>,
    /// Charts.
    charts: Vec<Chart>,
    /// Where to look further.
    links: Vec<Link>,
    /// Who was heard.
    coverage: Coverage,
    /// What limits the figures.
    caveats: Vec<String>,
    /// An action that waits for approval.
    #[schema(value_type = Option<Object>)]
    proposal: Option<serde_json::Value>,
    /// `planner`, or a model's name.
    by: String,
    /// Trace of the work.
    trace_id: Option<String>,
}

/// One figure with everything needed to check it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fact {
    /// `f1`, `f2`, … within the answer.
    id: String,
    /// Name of the figure.
    metric: String,
    /// Which figure of the window: `avg`, `max`, `min`, `sum`, `last`.
    agg: Option<String>,
    /// Where; an absent field does not restrict.
    #[schema(value_type = Object)]
    scope: serde_json::Value,
    /// When.
    window: Window,
    /// How users were told apart.
    mode: Option<String>,
    /// The figure in `unit`.
    value: f64,
    /// Its unit.
    unit: String,
    /// Half width of the 95 % band, per cent of the value.
    error_pct_95: Option<f64>,
    /// Where it came from.
    source: String,
    /// How it follows from other facts.
    derived: Option<Derived>,
    /// What it was estimated from, for a figure nobody measured.
    estimate: Option<Estimate>,
    /// Identifies the measurement.
    query_id: String,
}

/// What an estimated figure rests on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Estimate {
    /// `usual`, `expected`, `forecast` or `probability`.
    kind: String,
    /// Edges of the band that holds `share_pct` of 100, in the figure's unit.
    band: Option<Vec<f64>>,
    /// How many of 100 values lie within the band.
    share_pct: Option<u8>,
    /// Days or back-tests it was learnt from.
    samples: Option<u32>,
    /// The level whose crossing the figure is the probability of.
    threshold: Option<f64>,
}

/// How a fact follows from others.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Derived {
    /// `difference`, `change`, `ratio`, `share`, `mean`.
    op: String,
    /// Ids of its inputs, in order.
    inputs: Vec<String>,
}

/// Rows to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// What it shows.
    title: String,
    /// Headings, each with the unit of its numbers.
    columns: Vec<Column>,
    /// Rows of text, numbers or null.
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<serde_json::Value>>,
}

/// A column of a table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    /// Heading.
    title: String,
    /// Unit of its numbers.
    unit: Option<String>,
}

/// A chart to draw.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chart {
    /// `line` or `bar`.
    kind: String,
    /// What it shows.
    title: String,
    /// Unit of its values.
    unit: String,
    /// Names of the bars.
    categories: Option<Vec<String>>,
    /// Rows of values.
    series: Vec<ChartSeries>,
}

/// Values under one name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChartSeries {
    /// Name in the legend.
    name: String,
    /// For lines: milliseconds since the epoch and value; null is a gap.
    #[schema(value_type = Option<Vec<Vec<f64>>>)]
    points: Option<Vec<(i64, Option<f64>)>>,
    /// For bars: one value per category.
    values: Option<Vec<Option<f64>>>,
}

/// Where to look further.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    /// What is there.
    title: String,
    /// Path and query within the web app.
    href: String,
}

/// Who should have reported, and who did.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Coverage {
    /// Sites that should report.
    expected: u32,
    /// Sites that did.
    heard: u32,
    /// The silent ones.
    stale: Vec<StaleSite>,
}

/// A silent site.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaleSite {
    /// Which.
    site: String,
    /// Seconds since it was last heard; null when it never was.
    age_s: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sdk_model::{IdentityMode, Metric, SiteId, Unit};
    use bongsu_sdk_plan as real;

    fn fact(plan: &real::Plan) -> real::Fact {
        real::Fact {
            id: "f1".to_owned(),
            metric: Metric::UsersConcurrent,
            agg: Some(real::Agg::Max),
            scope: real::FactScope {
                site: SiteId::new("busan").ok(),
                ..real::FactScope::default()
            },
            window: plan.window.unwrap(),
            mode: Some(IdentityMode::Cookie),
            value: 5_210.0,
            unit: Unit::Users,
            error_pct_95: Some(1.6),
            source: "rollup:1m".to_owned(),
            derived: Some(real::Derived {
                op: real::DerivedOp::Mean,
                inputs: vec!["f2".to_owned()],
            }),
            estimate: Some(real::Estimate {
                kind: real::EstimateKind::Usual,
                band: Some([5_000.0, 5_400.0]),
                share_pct: Some(95),
                samples: Some(6),
                threshold: Some(6_000.0),
            }),
            query_id: "q1".to_owned(),
        }
    }

    /// An answer with every field filled: the description accepts exactly these fields.
    #[test]
    fn a_real_answer_is_as_described() {
        let text = r#"{"op": "top", "metrics": ["load"], "scope": {"sites": ["busan"]}, "group_by": ["site"],
            "window": {"from": "2026-11-20T13:30:00+09:00", "to": "2026-11-20T14:30:00+09:00"},
            "assumed": ["window: last 60 minutes"], "limit": 5}"#;
        let plan = real::Plan::from_json(text).unwrap();
        let [title, name] = ["Load by region", "busan"].map(str::to_owned);
        let answer = real::Answer {
            facts: vec![fact(&plan)],
            text: "5,210 [f1]".to_owned(),
            tables: vec![real::Table {
                title: title.clone(),
                columns: vec![real::Column {
                    title: title.clone(),
                    unit: Some(Unit::Percent),
                }],
                rows: vec![vec![
                    real::Cell::Text(name.clone()),
                    real::Cell::Number(1.0),
                    real::Cell::Empty,
                ]],
            }],
            charts: vec![real::Chart {
                kind: real::ChartKind::Bar,
                title: title.clone(),
                unit: Unit::Percent,
                categories: vec![name.clone()],
                series: vec![real::ChartSeries {
                    name,
                    points: vec![(1, None)],
                    values: vec![Some(1.0), None],
                }],
            }],
            links: vec![real::Link {
                title,
                href: "/sites/busan".to_owned(),
            }],
            coverage: real::Coverage {
                expected: 2,
                heard: 1,
                stale: vec![real::StaleSite {
                    site: SiteId::new("jeju").unwrap(),
                    age_s: Some(912),
                }],
            },
            caveats: vec!["mode: cookie".to_owned()],
            proposal: None,
            by: "planner".to_owned(),
            trace_id: None,
            plan,
        };
        let json = serde_json::to_string(&answer).unwrap();
        let described: Answer = serde_json::from_str(&json).unwrap();
        assert_eq!(described.facts.first().unwrap().error_pct_95, Some(1.6));
        assert_eq!(described.plan.group_by.unwrap(), ["site"]);
    }
}
